"""A file moves an agency into another region while one of its advisers begins to follow a person."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from accompaniment.enums import Modality
from accompaniment.models import Agency
from accompaniment.rules.imports.rows import AGENCIES
from accompaniment.services.imports import agencies, load_agencies
from caseload.models import Portfolio
from caseload.reads.invariants import placed_within_the_region
from caseload.services.moves.placements import place
from tests.accompaniment.factories import JobseekerFactory
from tests.accompaniment.files import agency_row, as_file
from tests.caseload.factories import PortfolioFactory
from tests.concurrency.threads import at_once, until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


def load(*rows: str) -> Any:
    return load_agencies(actor=None, source=as_file(*rows, header=AGENCIES.columns))


@pytest.fixture
def portfolio() -> Portfolio:
    load(agency_row(), agency_row(code="67483"))
    return PortfolioFactory(adviser__agency=Agency.objects.get(code="67482"), modality=Modality.GUIDE)


def moved_while_placing(portfolio: Portfolio, *, waits: bool) -> Any:
    """Load the file while the placement of a person of the neighbouring agency is not committed yet."""
    person = JobseekerFactory(agency=Agency.objects.get(code="67483"))
    move = partial(load, agency_row(departement="75", code_postal="75001"))
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        place(actor=None, jobseeker=person, portfolio=portfolio)
        loading = pool.submit(at_once, move)
        if waits:
            until_somebody_waits()
        else:
            loading.result()
    [outcome] = loading.result()
    return outcome


def test_the_file_waits_and_leaves_the_agency_where_it_is(portfolio: Portfolio) -> None:
    outcome = moved_while_placing(portfolio, waits=True)
    assert (outcome.updated, outcome.rejections.total) == (0, 1)
    assert list(placed_within_the_region()) == []


def test_without_the_lock_the_person_is_followed_from_another_region(
    portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without a lock the check sees an empty portfolio."""

    def looks_only() -> set[str]:
        return set(Agency.objects.filter(portfolios__occupied__gt=0).values_list("code", flat=True))

    monkeypatch.setattr(agencies, "held_in_region", [looks_only])
    assert moved_while_placing(portfolio, waits=False).updated == 1
    assert len(list(placed_within_the_region())) == 1
