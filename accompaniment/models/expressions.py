"""What our fields, constraints and orders need beside Django's own expressions."""

from django.contrib.postgres.fields import DateRangeField, DateTimeRangeField
from django.contrib.postgres.lookups import Unaccent
from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Lower


def alphabetical(field: str) -> Lower:
    """Return what to order a name by: "Île-de-France" stands before "La Réunion", "LE ROUX" after "Lacombe".

    The extension `unaccent` does it, for not every PostgreSQL is built with the collations of ICU.
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


def where_given(field: str, *, name: str) -> models.Index:
    """Return an index of the rows in which a key is given: it answers `field = …` as a full one does.

    A load writes a hundred thousand rows of which the key is empty; in a full index each would cost an entry.
    """
    return models.Index(fields=(field,), condition=Q(**{f"{field}__isnull": False}), name=name)
