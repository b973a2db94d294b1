"""Database ranges built from two columns, for exclusion constraints."""

from django.contrib.postgres.fields import DateRangeField, DateTimeRangeField
from django.db.models import Func


class TsTzRange(Func):
    """`tstzrange(start, end, bounds)`; an end that is null is open."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class DateRange(Func):
    """`daterange(start, end, bounds)`; an end that is null is open."""

    function = "DATERANGE"
    output_field = DateRangeField()
