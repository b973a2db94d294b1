"""One e-mail that comes twice at the same time: one message, with its files once. With a control without the key."""

import asyncio
import io
import os
import smtplib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from uuid import uuid4

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction
from pytest_django import Settings

from messaging.enums import AttachmentState
from messaging.management.lmtp import listening
from messaging.models import Attachment, Message
from messaging.reads.invariants import messages_have_their_attachments
from messaging.services.attachments import store
from messaging.services.incoming import RefusedMailError, Taken, take_mail
from messaging.services.posting import post_message
from messaging.services.reply_addresses import reply_address
from tests.concurrency.threads import PATIENCE, at_once, until_somebody_waits
from tests.messaging.clamd import running_clamd
from tests.messaging.emails import email_to
from tests.messaging.factories import Pair, pair
from tests.messaging.files import PDF, files_on_disk, keep

pytestmark = pytest.mark.django_db(transaction=True)

AT_TEN = datetime(2026, 3, 3, 9, tzinfo=UTC)
PATH = "awa@example.org"
FILES = {"a.pdf": PDF, "b.pdf": PDF + b"%"}


@pytest.fixture(autouse=True)
def _by_day(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.REPLY_DOMAIN = "reponse.example"
    settings.ATTACHMENTS_ROOT = tmp_path
    with time_machine.travel(AT_TEN):
        yield


def letter_of(two: Pair) -> bytes:
    letter = email_to("x", sender=two.person.email)
    for name, content in FILES.items():
        letter.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return bytes(letter)


def address_of(two: Pair) -> str:
    return reply_address(user_pk=two.person.pk, conversation_pk=two.conversation.pk, up_to=1, now=AT_TEN)


def bring(two: Pair) -> bool:
    """Hand the e-mail over; return whether it was taken, and not put off."""
    try:
        return take_mail(letter_of(two), recipient=address_of(two), return_path=PATH) == Taken.STORED
    except RefusedMailError as refusal:
        if refusal.is_for_now:
            return False
        raise


def stored_once() -> None:
    assert Message.objects.count() == 1
    assert list(Attachment.objects.values_list("name", "message__number")) == [(name, 1) for name in FILES]
    assert len(files_on_disk()) == len(FILES)
    assert not list(messages_have_their_attachments())


def test_two_deliveries_at_once_are_one_message_with_its_files_once() -> None:
    two = pair()
    taken = at_once(*[lambda: bring(two)] * 2)
    assert all(isinstance(one, bool) for one in taken)
    assert bring(two)  # a mail server brings what was put off again
    stored_once()


def test_one_that_comes_while_the_first_is_scanned_takes_its_place(settings: Settings) -> None:
    """The later delivery stores the file anew. The earlier one is put off, and then finds the message."""
    two = pair()
    with running_clamd() as clamd:
        settings.CLAMD_URL, clamd.stalls = clamd.url, True
        earlier: list[bool] = []
        thread = threading.Thread(target=_and_close, args=(lambda: earlier.append(bring(two)),))
        thread.start()
        assert clamd.has_one.wait(PATIENCE)
        clamd.stalls = False
        assert bring(two)
        clamd.over.set()
        thread.join(PATIENCE)
        assert earlier == [False]
        assert bring(two)
    stored_once()


def settled_late(file: Attachment, act: Callable[[], Attachment | None]) -> Attachment | None:
    """Run an act while the first sending says that its file is ready, and commits only once the act waits for it."""

    def settle() -> None:
        with transaction.atomic():
            Attachment.objects.filter(pk=file.pk).update(state=AttachmentState.READY)
            both.wait()
            until_somebody_waits()

    def second() -> Attachment | None:
        both.wait()
        return act()

    both = Barrier(2, timeout=PATIENCE)
    _, found = at_once(settle, second)
    assert found is None or isinstance(found, Attachment)
    return found


def test_a_file_that_becomes_ready_meanwhile_is_not_taken_away_from_its_message() -> None:
    """Kind: an e-mail that is refused for good, because its other delivery has stored its file anew."""
    two = pair()
    file = keep(two)
    Attachment.objects.filter(pk=file.pk).update(state=AttachmentState.ARRIVING)
    assert settled_late(file, lambda: keep(two, client_id=file.client_id)) == file
    assert files_on_disk()


def test_control_without_a_lock_on_the_file_it_is_gone() -> None:
    two = pair()
    file = keep(two)
    Attachment.objects.filter(pk=file.pk).update(state=AttachmentState.ARRIVING)

    def remove_what_looks_cut() -> None:
        found = Attachment.objects.get(client_id=file.client_id)
        if found.state == AttachmentState.ARRIVING:
            found.delete()

    settled_late(file, remove_what_looks_cut)
    assert not Attachment.objects.exists()


@pytest.mark.parametrize("other", ["lmtp", "pipe"])
async def test_two_doors_at_once(other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    two = await asyncio.to_thread(pair)
    letter, to = letter_of(two), address_of(two)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(letter)))

    def speak(port: int) -> int:
        with smtplib.LMTP("127.0.0.1", port, timeout=PATIENCE) as client:
            client.ehlo()
            client.mail(PATH)
            client.rcpt(to)
            return client.data(letter)[0]

    def pipe() -> int:
        with pytest.raises(SystemExit) as ended:
            call_command("receive_mail", "--recipient", to, "--return-path", PATH, stdout=io.StringIO())
        return 250 if ended.value.code == os.EX_OK else 451

    async with listening("127.0.0.1", 0) as port:
        ways: list[Callable[[], int]] = [lambda: speak(port), pipe if other == "pipe" else lambda: speak(port)]
        answers = await asyncio.to_thread(at_once, *ways)
        assert set(answers) <= {250, 451}
        assert await asyncio.to_thread(speak, port) == 250
    await asyncio.to_thread(_and_close, stored_once)


def test_without_a_key_that_both_know_there_are_two_messages() -> None:
    """The control: each delivery looks for the message, finds none and stores it with its files."""
    two = pair()
    both_have_looked = Barrier(2, timeout=PATIENCE)

    def bring_unguarded() -> int:
        assert not Message.objects.filter(author=two.person).exists()
        both_have_looked.wait()
        file = store(
            actor=two.person,
            conversation=two.conversation,
            name="a.pdf",
            source=io.BytesIO(PDF),
        )
        return post_message(
            actor=two.person, conversation=two.conversation, client_id=uuid4(), body="Oui", attachments=[file.pk]
        ).number

    assert sorted(at_once(bring_unguarded, bring_unguarded), key=str) == [1, 2]
    assert Attachment.objects.count() == 2


def _and_close(act: Callable[[], None]) -> None:
    try:
        act()
    finally:
        connection.close()
