"""The frames of a message that waits until the agency opens."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from channels.db import database_sync_to_async
from django.db import transaction
from django.utils import timezone

from caseload.enums import PlacementEnd
from caseload.services.moves.placements import end_placement
from messaging.consumers.pages import RIGHT_GONE
from messaging.models import Message, PlannedMessage
from tests.messaging.factories import Pair, pair
from tests.messaging.sockets import open_screen

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")
PARIS = ZoneInfo("Europe/Paris")
SATURDAY = datetime(2026, 12, 5, 20, 30, tzinfo=PARIS)
MONDAY = datetime(2026, 12, 7, 9, tzinfo=PARIS)


async def here(act: Callable[..., T], *args: Any, **facts: Any) -> T:
    """Do database work from an asynchronous test."""
    result: T = await database_sync_to_async(act)(*args, **facts)
    return result


async def test_it_is_answered_with_when_it_leaves_and_shown_to_nobody() -> None:
    with time_machine.travel(SATURDAY):
        two = await here(pair)
        adviser = await open_screen(two.conversation, two.adviser)
        person = await open_screen(two.conversation, two.person)
        frame = {"type": "send", "client_id": str(uuid4()), "body": "Voici ma réponse.", "later": True}
        for _ in range(2):
            await adviser.ask(**frame)
            answer = await adviser.hear_kind("planned")
            assert answer["client_id"] == frame["client_id"]
            assert datetime.fromisoformat(answer["at"]) == MONDAY
        assert await person.hears_nothing()
        assert await here(PlannedMessage.objects.count) == 1
        assert await here(Message.objects.count) == 0
        # Without `later`, or with another value, it leaves at once.
        await adviser.ask(type="send", client_id=str(uuid4()), body="C'est urgent", later=False)
        await adviser.hear_kind("ack")
        assert await person.bodies(1) == ["C'est urgent"]
        for screen in (adviser, person):
            await screen.disconnect()


async def test_while_the_agency_is_open_it_is_stored_at_once() -> None:
    with time_machine.travel(MONDAY):
        two = await here(pair)
        adviser = await open_screen(two.conversation, two.adviser)
        await adviser.ask(type="send", client_id=str(uuid4()), body="Bonjour", later=True)
        assert (await adviser.hear_kind("ack"))["number"] == 1
        await adviser.disconnect()


async def test_a_refusal_says_why_and_a_lost_right_ends_the_socket() -> None:
    with time_machine.travel(SATURDAY):
        two = await here(pair)
        adviser = await open_screen(two.conversation, two.adviser)
        await adviser.ask(type="send", client_id="x", body="Bonjour", later=True)
        await adviser.hear_kind("error")
        await adviser.ask(type="send", client_id=str(uuid4()), body="x" * 5001, later=True)
        assert "trop" in (await adviser.hear_kind("refused"))["sentence"]
        await here(leaves, two)
        await adviser.ask(type="send", client_id=str(uuid4()), body="Bonjour", later=True)
        assert await adviser.close_code() == RIGHT_GONE
        assert await here(PlannedMessage.objects.count) == 0


def leaves(two: Pair) -> None:
    with transaction.atomic():
        end_placement(actor=None, jobseeker=two.jobseeker, reason=PlacementEnd.LEFT, at=timezone.now())
