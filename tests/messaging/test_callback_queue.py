"""The queue of call-backs: who may answer when, one hand at a time, attempts, and the end without a call."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, Channel, Tier
from accompaniment.locks import lock_jobseeker
from accompaniment.models import AuditEntry, Contact
from accompaniment.rules.errors import DomainError, NoRightError, NotAllowedNowError
from accompaniment.services.enrolments.tiers import change_tier
from caseload.enums import PlacementEnd
from caseload.models import CaseSummary
from caseload.services.moves.placements import end_placement
from messaging.enums import AttemptOutcome, CallbackState, CallbackSubject, CallbackWay
from messaging.models import CallbackAttempt, CallbackEvent, CallbackRequest, Message
from messaging.reads.invariants import MESSAGING_CHECKS
from messaging.rules import MANAGER_SHARE, TEAM_SHARE, risen_at
from messaging.services.callback_clock import lapse_claims, tell_unreached
from messaging.services.callback_steps import CallbackClosedError, CallbackInHandError
from messaging.services.callbacks import (
    cancel_callback,
    change_callback,
    claim_callback,
    claim_next,
    close_callback,
    miss_callback,
    release_callback,
)
from tests.accompaniment.factories import RegionFactory
from tests.caseload.factories import AdviserFactory, CoverFactory, ManagerFactory, PortfolioFactory
from tests.messaging.callback_days import MONDAY, asked, at, in_window, offered
from tests.messaging.factories import Pair, ask, pair, say
from visio.models import Interview

pytestmark = pytest.mark.django_db

MISSED = AttemptOutcome.NO_ANSWER


@pytest.fixture
def two() -> Pair:
    return pair()


def breaches() -> list[str]:
    return [breach for check in MESSAGING_CHECKS for breach in check()]


def answers(two: Pair, request: CallbackRequest, user: Any) -> bool:
    return CallbackRequest.objects.answered_by(user, now=timezone.now()).filter(pk=request.pk).exists()


# --- Who may answer when --------------------------------------------------------------------------------------------


def test_the_adviser_and_who_covers_come_first_then_the_team_then_the_manager(two: Pair) -> None:
    request = asked(two)
    colleague = AdviserFactory(agency=two.jobseeker.agency).user
    cover = CoverFactory(portfolio=two.portfolio, starts_on=MONDAY.date(), ends_on=MONDAY.date()).colleague.user
    stranger = pair().adviser
    manager = ManagerFactory(regions=[two.jobseeker.agency.region]).user
    other_manager = ManagerFactory(regions=[RegionFactory()]).user
    seen = []
    for moment in (request.asked_at, request.team_at, request.manager_at):
        with at(moment - timedelta(seconds=1)):
            seen.append([answers(two, request, user) for user in (two.adviser, cover, colleague, manager)])
        with at(moment):
            seen.append([answers(two, request, user) for user in (two.adviser, cover, colleague, manager)])
            assert not answers(two, request, stranger)
            assert not answers(two, request, other_manager)
    assert seen[1:] == [
        [True, True, False, False],
        [True, True, False, False],
        [True, True, True, False],
        [True, True, True, False],
        [True, True, True, True],
    ]


def test_the_promised_time_runs_inside_the_windows_only(two: Pair) -> None:
    """Half of two windows of one length has passed at the end of the first, however long the night between them is."""
    first, last = offered(two)[0], offered(two)[-1]
    request = asked(two, last, first)
    assert (request.window_starts_at, request.window_ends_at) == (first.starts_at, last.ends_at)
    assert request.team_at == risen_at([first, last], TEAM_SHARE)
    assert first.starts_at < request.team_at <= first.ends_at or last.starts_at <= request.team_at
    assert last.starts_at < request.manager_at == risen_at([last, first], MANAGER_SHARE) < last.ends_at
    assert [window.starts_at for window in request.windows.all()] == [first.starts_at, last.starts_at]
    assert breaches() == []


def test_the_team_answers_without_opening_the_file(two: Pair, client: Any) -> None:
    request = asked(two)
    colleague = AdviserFactory(agency=two.jobseeker.agency).user
    with at(request.team_at):
        done = close_callback(actor=colleague, request=request, outcome="Documents reçus.")
        assert done.closed_by == colleague
        client.force_login(colleague)
        assert client.get(f"/personnes/{two.jobseeker.pk}/").status_code == 404
    assert Contact.objects.get(source=f"callback:{request.pk}").author == colleague


def test_the_agency_answers_at_once_where_nobody_follows(two: Pair) -> None:
    """Kind: a request that nobody sees, because the person has lost the adviser."""
    request = asked(two)
    colleague = AdviserFactory(agency=two.jobseeker.agency).user
    with at(MONDAY + timedelta(minutes=1)):
        with pytest.raises(NoRightError):
            claim_callback(actor=colleague, request=request)
        with transaction.atomic():
            end_placement(
                actor=None,
                jobseeker=lock_jobseeker(two.jobseeker.pk),
                reason=PlacementEnd.TRANSFERRED,
                at=timezone.now(),
            )
        assert claim_callback(actor=colleague, request=request).claimed_by == colleague


# --- In one hand ----------------------------------------------------------------------------------------------------


def test_one_has_it_in_hand_and_nobody_else_calls(two: Pair) -> None:
    request = asked(two)
    colleague = AdviserFactory(agency=two.jobseeker.agency).user
    with at(request.team_at):
        held = claim_callback(actor=two.adviser, request=request)
        assert (held.state, held.claimed_by) == (CallbackState.CLAIMED, two.adviser)
        assert claim_callback(actor=two.adviser, request=request).claimed_at == held.claimed_at
        for act in (
            lambda: claim_callback(actor=colleague, request=request),
            lambda: close_callback(actor=colleague, request=request, outcome="Appelé."),
            lambda: miss_callback(actor=colleague, request=request, outcome=MISSED),
        ):
            with pytest.raises(CallbackInHandError, match=two.adviser.full_name):
                act()
        with pytest.raises(NotAllowedNowError):
            release_callback(actor=colleague, request=request)
        assert release_callback(actor=two.adviser, request=request).state == CallbackState.OPEN
        assert claim_callback(actor=colleague, request=request).claimed_by == colleague
    assert breaches() == []


def test_a_claim_lapses_after_fifteen_minutes_without_an_attempt(two: Pair) -> None:
    request = asked(two)
    colleague = AdviserFactory(agency=two.jobseeker.agency).user
    begun = request.team_at
    with at(begun):
        claim_callback(actor=two.adviser, request=request)
    with at(begun + timedelta(minutes=14, seconds=59)):
        assert lapse_claims() == 0
        with pytest.raises(CallbackInHandError):
            claim_callback(actor=colleague, request=request)
    with at(begun + timedelta(minutes=15)):
        assert lapse_claims() == 1
        assert lapse_claims() == 0
        assert claim_callback(actor=colleague, request=request).claimed_by == colleague
    assert breaches() == []


@pytest.mark.parametrize("beats", [0, 1, 5])
@pytest.mark.parametrize("outage", [False, True])
def test_the_history_is_the_same_whatever_the_clock_does(two: Pair, beats: int, outage: bool) -> None:
    """Kind: rows that depend on how often a job runs. With an outage, the beats come only at the end."""
    request = asked(two)
    colleague = AdviserFactory(agency=two.jobseeker.agency).user
    begun = request.team_at

    def beat() -> None:
        for _ in range(beats):
            lapse_claims()
            tell_unreached()

    with at(begun):
        claim_callback(actor=two.adviser, request=request)
    for minutes in (5, 16, 17):
        with at(begun + timedelta(minutes=minutes)):
            if not outage:
                beat()
    with at(begun + timedelta(minutes=20)):
        claim_callback(actor=colleague, request=request)
        close_callback(actor=colleague, request=request, outcome="Dit.")
        beat()
    rows = [
        (event.from_state, event.to_state, event.actor, event.at - begun)
        for event in CallbackEvent.objects.filter(request=request).order_by("pk")
    ]
    quarter, third = timedelta(minutes=15), timedelta(minutes=20)
    assert rows[1:] == [
        ("open", "claimed", two.adviser, timedelta()),
        ("claimed", "open", None, quarter),
        ("open", "claimed", colleague, third),
        ("claimed", "done", colleague, third),
    ]
    told = AuditEntry.objects.filter(action=AuditAction.CALLBACK, details__request=request.pk)
    assert [entry.details.get("event", entry.details["state"]) for entry in told.order_by("pk")] == [
        "open",
        "claimed",
        "lapsed",
        "claimed",
        "done",
    ]
    assert breaches() == []


def test_the_most_pressing_one_comes_next_and_one_that_is_not_due_yet_never(two: Pair) -> None:
    other = pair(two.portfolio)
    windows = offered(two)
    later, first = asked(two, windows[1]), asked(other, windows[0])
    with at(MONDAY):
        assert claim_next(actor=two.adviser) is None
    with at(in_window(windows[1])):
        assert claim_next(actor=two.adviser) == first
        assert claim_next(actor=two.adviser) == later
        assert claim_next(actor=two.adviser) is None
        with pytest.raises(NoRightError):
            claim_next(actor=two.person)


# --- Attempts -------------------------------------------------------------------------------------------------------


def test_an_attempt_that_reaches_nobody_waits_for_the_next_window(two: Pair) -> None:
    windows = offered(two)
    request = asked(two, windows[0], windows[1])
    with at(in_window(windows[0])):
        claim_callback(actor=two.adviser, request=request)
        after = miss_callback(actor=two.adviser, request=request, outcome=AttemptOutcome.VOICEMAIL)
        assert (after.state, after.claimed_by) == (CallbackState.OPEN, None)
        assert (after.window_starts_at, after.window_ends_at) == (windows[1].starts_at, windows[1].ends_at)
    with at(in_window(windows[1])):
        after = miss_callback(actor=two.adviser, request=request, outcome=MISSED)
    tomorrow = (MONDAY + timedelta(days=1)).date()
    assert after.window_starts_at.date() == tomorrow
    zone = two.jobseeker.agency.zone
    hours = [at.astimezone(zone).time() for at in (after.window_starts_at, windows[1].starts_at)]
    assert hours[0] == hours[1]
    assert CaseSummary.objects.get(jobseeker=two.jobseeker).callback_due_at == after.window_ends_at
    assert [one.outcome for one in request.attempts.all()] == ["voicemail", "no_answer"]
    assert breaches() == []


def test_three_attempts_on_two_days_close_the_request_and_offer_other_windows(two: Pair) -> None:
    request = asked(two)
    with at(in_window(offered(two)[0])):
        for _ in range(3):
            after = miss_callback(actor=two.adviser, request=request, outcome=MISSED)
        assert after.state == CallbackState.OPEN
    with at(MONDAY + timedelta(days=1, hours=2)):
        after = miss_callback(actor=two.adviser, request=request, outcome=MISSED)
        assert (after.state, after.closed_by) == (CallbackState.UNREACHED, two.adviser)
        message = Message.objects.get()
        assert after.told_at == timezone.now()
        assert tell_unreached() == 0
    assert Message.objects.count() == 1
    assert "lundi 19 novembre" in message.body
    assert "mardi 20 novembre" in message.body
    assert "/rappels/demander/" in message.body
    assert "aucune conséquence" in message.body
    assert breaches() == []
    with at(MONDAY + timedelta(days=1, hours=3)), pytest.raises(CallbackClosedError):
        close_callback(actor=two.adviser, request=request, outcome="Trop tard.")
    assert asked(pair(), *offered(two)[:1]).state == CallbackState.OPEN


def unreached(two: Pair) -> CallbackRequest:
    request = asked(two)
    for day, hours in ((0, 2), (0, 3), (1, 2)):
        with at(MONDAY + timedelta(days=day, hours=hours)):
            request = miss_callback(actor=two.adviser, request=request, outcome=MISSED)
    return request


def test_not_reached_is_never_held_against_the_person(two: Pair) -> None:
    """No absence, no contact, no answer to what was asked, and nothing in any row but those of the call-back itself."""
    with at(MONDAY):
        say(two.conversation, two.person, "Bonjour")
    with at(MONDAY):
        before = CaseSummary.objects.get(jobseeker=two.jobseeker)
    assert unreached(two).state == CallbackState.UNREACHED
    after = CaseSummary.objects.get(jobseeker=two.jobseeker)
    kept = ("awaiting_reply_since", "last_contact_at", "last_contact_channel", "callback_due_at")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    two.conversation.refresh_from_db()
    assert two.conversation.awaiting_reply_since is not None
    assert not Interview.objects.exists()
    assert not Contact.objects.exclude(channel=Channel.CHAT).filter(nature="callback").exists()
    with at(MONDAY + timedelta(days=1, hours=3)):
        again = asked_again(two)
    assert again.state == CallbackState.OPEN


def asked_again(two: Pair) -> CallbackRequest:
    return ask(two.jobseeker)


def test_the_message_waits_until_somebody_follows_the_person(two: Pair) -> None:
    request = asked(two)
    colleague = AdviserFactory(agency=two.jobseeker.agency).user
    change_tier(actor=two.adviser, jobseeker=two.jobseeker, tier=Tier.SUIVI, reason="Autonome")
    for day, hours in ((0, 2), (0, 3), (1, 2)):
        with at(MONDAY + timedelta(days=day, hours=hours)):
            request = miss_callback(actor=colleague, request=request, outcome=MISSED)
            assert tell_unreached() == 0
    assert (request.state, request.told_at) == (CallbackState.UNREACHED, None)
    assert not Message.objects.exists()
    assert breaches() == []


@pytest.mark.parametrize(
    ("way", "outcome"),
    [
        (CallbackWay.CHAT, AttemptOutcome.NO_ANSWER),
        (CallbackWay.VIDEO, AttemptOutcome.WRONG_NUMBER),
        (CallbackWay.PHONE, AttemptOutcome.REACHED),
    ],
)
def test_an_outcome_that_the_way_cannot_have_is_refused(two: Pair, way: CallbackWay, outcome: AttemptOutcome) -> None:
    with at(MONDAY):
        request = asked_in(two, way)
    with at(in_window(offered(two)[0])):
        with pytest.raises(DomainError):
            miss_callback(actor=two.adviser, request=request, outcome=outcome)
        assert close_callback(actor=two.adviser, request=request, outcome="Dit.").state == CallbackState.DONE


def asked_in(two: Pair, way: CallbackWay) -> CallbackRequest:
    return ask(two.jobseeker, way=way)


@pytest.mark.parametrize("way", CallbackWay)
def test_each_way_of_answering_has_its_channel_in_the_journal(two: Pair, way: CallbackWay) -> None:
    with at(MONDAY):
        request = asked_in(two, way)
    assert bool(request.number) == (way not in (CallbackWay.CHAT, CallbackWay.VIDEO))
    with at(in_window(offered(two)[0])):
        close_callback(actor=two.adviser, request=request, outcome="Dit.")
    channel = Contact.objects.get(source=f"callback:{request.pk}").channel
    assert channel == {CallbackWay.CHAT: Channel.CHAT, CallbackWay.VIDEO: Channel.VIDEO}.get(way, Channel.PHONE)


# --- The person -----------------------------------------------------------------------------------------------------


def test_the_person_changes_what_was_asked(two: Pair) -> None:
    windows = offered(two)
    request = asked(two)
    with at(MONDAY + timedelta(minutes=10)):
        changed = change_callback(
            actor=two.person,
            request=request,
            subject=CallbackSubject.FILE,
            phone="06 99 99 99 99",
            windows=[windows[2], windows[1]],
            comment="Plutôt l'après-midi",
            way=CallbackWay.RELAY_SIGNS,
        )
    assert (changed.subject, changed.way, changed.phone) == ("file", "relay_signs", "+33699999999")
    assert [one.starts_at for one in changed.windows.all()] == [windows[1].starts_at, windows[2].starts_at]
    assert changed.window_ends_at == windows[2].ends_at
    assert CaseSummary.objects.get(jobseeker=two.jobseeker).callback_due_at == windows[2].ends_at
    two.jobseeker.refresh_from_db()
    assert two.jobseeker.phone == "+33699999999"
    assert breaches() == []


def changing(two: Pair, request: CallbackRequest, **facts: Any) -> CallbackRequest:
    return change_callback(
        **{
            "actor": two.person,
            "request": request,
            "subject": CallbackSubject.FILE,
            "phone": two.jobseeker.phone or "06 12 34 56 78",
            "windows": offered(two)[1:2],
            "comment": "",
            "way": CallbackWay.PHONE,
            **facts,
        }
    )


def test_what_is_in_hand_closed_or_somebody_else_s_is_not_changed(two: Pair) -> None:
    request = asked(two)
    with at(MONDAY + timedelta(minutes=10)):
        with pytest.raises(DomainError):
            changing(two, request, actor=two.adviser)
        with pytest.raises(DomainError):
            changing(two, request, windows=[])
        claim_callback(actor=two.adviser, request=request)
        with pytest.raises(CallbackInHandError):
            changing(two, request)
        release_callback(actor=two.adviser, request=request)
        assert changing(two, request).subject == "file"
        claim_callback(actor=two.adviser, request=request)
        assert cancel_callback(actor=two.person, request=request).state == CallbackState.CANCELLED
        with pytest.raises(CallbackClosedError):
            changing(two, request)
    assert breaches() == []


def test_a_window_that_has_begun_stays_when_something_else_is_changed(two: Pair) -> None:
    first = offered(two)[0]
    request = asked(two)
    with at(in_window(first)):
        assert changing(two, request, windows=[first]).window_starts_at == first.starts_at
    with at(first.ends_at), pytest.raises(DomainError):
        changing(two, request, windows=[first])


# --- What the database refuses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "constraint"),
    [
        ({"state": "claimed"}, "callback_claimed_by_someone"),
        ({"claimed_at": MONDAY}, "callback_claimed_by_someone"),
        ({"state": "unreached"}, "callback_closed_by_someone"),
        ({"told_at": MONDAY}, "callback_told_if_unreached"),
        ({"team_at": MONDAY - timedelta(days=9)}, "callback_window_in_order"),
        ({"manager_at": MONDAY + timedelta(days=9)}, "callback_window_in_order"),
    ],
)
def test_the_database_ties_the_state_to_its_dates(two: Pair, facts: dict[str, Any], constraint: str) -> None:
    request = asked(two)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        CallbackRequest.objects.filter(pk=request.pk).update(**facts)


def test_a_person_is_reached_once(two: Pair) -> None:
    request = asked(two)
    facts = {"request": request, "at": MONDAY, "actor": two.adviser, "outcome": AttemptOutcome.REACHED}
    CallbackAttempt.objects.create(**facts)
    with pytest.raises(IntegrityError, match="callback_reached_once"), transaction.atomic():
        CallbackAttempt.objects.create(**facts)


def test_the_portfolios_of_other_agencies_see_nothing(two: Pair) -> None:
    request = asked(two)
    elsewhere = PortfolioFactory().adviser.user
    with at(request.window_ends_at + timedelta(days=2)):
        assert claim_next(actor=elsewhere) is None
        assert claim_next(actor=two.adviser) == request
