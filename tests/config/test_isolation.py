"""Tests run on the same servers as the demonstration and other test runs, and never touch their data."""

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from config.settings import local


@pytest.mark.django_db
def test_the_database_is_one_of_its_own() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        assert cursor.fetchone()[0].startswith("test_")


def test_clearing_the_cache_leaves_the_demonstration_alone() -> None:
    mine, theirs = settings.CACHES["default"]["LOCATION"], local.CACHES["default"]["LOCATION"]
    assert mine.partition("?")[0] == theirs.partition("?")[0]
    assert mine != theirs


def test_a_channel_of_a_test_has_a_name_of_its_own() -> None:
    mine, theirs = settings.CHANNEL_LAYERS["default"]["CONFIG"], local.CHANNEL_LAYERS["default"]["CONFIG"]
    assert mine["prefix"] != theirs["prefix"]


@pytest.mark.parametrize("_turn", [1, 2])
def test_each_test_begins_with_an_empty_cache(_turn: int) -> None:
    assert cache.get("left-behind") is None
    cache.set("left-behind", "something")
