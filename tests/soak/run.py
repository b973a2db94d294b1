"""One run: write, break, look, and print the figures."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.management import call_command
from django.db import close_old_connections
from django.test.utils import setup_test_environment

from config.embedded import leave
from tests.benchmarks.chat_rig import Server, Talk, servers, talks
from tests.soak.faults import Ground
from tests.soak.talker import Talker
from tests.soak.verdict import breaches

TALKS = 20
RECOVERED_WITHIN = 40.0
"""Seconds after a fault within which everybody has had a new acknowledgement."""
KEPT = "No message was lost, none came twice, both sides show the same order, and no number is missing."
LOOK_EVERY = 0.05  # seconds
BETWEEN_FAULTS = 0.5  # seconds


def soak(*, seconds: float) -> int:
    """Break everything in turn, once or for so long. Return 1 if a promise was broken, else 0."""
    setup_test_environment()
    try:
        call_command("migrate", verbosity=0)
        made = talks(TALKS)
        with servers(2) as web:
            return asyncio.run(_soak(web, made, seconds))
    finally:
        leave(Path(settings.DATA_DIR), patience=20.0)


async def _soak(web: list[Server], made: list[Talk], seconds: float) -> int:
    pairs = [(Talker(web[0], one.pk, one.person), Talker(web[1], one.pk, one.adviser)) for one in made]
    everybody = [talker for two in pairs for talker in two]
    running = [asyncio.create_task(talker.run()) for talker in everybody]
    ground = Ground(Path(settings.DATA_DIR), web)
    faults: dict[str, Callable[[], Awaitable[None]]] = {
        "Valkey is killed": ground.kill_valkey,
        "Valkey is frozen": ground.freeze_valkey,
        "a web process is killed": ground.kill_a_web_process,
        "PostgreSQL restarts": ground.restart_postgres,
        "sockets are cut in the middle of a frame": lambda: _cut(everybody),
        "everything is sent again": lambda: _send_all_again(everybody),
    }
    try:
        await _recovered(everybody, "the beginning")
        until = time.monotonic() + seconds
        while True:
            for name, fault in faults.items():
                began = time.monotonic()
                await fault()
                await _recovered(everybody, name)
                _say(f"{name}: all write again after {time.monotonic() - began:.1f} s")
                await asyncio.sleep(BETWEEN_FAULTS)
            if time.monotonic() >= until:
                break
        await _finished(pairs)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    found = await sync_to_async(_look)(pairs)
    _say(
        f"{sum(len(talker.acknowledged) for talker in everybody)} messages acknowledged in {len(pairs)} conversations, "
        f"{sum(talker.sent_again for talker in everybody)} sent again, "
        f"{sum(talker.connections - 1 for talker in everybody)} connections made anew"
    )
    _say("\n".join(found) or KEPT)
    return 1 if found else 0


def _look(pairs: list[tuple[Talker, Talker]]) -> list[str]:
    close_old_connections()
    return breaches(pairs)


async def _cut(everybody: list[Talker]) -> None:
    for talker in everybody:
        talker.cut()


async def _send_all_again(everybody: list[Talker]) -> None:
    await asyncio.gather(*[talker.send_all_again() for talker in everybody])


async def _recovered(everybody: list[Talker], fault: str) -> None:
    """Return when everybody has had an acknowledgement of a message that was sent after now."""
    since = time.monotonic()
    try:
        async with asyncio.timeout(RECOVERED_WITHIN):
            await _until(lambda: all(talker.last_ack > since for talker in everybody))
    except TimeoutError as error:
        late = sum(talker.last_ack <= since for talker in everybody)
        raise RuntimeError(f"{late} screens are still waiting {RECOVERED_WITHIN:g} s after this: {fault}") from error


async def _finished(pairs: list[tuple[Talker, Talker]]) -> None:
    """Let everybody end their sentence, and return when both sides show the same."""
    for two in pairs:
        for talker in two:
            talker.writes = False
    async with asyncio.timeout(RECOVERED_WITHIN):
        await _until(lambda: all(talker.has_ended_with(two) for two in pairs for talker in two))


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110  (many things make it hold)
        await asyncio.sleep(LOOK_EVERY)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
