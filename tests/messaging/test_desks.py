"""The open page of an adviser's day: it hears of its own panels and of nothing else."""

from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from accompaniment.enums import Channel, ContactNature, Modality
from accompaniment.models import Obligation
from accompaniment.reads.contact_plans import plan_states
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.enrolments.interview import ask_enrolment
from accompaniment.services.journal import write_contact
from accompaniment.services.on_site_requests import ask_on_site
from accompaniment.services.plan_reviews import NewPlan, ask_plan_change, decide_plan, withdraw_plan_request
from accompaniment.services.plans import hold_obligation
from caseload.enums import PlacementEnd
from caseload.services.moves.absences import end_absence
from caseload.services.moves.placements import end_placement
from caseload.services.steering.staff import close_account
from config.settings.connections import channel_layers
from messaging.enums import Panel
from messaging.services import live
from tests.accompaniment.factories import JobseekerFactory
from tests.caseload.factories import CoverFactory, ManagerFactory, PortfolioFactory, planned_absence, planned_transfer
from tests.messaging.desks import Desk, opened
from tests.messaging.factories import Pair, ask, pair, say
from tests.messaging.sockets import PATIENCE
from tests.visio.factories import InterviewFactory, due_obligation, first_slots
from visio.enums import NextStep
from visio.models import Interview
from visio.services.closing import close_interview
from visio.services.hours import give_usual_hours
from visio.services.interviews import book_interview, cancel_interview

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two() -> Pair:
    return pair()


async def test_a_call_back_that_is_asked_for_shows_at_the_desk_of_who_follows(two: Pair) -> None:
    stranger = await database_sync_to_async(PortfolioFactory)(agency=two.portfolio.agency)
    desk, other = await opened(two.adviser), await opened(stranger.adviser.user)
    await database_sync_to_async(ask)(two.jobseeker)
    assert await desk.panels() == {Panel.CALLBACKS}
    assert await other.hears_nothing()
    await desk.leave()
    await other.leave()


async def test_a_colleague_who_covers_hears_too(two: Pair) -> None:
    cover = await database_sync_to_async(CoverFactory)(portfolio=two.portfolio)
    desk = await opened(cover.colleague.user)
    await database_sync_to_async(ask_on_site)(actor=two.person, jobseeker=two.jobseeker)
    assert await desk.panels() == {Panel.ON_SITE}
    await desk.leave()


async def test_the_agency_hears_of_who_asks_to_be_received_and_is_followed_by_nobody(two: Pair) -> None:
    beside = await database_sync_to_async(PortfolioFactory)(agency=two.portfolio.agency)
    far = await database_sync_to_async(PortfolioFactory)()
    person = await database_sync_to_async(JobseekerFactory)(agency=two.portfolio.agency, with_account=True)
    desk, other, stranger = (
        await opened(two.adviser),
        await opened(beside.adviser.user),
        await opened(far.adviser.user),
    )
    await database_sync_to_async(ask_on_site)(actor=person.user, jobseeker=person)
    assert await desk.panels() == {Panel.ON_SITE}
    assert await other.panels() == {Panel.ON_SITE}
    assert await stranger.hears_nothing()
    # A request of a followed person concerns only that person's adviser.
    await database_sync_to_async(ask_on_site)(actor=two.person, jobseeker=two.jobseeker)
    assert await desk.panels() == {Panel.ON_SITE}
    assert await other.hears_nothing()
    for one in (desk, other, stranger):
        await one.leave()


async def test_the_agency_hears_of_its_waiting_list(two: Pair) -> None:
    classic = await database_sync_to_async(PortfolioFactory)(agency=two.portfolio.agency, modality=Modality.SUIVI)
    desk = await opened(classic.adviser.user)
    await database_sync_to_async(leave_track)(actor=two.person, jobseeker=two.jobseeker)
    assert Panel.WAITING in await desk.panels()
    await desk.leave()


async def test_messages_are_told_when_somebody_begins_or_ceases_to_wait(two: Pair) -> None:
    desk = await opened(two.adviser)
    await database_sync_to_async(say)(two.conversation, two.person)
    assert await desk.panels() == {Panel.MESSAGES}
    await database_sync_to_async(say)(two.conversation, two.person)
    assert await desk.hears_nothing()
    await database_sync_to_async(say)(two.conversation, two.adviser)
    assert await desk.panels() == {Panel.MESSAGES}
    await desk.leave()


async def test_a_volunteer_is_told_to_who_receives_them(two: Pair) -> None:
    desk = await opened(two.adviser)
    person = await database_sync_to_async(JobseekerFactory)(agency=two.portfolio.agency)
    await database_sync_to_async(ask_enrolment)(actor=None, jobseeker=person)
    assert await desk.panels() == {Panel.VOLUNTEERS}
    await desk.leave()


async def test_an_interview_that_is_booked_called_off_or_concluded_renews_the_day_and_the_next_free_hour(
    two: Pair,
) -> None:
    await database_sync_to_async(give_usual_hours)([two.portfolio.adviser])
    desk = await opened(two.adviser)

    def book() -> Interview:
        slot = first_slots(two.jobseeker)[0]
        return book_interview(
            actor=two.person,
            jobseeker=two.jobseeker,
            adviser=two.portfolio.adviser,
            starts_at=slot,
            channel=Channel.VIDEO,
        )

    shown = {Panel.TODAY, Panel.OBLIGATIONS, Panel.NEXT_FREE, Panel.ABSENCES}
    booked = await database_sync_to_async(book)()
    assert await desk.panels() == shown
    await database_sync_to_async(cancel_interview)(actor=two.person, interview=booked)
    assert await desk.panels() == shown
    present = await database_sync_to_async(InterviewFactory)(jobseeker=two.jobseeker)
    await database_sync_to_async(close_interview)(
        actor=two.adviser, interview=present, conclusions="Projet confirmé.", next_step=NextStep.CONTINUE
    )
    assert await desk.panels() >= shown
    await desk.leave()


async def test_a_plan_that_is_wished_changed_or_kept_renews_the_plans_and_the_deadlines(two: Pair) -> None:
    desk = await opened(two.adviser)
    await database_sync_to_async(ask_plan_change)(actor=two.person, jobseeker=two.jobseeker, comment="Moins souvent")
    assert Panel.PLANS in await desk.panels()
    wish = await database_sync_to_async(two.jobseeker.plan_requests.get)()
    await database_sync_to_async(withdraw_plan_request)(actor=two.person, request=wish)
    assert Panel.PLANS in await desk.panels()
    await database_sync_to_async(decide)(two, NewPlan(nature="interview", channel="phone", interval_days=60))
    assert await desk.panels() >= {Panel.PLANS, Panel.OBLIGATIONS}
    await database_sync_to_async(decide)(two, None)
    assert Panel.PLANS in await desk.panels()
    await desk.leave()


def decide(two: Pair, new_plan: NewPlan | None) -> None:
    decide_plan(
        actor=two.adviser,
        jobseeker=two.jobseeker,
        new_plan=new_plan,
        reason="Convenu",
        review_on=timezone.localdate() + timedelta(days=60),
        seen=plan_states([two.jobseeker.pk])[two.jobseeker.pk].state,
    )


async def test_a_deadline_that_is_held_renews_the_deadlines(two: Pair) -> None:
    desk = await opened(two.adviser)
    due = await database_sync_to_async(due_obligation)(two.jobseeker)
    while await desk.hears_nothing() is False:
        await desk.panels()
    await database_sync_to_async(hold)(two, due)
    assert Panel.OBLIGATIONS in await desk.panels()
    await desk.leave()


def hold(two: Pair, due: Obligation) -> None:
    contact = write_contact(
        jobseeker=two.jobseeker,
        at=timezone.now(),
        channel=Channel.PHONE,
        nature=ContactNature.INTERVIEW,
        author=two.adviser,
        summary="Point fait",
        source="test:1",
    )
    hold_obligation(actor=two.adviser, obligation=due, contact=contact)


async def test_who_comes_and_who_goes_renews_every_panel_on_both_sides(two: Pair) -> None:
    beside = await database_sync_to_async(PortfolioFactory)(agency=two.portfolio.agency)
    before, after = await opened(two.adviser), await opened(beside.adviser.user)
    await database_sync_to_async(planned_transfer)(two.jobseeker, to=beside, decided_by=two.adviser, in_days=0)
    assert await before.panels() == set(Panel)
    assert await after.panels() == set(Panel)
    await before.leave()
    await after.leave()


async def test_who_leaves_the_portfolio_renews_every_panel_of_whom_they_leave(two: Pair) -> None:
    desk = await opened(two.adviser)

    def leave() -> None:
        with transaction.atomic():
            end_placement(actor=None, jobseeker=two.jobseeker, reason=PlacementEnd.LEFT, at=timezone.now())

    await database_sync_to_async(leave)()
    assert await desk.panels() == set(Panel)
    await desk.leave()


async def test_a_cover_that_is_set_or_called_off_renews_every_panel(two: Pair) -> None:
    colleague = await database_sync_to_async(PortfolioFactory)(agency=two.portfolio.agency)
    desk = await opened(colleague.adviser.user)
    absence = await database_sync_to_async(planned_absence)(two.portfolio, colleague=colleague.adviser, in_days=0)
    assert await desk.panels() == set(Panel)
    await database_sync_to_async(end_absence)(actor=two.adviser, absence=absence)
    assert await desk.panels() == set(Panel)
    await desk.leave()


async def test_what_one_transaction_writes_is_told_once(two: Pair) -> None:
    desk = await opened(two.adviser)

    def act() -> None:
        with transaction.atomic():
            ask(two.jobseeker)
            ask_on_site(actor=two.person, jobseeker=two.jobseeker)

    await database_sync_to_async(act)()
    assert await desk.panels() == {Panel.CALLBACKS, Panel.ON_SITE}
    assert await desk.hears_nothing()
    await desk.leave()


async def test_what_is_rolled_back_is_not_told(two: Pair) -> None:
    desk = await opened(two.adviser)

    def act() -> None:
        with transaction.atomic():
            ask(two.jobseeker)
            transaction.set_rollback(True)

    await database_sync_to_async(act)()
    assert await desk.hears_nothing()
    await desk.leave()


async def test_the_desk_of_an_account_that_is_closed_closes_at_once(two: Pair) -> None:
    leaving, staying = await database_sync_to_async(PortfolioFactory)(), await opened(two.adviser)
    desk = await opened(leaving.adviser.user)
    manager = await database_sync_to_async(ManagerFactory)()
    await database_sync_to_async(close_account)(actor=manager.user, user=leaving.adviser.user)
    event = await desk.receive_output(PATIENCE)
    assert (event["type"], event["code"]) == ("websocket.close", 4401)
    assert await staying.hears_nothing()
    await staying.leave()


async def test_nobody_else_has_a_desk(two: Pair) -> None:
    assert await Desk(None).connect() == 4401
    assert await Desk(two.person).connect() == 4404


async def test_without_redis_the_act_stands_and_the_pages_of_the_same_process_hear_of_it(
    two: Pair, settings: Settings
) -> None:
    """The pages of other processes refresh themselves every minute."""
    settings.CHANNEL_LAYERS = channel_layers("unix:///nowhere/valkey.sock")
    desk = await opened(two.adviser)
    callback = await database_sync_to_async(ask)(two.jobseeker)
    assert callback.pk
    assert await desk.panels() == {Panel.CALLBACKS}
    await desk.leave()


async def test_another_process_tells_the_desk_through_the_layer(two: Pair) -> None:
    desk = await opened(two.adviser)
    await live.get_channel_layer().group_send(
        live.GROUP,
        {
            "origin": "another process",
            "events": [["PanelsChanged", {"user_pk": two.adviser.pk, "panels": [Panel.CALLBACKS.value]}]],
        },
    )
    assert await desk.panels() == {Panel.CALLBACKS}
    await desk.leave()
