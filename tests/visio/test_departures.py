"""Unconcluded interviews keep an adviser's account open until a manager closes them. They are not absences."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, Channel, ContactNature, NotificationKind, ObligationState
from accompaniment.models import AuditEntry, Jobseeker, Notification
from accompaniment.rules.errors import DomainError
from accompaniment.services.journal import write_contact
from accompaniment.services.plans import hold_obligation
from caseload.models import Portfolio
from caseload.services.moves.transfers import transfer_people
from caseload.services.steering import staff
from tests.accompaniment.factories import AgencyFactory, RegionFactory
from tests.caseload.factories import ManagerFactory, PortfolioFactory, follower, on_web_track
from tests.confirmation import confirmed
from tests.visio.factories import InterviewFactory, due_obligation
from visio.enums import InterviewState
from visio.models import Interview
from visio.services.departures import close_left_open

pytestmark = pytest.mark.django_db

QUERIES = 6
"""Session, account, manager, adviser, interviews, what waits."""


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


def left_behind(portfolio: Portfolio, *, days: int = 3) -> Interview:
    """Return an interview of some days ago without a report, whose person has a new adviser by now."""
    person = on_web_track(portfolio)
    interview = InterviewFactory(jobseeker=person, starts_at=timezone.now() - timedelta(days=days))
    transfer_people(
        actor=ManagerFactory().user,
        people=person.placements.filter(ended_at=None),
        targets=[PortfolioFactory(agency=portfolio.agency)],
        reason="Départ",
    )
    interview.refresh_from_db()
    assert (interview.adviser_id, interview.state) == (portfolio.adviser_id, InterviewState.BOOKED)
    return interview


def test_what_was_never_concluded_holds_the_account_open_until_a_manager_closes_it(
    client: Client, portfolio: Portfolio
) -> None:
    manager, interview = ManagerFactory().user, left_behind(portfolio)
    with pytest.raises(DomainError, match="1 entretien passé sans compte rendu"):
        staff.close_account(actor=manager, user=portfolio.adviser.user)
    client.force_login(manager)
    address = reverse("left_interviews", args=[portfolio.adviser.pk])
    page = client.get(address)
    assert interview.jobseeker.full_name in page.content.decode()
    assert confirmed(client, address, {})["Location"] == reverse("member", args=[portfolio.adviser.user_id])
    interview.refresh_from_db()
    assert (interview.state, interview.closed_by) == (InterviewState.CANCELLED, manager)
    row = AuditEntry.objects.filter(jobseeker=interview.jobseeker, action=AuditAction.INTERVIEW).latest("pk")
    assert (row.actor, row.details["to_state"]) == (manager, InterviewState.CANCELLED)
    told = Notification.objects.filter(jobseeker=interview.jobseeker, kind=NotificationKind.INTERVIEW_CANCELLED)
    assert told.count() == 1
    assert "Aucun entretien passé" in client.get(address).content.decode()
    staff.close_account(actor=manager, user=portfolio.adviser.user)


def test_one_that_was_under_way_is_neither_an_absence_nor_a_technical_failure(portfolio: Portfolio) -> None:
    interview = left_behind(portfolio)
    Interview.objects.filter(pk=interview.pk).update(state=InterviewState.IN_PROGRESS, admitted_at=interview.starts_at)
    assert close_left_open(actor=ManagerFactory().user, adviser=portfolio.adviser) == 1
    interview.refresh_from_db()
    assert (interview.state, interview.technical_failure_at) == (InterviewState.CANCELLED, None)
    assert close_left_open(actor=ManagerFactory().user, adviser=portfolio.adviser) == 0


@pytest.mark.parametrize(("state", "chooses"), [(ObligationState.DUE, True), (ObligationState.HELD, False)])
def test_another_hour_is_chosen_where_a_deadline_still_needs_one(
    portfolio: Portfolio, state: ObligationState, chooses: bool
) -> None:
    interview = left_behind(portfolio)
    obligation = due_obligation(interview.jobseeker)
    Interview.objects.filter(pk=interview.pk).update(obligation=obligation)
    if state == ObligationState.HELD:
        contact = write_contact(
            jobseeker=interview.jobseeker,
            at=timezone.now(),
            channel=Channel.PHONE,
            nature=ContactNature.INTERVIEW,
            author=portfolio.adviser.user,
            summary="Fait par téléphone.",
            source="test",
        )
        hold_obligation(actor=follower(interview.jobseeker), obligation=obligation, contact=contact)
    close_left_open(actor=ManagerFactory().user, adviser=portfolio.adviser)
    obligation.refresh_from_db()
    assert obligation.state == state
    told = Notification.objects.get(jobseeker=interview.jobseeker, kind=NotificationKind.INTERVIEW_CANCELLED)
    assert told.context["choose"] is chooses


def test_only_a_manager_of_the_region_closes(portfolio: Portfolio) -> None:
    left_behind(portfolio)
    with pytest.raises(DomainError, match="région"):
        close_left_open(actor=ManagerFactory(regions=[RegionFactory()]).user, adviser=portfolio.adviser)
    here = ManagerFactory(regions=[portfolio.agency.departement.region]).user
    assert close_left_open(actor=here, adviser=portfolio.adviser) == 1


def test_what_the_adviser_may_still_conclude_is_left_alone(portfolio: Portfolio) -> None:
    interview = left_behind(portfolio, days=0)
    assert close_left_open(actor=ManagerFactory().user, adviser=portfolio.adviser) == 0
    interview.refresh_from_db()
    assert interview.state == InterviewState.BOOKED


def test_another_region_s_manager_finds_no_page(client: Client, portfolio: Portfolio) -> None:
    address = reverse("left_interviews", args=[portfolio.adviser.pk])
    client.force_login(ManagerFactory(regions=[RegionFactory()]).user)
    assert client.get(address).status_code == 404
    client.force_login(ManagerFactory(regions=[portfolio.agency.departement.region]).user)
    assert client.get(address).status_code == 200


def test_the_page_costs_the_same_at_any_size(
    client: Client, portfolio: Portfolio, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    client.force_login(ManagerFactory().user)
    address = reverse("left_interviews", args=[portfolio.adviser.pk])
    for days in (2, 3, 4):
        left_behind(portfolio, days=days)
        with django_assert_num_queries(QUERIES):
            assert client.get(address).status_code == 200


def test_of_what_an_adviser_left_a_manager_reads_and_closes_only_the_rows_of_the_own_regions(
    client: Client, portfolio: Portfolio
) -> None:
    mine, other = left_behind(portfolio), left_behind(portfolio, days=4)
    Jobseeker.objects.filter(pk=other.jobseeker_id).update(agency=AgencyFactory())
    regional = ManagerFactory(regions=[portfolio.agency.region]).user
    client.force_login(regional)
    page = client.get(reverse("left_interviews", args=[portfolio.adviser.pk]))
    assert [interview.pk for interview in page.context["interviews"]] == [mine.pk]
    assert close_left_open(actor=regional, adviser=portfolio.adviser) == 1
    assert close_left_open(actor=ManagerFactory().user, adviser=portfolio.adviser) == 1
