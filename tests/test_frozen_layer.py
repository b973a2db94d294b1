"""A Redis that accepts connections and never answers does not delay a commit, however much there is to announce.

Kind: work after a commit that waits for an answer. Each act is timed from the end of its work to the end of its commit,
with everything that follows the commit.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from django.db import connection, transaction
from pytest_django.fixtures import Settings
from redis.exceptions import RedisError

from accompaniment.services.on_site_requests import ask_on_site
from accompaniment.services.sessions import announce_end
from caseload.models import Adviser
from config.settings.connections import channel_layers
from messaging.services import live
from messaging.services.conversations import mark_read
from messaging.services.live import broadcaster
from tests.caseload.factories import AdviserFactory, planned_absence
from tests.frozen_redis import Door, frozen_redis
from tests.messaging.desks import Desk
from tests.messaging.factories import Pair, pair, say
from tests.messaging.sockets import PATIENCE, open_screen
from tests.visio.factories import InterviewFactory
from tests.visio.tabs import Tab
from visio.services.broadcast import tell_room

pytestmark = pytest.mark.django_db(transaction=True)

AT_MOST = 1.0
"""Seconds by which a commit may be delayed in total."""
MANY = 20
"""Conversations of one portfolio. If each of them waited, a cover would take as many seconds."""


@pytest.fixture
def two() -> Pair:
    return pair()


@pytest.fixture
def many(two: Pair) -> None:
    """More people of the same adviser, each with a conversation."""
    for _ in range(MANY - 1):
        pair(two.portfolio)


@pytest.fixture
def frozen(settings: Settings, two: Pair) -> Iterator[None]:
    broadcaster.wait()
    with frozen_redis() as address:
        settings.CHANNEL_LAYERS = channel_layers(address)
        yield
        broadcaster.wait()


def seconds_of_commit(act: Callable[[], Any]) -> float:
    """Do the act, and return the seconds of its commit with everything that follows it."""
    with transaction.atomic():
        act()
        assert connection.run_on_commit, "nothing would be announced"
        began = time.monotonic()
    return time.monotonic() - began


def talk(two: Pair) -> None:
    say(two.conversation, two.person)


def read(two: Pair) -> None:
    say(two.conversation, two.adviser)
    mark_read(actor=two.person, conversation_id=two.conversation.pk, number=1)


def cover_many(two: Pair, colleague: Adviser) -> None:
    planned_absence(two.portfolio, colleague=colleague, in_days=0)
    assert len(connection.run_on_commit) >= MANY


ACTS: dict[str, Callable[[Pair], Any]] = {
    "the chat": talk,
    "what was read": read,
    "the page of the day": lambda two: ask_on_site(actor=two.person, jobseeker=two.jobseeker),
    "the room": lambda _: tell_room(InterviewFactory().pk, "ended"),
    "the end of a session": lambda two: announce_end(user_pk=two.person.pk),
}


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("act", ACTS)
def test_nobody_who_commits_waits_for_a_redis_that_never_answers(two: Pair, act: str) -> None:
    assert seconds_of_commit(lambda: ACTS[act](two)) < AT_MOST


@pytest.mark.usefixtures("many", "frozen")
def test_a_cover_of_many_conversations_holds_nobody_up_and_has_one_patience(two: Pair) -> None:
    """The sender waits once and not for each message. That it has waited shows that the server is silent."""
    colleague = AdviserFactory(agency=two.portfolio.agency)
    assert seconds_of_commit(lambda: cover_many(two, colleague)) < AT_MOST
    began = time.monotonic()
    broadcaster.wait()
    assert live.PATIENCE / 2 < time.monotonic() - began < 2 * live.PATIENCE


@pytest.mark.usefixtures("frozen")
def test_control_who_waits_for_the_layer_is_held_up() -> None:
    """The control, as it was before: the caller itself sends each message."""
    began = time.monotonic()
    with pytest.raises((RedisError, TimeoutError)):
        async_to_sync(live.get_channel_layer().group_send)("visio.1", {"type": "room.ended"})
    assert time.monotonic() - began > AT_MOST


@pytest.fixture
def door(settings: Settings) -> Iterator[Door]:
    """A Redis that works until a test freezes it."""
    door = Door(settings.REDIS_URL)
    settings.CHANNEL_LAYERS = channel_layers(door.address, prefix="frozen")
    yield door
    door.close()
    broadcaster.wait()


async def test_chat_and_page_of_the_day_of_the_process_go_on_at_once(two: Pair, door: Door) -> None:
    desk = Desk(two.adviser)
    assert await desk.connect() is None
    person = await open_screen(two.conversation, two.person)
    adviser = await open_screen(two.conversation, two.adviser)
    door.freeze()
    for number in range(1, 6):
        began = time.monotonic()
        assert await person.say("Bonjour") == number
        assert await adviser.bodies(1) == ["Bonjour"]
        assert time.monotonic() - began < AT_MOST
    assert await desk.panels() == {"a-repondre"}
    for screen in (person, adviser):
        await screen.disconnect()
    await desk.leave()


async def test_an_open_room_answers_and_says_that_nothing_is_relayed(door: Door) -> None:
    interview = await database_sync_to_async(InterviewFactory)()
    tab = Tab(interview.jobseeker.user, interview)
    await tab.join()
    door.freeze()
    began = time.monotonic()
    for _ in range(2):
        await tab.say(type="ping")
    heard: list[str] = []
    while heard.count("pong") < 2 or heard[-1] != "error":
        event = await tab.receive_output(PATIENCE)
        frame = json.loads(event["text"])
        heard.append(frame["type"])
        assert frame["type"] == "pong" or frame["code"] == "relay_down"
    # Joining and both pings announce the person: each waits once at most.
    assert time.monotonic() - began < 3 * live.PATIENCE + AT_MOST
    await tab.leave()
