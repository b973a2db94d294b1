"""A person's needs are the same on the portfolio list, on their own page and in a transfer's report."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accompaniment.models import ContactPlan, Jobseeker
from accompaniment.services.on_site_requests import ask_on_site
from accompaniment.services.plan_reviews import ask_plan_change
from caseload.enums import NeedKind
from caseload.models import Placement, Portfolio
from caseload.reads.moves.transfer_reports import leaving, report_of
from caseload.services.desk.summaries import write_summary
from caseload.services.moves.transfers import transfer_people
from tests.accompaniment.factories import JobseekerFactory
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track, validated

pytestmark = pytest.mark.django_db


def ask_on_site_meeting(portfolio: Portfolio) -> Jobseeker:
    person = on_web_track(portfolio)
    ask_on_site(actor=person.user, jobseeker=person)
    return person


def summarised(**facts: object) -> Callable[[Portfolio], Jobseeker]:
    def make(portfolio: Portfolio) -> Jobseeker:
        person = on_web_track(portfolio)
        write_summary(jobseeker_id=person.pk, **facts)
        return person

    return make


def wish_another_plan(portfolio: Portfolio) -> Jobseeker:
    person = on_web_track(portfolio)
    ask_plan_change(actor=person.user, jobseeker=person, comment="Moins souvent")
    return person


def await_acceptance(portfolio: Portfolio) -> Jobseeker:
    return validated(portfolio).jobseeker


def seen_too_long_ago_for_the_own_plan(portfolio: Portfolio) -> Jobseeker:
    person = on_web_track(portfolio)
    ContactPlan.objects.filter(jobseeker=person).update(interval_days=14)
    write_summary(jobseeker_id=person.pk, last_contact_at=timezone.now() - timedelta(days=20))
    return person


NOW = timezone.now
WAYS: dict[NeedKind, Callable[[Portfolio], Jobseeker]] = {
    NeedKind.ON_SITE: ask_on_site_meeting,
    NeedKind.CALLBACK: summarised(callback_due_at=NOW()),
    NeedKind.REPLY: summarised(awaiting_reply_since=NOW()),
    NeedKind.INTERVIEW: summarised(next_interview_at=NOW() - timedelta(days=2)),
    NeedKind.OBLIGATION: summarised(to_place_by=timezone.localdate()),
    NeedKind.PLAN: wish_another_plan,
    NeedKind.ACCEPTANCE: await_acceptance,
    NeedKind.NO_CONTACT: seen_too_long_ago_for_the_own_plan,
}


def on_the_list(client: Client, person: Jobseeker) -> list[NeedKind]:
    cases = client.get("/portefeuille/").context["listing"].cases
    return [need.kind for case in cases if case.jobseeker_id == person.pk for need in case.needs]


@pytest.mark.parametrize("kind", NeedKind, ids=lambda kind: kind.name)
def test_list_page_and_transfer_agree(client: Client, kind: NeedKind) -> None:
    portfolio = PortfolioFactory()
    calm, person = on_web_track(portfolio), WAYS[kind](portfolio)
    beside = PortfolioFactory(agency=portfolio.agency)
    client.force_login(portfolio.adviser.user)
    shown = on_the_list(client, person)
    assert kind in shown
    assert [need.kind for need in client.get(f"/personnes/{person.pk}/").context["file"].needs] == shown
    assert client.get(f"/personnes/{calm.pk}/").context["file"].needs == []
    placements = Placement.objects.filter(portfolio=portfolio, ended_at=None)
    now = timezone.now()
    going = leaving(
        placements.select_related("jobseeker__agency__departement__region"), reader=portfolio.adviser.user, now=now
    )
    assert {one.placement.jobseeker_id: [need.kind for need in one.needs] for one in going} == {
        calm.pk: [],
        person.pk: shown,
    }
    batch = transfer_people(actor=portfolio.adviser.user, people=placements, targets=[beside], reason="Départ")
    received = report_of(batch, reader=beside.adviser.user, now=now).done
    assert [(line.transfer.jobseeker_id, [need.kind for need in line.needs]) for line in received] == [
        (person.pk, shown),
        (calm.pk, []),
    ]


def test_who_waits_for_a_portfolio_still_waits_for_the_rest(client: Client) -> None:
    person = JobseekerFactory(with_account=True)
    ask_on_site(actor=person.user, jobseeker=person)
    client.force_login(ManagerFactory().user)
    needs = client.get(f"/personnes/{person.pk}/").context["file"].needs
    assert needs[0].kind == NeedKind.ON_SITE
