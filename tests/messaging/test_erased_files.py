"""The files of a deleted message: out of everybody's reach at once, and erased when their time is over."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings as configured
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accompaniment.enums import AuditAction
from accompaniment.models import AuditEntry
from messaging.enums import AttachmentState
from messaging.jobs import forget_attachments
from messaging.models import Attachment, Message
from messaging.reads.invariants import (
    ERASED_LATE,
    files_of_deleted_messages_are_erased,
    messages_have_their_attachments,
)
from messaging.services.attachments import erase_deleted, forget_lost
from messaging.services.changes import delete_message
from tests.concurrency.threads import at_once
from tests.messaging.factories import Pair, pair
from tests.messaging.files import files_on_disk, keep, picture, send

pytestmark = pytest.mark.django_db

KEPT = timedelta(days=configured.DELETED_FILES_KEPT_DAYS)
NOW = timezone.now()
DELETED_AT = NOW - KEPT - ERASED_LATE
"""Long ago for the database too, whose clock nobody turns."""


@pytest.fixture(autouse=True)
def _room(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.ATTACHMENTS_ROOT = tmp_path
    with time_machine.travel(DELETED_AT, tick=False):
        yield


@pytest.fixture
def two() -> Pair:
    return pair()


def sent(two: Pair) -> Message:
    return send(two, keep(two, picture("PNG"), "Mon nom.png"), keep(two), body="Voici")


def deleted(two: Pair) -> Message:
    message = sent(two)
    delete_message(actor=two.person, conversation_id=two.conversation.pk, number=message.number)
    return message


def test_they_are_erased_when_their_time_is_over_and_not_before(two: Pair) -> None:
    deleted(two)
    assert erase_deleted(DELETED_AT + KEPT - timedelta(seconds=1)) == 0
    assert len(files_on_disk()) == 3  # with a preview
    with time_machine.travel(DELETED_AT + KEPT):
        forget_attachments()
    assert not files_on_disk()
    assert set(Attachment.objects.values_list("state", "name", "has_preview")) == {
        ("erased", "document.png", False),
        ("erased", "document.pdf", False),
    }
    assert not [*messages_have_their_attachments(), *files_of_deleted_messages_are_erased()]
    told = AuditEntry.objects.filter(action=AuditAction.DOCUMENT, details__event="erased")
    assert [entry.actor for entry in told] == [None, None]
    assert erase_deleted(DELETED_AT + KEPT) == 0


def test_those_of_a_message_that_stands_stay(two: Pair) -> None:
    sent(two)
    assert erase_deleted(NOW) == 0
    assert len(files_on_disk()) == 3


def test_nobody_opens_them_in_between_or_afterwards(two: Pair, client: Client) -> None:
    deleted(two)
    files = list(Attachment.objects.all())
    for now in (DELETED_AT, DELETED_AT + KEPT):
        erase_deleted(now)
        for reader in (two.person, two.adviser):
            client.force_login(reader)
            for file in files:
                assert client.get(reverse("attachment", args=[file.pk])).status_code == 404
                assert client.get(reverse("attachment_preview", args=[file.pk])).status_code == 404


def test_one_that_is_gone_already_is_erased_all_the_same(two: Pair) -> None:
    """Kind: a worker that died between the file and its row."""
    deleted(two)
    for path in files_on_disk():
        path.unlink()
    assert erase_deleted(NOW) == 2


def test_a_file_whose_row_is_gone_or_says_that_it_holds_none_is_deleted_after_a_day(two: Pair) -> None:
    """Kind: a process that died between the row and the file, and left a file that one was told is gone."""
    kept, erased, infected, gone = (keep(two, picture("PNG")) for _ in range(4))
    send(two, kept, erased, infected, body="Voici")
    Attachment.objects.filter(pk=infected.pk).update(state=AttachmentState.INFECTED)
    Attachment.objects.filter(pk=gone.pk).delete()
    delete_message(actor=two.person, conversation_id=two.conversation.pk, number=send(two, keep(two)).number)
    stored = files_on_disk()
    assert forget_lost(NOW) == 0, "somebody may be storing it"
    days_later = NOW + timedelta(days=2)
    assert forget_lost(days_later) == 2
    left = files_on_disk()
    assert len(stored) - len(left) == 4, "two files and their previews"
    assert {kept.key, erased.key} <= {path.name for path in left}
    assert forget_lost(days_later) == 0
    (preview,) = (path for path in left if path.name == f"{kept.key}.preview")
    Attachment.objects.filter(pk=kept.pk).update(state=AttachmentState.INFECTED)
    preview.with_suffix("").unlink()
    assert forget_lost(days_later) == 1
    assert preview not in files_on_disk()


def test_an_infected_one_stays_infected(two: Pair) -> None:
    deleted(two)
    Attachment.objects.update(state=AttachmentState.INFECTED)
    assert erase_deleted(NOW) == 0


def test_a_file_that_is_not_erased_in_time_or_too_early_is_a_breach(two: Pair) -> None:
    message = deleted(two)
    late = [
        f"attachment {pk} of a deleted message is not erased" for pk in message.attachments.values_list("pk", flat=True)
    ]
    with time_machine.travel(NOW - timedelta(seconds=1), tick=False):
        assert not list(files_of_deleted_messages_are_erased())
    with time_machine.travel(NOW, tick=False):
        assert sorted(files_of_deleted_messages_are_erased()) == sorted(late)
    standing = sent(two)
    standing.attachments.update(state=AttachmentState.ERASED, has_preview=False)
    assert len([line for line in files_of_deleted_messages_are_erased() if "is not deleted" in line]) == 2


def test_only_what_a_message_carries_is_erased(two: Pair) -> None:
    file = keep(two, picture("PNG"))
    own = Attachment.objects.filter(pk=file.pk)
    with pytest.raises(IntegrityError, match="attachment_erased_with_its_message"), transaction.atomic():
        own.update(state=AttachmentState.ERASED, has_preview=False)


def test_who_deletes_a_message_reads_what_becomes_of_its_files(two: Pair, client: Client) -> None:
    message = sent(two)
    client.force_login(two.person)
    page = client.get(reverse("delete_message", args=[two.conversation.pk, message.number])).content.decode()
    said = page.replace("\u00a0", " ").replace("&nbsp;", " ")
    assert "Plus personne ne pourra ouvrir ses fichiers, et ils seront effacés 30 jours plus tard." in said


@pytest.mark.django_db(transaction=True)
def test_two_workers_erase_each_once(two: Pair) -> None:
    deleted(two)
    assert sum(one for one in at_once(*[lambda: erase_deleted(NOW)] * 2) if isinstance(one, int)) == 2
    assert AuditEntry.objects.filter(details__event="erased").count() == 2
    connection.close()
