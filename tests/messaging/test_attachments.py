"""Files of messages: what is taken, what is refused, what is stored of it, and who carries it.

Kind: bytes of somebody else's file reach a person, or the process, as they are.
"""

import io
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from accompaniment.enums import AuditAction, BoundedAct
from accompaniment.models import AuditEntry
from accompaniment.rules.errors import DomainError
from accompaniment.rules.file_kinds import ODP, ODS, ODT
from accompaniment.services.bounds import TooManyError, set_bound
from caseload.models import Placement
from messaging import jobs
from messaging.enums import AttachmentState
from messaging.models import Attachment, Conversation, Message
from messaging.reads.invariants import messages_have_their_attachments
from messaging.reads.participants import ConversationClosedError
from messaging.services import attachment_files
from messaging.services.attachments import EMPTY, WRONG_KIND, remove
from messaging.services.conversations import read_on
from messaging.services.pictures import LONGEST_SIDE, MOST_POINTS, UNREADABLE
from messaging.services.posting import ATTACHMENT_GONE
from tests.caseload.factories import PortfolioFactory
from tests.concurrency.threads import PATIENCE, at_once
from tests.messaging.clamd import EICAR
from tests.messaging.factories import Pair, pair
from tests.messaging.files import (
    HEIC,
    PDF,
    PLACE,
    SECRET,
    archive,
    bomb,
    files_on_disk,
    keep,
    office,
    opendocument,
    photograph,
    picture,
    saved,
    send,
)

pytestmark = pytest.mark.django_db

MEGABYTE = 1024 * 1024
VIRUS = PDF + EICAR


@pytest.fixture
def two() -> Pair:
    return pair()


@pytest.fixture(autouse=True)
def room(settings: Settings, tmp_path: Path) -> None:
    settings.ATTACHMENTS_ROOT = tmp_path / "attachments"


# --- What is taken ---------------------------------------------------------------------------------------------------

TAKEN: dict[str, tuple[bytes, str]] = {
    "PDF": (PDF, "pdf"),
    "JPEG": (picture("JPEG"), "jpg"),
    "PNG": (picture("PNG"), "png"),
    "PNG with transparent parts": (picture("PNG", mode="RGBA"), "png"),
    "WebP": (picture("WEBP"), "jpg"),
    "GIF": (picture("GIF", mode="P"), "png"),
    "JPEG in the colours of a printer": (picture("JPEG", mode="CMYK"), "jpg"),
    "HEIC": (HEIC, "jpg"),
    "Word": (office("word/document.xml"), "docx"),
    "Excel": (office("xl/workbook.xml"), "xlsx"),
    "PowerPoint": (office("ppt/presentation.xml"), "pptx"),
    "text of LibreOffice": (opendocument(ODT), "odt"),
    "spreadsheet of LibreOffice": (opendocument(ODS), "ods"),
    "presentation of LibreOffice": (opendocument(ODP), "odp"),
}


@pytest.mark.parametrize("what", TAKEN)
def test_a_file_is_taken_by_its_content_whatever_it_is_called(two: Pair, what: str) -> None:
    content, ending = TAKEN[what]
    stored = keep(two, content, "mon fichier.exe")
    assert stored.name == f"mon fichier.{ending}"
    assert stored.state == AttachmentState.READY
    assert attachment_files.path_of(stored.key).stat().st_size == stored.size
    assert stored.has_preview == (ending in {"jpg", "png"})


REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", EMPTY),
    "a program": (b"MZ\x90\x00" + bytes(100), WRONG_KIND),
    "a page": (b"<!doctype html><script>alert(1)</script>", WRONG_KIND),
    "a drawing with scripts": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', WRONG_KIND),
    "an image with a forged type": (b"\xff\xd8\xff\xe0 and no picture", UNREADABLE),
    "an image that is cut off": (picture("PNG", size=(400, 400))[:300], UNREADABLE),
    "HEIC with a forged type": (HEIC[:24] + bytes(600), UNREADABLE),
    "an archive": (archive(("readme.txt", b"hello")), WRONG_KIND),
    "a zip bomb as .docx": (bomb(), WRONG_KIND),
    "macros by their name": (office("word/document.xml", "word/vbaProject.bin"), WRONG_KIND),
    "macros under another name": (
        office(types=b"<Override ContentType='vnd.ms-office.vbaProject'/>"),
        WRONG_KIND,
    ),
    "macros written in UTF-16": (office(types="<Types>macroEnabled</Types>".encode("utf-16")), WRONG_KIND),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_that_is_refused_leaves_nothing(two: Pair, what: str) -> None:
    content, sentence = REFUSED[what]
    with pytest.raises(DomainError, match=sentence):
        keep(two, content, "document.docx")
    assert not Attachment.objects.exists()
    assert files_on_disk() == set()


def test_a_file_that_is_too_large_is_refused_by_how_much(two: Pair, settings: Settings) -> None:
    settings.ATTACHMENT_MAXIMUM_MEGABYTES = 1
    assert keep(two, PDF.ljust(MEGABYTE)).size == MEGABYTE
    with pytest.raises(DomainError, match=r"512\u00a0Ko de trop\u00a0: 1\u00a0Mo au plus par fichier."):
        keep(two, PDF.ljust(MEGABYTE + MEGABYTE // 2))


def test_a_picture_with_too_many_points_is_refused_before_it_is_decoded(two: Pair) -> None:
    wide = saved(Image.new("1", (MOST_POINTS // 1000 + 1000, 1000)), "PNG")
    assert len(wide) < MEGABYTE
    with pytest.raises(DomainError, match=r"Cette image a 51 millions de points\u00a0: 50 au plus."):
        keep(two, wide)


# --- What is stored of a picture ------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [photograph("JPEG"), photograph("PNG"), photograph("WEBP"), HEIC])
def test_nothing_of_the_place_or_the_device_is_stored(two: Pair, content: bytes) -> None:
    """Kind: a picture tells a stranger where somebody lives. The control reads the place in what was sent."""
    if content != HEIC:
        with Image.open(io.BytesIO(content)) as sent:
            assert sent.getexif().get_ifd(0x8825)[2] == PLACE
    assert SECRET.encode() in content or b"SecretPhone" in content
    stored = keep(two, content)
    for path in (attachment_files.path_of(stored.key), attachment_files.path_of(stored.key).with_suffix(".preview")):
        with Image.open(path) as kept:
            assert dict(kept.getexif()) == {}
            assert {name for name in kept.info if not name.startswith("jfif")} <= {"dpi"}
        assert SECRET.encode() not in path.read_bytes()


def test_a_picture_is_stored_the_right_way_up_and_no_larger_than_can_be_read(two: Pair) -> None:
    turned = keep(two, photograph("JPEG", turned=6))
    with Image.open(attachment_files.path_of(turned.key)) as kept:
        assert kept.size == (48, 64)
        red, _, blue = kept.convert("RGB").getpixel((24, 5))
        assert blue > 200 > red
    large = keep(two, picture("JPEG", size=(LONGEST_SIDE + 904, 50)))
    with Image.open(attachment_files.path_of(large.key)) as kept:
        assert max(kept.size) == LONGEST_SIDE


# --- Names ----------------------------------------------------------------------------------------------------------

NAMES = {
    "../../etc/passwd": "passwd.pdf",
    "C:\\Users\\moi\\Documents\\cv.pdf": "cv.pdf",
    "Lettre du 12.03": "Lettre du 12.03.pdf",
    "cv": "cv.pdf",
    ".pdf": "document.pdf",
    "": "document.pdf",
    "...": "document.pdf",
    "facture\u202efdp.exe": "facturefdp.pdf",
    "a\u200b\u2066b\x00c\r\nd.PDF": "abc d.pdf",
    "re\u0301sume\u0301.pdf": "résumé.pdf",
    "x" * 300 + ".pdf": "x" * 116 + ".pdf",
    "履歴書.pdf": "履歴書.pdf",
    "<img src=x onerror=alert(1)>.pdf": "<img src=x onerror=alert(1)>.pdf",
}


@pytest.mark.parametrize("given", NAMES)
def test_a_name_from_outside_becomes_a_plain_one(two: Pair, given: str) -> None:
    stored = keep(two, PDF, given)
    assert stored.name == NAMES[given]
    assert len(stored.name) <= 120
    assert given not in str(attachment_files.path_of(stored.key)) or not given.strip(".")


# --- The message that carries them ----------------------------------------------------------------------------------


def test_a_message_carries_files_in_the_order_in_which_they_were_named(two: Pair) -> None:
    first, second = keep(two), keep(two, picture("PNG"), "scan.png")
    message = send(two, second, first)
    assert (message.number, message.body, message.attached) == (1, "", 2)
    (item,) = read_on(actor=two.adviser, conversation_id=two.conversation.pk, after=0).items
    assert [(file["name"], file["kind"], file["state"]) for file in item["attachments"]] == [
        ("scan.png", "png", "ready"),
        ("cv.pdf", "pdf", "ready"),
    ]
    assert [bool(file["preview"]) for file in item["attachments"]] == [True, False]
    assert AuditEntry.objects.get(action=AuditAction.MESSAGE).details["attachments"] == 2
    assert list(messages_have_their_attachments()) == []


def test_a_message_needs_a_text_or_a_file(two: Pair) -> None:
    with pytest.raises(DomainError, match="Écrivez votre message"):
        send(two)
    assert send(two, keep(two)).number == 1


def test_a_message_sent_again_is_stored_once_with_its_files(two: Pair) -> None:
    file, key = keep(two), uuid4()
    first, again = send(two, file, client_id=key), send(two, file, client_id=key)
    assert first.pk == again.pk
    assert Attachment.objects.get().message_id == first.pk


def test_a_file_sent_again_is_stored_once(two: Pair) -> None:
    key = uuid4()
    assert keep(two, client_id=key).pk == keep(two, client_id=key).pk
    assert Attachment.objects.count() == 1
    assert len(files_on_disk()) == 1


def test_a_file_whose_first_sending_was_cut_is_stored_anew(two: Pair) -> None:
    cut = keep(two, client_id=uuid4())
    Attachment.objects.filter(pk=cut.pk).update(state=AttachmentState.ARRIVING)
    with pytest.raises(DomainError, match=ATTACHMENT_GONE):
        send(two, cut)
    again = keep(two, client_id=cut.client_id)
    assert again.pk != cut.pk
    assert send(two, again).number == 1


def test_only_the_uploader_sends_a_file_in_its_conversation_once(two: Pair) -> None:
    other = pair(two.portfolio)
    file = keep(two)
    for refused in (
        {"actor": two.adviser},
        {"actor": two.adviser, "conversation": other.conversation},
        {"attachments": [file.pk, file.pk]},
        {"attachments": [file.pk + 1000]},
    ):
        with pytest.raises(DomainError, match=ATTACHMENT_GONE):
            send(two, **{"attachments": [file.pk], **refused})
    assert not Message.objects.exists()
    assert send(two, file).number == 1
    with pytest.raises(DomainError, match=ATTACHMENT_GONE):
        send(two, file)


def test_at_most_five_files_come_with_a_message(two: Pair) -> None:
    six = [keep(two) for _ in range(6)]
    with pytest.raises(DomainError, match=r"1 pièce jointe de trop\u00a0: 5 au plus par message."):
        send(two, *six)
    assert send(two, *six[:5]).attached == 5


def test_who_may_not_write_stores_nothing(two: Pair) -> None:
    heir = PortfolioFactory(agency=two.portfolio.agency)
    Placement.objects.filter(jobseeker=two.jobseeker).update(portfolio=heir)
    with pytest.raises(ConversationClosedError):
        keep(two, actor=two.adviser)
    assert files_on_disk() == set()
    assert keep(two, actor=heir.adviser.user).state == AttachmentState.READY


def test_the_limits_of_documents_count_for_files_of_a_person(two: Pair) -> None:
    set_bound(actor=None, act=BoundedAct.DOCUMENTS, most=2, starts_on=timezone.localdate(), within_minutes=5)
    keep(two)
    keep(two)
    with pytest.raises(TooManyError):
        keep(two)
    assert [keep(two, actor=two.adviser).state for _ in range(3)] == [AttachmentState.READY] * 3


def test_the_database_refuses_a_file_in_no_place_or_still_arriving(two: Pair) -> None:
    file = keep(two)
    message = send(two, file)
    for wrong in ({"position": None}, {"state": AttachmentState.ARRIVING}, {"position": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Attachment.objects.filter(pk=file.pk).update(**wrong)
    Attachment.objects.filter(pk=file.pk).update(message=None, position=None)
    assert list(messages_have_their_attachments()) == [
        f"message {message.number} of conversation {two.conversation.pk} says 1 attachments and has 0"
    ]


# --- Files that are not sent ----------------------------------------------------------------------------------------


def test_a_file_that_is_removed_before_it_is_sent_is_gone(two: Pair, django_capture_on_commit_callbacks: Any) -> None:
    file = keep(two)
    with pytest.raises(DomainError, match="déjà envoyé"):
        remove(actor=two.adviser, attachment=file)
    with django_capture_on_commit_callbacks(execute=True):
        remove(actor=two.person, attachment=file)
        remove(actor=two.person, attachment=file)
    assert files_on_disk() == set()
    events = (
        AuditEntry.objects.filter(action=AuditAction.DOCUMENT).order_by("pk").values_list("details__event", flat=True)
    )
    assert list(events) == ["attached", "detached"]


def test_a_file_that_was_sent_stays(two: Pair) -> None:
    file = keep(two)
    send(two, file)
    with pytest.raises(DomainError, match="déjà envoyé"):
        remove(actor=two.person, attachment=file)


def test_what_nobody_sends_is_removed_after_a_day(two: Pair, django_capture_on_commit_callbacks: Any) -> None:
    now = timezone.now()
    with time_machine.travel(now - timedelta(days=1, minutes=1), tick=False):
        sent, forgotten = keep(two), keep(two, picture("PNG"))
        send(two, sent)
    with time_machine.travel(now - timedelta(hours=23), tick=False):
        young = keep(two)
    with django_capture_on_commit_callbacks(execute=True):
        jobs.forget_attachments()
        jobs.forget_attachments()
    assert set(Attachment.objects.values_list("pk", flat=True)) == {sent.pk, young.pk}
    assert files_on_disk() == {attachment_files.path_of(file.key) for file in (sent, young)}
    assert not attachment_files.path_of(forgotten.key).exists()


# --- Races ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_messages_that_carry_one_file_at_once_share_it_not() -> None:
    two = pair()
    file = keep(two)

    def post() -> str:
        try:
            return str(send(two, file).number)
        except DomainError as refusal:
            return refusal.sentence

    assert sorted(at_once(post, post)) == ["1", ATTACHMENT_GONE]
    assert Conversation.objects.get(pk=two.conversation.pk).last_number == 1
    assert list(messages_have_their_attachments()) == []


@pytest.mark.django_db(transaction=True)
def test_control_without_a_lock_both_find_the_file_free() -> None:
    two = pair()
    file = keep(two)
    both_have_looked = Barrier(2, timeout=PATIENCE)

    def carry() -> bool:
        is_free = Attachment.objects.get(pk=file.pk).message_id is None
        both_have_looked.wait()
        return is_free

    assert at_once(carry, carry) == [True, True]


@pytest.mark.django_db(transaction=True)
def test_a_file_is_either_sent_or_removed() -> None:
    two = pair()
    for _ in range(3):
        file = keep(two)

        def post(file: Attachment = file) -> bool:
            try:
                return bool(send(two, file))
            except DomainError:
                return False

        def take_away(file: Attachment = file) -> bool:
            try:
                remove(actor=two.person, attachment=file)
            except DomainError:
                return False
            return True

        sent, removed = at_once(post, take_away)
        assert sent != removed
        assert attachment_files.path_of(file.key).exists() == sent
    assert list(messages_have_their_attachments()) == []
