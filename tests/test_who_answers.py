"""Who may act for a person today, and who is expected to answer: every place agrees with this table.

A covering colleague may read and act on the days of the cover, both included, by the clock of the colleague's own
agency. The same colleague is expected to answer as long as the account is open. The adviser may act on every day, and
answers if no colleague does and the adviser is not absent.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db.models import Case, CharField

from accompaniment.enums import ReaderCapacity
from accompaniment.models import Jobseeker
from caseload.models import Absence, Cover, Placement, Portfolio
from caseload.reads.desk.desk import desk_of, with_covers
from caseload.reads.file.dossier import file_of
from caseload.reads.moves.places import unanswered_on
from caseload.reads.moves.who_answers import away_now, days_away, relay_of, without_relay
from caseload.reads.perimeter import capacities
from caseload.services.desk.selections import followed_among
from messaging.models import Conversation
from messaging.reads.participants import participants
from messaging.services.conversations import open_conversation
from tests.caseload.factories import AdviserFactory, CoverFactory, PortfolioFactory, on_web_track

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 6)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ZONES = ("Europe/Paris", "Indian/Reunion", "America/Martinique")


def edges(zone: str) -> list[datetime]:
    """The last and the first minute around each end of the cover, and its middle."""
    begins = datetime.combine(FIRST, time(), ZoneInfo(zone)).astimezone(UTC)
    ends = datetime.combine(LAST + DAY, time(), ZoneInfo(zone)).astimezone(UTC)
    return [begins - MINUTE, begins, begins + (ends - begins) / 2, ends - MINUTE, ends]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("cancelled", [False, True])
@pytest.mark.django_db
def test_every_place_agrees_on_who_follows_and_who_answers(zone: str, is_open: bool, cancelled: bool) -> None:
    portfolio = PortfolioFactory(adviser__agency__region__timezone=zone)
    person = Jobseeker.objects.select_related("agency__departement__region").get(pk=on_web_track(portfolio).pk)
    conversation = open_conversation(actor=portfolio.adviser.user, jobseeker=person)
    adviser, colleague = portfolio.adviser, AdviserFactory(agency=portfolio.agency)
    colleague.user.is_active = is_open
    colleague.user.save()
    absence = Absence.objects.create(
        adviser=adviser, starts_on=FIRST, ends_on=LAST, set_by=adviser.user, set_at=datetime(2026, 3, 1, tzinfo=UTC)
    )
    CoverFactory(
        portfolio=portfolio,
        absence=absence,
        colleague=colleague,
        starts_on=FIRST,
        ends_on=LAST,
        cancelled_at=datetime(2026, 3, 1, tzinfo=UTC) if cancelled else None,
    )
    for now in edges(zone):
        day = now.astimezone(ZoneInfo(zone)).date()
        on_the_days = FIRST <= day <= LAST
        follows = on_the_days and not cancelled
        with time_machine.travel(now, tick=False):
            assert may_act(colleague, portfolio, person, now) == dict.fromkeys(MAY_ACT, follows), now
            assert may_act(adviser, portfolio, person, now) == dict.fromkeys(MAY_ACT, True), now
            relay = relay_of(colleague.user, now=now, person="pk")
            named = Jobseeker.objects.annotate(relay=relay).get(pk=person.pk)
            assert named.relay == (str(adviser) if follows else None)
            answers = follows and is_open
            assert answering(portfolio, person, conversation, now) == {
                "away_now": {colleague.pk} if answers else set(),
                "file": {colleague.pk} if answers else set(),
                "gauge": {colleague.pk} if answers else set(),
                "conversation": {colleague.pk} if answers else set(),
            }, now
            said = away_now(person, now=now)
            assert (said is not None) == on_the_days
            assert (portfolio.pk in unanswered_on([portfolio], day)) == (on_the_days and not answers)
            presence = Portfolio.objects.with_presence(day).get(pk=portfolio.pk)
            assert (presence.away_until is not None, presence.relayed) == (on_the_days, answers)
            proposed = Portfolio.objects.proposed_for(portfolio.agency, portfolio.modality, day)
            assert proposed.filter(pk=portfolio.pk).exists() == (not on_the_days or answers)
            assert any(first <= day <= last for first, last in days_away(adviser)) == on_the_days
            if on_the_days:
                holes = without_relay([absence], today=day)
                assert any(hole.starts_on <= day <= hole.ends_on for hole in holes) == (not answers)


MAY_ACT = ("file", "portfolio", "placement", "desk", "selection", "capacity")


def may_act(adviser, portfolio, person, now) -> dict[str, bool]:
    desk = desk_of(adviser.user, now=now)
    capacity = (
        Jobseeker.objects.filter(pk=person.pk)
        .annotate(capacity=Case(*capacities(adviser.user), default=None, output_field=CharField()))
        .get()
        .capacity
    )
    return {
        "file": Jobseeker.objects.visible_to(adviser.user).filter(pk=person.pk).exists(),
        "portfolio": Portfolio.objects.visible_to(adviser.user, now).filter(pk=portfolio.pk).exists(),
        "placement": Placement.objects.followed_by(adviser.user, now).filter(jobseeker=person).exists(),
        "desk": portfolio in desk.portfolios,
        "selection": person in followed_among(actor=adviser.user, people=[person.pk]),
        "capacity": capacity
        == (ReaderCapacity.ADVISER if adviser.pk == portfolio.adviser_id else ReaderCapacity.COVER),
    }


def answering(portfolio, person, conversation: Conversation, now: datetime) -> dict[str, set[int]]:
    away = away_now(person, now=now)
    in_the_file = file_of(person, reader=portfolio.adviser.user, now=now).covers
    on_the_gauge = with_covers(Portfolio.objects.filter(pk=portfolio.pk), now).get().running_covers
    who = participants(Conversation.objects.select_related("jobseeker").get(pk=conversation.pk), now=now)
    assert who.follower == portfolio.adviser.user_id
    return {
        "away_now": {one.pk for one in away.colleagues} if away else set(),
        "file": {cover.colleague_id for cover in in_the_file},
        "gauge": {cover.colleague_id for cover in on_the_gauge},
        "conversation": set(Cover.objects.filter(colleague__user__in=who.covering).values_list("colleague", flat=True)),
    }


def test_no_place_but_the_models_says_when_a_cover_or_an_absence_stands() -> None:
    """Kind: a second definition of a standing cover or absence. Only the models may test « not cancelled »."""
    root = Path(__file__).parent.parent
    own = re.compile(r"cancelled_at(__isnull)?=(None|True)")
    found = {
        str(path.relative_to(root))
        for app in ("accompaniment", "caseload", "messaging", "visio", "config")
        for path in (root / app).rglob("*.py")
        if "migrations" not in path.parts and own.search(path.read_text())
    }
    assert found == {"caseload/models/absences.py", "caseload/models/portfolios.py"}
