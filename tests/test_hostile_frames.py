"""Frames that no page of ours sends, to every socket: each is answered or closes the socket, and none is passed on."""

import json
import logging
import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter
from django.urls import re_path

from accompaniment.consumers import FAILED, CalmSocket, frame_in
from messaging.consumers.pages import DeskConsumer
from messaging.models import Message
from tests.messaging.desks import Desk, opened
from tests.messaging.factories import Pair, pair
from tests.messaging.sockets import PATIENCE, open_screen
from tests.visio.factories import InterviewFactory
from tests.visio.tabs import CALL, Tab, let_in
from visio.consumers import CLOSE_TOO_LARGE

TYPES = ("send", "sync", "read", "join", "ping", "admit", "signal", "hand", "media")
MANY = 5_000
HALF = "\\ud800"
NUL = "\\u0000"


def of_every_type(rest: str) -> list[str]:
    return [f'{{"type": "{kind}", {rest}}}' for kind in TYPES if kind not in {"ping", "admit", "hand", "media"}]


HOSTILE: dict[str, list[str]] = {
    "no object": ["", "{", "null", "7", "[]", '"send"', "true", "NaN", "[" * 30_000, '{"a":' * 5_000],
    "a type that is no text": [
        f'{{"type": {kind}}}' for kind in ('["send"]', '{"send": 1}', "1", "null", "NaN", "true", f'"{HALF}"', "[[]]")
    ],
    "the same key twice": [f'{{"type": "{kind}", "type": "{kind}"}}' for kind in TYPES],
    "numbers without end": of_every_type(
        f'"after": {"9" * MANY}, "number": {"9" * MANY}, "tab": {"9" * MANY}, "data": {"9" * MANY}'
    ),
    "numbers that are none": of_every_type('"after": NaN, "number": -Infinity, "tab": 1e999, "data": NaN'),
    "numbers larger than a row's": of_every_type(
        f'"after": {10**17}, "number": {10**17}, "tab": {2**63}, "data": {2**63}, "client_id": {2**63}'
    ),
    "text that nothing stores": of_every_type(
        f'"client_id": "{HALF}", "body": "{NUL}{HALF}", "tab": "{NUL}", "to": "{HALF}", '
        f'"call": "{HALF}", "data": "{NUL}"'
    ),
    "values of another type": of_every_type(
        '"client_id": [], "body": {}, "after": [1], "number": "1", "tab": [], "to": {}, "call": [], "data": []'
    ),
}


@pytest.fixture
def errors(caplog: pytest.LogCaptureFixture) -> Any:
    """Fail if the test writes an error or a traceback to the log."""
    yield caplog
    assert [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info] == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_conversation_answers_and_goes_on(kind: str, errors: Any) -> None:
    two: Pair = await sync_to_async(pair)()
    person = await open_screen(two.conversation, two.person)
    for text in HOSTILE[kind]:
        await person.send_text(text)
        assert (await person.hear())["type"] in {"error", "refused"}, text[:200]
    await person.send_input({"type": "websocket.receive", "bytes": b"\xff\x00"})
    assert (await person.hear())["type"] == "error"
    assert await person.say("Bonjour") == 1
    assert await Message.objects.acount() == 1
    await person.disconnect()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_room_answers_goes_on_and_tells_the_other_nothing(kind: str, errors: Any) -> None:
    interview = await sync_to_async(InterviewFactory)()
    person, adviser = Tab(interview.jobseeker.user, interview), Tab(interview.adviser.user, interview)
    await let_in(person, adviser)
    for text in HOSTILE[kind]:
        await person.send_text(text)
        await person.hear("error")
    assert await adviser.hears_nothing()
    await person.say(type="hand", raised=True)
    await adviser.hear("hand")
    await person.send_input({"type": "websocket.receive", "bytes": b"\xff\x00"})
    assert await person.closed() == CLOSE_TOO_LARGE
    await adviser.leave()


SDP = "v=0\r\n"
BAD_SIGNALS: dict[str, Any] = {
    "a type that is a list": {"description": {"type": ["offer"], "sdp": SDP}},
    "a type that is an object": {"description": {"type": {}, "sdp": SDP}},
    "half of a pair in a description": {"description": {"type": "offer", "sdp": "\ud800"}},
    "NUL in a description": {"description": {"type": "offer", "sdp": "\0"}},
    "half of a pair in a candidate": {"candidate": {"candidate": "\udfff"}},
    "a huge line": {"candidate": {"candidate": "", "sdpMLineIndex": 10**17}},
    "a line below nothing": {"candidate": {"candidate": "", "sdpMLineIndex": -1}},
    "a line that is true": {"candidate": {"candidate": "", "sdpMLineIndex": True}},
    "a line that is no whole number": {"candidate": {"candidate": "", "sdpMLineIndex": 0.5}},
    "a line that is a list": {"candidate": {"candidate": "", "sdpMLineIndex": [0]}},
    "a name that is an object": {"candidate": {"candidate": "", "sdpMid": {"a": 1}}},
    "a name that is half of a pair": {"candidate": {"candidate": "", "usernameFragment": "\ud800"}},
}


@pytest.mark.django_db(transaction=True)
async def test_no_signal_that_a_browser_does_not_make_reaches_the_other(errors: Any) -> None:
    interview = await sync_to_async(InterviewFactory)()
    person, adviser = Tab(interview.jobseeker.user, interview), Tab(interview.adviser.user, interview)
    await let_in(person, adviser)
    for name, data in BAD_SIGNALS.items():
        await person.say(type="signal", to=adviser.id, call=CALL, data=data)
        assert (await person.hear("error"))["code"] == "bad_signal", name
    for line in ("NaN", "Infinity", "1e999", "9" * MANY):
        candidate = f'{{"candidate": {{"candidate": "", "sdpMLineIndex": {line}}}}}'
        await person.send_text(f'{{"type": "signal", "to": "{adviser.id}", "call": "{CALL}", "data": {candidate}}}')
        assert (await person.hear("error"))["code"] == "unknown", line[:20]
    assert await adviser.hears_nothing()
    sound = {"candidate": "candidate:1", "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": None}
    for data in ({"candidate": sound}, {"description": {"type": "offer", "sdp": SDP}}):
        await person.say(type="signal", to=adviser.id, call=CALL, data=data)
        assert (await adviser.hear("signal"))["data"] == data
    await person.leave()
    await adviser.leave()


@pytest.mark.django_db(transaction=True)
async def test_a_page_of_the_day_hears_no_frame(errors: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DeskConsumer, "burst", 1000)  # without this, so many frames would close the socket as a flood
    two: Pair = await sync_to_async(pair)()
    desk: Desk = await opened(two.adviser)
    for text in (text for texts in HOSTILE.values() for text in texts):
        await desk.send_input({"type": "websocket.receive", "text": text})
    await desk.send_input({"type": "websocket.receive", "bytes": b"\xff\x00"})
    assert await desk.hears_nothing()
    await desk.leave()


class Broken(CalmSocket):
    """A consumer with an unexpected fault."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Raise an error at every event."""
        raise LookupError(text_data)


async def test_a_consumer_that_breaks_closes_with_a_code_and_one_line_without_what_was_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scope = {"type": "websocket", "path": "/", "query_string": b"", "headers": [], "subprotocols": []}
    tab = ApplicationCommunicator(URLRouter([re_path("", Broken.as_asgi())]), scope)
    await tab.send_input({"type": "websocket.connect"})
    assert (await tab.receive_output(PATIENCE))["type"] == "websocket.accept"
    await tab.send_input({"type": "websocket.receive", "text": "a secret"})
    assert await tab.receive_output(PATIENCE) == {"type": "websocket.close", "code": FAILED}
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(lines) == 1
    assert "LookupError" in lines[0]
    assert "a secret" not in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    "text", ['{"type": "x", "n": 1, "f": 0.5, "deep": {"n": [1, "é"]}}', '{"n": 999999999999999999}']
)
def test_a_frame_of_ours_is_read_as_json_reads_it(text: str) -> None:
    assert frame_in(text, largest=1000) == json.loads(text)


def test_a_frame_of_the_largest_size_is_read_and_one_more_is_not() -> None:
    text = json.dumps({"id": str(uuid.uuid4())})
    assert frame_in(text, largest=len(text)) is not None
    assert frame_in(text, largest=len(text) - 1) is None
