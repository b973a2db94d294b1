"""The socket of a conversation, with two browsers and a stranger."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

import pytest
import time_machine
from channels.db import database_sync_to_async
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from accompaniment.enums import AuditAction, Tier
from accompaniment.models import AuditEntry
from accompaniment.services.enrolments.tiers import change_tier
from caseload.forms.registration.interview import typed_in
from caseload.services.moves.absences import end_absence
from config.settings.connections import channel_layers
from messaging.consumers import pages as consumers
from messaging.consumers import sessions as sockets
from messaging.consumers.pages import compare_with_database
from messaging.consumers.sessions import compare_with_sessions
from messaging.models import Message, ReadMark
from messaging.rules import BODY_LIMIT
from messaging.services import live
from messaging.services.posting import message_item
from tests.caseload.factories import AdviserFactory, CoverFactory, ManagerFactory, planned_absence
from tests.messaging.factories import Pair, pair, say
from tests.messaging.sockets import PATIENCE, Screen, open_screen, refused_at_the_door

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")


async def here(act: Callable[..., T], *args: Any, **facts: Any) -> T:
    """Do database work from an asynchronous test."""
    result: T = await database_sync_to_async(act)(*args, **facts)
    return result


@pytest.fixture
def two() -> Pair:
    return pair()


@pytest.fixture
def stranger() -> Pair:
    return pair()


async def test_each_sees_the_others_message_at_once(two: Pair) -> None:
    person = await open_screen(two.conversation, two.person)
    adviser = await open_screen(two.conversation, two.adviser)
    client_id = str(uuid4())
    await person.ask(type="send", client_id=client_id, body="Bonjour <b>Madame</b>")
    acknowledged = await person.hear_kind("ack")
    frame = await adviser.hear_kind("messages")
    (item,) = frame["items"]
    stored = await here(Message.objects.get)
    assert item == {
        "number": 1,
        "author": two.person.pk,
        "name": two.person.full_name,
        "staff": False,
        "client_id": client_id,
        "at": stored.created_at.isoformat(),
        "body": "Bonjour <b>Madame</b>",
        "attachments": [],
    }
    facts = {"client_id": client_id, "number": 1, "at": item["at"], "item": item}
    assert acknowledged == {"type": "ack"} | facts
    assert await adviser.say("Bonjour Monsieur") == 2
    # Each message was shown once: on the screen that has sent it by the acknowledgement.
    assert await person.bodies(1) == ["Bonjour Monsieur"]
    await person.disconnect()
    await adviser.disconnect()


async def test_what_was_missed_comes_with_the_next_connection(two: Pair) -> None:
    for body in ("un", "deux", "trois"):
        await here(say, two.conversation, two.adviser, body)
    screen = Screen(two.conversation.pk, two.person)
    await screen.connect()
    await screen.ask(type="sync", after=1)
    assert await screen.bodies(2) == ["deux", "trois"]
    await screen.disconnect()


async def test_a_long_absence_comes_in_several_frames(two: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("messaging.services.conversations.PAGE", 2)
    for number in range(5):
        await here(say, two.conversation, two.adviser, str(number))
    screen = Screen(two.conversation.pk, two.person)
    await screen.connect()
    await screen.ask(type="sync", after=0)
    assert await screen.bodies(5) == ["0", "1", "2", "3", "4"]
    await screen.disconnect()


async def test_a_screen_shows_nothing_before_it_says_what_it_has(two: Pair) -> None:
    silent = Screen(two.conversation.pk, two.person)
    await silent.connect()
    await here(say, two.conversation, two.adviser)
    assert await silent.hears_nothing()
    await silent.disconnect()


async def test_sending_again_is_acknowledged_with_the_same_number(two: Pair) -> None:
    person = await open_screen(two.conversation, two.person)
    client_id = str(uuid4())
    elsewhere = await open_screen(two.conversation, two.person)
    assert await person.say("Bonjour", client_id.upper()) == 1
    # Another screen of the same account has not sent it, so it is shown there as a message.
    assert await elsewhere.bodies(1) == ["Bonjour"]
    await person.ask(type="send", client_id=client_id.upper(), body="Bonjour")
    again = await person.hear_kind("ack")
    assert (again["client_id"], again["number"], "item" in again) == (client_id.upper(), 1, False)
    await elsewhere.disconnect()
    assert await here(Message.objects.count) == 1
    await person.disconnect()


async def test_nobody_else_is_let_in(two: Pair, stranger: Pair) -> None:
    manager = (await here(ManagerFactory)).user
    assert await refused_at_the_door(two.conversation.pk, None) == sockets.NOT_LOGGED_IN
    for user in (stranger.person, stranger.adviser, manager):
        assert await refused_at_the_door(two.conversation.pk, user) == consumers.NOT_FOUND
    assert await refused_at_the_door(two.conversation.pk + 1000, two.person) == consumers.NOT_FOUND
    for user in (two.person, two.adviser):
        assert await refused_at_the_door(two.conversation.pk, user) is None


async def test_nothing_comes_to_another_conversation(two: Pair, stranger: Pair) -> None:
    elsewhere = await open_screen(stranger.conversation, stranger.person)
    person = await open_screen(two.conversation, two.person)
    await person.say("Un secret")
    await person.ask(type="read", number=1)
    await person.hear_kind("read")
    assert await elsewhere.hears_nothing()
    await elsewhere.disconnect()
    await person.disconnect()


async def test_a_covering_colleague_reads_and_it_is_audited(two: Pair) -> None:
    colleague = (await here(CoverFactory, portfolio=two.portfolio)).colleague.user
    screen = await open_screen(two.conversation, colleague)
    own = await open_screen(two.conversation, two.adviser)
    readings = AuditEntry.objects.filter(jobseeker=two.jobseeker, action=AuditAction.READ)
    assert [row.actor_id async for row in readings] == [colleague.pk]
    await screen.disconnect()
    await own.disconnect()


async def test_a_right_that_is_gone_sends_nothing_and_closes(two: Pair) -> None:
    adviser = await open_screen(two.conversation, two.adviser)
    heir = (await here(CoverFactory, portfolio__agency=two.portfolio.agency)).portfolio
    await here(two.jobseeker.placements.update, portfolio=heir)
    await adviser.ask(type="send", client_id=str(uuid4()), body="Encore moi")
    refusal = await adviser.hear_kind("refused")
    assert "plus ouverte" in refusal["sentence"]
    assert await adviser.close_code() == consumers.RIGHT_GONE
    assert not await here(Message.objects.exists)


async def test_the_end_of_the_track_closes_the_advisers_screen_at_once(two: Pair) -> None:
    adviser = await open_screen(two.conversation, two.adviser)
    person = await open_screen(two.conversation, two.person)
    await here(change_tier, actor=two.adviser, jobseeker=two.jobseeker, tier=Tier.SUIVI, reason="Autonome")
    assert await adviser.close_code() == consumers.RIGHT_GONE
    await person.ask(type="send", client_id=str(uuid4()), body="Quelqu'un ?")
    assert "Aucun conseiller" in (await person.hear_kind("refused"))["sentence"]
    await person.disconnect()


async def test_what_follows_a_hand_over_is_not_shown_to_who_handed_over(two: Pair) -> None:
    former = await open_screen(two.conversation, two.adviser)
    heir = (await here(CoverFactory, portfolio__agency=two.portfolio.agency)).portfolio
    await here(two.jobseeker.placements.update, portfolio=heir)
    person = await open_screen(two.conversation, two.person)
    await person.say("Pour la suite")
    event = await former.receive_output(PATIENCE)
    assert event == {"type": "websocket.close", "code": consumers.RIGHT_GONE}
    await person.disconnect()


async def test_sockets_follow_the_database_when_nothing_is_told_to_them(two: Pair) -> None:
    person = await open_screen(two.conversation, two.person)
    await here(Message.objects.create, **_raw(two, 1))
    await here(type(two.conversation).objects.filter(pk=two.conversation.pk).update, last_number=1)
    await compare_with_database(live.hub())
    assert await person.bodies(1) == ["Sans que personne ne le dise"]
    await person.disconnect()


def _raw(two: Pair, number: int) -> dict[str, Any]:
    return {
        "conversation": two.conversation,
        "number": number,
        "author": two.adviser,
        "client_id": uuid4(),
        "body": "Sans que personne ne le dise",
        "created_at": two.jobseeker.created_at,
    }


async def test_a_right_that_is_gone_closes_a_silent_socket_too(two: Pair) -> None:
    adviser = await open_screen(two.conversation, two.adviser)
    await compare_with_database(live.hub())
    assert await adviser.hears_nothing()
    await here(two.jobseeker.placements.update, portfolio=(await here(CoverFactory)).portfolio)
    await compare_with_database(live.hub())
    assert await adviser.close_code() == consumers.RIGHT_GONE


async def test_the_right_of_a_cover_ends_with_its_last_day_on_open_screens_too(two: Pair, settings: Settings) -> None:
    settings.SESSION_COOKIE_AGE = int(timedelta(days=5).total_seconds())
    cover = await here(CoverFactory, portfolio=two.portfolio)
    colleague = cover.colleague.user
    silent = await open_screen(two.conversation, colleague)
    told = await open_screen(two.conversation, colleague)
    person = await open_screen(two.conversation, two.person)
    await compare_with_database(live.hub())
    assert await silent.hears_nothing()
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        assert await person.say("Pour Madame Martin seulement") == 1
        assert await told.close_code() == 4403
        await compare_with_database(live.hub())
        assert await silent.close_code() == 4403
    await person.disconnect()


async def test_a_cover_that_is_called_off_closes_the_colleague_s_screen_at_once(two: Pair) -> None:
    beside = await here(AdviserFactory, agency=two.portfolio.agency)
    absence = await here(planned_absence, two.portfolio, colleague=beside, in_days=0)
    screen = await open_screen(two.conversation, beside.user)
    await here(end_absence, actor=two.adviser, absence=absence)
    assert await screen.close_code() == 4403


async def test_a_hole_between_two_events_is_filled_from_the_database(two: Pair) -> None:
    person = await open_screen(two.conversation, two.person)
    hub = live.hub()
    rooms, hub.rooms = hub.rooms, {}
    await here(say, two.conversation, two.adviser, "un")
    hub.rooms = rooms
    await here(say, two.conversation, two.adviser, "deux")
    assert await person.bodies(2) == ["un", "deux"]
    await person.disconnect()


async def test_events_of_another_process_arrive_through_the_layer(two: Pair) -> None:
    person = await open_screen(two.conversation, two.person)
    message = await here(Message.objects.create, **_raw(two, 1))
    event = live.MessageStored(
        conversation_id=two.conversation.pk,
        number=1,
        readers=(two.person.pk, two.adviser.pk),
        item=message_item(message),
    )
    await live.get_channel_layer().group_send(
        live.GROUP, {"origin": "another process", "events": [["MessageStored", asdict(event)]]}
    )
    assert await person.bodies(1) == ["Sans que personne ne le dise"]
    await person.disconnect()


async def test_everything_works_without_redis_only_slower(
    two: Pair, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    await here(live.broadcaster.wait)
    settings.CHANNEL_LAYERS = channel_layers("unix:///nowhere/valkey.sock")
    person = await open_screen(two.conversation, two.person)
    adviser = await open_screen(two.conversation, two.adviser)
    assert await person.say("Bonjour") == 1
    assert await adviser.bodies(1) == ["Bonjour"]
    await person.disconnect()
    await adviser.disconnect()
    (line,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "does not answer" in line.message
    assert line.exc_info is None


async def test_reading_is_shown_to_the_other_side(two: Pair) -> None:
    await here(say, two.conversation, two.person)
    person = await open_screen(two.conversation, two.person)
    adviser = await open_screen(two.conversation, two.adviser)
    await adviser.ask(type="read", number=99)
    assert await person.hear_kind("read") == {"type": "read", "staff": True, "number": 1}
    mark = await here(ReadMark.objects.get)
    assert (mark.user_id, mark.number) == (two.adviser.pk, 1)
    await adviser.ask(type="read", number=0)
    await adviser.hear_kind("read")
    assert await person.hears_nothing()
    await person.disconnect()
    await adviser.disconnect()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"send"',
        "{}",
        '{"type": "unknown"}',
        '{"type": "send"}',
        '{"type": "send", "client_id": 5, "body": "x"}',
        '{"type": "send", "client_id": "not-a-uuid", "body": "x"}',
        '{"type": "sync", "after": -1}',
        '{"type": "sync", "after": 1e400}',
        '{"type": "read", "number": 99999999999}',
        "[" * 30_000,
        "x" * 70_000,
    ],
)
async def test_what_is_no_frame_gets_an_answer_and_the_socket_stays(two: Pair, text: str) -> None:
    person = await open_screen(two.conversation, two.person)
    await person.send_text(text)
    assert (await person.hear())["type"] == "error"
    await person.send_input({"type": "websocket.receive", "bytes": b"\x00"})
    assert (await person.hear())["type"] == "error"
    assert await person.say("Bonjour") == 1
    await person.disconnect()


async def test_a_refusal_names_the_message_and_says_why(two: Pair) -> None:
    person = await open_screen(two.conversation, two.person)
    client_id = str(uuid4())
    await person.ask(type="send", client_id=client_id, body="   ")
    refusal = await person.hear()
    assert refusal == {
        "type": "refused",
        "client_id": client_id,
        "sentence": "Écrivez votre message avant de l'envoyer.",
        "retry": False,
    }
    assert await person.say("Bonjour", client_id) == 1
    await person.disconnect()


async def test_a_flood_closes_the_socket(two: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers.ConversationConsumer, "burst", 3)
    monkeypatch.setattr(consumers.ConversationConsumer, "frames_per_second", 0.0)
    person = await open_screen(two.conversation, two.person)
    assert await person.say("un") == 1
    assert await person.say("deux") == 2
    await person.ask(type="send", client_id=str(uuid4()), body="trois")
    assert await person.close_code() == sockets.TOO_MANY
    assert await here(Message.objects.count) == 2
    await person.disconnect()


async def test_logging_out_closes_the_socket(two: Pair, client: Client) -> None:
    await here(client.force_login, two.person)
    screen = Screen(two.conversation.pk, two.person)
    screen.scope["session"] = client.session
    assert await screen.connect() is None
    await compare_with_database(live.hub())
    assert await screen.hears_nothing()
    await here(client.logout)
    await compare_with_sessions(live.hub())
    assert await screen.close_code() == sockets.NOT_LOGGED_IN
    await screen.disconnect()


async def test_nothing_runs_on_when_the_last_page_is_closed(two: Pair) -> None:
    person = await open_screen(two.conversation, two.person)
    await person.say("Bonjour")
    await person.disconnect()
    assert not live.hub().rooms
    names = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}
    assert not any("Hub" in name or "follow_database" in name for name in names)


async def test_one_text_by_socket_form_and_draft_is_one_text(two: Pair) -> None:
    """Kind: a text that two ways write differently. Sent again by the other way, it is still stored once."""
    pasted, kept = "\ufeffCle\u0301o,\r\n\u202ea\u0300 demain\x07 ", "Cl\u00e9o,\n\u00e0 demain"
    screen = await open_screen(two.conversation, two.person)
    both = str(uuid4())
    browser = Client()
    await here(browser.force_login, two.person)
    assert await screen.say(pasted, both) == 1
    assert await here(sent_by_form, browser, two, pasted, both) == 1
    assert await here(sent_by_form, browser, two, kept, str(uuid4())) == 2
    assert await screen.say(kept, both) == 1
    assert await here(lambda: list(Message.objects.values_list("body", flat=True))) == [kept, kept]
    assert typed_in({"comment": pasted})["comment"].strip() == kept
    await screen.disconnect()


@pytest.mark.parametrize("more", [0, 1])
async def test_what_counts_is_the_length_that_is_kept_by_socket_and_form(two: Pair, more: int) -> None:
    """5,000 decomposed letters with accents have twice as many characters before they are normalised."""
    pasted = "e\u0301" * (BODY_LIMIT + more) + "\r\n"
    screen = await open_screen(two.conversation, two.person)
    browser = Client()
    await here(browser.force_login, two.person)
    await screen.ask(type="send", client_id=str(uuid4()), body=pasted)
    frame = await screen.hear_kind("refused" if more else "ack")
    by_form = await here(sent_by_form, browser, two, pasted, str(uuid4()))
    if more:
        assert frame["sentence"].startswith("1 caract\u00e8re de trop")
        assert by_form is None
    assert await here(Message.objects.count) == (0 if more else 2)
    await screen.disconnect()


def sent_by_form(browser: Client, two: Pair, body: str, client_id: str) -> int | None:
    """Send a message as a page without a socket does; return its number, or None if it is refused."""
    answer = browser.post(
        reverse("conversation", args=[two.conversation.pk]),
        {"body": body, "client_id": client_id},
        headers={"Accept": "application/json"},
    )
    number: int | None = answer.json().get("number")
    return number


async def test_typing_is_shown_to_the_other_side_and_to_nobody_else(two: Pair, stranger: Pair) -> None:
    person, again, adviser = [
        await open_screen(two.conversation, user) for user in (two.person, two.person, two.adviser)
    ]
    elsewhere = await open_screen(stranger.conversation, stranger.person)
    await person.ask(type="typing")
    assert await adviser.hear_kind("typing") == {"type": "typing", "name": two.person.full_name}
    for screen in (person, again, elsewhere):
        assert await screen.hears_nothing()
    await here(two.jobseeker.placements.update, portfolio=(await here(CoverFactory)).portfolio)
    await adviser.ask(type="typing")
    assert await adviser.close_code() == consumers.RIGHT_GONE
    for screen in (person, again, adviser, elsewhere):
        await screen.disconnect()


async def test_presence_tells_whether_the_other_side_has_a_page_open(two: Pair) -> None:
    person = await open_screen(two.conversation, two.person)
    assert not person.other_is_present
    adviser = await open_screen(two.conversation, two.adviser)
    assert adviser.other_is_present
    await person.ask(type="sync", after=0)
    assert await person.hear_kind("presence") == {"type": "presence", "present": True}
    await adviser.disconnect()
    await person.ask(type="sync", after=0)
    assert await person.hear_kind("presence") == {"type": "presence", "present": False}
    await person.disconnect()


async def test_the_screens_of_one_person_share_one_limit_of_frames(two: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kind: a limit that is multiplied by opening the page again."""
    monkeypatch.setattr(consumers.ConversationConsumer, "burst", 4)
    monkeypatch.setattr(consumers.ConversationConsumer, "frames_per_second", 0.0)
    one, other = [await open_screen(two.conversation, two.person) for _ in range(2)]
    adviser = await open_screen(two.conversation, two.adviser)
    assert [await one.say("un"), await other.say("deux")] == [1, 2]
    await one.ask(type="read", number=1)
    assert await one.close_code() == sockets.TOO_MANY
    assert await adviser.say("Bonjour") == 3
    assert await here(Message.objects.count) == 3
    for screen in (one, other, adviser):
        await screen.disconnect()


async def test_nothing_is_sent_to_a_browser_that_has_gone_and_nothing_breaks(
    two: Pair, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kind: a frame whose connection was lost meanwhile. Found by cutting sockets under load."""
    person = await open_screen(two.conversation, two.person)

    async def gone(_message: Any) -> None:
        raise ConnectionResetError

    (socket,) = live.hub().rooms[live.conversation_topic(two.conversation.pk)]
    monkeypatch.setattr(socket, "base_send", gone)
    await here(say, two.conversation, two.adviser)
    await person.ask(type="sync", after=0)
    await person.ask(type="typing")
    await person.disconnect()
    assert not caplog.records
