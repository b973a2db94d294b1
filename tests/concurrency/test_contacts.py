"""Two advisers note contacts of one person at the same moment: each counts once. With a control without the lock."""

from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct, ContactNature, Initiator
from accompaniment.models import ActBound, AuditEntry, Contact, Jobseeker
from accompaniment.reads.invariants import noted_contacts_are_whole
from accompaniment.services import audit
from accompaniment.services.bounds import TooManyError, check_bound
from caseload.models import CaseSummary, Portfolio
from caseload.services.file.contacts import ContactFacts, note_contact
from tests.caseload.factories import PortfolioFactory, on_web_track
from tests.concurrency.threads import PATIENCE, at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def person(portfolio: Portfolio) -> Jobseeker:
    person = on_web_track(portfolio)
    Jobseeker.objects.filter(pk=person.pk).update(registered_on=timezone.localdate() - timedelta(days=9))
    return person


def noting(portfolio: Portfolio, person: Jobseeker, *, minutes_ago: int = 60) -> partial[Contact]:
    facts = ContactFacts(
        at=timezone.now() - timedelta(minutes=minutes_ago),
        nature=ContactNature.CALL,
        began_by=Initiator.PERSON,
        minutes=5,
        text="Vous cherchez un stage.",
    )
    return partial(note_contact, actor=portfolio.adviser.user, jobseeker=person, facts=facts)


def bound(most: int) -> None:
    ActBound.objects.all().delete()
    ActBound.objects.create(
        act=BoundedAct.CONTACTS_NOTED, most=most, within_minutes=24 * 60, starts_on=timezone.localdate()
    )


def test_of_six_contacts_noted_at_once_as_many_stand_as_the_bound_allows(
    portfolio: Portfolio, person: Jobseeker
) -> None:
    bound(2)
    results = at_once(*[noting(portfolio, person) for _ in range(6)])
    assert len([result for result in results if isinstance(result, Contact)]) == 2
    assert len([result for result in results if isinstance(result, TooManyError)]) == 4
    assert AuditEntry.objects.filter(action=AuditAction.CONTACT_NOTED).count() == 2
    assert list(noted_contacts_are_whole()) == []


def test_of_contacts_noted_at_once_the_latest_is_the_last_contact(portfolio: Portfolio, person: Jobseeker) -> None:
    results = at_once(*[noting(portfolio, person, minutes_ago=minutes) for minutes in (50, 10, 30, 20, 40)])
    assert all(isinstance(result, Contact) for result in results)
    latest = max(result.at for result in results if isinstance(result, Contact))
    assert CaseSummary.objects.get(jobseeker=person).last_contact_at == latest


def test_without_the_lock_both_count_before_either_writes(portfolio: Portfolio, person: Jobseeker) -> None:
    """The control: the same bound, counted by two transactions without the person's lock."""
    bound(1)
    both_have_counted = Barrier(2, timeout=PATIENCE)
    actor = portfolio.adviser.user

    def note_unguarded() -> bool:
        with transaction.atomic():
            noted = AuditEntry.objects.filter(jobseeker=person, actor=actor, action=AuditAction.CONTACT_NOTED)
            check_bound(BoundedAct.CONTACTS_NOTED, done=lambda since: noted.filter(at__gt=since).count())
            both_have_counted.wait()
            audit.record(actor=actor, jobseeker=person, action=AuditAction.CONTACT_NOTED, event="noted")
            return True

    assert at_once(note_unguarded, note_unguarded) == [True, True]
    assert AuditEntry.objects.filter(action=AuditAction.CONTACT_NOTED).count() == 2
