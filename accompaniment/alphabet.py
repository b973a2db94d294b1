"""Alphabetical order as a French reader expects it: neither accents nor capitals count."""

from django.contrib.postgres.lookups import Unaccent
from django.db.models.functions import Lower


def alphabetical(field: str) -> Lower:
    """Return what to order a name by: "Île-de-France" stands before "La Réunion", "LE ROUX" after "Lacombe".

    The extension `unaccent` does it, for not every PostgreSQL is built with the collations of ICU.
    """
    return Lower(Unaccent(field))
