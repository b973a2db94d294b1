"""Files of messages and the virus scanner: nothing is opened without a verdict.

Kind: a server that is away lets through what it should have stopped.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from accompaniment.models import AuditEntry
from accompaniment.rules.errors import DomainError
from messaging import jobs
from messaging.enums import AttachmentState
from messaging.models import Attachment
from messaging.reads.invariants import messages_have_their_attachments
from messaging.services import attachment_files, attachments
from messaging.services.attachments import INFECTED
from messaging.services.conversations import read_on
from messaging.services.posting import ATTACHMENT_INFECTED
from tests.messaging.clamd import EICAR, Clamd, running_clamd
from tests.messaging.factories import Pair, pair
from tests.messaging.files import PDF, files_on_disk, keep, send

pytestmark = pytest.mark.django_db

VIRUS = PDF + EICAR


@pytest.fixture
def two() -> Pair:
    return pair()


@pytest.fixture(autouse=True)
def room(settings: Settings, tmp_path: Path) -> None:
    settings.ATTACHMENTS_ROOT = tmp_path / "attachments"


@pytest.fixture
def clamd(settings: Settings) -> Iterator[Clamd]:
    with running_clamd() as server:
        settings.CLAMD_URL = server.url
        settings.CLAMD_TIMEOUT = 10.0
        yield server


def test_a_clean_file_is_ready_once_it_was_scanned(two: Pair, clamd: Clamd) -> None:
    stored = keep(two)
    assert stored.state == AttachmentState.READY
    assert stored.scanned_at is not None
    assert clamd.scanned == [PDF]


def test_a_scanner_on_a_socket_of_this_machine_is_asked(two: Pair, settings: Settings, tmp_path: Path) -> None:
    with running_clamd(str(tmp_path / "s")) as server:
        settings.CLAMD_URL = server.url
        with pytest.raises(DomainError, match=INFECTED):
            keep(two, VIRUS)


def test_an_infected_file_is_refused_and_nothing_is_kept(two: Pair, clamd: Clamd) -> None:
    with pytest.raises(DomainError, match=INFECTED):
        keep(two, VIRUS)
    assert not Attachment.objects.exists()
    assert files_on_disk() == set()
    assert AuditEntry.objects.filter(details__event="infected", details__infection="Eicar-Signature").count() == 1


BREAKS = {
    "is not there": {"url": "tcp://127.0.0.1:9"},
    "never answers": {"stalls": True},
    "hangs up midway": {"hangs_up": True},
    "does not take so large a file": {"answer": b"INSTREAM size limit exceeded. ERROR"},
    "says something else": {"answer": b"stream: FOUND"},
    "says nothing": {"answer": b" "},
}


@pytest.mark.parametrize("how", BREAKS)
def test_without_a_verdict_a_file_waits_and_is_never_let_through(
    two: Pair, clamd: Clamd, settings: Settings, how: str, django_capture_on_commit_callbacks: Any
) -> None:
    for name, value in BREAKS[how].items():
        setattr(clamd, name, value)
    settings.CLAMD_URL, settings.CLAMD_TIMEOUT = clamd.url, 0.3
    file, virus = keep(two), keep(two, VIRUS, "facture.pdf")
    assert (file.state, virus.state) == (AttachmentState.WAITING, AttachmentState.WAITING)
    send(two, file, virus)
    jobs.scan_attachments()
    (item,) = read_on(actor=two.adviser, conversation_id=two.conversation.pk, after=0).items
    assert [(one["state"], one["url"], one["preview"]) for one in item["attachments"]] == [("waiting", "", "")] * 2
    with running_clamd() as again:
        settings.CLAMD_URL, settings.CLAMD_TIMEOUT = again.url, 10.0
        with django_capture_on_commit_callbacks(execute=True):
            jobs.scan_attachments()
            jobs.scan_attachments()
        assert len(again.scanned) == 2
    (item,) = read_on(actor=two.adviser, conversation_id=two.conversation.pk, after=0).items
    assert [(one["state"], bool(one["url"])) for one in item["attachments"]] == [("ready", True), ("infected", False)]
    assert files_on_disk() == {attachment_files.path_of(file.key)}
    assert list(messages_have_their_attachments()) == []


def test_a_file_found_infected_before_it_is_sent_is_not_sent(two: Pair, clamd: Clamd) -> None:
    clamd.answer = b"? ERROR"
    virus = keep(two, VIRUS)
    clamd.answer = b""
    attachments.scan_waiting()
    with pytest.raises(DomainError, match=ATTACHMENT_INFECTED):
        send(two, virus)


def test_the_scanner_is_asked_outside_any_transaction(two: Pair, clamd: Clamd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kind: a connection of the database, and a lock, that wait for somebody else's server."""
    inside: list[int] = []
    scan = attachments.scanner.scan

    def asked(content: bytes) -> Any:
        inside.append(len(transaction.get_connection().savepoint_ids))
        return scan(content)

    monkeypatch.setattr(attachments.scanner, "scan", asked)
    around = len(transaction.get_connection().savepoint_ids)
    clamd.answer = b"? ERROR"
    keep(two)
    attachments.scan_waiting()
    assert inside == [around, around]
