"""All rows of a person, in every table, so that two people with the same life can be compared."""

import re
from collections import Counter
from collections.abc import Container, Iterator
from typing import Any

from django.apps import apps
from django.db import models

from accompaniment.models import Jobseeker, User

Shape = tuple[str, tuple[tuple[str, Any], ...]]
Column = tuple[type[models.Model], str]
Rows = dict[type[models.Model], dict[Any, models.Model]]


def everything_of(person: Jobseeker) -> Rows:
    """Return the rows that refer to the person or to their account, directly or through others, by model and key."""
    found: Rows = {Jobseeker: {person.pk: person}}
    if person.user is not None:
        found[User] = {person.user.pk: person.user}
    grown = True
    while grown:
        grown = False
        for model in apps.get_models():
            for one in model._meta.concrete_fields:
                if not isinstance(one, models.ForeignKey) or one.related_model not in found or model is Jobseeker:
                    continue
                keys = list(found[one.related_model])  # type: ignore[index]
                for row in model._default_manager.filter(**{f"{one.name}__in": keys}):
                    grown |= row.pk not in found.setdefault(model, {})
                    found[model][row.pk] = row
    return found


def shapes(person: Jobseeker, *, but_for: Container[Column] = (), words: bool = False) -> Counter[Shape]:
    """Return how often the person has a row of each shape. The columns of `but_for` are left out.

    A free text counts as there or not there. With `words` the text itself counts, without its numbers.
    """
    own = everything_of(person)
    return Counter(
        (model.__name__, tuple(_columns(row, own, person, but_for, words)))
        for model, rows in own.items()
        for row in rows.values()
    )


def _columns(
    row: models.Model, own: Rows, person: Jobseeker, but_for: Container[Column], words: bool
) -> Iterator[tuple[str, Any]]:
    for column in row._meta.concrete_fields:
        if column.primary_key or (type(row), column.name) in but_for:
            continue
        value = getattr(row, column.attname)
        if value is not None and isinstance(column, models.ForeignKey):
            value = _relation(column, value, own, person)
        yield column.name, _value(column, value, words)


def _relation(column: models.ForeignKey, key: Any, own: Rows, person: Jobseeker) -> str:
    """Describe what a row refers to: the person, a member of staff, or a row with its name and its closed values."""
    target = column.related_model
    assert isinstance(target, type)
    if target is User:
        return "person" if key == person.user_id else "staff"
    if target is Jobseeker:
        return "person"
    row = own.get(target, {}).get(key) or target._default_manager.get(pk=key)
    closed = [str(getattr(row, one.attname)) for one in row._meta.concrete_fields if one.choices]
    return " ".join([target.__name__, *closed])


def _value(column: models.Field, value: Any, words: bool) -> Any:
    """Return a value without what differs between two people: identifiers, instants and free text."""
    if isinstance(value, dict):
        return tuple(sorted((name, _value(column, one, words)) for name, one in value.items()))
    if column.name in {"key", "source"} and isinstance(value, str):
        return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+", "#", value)
    if value is None or isinstance(value, bool) or column.choices or isinstance(column, models.ForeignKey):
        return value
    if isinstance(value, str):
        closed = re.fullmatch(r"[a-z_]*", value) and isinstance(column, models.JSONField)
        told = words and column.name != "password"
        return value if closed else re.sub(r"\d+", "#", value) if told else bool(value)
    if isinstance(value, int) and column.name in {"number", "last_number", "attempts", "interval_days"}:
        return value
    return type(value).__name__
