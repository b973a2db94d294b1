"""Database ranges built from two columns, for exclusion constraints."""

from django.contrib.postgres.fields import DateTimeRangeField
from django.db.models import Func


class TsTzRange(Func):
    """`tstzrange(start, end, bounds)`; an end that is null is open."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()
