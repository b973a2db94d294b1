"""A call, from the click on « Faire entrer » until the slower side sees the first picture and hears the first sound.

Two Chromium, each with a simulated camera and a tone as its microphone. The other side is two connections in one page
without a service, over the same way: cold, and warm by `replaceTrack`. The ways: direct, through coturn, and through
coturn behind a poor network (`poor_network.py`), where the call is also cut for 5 and for 15 seconds.

A call during which the poor network was itself more than 5 ms late is thrown away and made again.
"""

import math
import os
import struct
import wave
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import time
from typing import Any

from django.conf import settings
from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from accompaniment.models import User
from config.asgi import application
from tests.benchmarks import databases
from tests.benchmarks.poor_network import PoorNetwork, p95, poor_network
from tests.benchmarks.rows import Row, Size, Target
from tests.benchmarks.video_pages import CLICK, FIRST, FLOOR, NEXT_FRAME, WATCH_THE_ROOM
from tests.e2e.browser import CHROMIUM
from tests.e2e.conftest import ARGUMENTS
from tests.e2e.server import LiveServer
from tests.sessions import session_of
from tests.visio.factories import InterviewFactory
from tests.visio.relay import ON_LOOPBACK, SECRET, coturn
from visio.models import Interview
from visio.rules.turn import Relay, ice_servers

CALLS = {Size.FULL: 20, Size.SMALL: 1}
LOBBY = {Size.FULL: 3.0, Size.SMALL: 0.5}
"""Seconds that the two wait before the click, and talk before a cut. People wait longer."""
CUTS = {Size.FULL: (5.0, 15.0), Size.SMALL: (0.5,)}
"""Seconds for which the poor network loses everything in the middle of a call."""

OF_THE_WARM_FLOOR = 1.5
LONGEST_RELAYED, LONGEST_POOR, LONGEST_BACK = 600, 900, 3_000  # ms
LATEST = 5.0
"""Milliseconds by which the poor network may be late before a call does not count."""
TRIES = 5
"""How often one call is made at most until one counts."""

PATIENCE = 60_000  # ms


@dataclass
class Way:
    """How the two browsers reach each other, and what was measured on it, in ms."""

    name: str
    urls: list[str] = field(default_factory=list)
    relay_only: bool = False
    network: PoorNetwork | None = None
    room: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    back: dict[float, list[float]] = field(default_factory=dict)
    thrown_away: int = 0
    late: list[float] = field(default_factory=list)

    def configuration(self) -> dict[str, Any]:
        """Return the configuration of a connection without a room."""
        servers = ice_servers(relay=Relay([], self.urls, SECRET), name="0-bench", now=timezone.now())
        return {"iceServers": servers, "iceTransportPolicy": "relay" if self.relay_only else "all"}


@dataclass
class Stage:
    """The service and the two browsers."""

    url: str
    browsers: tuple[Browser, Browser]

    @contextmanager
    def pages(self, interview: Interview) -> Iterator[tuple[Page, Page]]:
        """Open the room for the person and for the adviser."""
        people = (interview.jobseeker.user, interview.adviser.user)
        contexts = [self._context(*each) for each in zip(self.browsers, people, strict=True)]
        try:
            pages = [context.new_page() for context in contexts]
            for page in pages:
                page.add_init_script(WATCH_THE_ROOM)
                page.goto(f"/visio/{interview.token}/", wait_until="domcontentloaded")
            yield pages[0], pages[1]
        finally:
            for context in contexts:
                context.close()

    def _context(self, browser: Browser, user: User) -> BrowserContext:
        context = browser.new_context(base_url=self.url, permissions=["camera", "microphone"], service_workers="block")
        context.set_default_timeout(PATIENCE)
        key = session_of(user).session_key
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": self.url}])
        return context


def run(size: Size) -> list[Row]:
    """Return the row of each way; the 95th percentile is what counts."""
    databases.fresh("video")
    with ExitStack() as stack:
        stack.enter_context(override_settings(TURN_SECRET=SECRET))
        folder = Path(stack.enter_context(TemporaryDirectory()))
        relay = stack.enter_context(coturn(folder, extra=ON_LOOPBACK))
        network = stack.enter_context(poor_network(relay.port))
        stage = stack.enter_context(_stage(folder))
        through, poor = (f"turn:127.0.0.1:{port}?transport=udp" for port in (relay.port, network.port))
        bare, direct = Way("no relay is configured"), Way("direct", [through])
        relayed = Way("through coturn", [through], relay_only=True)
        far = Way("through a poor network", [poor], relay_only=True, network=network)
        if size is Size.SMALL:  # the way that needs all the rest
            _measure(stage, far, size)
            return [_row_of_a_poor_network(far)]
        for way in (bare, direct, relayed, far):
            _measure(stage, way, size)
        return [
            _row(direct, OF_THE_WARM_FLOOR, [], [_figures(f"where {bare.name}", bare.room)]),
            _row(relayed, None, [_within(relayed.room, LONGEST_RELAYED)], []),
            _row_of_a_poor_network(far),
        ]


def _measure(stage: Stage, way: Way, size: Size) -> None:
    with override_settings(TURN_URLS=way.urls, VIDEO_RELAY_ONLY=way.relay_only):
        context = stage.browsers[0].new_context(base_url=stage.url, permissions=["camera", "microphone"])
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto("/healthz")
        for _ in range(CALLS[size]):
            _in_time(way, way.room, lambda: _call(stage, way, size))
            for floor, warm in ((way.cold, False), (way.warm, True)):
                _in_time(way, floor, partial(_floor, page, way, warm=warm))
        context.close()


def _in_time(way: Way, measured: list[float], measure: Callable[[], float]) -> None:
    """Add one measurement during which the poor network was in time."""
    late = 0.0
    for _ in range(TRIES):
        if way.network is not None:
            way.network.lateness()
        took = measure()
        if way.network is not None:
            late = way.network.lateness()
        if late <= LATEST:
            measured.append(took)
            way.late.append(late)
            return
        way.thrown_away += 1
    if not measured:
        raise RuntimeError(f"{way.name}: this machine is too busy, the network was {late:.1f} ms late")


def _floor(page: Page, way: Way, *, warm: bool) -> float:
    return float(page.evaluate(FLOOR, {"configuration": way.configuration(), "warm": warm}))


def _call(stage: Stage, way: Way, size: Size) -> float:
    with stage.pages(InterviewFactory()) as (person, adviser):
        adviser.wait_for_function("() => !document.querySelector('[data-admit]').disabled")
        adviser.wait_for_timeout(LOBBY[size] * 1000)
        clicked = adviser.evaluate(CLICK)
        took = max(page.evaluate(FIRST) for page in (person, adviser)) - clicked
        if way.network is not None:
            for seconds in CUTS[size]:
                adviser.wait_for_timeout(LOBBY[size] * 1000)
                way.back.setdefault(seconds, []).append(_cut(way.network, (person, adviser), seconds))
        return float(took)


def _cut(network: PoorNetwork, pages: tuple[Page, Page], seconds: float) -> float:
    network.cut(seconds)
    mended = (time() + seconds) * 1000
    return float(max(page.evaluate(NEXT_FRAME, mended) for page in pages) - mended)


def _row(way: Way, target: float | None, also: list[tuple[str, bool]], remarks: list[str]) -> Row:
    floors = [_figures("the other side cold", way.cold), _figures("the other side warm", way.warm)]
    return Row(
        f"video, {way.name}, from « Faire entrer » to picture and sound, p95 of {len(way.room)}",
        p95(way.room),
        p95(way.warm),
        "ms",
        Target.AT_MOST,
        target,
        also,
        [_figures("here", way.room), *floors, *remarks, f"load of the machine {os.getloadavg()[0]:.1f}"],
    )


def _row_of_a_poor_network(way: Way) -> Row:
    return _row(way, None, [_within(way.room, LONGEST_POOR), *_back(way)], [_lateness(way)])


def _figures(what: str, took: list[float]) -> str:
    return f"{what}: half within {median(took):.0f} ms, 95 of 100 within {p95(took):.0f} ms"


def _within(took: list[float], most: int) -> tuple[str, bool]:
    return f"95 of 100 within {most} ms", p95(took) <= most


def _back(way: Way) -> list[tuple[str, bool]]:
    words = "pictures again after {:g} s without network"
    return [
        (f"{_figures(words.format(seconds), took)}, at most {LONGEST_BACK} ms", p95(took) <= LONGEST_BACK)
        for seconds, took in way.back.items()
    ]


def _lateness(way: Way) -> str:
    return (
        f"the network itself was late by {max(way.late):.1f} ms at most (p95 of a call); "
        f"{way.thrown_away} calls thrown away"
    )


@contextmanager
def _stage(folder: Path) -> Iterator[Stage]:
    tone = folder / "tone.wav"
    _write_tone(tone)
    server = LiveServer(application)
    server.start()
    # Playwright runs its event loop in this thread, where Django would refuse every query.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            one, two = (
                playwright.chromium.launch(
                    executable_path=CHROMIUM, args=[*ARGUMENTS, f"--use-file-for-fake-audio-capture={tone}"]
                )
                for _ in range(2)
            )
            yield Stage(server.url, (one, two))
            one.close()
            two.close()
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        server.stop()


def _write_tone(path: Path) -> None:
    """Write a second of 440 Hz; Chromium repeats it."""
    rate = 48_000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        samples = (int(12_000 * math.sin(2 * math.pi * 440 * at / rate)) for at in range(rate))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
