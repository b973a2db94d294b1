"""Two advisers save one draft at the same moment: both texts are kept. With a control without the lock."""

from threading import Barrier

import pytest
from django.db import transaction

from accompaniment.models import Enrolment, RegistrationInterview
from accompaniment.rules.merging import merge
from accompaniment.services.registration import SavedDraft, save_draft
from tests.accompaniment.factories import reference
from tests.caseload.factories import PortfolioFactory, volunteer
from tests.concurrency.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

BASE = {"situation": "Avant", "notes": "Avant"}


@pytest.fixture
def enrolment() -> Enrolment:
    """A volunteer whose interview has begun."""
    reference()
    portfolio = PortfolioFactory()
    waiting = volunteer(portfolio)
    save_draft(actor=portfolio.adviser.user, enrolment=waiting, typed=BASE)
    return waiting


def test_two_fields_at_once_are_both_kept(enrolment: Enrolment) -> None:
    users = [PortfolioFactory(agency=enrolment.jobseeker.agency).adviser.user for _ in range(2)]
    saved = at_once(
        lambda: save_draft(actor=users[0], enrolment=enrolment, typed={**BASE, "situation": "Un"}, base=BASE),
        lambda: save_draft(actor=users[1], enrolment=enrolment, typed={**BASE, "notes": "Deux"}, base=BASE),
    )
    assert all(isinstance(result, SavedDraft) for result in saved)
    assert RegistrationInterview.objects.get().typed == {"situation": "Un", "notes": "Deux"}


def test_of_one_text_at_once_both_are_kept_and_the_second_is_told(enrolment: Enrolment) -> None:
    users = [PortfolioFactory(agency=enrolment.jobseeker.agency).adviser.user for _ in range(2)]
    saved = at_once(
        *[
            lambda user=user: save_draft(
                actor=user, enrolment=enrolment, typed={**BASE, "notes": user.full_name}, base=BASE
            )
            for user in users
        ]
    )
    (told,) = [change for result in saved if isinstance(result, SavedDraft) for change in result.news]
    assert told.by_both
    assert RegistrationInterview.objects.get().typed["notes"] == f"{told.theirs}\n\n{told.mine}"
    assert {told.mine, told.theirs} == {user.full_name for user in users}


def test_without_the_lock_one_is_lost(enrolment: Enrolment) -> None:
    """The control: a draft that was read without a lock overwrites what the other adviser has just written."""
    both_have_read = Barrier(2, timeout=5)

    def save_unguarded(name: str) -> bool:
        with transaction.atomic():
            interview = RegistrationInterview.objects.get()
            both_have_read.wait()
            interview.typed = merge(base=BASE, mine={**BASE, name: "Nouveau"}, theirs=interview.typed).kept
            interview.save(update_fields=["typed"])
            return True

    assert at_once(lambda: save_unguarded("situation"), lambda: save_unguarded("notes")) == [True, True]
    assert list(RegistrationInterview.objects.get().typed.values()).count("Nouveau") == 1
