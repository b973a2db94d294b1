"""Many requests reach an open page at once: no more pass than the bound allows.

Kind: a count that is read, compared and then written. Here it is one statement. A control uses two.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from accompaniment.models import Tally
from accompaniment.services import throttle
from tests.accompaniment.factories import JobseekerFactory
from tests.concurrency.threads import PATIENCE, at_once, until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)

MOST = 3
ADDRESS = "personne@exemple.fr"


def post(name: str, fields: dict[str, str], place: int) -> int:
    return Client(REMOTE_ADDR=f"192.0.2.{place}").post(reverse(name), fields).status_code


def forgotten(address: str, place: int) -> int:
    return post("password_forgotten", {"email": address}, place)


def first_access(address: str, place: int) -> int:
    return post("first_access", {"identifier": "7654321Z", "email": address}, place)


def log_in(address: str, place: int) -> int:
    return post("login", {"username": address, "password": "faux"}, place)


DOORS = [
    ("password_forgotten.address", forgotten),
    ("password_forgotten.place", forgotten),
    ("first_access.identifier", first_access),
    ("first_access.address", first_access),
    ("first_access.place", first_access),
    ("log_in.address", log_in),
    ("log_in.place", log_in),
]


@pytest.mark.parametrize("counted_before", [0, 1])
@pytest.mark.parametrize(("bound", "knock"), DOORS)
def test_of_many_at_once_as_many_pass_as_the_bound_allows(
    settings: Settings, bound: str, knock: Callable[[str, int], int], counted_before: int
) -> None:
    """The first requests have no row to count in yet; the next ones count in the same row."""
    JobseekerFactory(email=ADDRESS, with_account=True)
    settings.BOUNDS = {
        **{name: (1000, seconds) for name, (_, seconds) in settings.BOUNDS.items()},
        bound: (MOST, settings.BOUNDS[bound][1]),
    }
    of_one_place, of_one_address = bound.endswith("place"), bound.endswith("address")
    knocks = [
        partial(knock, f"{number}{ADDRESS}" if of_one_place else ADDRESS, number if of_one_address else 1)
        for number in range(1, MOST + 3)
    ]
    for earlier in knocks[:counted_before]:
        assert earlier() != 429
    answers = at_once(*knocks[counted_before:])
    assert len([answer for answer in answers if answer == 429]) == len(knocks) - MOST, answers
    assert len([answer for answer in answers if answer in (200, 302)]) == MOST - counted_before, answers


def test_counted_in_two_steps_all_pass() -> None:
    """The control: all read a count within the bound before anybody has written the next one."""
    throttle.allows(("log_in.place", "ici"))
    Tally.objects.update(count=MOST - 1)
    all_have_looked = Barrier(2, timeout=PATIENCE)

    def allowed() -> bool:
        with transaction.atomic():
            tally = Tally.objects.get()
            all_have_looked.wait()
            tally.count += 1
            tally.save(update_fields=["count"])
            return tally.count <= MOST

    assert at_once(allowed, allowed) == [True, True]
    assert Tally.objects.get().count == MOST


def test_counted_in_one_statement_the_same_two_wait_for_each_other(settings: Settings) -> None:
    """The success beside the control: each transaction stays open until the other one wants to count."""
    settings.BOUNDS = {**settings.BOUNDS, "log_in.place": (MOST, settings.BOUNDS["log_in.place"][1])}
    throttle.allows(("log_in.place", "ici"))
    Tally.objects.update(count=MOST - 1)
    count = partial(throttle.allows, ("log_in.place", "ici"))
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first = count()
            later = pool.submit(at_once, count)
            until_somebody_waits()
        [second] = later.result()
    assert (first, second) == (True, False)
