"""A chat under load loses no word, whatever is killed under it; and the verdict sees a word that is lost."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from messaging.models import Conversation, Message
from messaging.services.posting import post_message
from tests.messaging.factories import Pair, pair
from tests.soak.run import KEPT
from tests.soak.verdict import breaches

PROJECT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 240  # seconds, on a busy machine


def test_no_word_is_lost_whatever_is_killed() -> None:
    own = {"DATA_DIR", "DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "PYTEST_XDIST_WORKER"}
    run = subprocess.run(
        [sys.executable, "-m", "tests.soak"],
        cwd=PROJECT,
        env={key: value for key, value in os.environ.items() if key not in own},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert KEPT in run.stdout
    assert run.stdout.count("all write again after") == 6
    assert "it broke" not in run.stderr
    assert "Traceback" not in run.stderr


# --- The verdict ---------------------------------------------------------------------------------------------------


@dataclass
class Told:
    """What one side of a conversation was told."""

    conversation: int
    acknowledged: dict[UUID, int] = field(default_factory=dict)
    shown: list[tuple[int, str]] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)


@pytest.fixture
def two(db: None) -> Pair:
    return pair()


@pytest.fixture
def talk(two: Pair) -> tuple[Told, Told]:
    """Three messages, and what both sides know of them."""
    sides = Told(two.conversation.pk), Told(two.conversation.pk)
    for author in (0, 1, 0):
        client_id = uuid4()
        actor = (two.person, two.adviser)[author]
        number = post_message(actor=actor, conversation=two.conversation, client_id=client_id, body="Bonjour").number
        sides[author].acknowledged[client_id] = number
        for side in sides:
            side.shown.append((number, str(client_id)))
    return sides


def found(talk: Any) -> str:
    return " ".join(breaches([talk]))


def test_the_verdict_finds_nothing_where_every_word_is_kept(talk: tuple[Told, Told]) -> None:
    assert found(talk) == ""


def test_the_verdict_sees_an_acknowledged_message_that_is_not_stored(talk: tuple[Told, Told]) -> None:
    talk[0].acknowledged[uuid4()] = 4
    assert "acknowledged as 4, and is stored as None" in found(talk)


def test_the_verdict_sees_a_message_that_was_acknowledged_with_another_number(talk: tuple[Told, Told]) -> None:
    (client_id,) = talk[1].acknowledged
    talk[1].acknowledged[client_id] = 3
    assert "acknowledged as 3, and is stored as 2" in found(talk)


def test_the_verdict_sees_a_screen_in_another_order(talk: tuple[Told, Told]) -> None:
    talk[1].shown.reverse()
    assert "or in another order" in found(talk)


def test_the_verdict_sees_a_gap_and_a_wrong_count(talk: tuple[Told, Told], two: Pair) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM messaging_message WHERE number = 2")
    assert "gap" in found(talk)
    assert "counts 3 messages, and has 2" in found(talk)
    assert Conversation.objects.get(pk=two.conversation.pk).last_number == 3
    assert Message.objects.count() == 2
