"""Database expressions for fields, constraints and sorting that Django lacks."""

from django.contrib.postgres.fields import DateRangeField, DateTimeRangeField
from django.contrib.postgres.lookups import Unaccent
from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Lower


def alphabetical(field: str) -> Lower:
    """Return the sort key of a name: "Île-de-France" before "La Réunion", "LE ROUX" after "Lacombe".

    It uses the extension `unaccent`, because not every PostgreSQL is built with ICU collations.
    """
    return Lower(Unaccent(field))


class TsTzRange(Func):
    """`tstzrange(start, end, bounds)`; an end that is null is open."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class DateRange(Func):
    """`daterange(start, end, bounds)`; an end that is null is open."""

    function = "DATERANGE"
    output_field = DateRangeField()


class LocalDay(Func):
    """The day of an instant in an IANA zone: `(zone, instant)`."""

    template = "timezone(%(expressions)s)::date"
    output_field = models.DateField()


def where_given(field: str, *, name: str) -> models.Index:
    """Return a partial index of the rows with a value; it answers `field = …` as a full index does.

    A load writes a hundred thousand rows without a value, each of which would cost an entry in a full index.
    """
    return models.Index(fields=(field,), condition=Q(**{f"{field}__isnull": False}), name=name)
