"""Who waits for an answer rises: on the desk, then to the team, then to the managers; the same whatever runs."""

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accompaniment.models import User
from caseload.enums import NeedKind
from caseload.models import CaseSummary
from caseload.reads.desk.cases import situations_of
from caseload.rules.portfolio import needs_of
from messaging.jobs import keep_reply_times
from messaging.models import Conversation, ReplyRise
from messaging.services import handling
from messaging.services.posting import post_message
from messaging.services.reply_clock import complete_times, note_rises
from tests.caseload.factories import AdviserFactory, CoverFactory, ManagerFactory
from tests.messaging.factories import Pair, pair, say

pytestmark = pytest.mark.django_db

ASKED = datetime(2026, 11, 16, 9, tzinfo=UTC)  # a Monday, 10:00 in Paris
DESK = datetime(2026, 11, 17, 21, tzinfo=UTC)
TEAM = datetime(2026, 11, 18, 18, 36, tzinfo=UTC)
DUE = datetime(2026, 11, 19, 9, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)


@pytest.fixture
def waiting() -> Pair:
    """Return a person who asked on Monday at 10:00; the agency opens from Monday to Friday."""
    with time_machine.travel(ASKED - timedelta(days=30), tick=False):
        one = pair()
    with time_machine.travel(ASKED, tick=False):
        say(one.conversation, one.person, "Une question secrète")
    return one


def at(moment: datetime) -> Any:
    return time_machine.travel(moment, tick=False)


def page(user: User, name: str = "late_replies") -> str:
    client = Client()
    client.force_login(user)
    html = unescape(client.get(reverse(name)).content.decode())
    return html[html.find("<main") :] if "<main" in html else html


def rises() -> list[tuple[str, datetime]]:
    return list(ReplyRise.objects.values_list("seen_by", "at"))


WHOLE = [("desk", DESK), ("team", TEAM), ("manager", DUE)]


def test_the_times_stand_with_the_first_message_and_a_second_one_moves_nothing(waiting: Pair) -> None:
    with at(ASKED + timedelta(hours=30)):
        say(waiting.conversation, waiting.person, "Vous êtes là ?")
    found = Conversation.objects.get()
    assert (found.reply_desk_at, found.reply_team_at, found.reply_due_at) == (DESK, TEAM, DUE)
    assert CaseSummary.objects.get(jobseeker=waiting.jobseeker).reply_due_at == DUE
    call_command("check_invariants")
    with at(DUE):
        say(waiting.conversation, waiting.adviser)
    found = Conversation.objects.get()
    assert (found.awaiting_reply_since, found.reply_due_at) == (None, None)
    call_command("check_invariants")


def test_each_sees_it_from_their_instant_on_and_not_before(waiting: Pair) -> None:
    agency = waiting.jobseeker.agency
    colleague = AdviserFactory(agency=agency).user
    manager = ManagerFactory(regions=[agency.departement.region]).user
    elsewhere = AdviserFactory().user
    name = waiting.jobseeker.full_name
    for user, instant in ((colleague, TEAM), (manager, DUE)):
        with at(instant - A_MOMENT):
            assert name not in page(user)
        with at(instant):
            assert name in page(user)
            assert "secrète" not in page(user)
    with at(DUE):
        assert name not in page(elsewhere)
        assert "Dans l'équipe, 1 réponse tarde" in page(colleague, "panel_to_answer")
        assert "1 réponse ou rappel attend" in page(manager, "teams") or ">1<" in page(manager, "teams")


def test_half_of_the_time_colours_it_on_the_desk_and_brings_it_back_from_a_later_day(waiting: Pair) -> None:
    with at(ASKED):
        handling.remind(actor=waiting.adviser, conversation=waiting.conversation, on=ASKED.date() + timedelta(days=9))
    with at(DESK - A_MOMENT):
        assert waiting.jobseeker.full_name not in page(waiting.adviser, "panel_to_answer")
    with at(DESK):
        desk = page(waiting.adviser, "panel_to_answer")
        assert waiting.jobseeker.full_name in desk
        assert "day-row__when--warning" in desk
    with at(DUE):
        assert "day-row__when--error" in page(waiting.adviser, "panel_to_answer")


def test_the_portfolio_counts_the_same_time(waiting: Pair) -> None:
    (need,) = [
        need
        for need in needs_of(
            situations_of([waiting.jobseeker.pk])[waiting.jobseeker.pk], now=DUE, zone=waiting.jobseeker.agency.zone
        )
        if need.kind == NeedKind.REPLY
    ]
    assert need.due_at == DUE


def test_no_answer_to_several_ends_it(waiting: Pair) -> None:
    with at(DUE):
        post_message(
            actor=waiting.adviser, conversation=waiting.conversation, client_id=uuid4(), body="Atelier", collective=True
        )
    assert Conversation.objects.get().reply_due_at == DUE


@pytest.mark.parametrize("beats", [0, 1, 5])
def test_the_rises_are_the_same_with_any_number_of_beats(waiting: Pair, beats: int) -> None:
    moment = ASKED
    while moment < DUE:
        moment += timedelta(hours=7)
        for _ in range(beats):
            with at(moment):
                keep_reply_times()
    with at(DUE + timedelta(hours=5)):
        say(waiting.conversation, waiting.adviser)
    assert rises() == WHOLE
    call_command("check_invariants")


@pytest.mark.parametrize("ended", ["answer", "no reply needed"])
def test_the_rises_are_the_same_after_an_outage(waiting: Pair, ended: str) -> None:
    with at(DUE - A_MOMENT):
        if ended == "answer":
            say(waiting.conversation, waiting.adviser)
        else:
            handling.need_no_reply(actor=waiting.adviser, conversation=waiting.conversation, number=1)
    assert rises() == WHOLE[:2]
    with at(DUE + timedelta(days=30)):
        assert note_rises() == 0
        keep_reply_times()
    assert rises() == WHOLE[:2]


def test_a_new_message_begins_a_new_time(waiting: Pair) -> None:
    with at(DUE):
        say(waiting.conversation, waiting.adviser)
    with at(DUE + timedelta(hours=1)):
        say(waiting.conversation, waiting.person)
    # Thursday 11:00 to Tuesday 11:00.
    assert Conversation.objects.get().reply_due_at == datetime(2026, 11, 24, 10, tzinfo=UTC)


def test_the_job_takes_the_same_number_of_statements_for_many_as_for_one(waiting: Pair) -> None:
    with at(DUE), CaptureQueriesContext(connection) as for_one:
        keep_reply_times()
    with at(ASKED):
        for _ in range(6):
            other = pair(waiting.portfolio)
            say(other.conversation, other.person)
    with at(DUE), CaptureQueriesContext(connection) as for_many:
        keep_reply_times()
    assert ReplyRise.objects.count() == 21
    assert len(for_many) == len(for_one)


def test_a_wait_of_an_earlier_release_gets_its_times(waiting: Pair) -> None:
    Conversation.objects.update(reply_desk_at=None, reply_team_at=None, reply_due_at=None)
    CaseSummary.objects.update(reply_due_at=None)
    with pytest.raises(SystemExit):
        call_command("check_invariants")
    assert complete_times() == 1
    assert Conversation.objects.get().reply_due_at == DUE
    call_command("check_invariants")
    assert complete_times() == 0


def test_the_person_reads_until_when_an_answer_is_expected_and_who_covers(waiting: Pair) -> None:
    path = reverse("conversation", args=[waiting.conversation.pk])
    client = Client()
    client.force_login(waiting.person)

    def said() -> str:
        return unescape(client.get(path).content.decode()).replace("\u00a0", " ")

    with at(ASKED + timedelta(minutes=1)):
        assert "La réponse à votre message est attendue avant le jeudi 19 novembre à 10 h." in said()
        cover = CoverFactory(portfolio=waiting.portfolio)
        assert cover.colleague.user.full_name in said()
    with at(DUE):
        client.force_login(waiting.person)
        assert "La réponse à votre message est en retard" in said()
        say(waiting.conversation, waiting.adviser)
        assert "Pour un message écrit maintenant, la réponse est attendue avant le mardi 24 novembre à 10 h." in said()
