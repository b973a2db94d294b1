"""A request for a meeting on site is made and answered at once. With controls without the guards."""

from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accompaniment.models import AuditEntry, Jobseeker, Notification, OnSiteRequest
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.services.on_site_requests import answer_on_site, ask_on_site, withdraw_on_site
from caseload.models import Portfolio
from tests.caseload.factories import PortfolioFactory, on_web_track
from tests.concurrency.guards import dropped
from tests.concurrency.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def person(portfolio: Portfolio) -> Jobseeker:
    return on_web_track(portfolio)


def test_of_two_that_are_asked_for_at_once_one_stands(person: Jobseeker) -> None:
    results = at_once(*[lambda: ask_on_site(actor=person.user, jobseeker=person)] * 4)
    assert {result.pk for result in results} == {OnSiteRequest.objects.get(jobseeker=person).pk}
    assert AuditEntry.objects.filter(jobseeker=person, action="on_site_request").count() == 1


def test_without_lock_and_index_two_stand(person: Jobseeker) -> None:
    """The control: checking first and writing then lets both through."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'on_site_request_one_open'")
        (definition,) = cursor.fetchone()
        cursor.execute("DROP INDEX on_site_request_one_open")
    both_have_looked = Barrier(2, timeout=5)

    def ask_unguarded() -> bool:
        with transaction.atomic():
            assert not OnSiteRequest.objects.open().filter(jobseeker=person).exists()
            both_have_looked.wait()
            OnSiteRequest.objects.create(jobseeker=person, asked_at=timezone.now())
            return True

    try:
        assert at_once(ask_unguarded, ask_unguarded) == [True, True]
        assert OnSiteRequest.objects.open().filter(jobseeker=person).count() == 2
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM accompaniment_onsiterequest")
            cursor.execute(definition)


def test_a_comment_at_the_moment_of_the_answer_is_read_by_who_answers_or_asks_anew(
    portfolio: Portfolio, person: Jobseeker
) -> None:
    request = ask_on_site(actor=person.user, jobseeker=person)
    commented, answered = at_once(
        lambda: ask_on_site(actor=person.user, jobseeker=person, comment="Plutôt jeudi"),
        lambda: answer_on_site(actor=portfolio.adviser.user, request=request, answer="Mardi à 10 h."),
    )
    assert answered.pk == request.pk
    events = [
        row.details["event"]
        for row in AuditEntry.objects.filter(jobseeker=person, action="on_site_request").order_by("pk")
    ]
    # Either the comment came first, or it opened a new request. It was never added to an answered one.
    came_first = commented.pk == request.pk
    assert events == (["asked", "commented", "answered"] if came_first else ["asked", "answered", "asked"])
    assert OnSiteRequest.objects.open().filter(jobseeker=person).count() == (not came_first)


def test_without_the_lock_a_comment_lands_on_an_answered_request(portfolio: Portfolio, person: Jobseeker) -> None:
    """The control: the comment is checked before the answer and written after it, and nobody reads it."""
    request = ask_on_site(actor=person.user, jobseeker=person)
    looked, answered = Barrier(2, timeout=5), Barrier(2, timeout=5)

    def comment_unguarded() -> bool:
        with transaction.atomic():
            standing = OnSiteRequest.objects.open().get(jobseeker=person)
            looked.wait()
            answered.wait()
            return bool(OnSiteRequest.objects.filter(pk=standing.pk).update(comment="Plutôt jeudi"))

    def answer() -> bool:
        looked.wait()
        answer_on_site(actor=portfolio.adviser.user, request=request, answer="Mardi à 10 h.")
        answered.wait()
        return True

    assert at_once(comment_unguarded, answer) == [True, True]
    request.refresh_from_db()
    assert (request.comment, request.answered_at is None) == ("Plutôt jeudi", False)


def test_taken_back_at_the_moment_of_the_answer_it_is_one_or_the_other(portfolio: Portfolio, person: Jobseeker) -> None:
    request = ask_on_site(actor=person.user, jobseeker=person)
    results = at_once(
        lambda: withdraw_on_site(actor=person.user, request=request),
        lambda: answer_on_site(actor=portfolio.adviser.user, request=request, answer="Mardi à 10 h."),
    )
    (done,) = [result for result in results if isinstance(result, OnSiteRequest)]
    assert len([result for result in results if isinstance(result, NotAllowedNowError)]) == 1
    request.refresh_from_db()
    assert (request.withdrawn_at is None) == (request.answered_at is not None) == (done.answered_at is not None)
    letters = Notification.objects.filter(jobseeker=person, kind="on_site_answered").count()
    assert letters == (request.answered_at is not None)


def test_without_lock_and_check_it_is_both(portfolio: Portfolio, person: Jobseeker) -> None:
    """The control: each checks before the other writes, so a request that was taken back is still answered."""
    request = ask_on_site(actor=person.user, jobseeker=person)
    both_have_looked = Barrier(2, timeout=5)
    now = timezone.now()

    def settle_unguarded(**facts: Any) -> bool:
        with transaction.atomic():
            assert OnSiteRequest.objects.open().filter(pk=request.pk).exists()
            both_have_looked.wait()
            return bool(OnSiteRequest.objects.filter(pk=request.pk).update(**facts))

    with dropped("accompaniment_onsiterequest", "on_site_request_withdrawn_or_answered"):
        assert at_once(
            lambda: settle_unguarded(withdrawn_at=now, withdrawn_by=person.user),
            lambda: settle_unguarded(answered_at=now, answered_by=portfolio.adviser.user, answer="Mardi."),
        ) == [True, True]
        request.refresh_from_db()
        assert request.withdrawn_at == request.answered_at == now
