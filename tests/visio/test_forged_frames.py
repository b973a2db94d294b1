"""A waiting person who sends what only the adviser or the server may say."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from channels.db import database_sync_to_async

from tests.visio.factories import InterviewFactory
from tests.visio.tabs import CALL, Tab, meet
from visio.models import Interview

pytestmark = pytest.mark.django_db(transaction=True)

OFFER = {"description": {"type": "offer", "sdp": "v=0\r\n"}}


@pytest.fixture
async def two() -> AsyncIterator[tuple[Tab, Tab]]:
    """The person, who waits, and the adviser."""
    interview = await database_sync_to_async(InterviewFactory)()
    person, adviser = Tab(interview.jobseeker.user, interview), Tab(interview.adviser.user, interview)
    await meet(person, adviser)
    yield person, adviser
    for tab in (person, adviser):
        await tab.leave()


async def nothing_came_of_it(person: Tab, adviser: Tab) -> None:
    assert await person.hears_nothing()
    assert await adviser.hears_nothing()
    assert (await Interview.objects.aget()).admitted_at is None


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "admitted"},
        {"type": "room.admitted"},
        {"type": "room_admitted"},
        {"type": "room.ended", "role": "adviser"},
        {"type": "peer", "present": True, "tab": CALL},
        {"type": "_let_in"},
        {"type": "disconnect"},
    ],
)
async def test_what_the_server_says_is_no_frame_of_a_page(two: tuple[Tab, Tab], frame: dict[str, Any]) -> None:
    person, adviser = two
    await person.say(**frame)
    assert (await person.hear("error"))["code"] == "unknown"
    await nothing_came_of_it(person, adviser)


async def test_a_frame_that_claims_the_adviser_s_place_speaks_for_its_own(two: tuple[Tab, Tab]) -> None:
    person, adviser = two
    claim = {"role": "adviser", "stamp": 10**17, "tab": adviser.id, "warm": True, "admitted": True}
    said = [{"type": "admit"}, {"type": "hold"}, {"type": "signal", "data": OFFER}, {"type": "hand", "raised": True}]
    for frame in said:
        await person.say(**frame, to=adviser.id, call=CALL, **claim)
    assert [(await person.hear("error"))["code"] for _ in range(2)] == ["not_now", "not_admitted"]
    await nothing_came_of_it(person, adviser)
