"""Files of answers by e-mail: taken over as an upload is, named if they are not, and stored once."""

import asyncio
import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accompaniment.enums import BoundedAct
from accompaniment.services.bounds import bound_of
from messaging.enums import AttachmentState, LeftFor
from messaging.management.lmtp import listening
from messaging.models import Attachment, Message, PieceLeft
from messaging.reads.attachments import name_of_left
from messaging.reads.invariants import messages_have_their_attachments
from messaging.rules import ATTACHMENTS_AT_MOST, PIECES_NAMED_AT_MOST, email_note
from messaging.services import attachment_files, incoming
from messaging.services.attachments import forget_unsent
from messaging.services.changes import delete_message
from messaging.services.conversations import read_back
from messaging.services.incoming import RefusedMailError, Taken, take_mail
from messaging.services.received import MOST_PARTS, read_mail
from messaging.services.reply_addresses import reply_address
from tests.messaging.clamd import EICAR, running_clamd
from tests.messaging.emails import email_to
from tests.messaging.factories import Pair, pair, say
from tests.messaging.files import PDF, SECRET, files_on_disk, photograph, picture

AT_TEN = datetime(2026, 3, 3, 9, tzinfo=UTC)
PATH = "awa@example.org"
WINMAIL = b"\x78\x9f\x3e\x22" + bytes(60)
INVITATION = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


@pytest.fixture(autouse=True)
def _by_day(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.REPLY_DOMAIN = "Reponse.Example"
    settings.ATTACHMENTS_ROOT = tmp_path
    with time_machine.travel(AT_TEN):
        yield


@pytest.fixture
def two(db: None) -> Pair:
    return pair()


def letter_of(two: Pair, *files: tuple[str, bytes], text: str = "Oui, mardi.", **headers: Any) -> EmailMessage:
    letter = email_to("x", sender=two.person.email, text=text, **headers)
    for name, content in files:
        letter.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return letter


def answer(two: Pair, letter: EmailMessage | bytes) -> Taken:
    to = reply_address(user_pk=two.person.pk, conversation_pk=two.conversation.pk, up_to=1, now=AT_TEN)
    return take_mail(letter if isinstance(letter, bytes) else bytes(letter), recipient=to, return_path=PATH)


def refused(two: Pair, letter: EmailMessage | bytes) -> RefusedMailError:
    with pytest.raises(RefusedMailError) as refusal:
        answer(two, letter)
    assert not Message.objects.exists()
    return refusal.value


def left_of(message: Message) -> list[tuple[str, str]]:
    return list(PieceLeft.objects.filter(message=message).values_list("name", "why"))


class TestTakenOver:
    def test_both_sides_open_them_and_a_photograph_says_nothing_of_its_place(self, two: Pair, client: Client) -> None:
        answer(two, letter_of(two, ("CV été.pdf", PDF), ("photo.jpg", photograph())))
        message = Message.objects.get()
        files = list(Attachment.objects.filter(message=message).order_by("position"))
        assert [(file.name, file.state) for file in files] == [("CV été.pdf", "ready"), ("photo.jpg", "ready")]
        assert (message.attached, message.pieces_left, message.body) == (2, 0, "Oui, mardi.")
        assert SECRET.encode() not in attachment_files.read(files[1].key)
        for reader in (two.person, two.adviser):
            client.force_login(reader)
            page = client.get(reverse("conversation", args=[two.conversation.pk])).content.decode()
            assert "CV été.pdf" in page
            assert '<p class="message__note">Par e-mail</p>' in page
            assert client.get(reverse("attachment", args=[files[0].pk])).content == PDF
        assert not list(messages_have_their_attachments())

    def test_a_file_without_text_is_a_message(self, two: Pair) -> None:
        assert answer(two, letter_of(two, ("cv.pdf", PDF), text=" \n")) == Taken.STORED
        assert (Message.objects.get().body, Message.objects.get().attached) == ("", 1)

    def test_two_of_one_number_without_text_are_two(self, two: Pair) -> None:
        """Kind: a file that is taken and stored nowhere, because its e-mail looks like a repetition."""
        for content in (PDF, PDF, PDF + b"%"):
            answer(two, letter_of(two, ("cv.pdf", content), text=""))
        assert Message.objects.count() == 2
        assert len(files_on_disk()) == 2

    def test_a_name_in_the_spelling_of_old_programs_is_read(self, two: Pair) -> None:
        letter = bytes(letter_of(two, ("NAME", PDF))).replace(b'"NAME"', b'"=?utf-8?q?CV_=C3=A9t=C3=A9=2Epdf?="')
        answer(two, letter)
        assert Attachment.objects.get().name == "CV été.pdf"

    def test_without_a_verdict_it_waits(self, two: Pair, settings: Settings) -> None:
        with running_clamd() as clamd:
            settings.CLAMD_URL = clamd.url
            clamd.hangs_up = True
            answer(two, letter_of(two, ("cv.pdf", PDF)))
        assert Attachment.objects.get().state == AttachmentState.WAITING
        assert Message.objects.get().attached == 1


class TestLeft:
    def test_each_is_named_with_why_and_both_sides_read_it(self, two: Pair, client: Client, settings: Settings) -> None:
        """Kind: something that a person sent and that is lost without a word."""
        settings.ATTACHMENT_MAXIMUM_MEGABYTES = 1
        with running_clamd() as clamd:
            settings.CLAMD_URL = clamd.url
            letter = letter_of(
                two,
                ("setup.exe", b"MZ\x90"),
                ("vide.pdf", b""),
                ("gros.pdf", PDF + bytes(1024 * 1024)),
                ("casse.png", picture("PNG")[:60]),
                ("virus.pdf", PDF + EICAR),
                ("cv.pdf", PDF),
            )
            answer(two, letter)
        message = Message.objects.get()
        assert left_of(message) == [
            ("setup.exe", LeftFor.KIND),
            ("vide.pdf", LeftFor.EMPTY),
            ("gros.pdf", LeftFor.SIZE),
            ("casse.png", LeftFor.DAMAGED),
            ("virus.pdf", LeftFor.VIRUS),
        ]
        assert (message.pieces_left, message.attached) == (5, 1)
        assert len(files_on_disk()) == 1
        for reader in (two.person, two.adviser):
            client.force_login(reader)
            page = client.get(reverse("conversation", args=[two.conversation.pk])).content.decode()
            note = page.partition('<p class="message__note">')[2].partition("</p>")[0].replace("\u00a0", " ")
            assert note.startswith("Par e-mail. Fichiers non repris : « setup.exe » (type de fichier non accepté), ")
            assert note.endswith(" et « virus.pdf » (virus trouvé).")
        (item,) = read_back(actor=two.adviser, conversation_id=two.conversation.pk, before=2)
        assert "« vide.pdf » (fichier vide)" in item["email"].replace("\u00a0", " ")

    def test_beyond_the_number_of_a_message_they_are_named(self, two: Pair) -> None:
        answer(two, letter_of(two, *((f"{number}.pdf", PDF) for number in range(ATTACHMENTS_AT_MOST + 1))))
        assert left_of(Message.objects.get()) == [(f"{ATTACHMENTS_AT_MOST}.pdf", LeftFor.NUMBER)]

    def test_beyond_the_number_of_a_day_the_text_arrives_all_the_same(self, two: Pair) -> None:
        bound = bound_of(BoundedAct.DOCUMENTS, day=AT_TEN.date())
        assert bound is not None
        type(bound).objects.filter(pk=bound.pk).update(most=1)
        answer(two, letter_of(two, ("a.pdf", PDF), ("b.pdf", PDF)))
        assert left_of(Message.objects.get()) == [("b.pdf", LeftFor.TOO_MANY)]

    def test_only_some_of_very_many_are_named(self, two: Pair) -> None:
        answer(two, letter_of(two, *((f"{number}.exe", b"MZ") for number in range(PIECES_NAMED_AT_MOST + 3))))
        message = Message.objects.get()
        assert (message.pieces_left, len(left_of(message))) == (PIECES_NAMED_AT_MOST + 3, PIECES_NAMED_AT_MOST)
        assert email_note(message.pieces_left, [("a", LeftFor.KIND)]).endswith(" et 12 autres.")

    def test_if_nothing_else_is_in_the_email_it_is_refused_with_why(self, two: Pair) -> None:
        refusal = refused(two, letter_of(two, ("setup.exe", b"MZ"), text=""))
        assert refusal.sentence == incoming.NOTHING_TAKEN.format(why=LeftFor.KIND.label)

    def test_a_deleted_message_names_none(self, two: Pair, client: Client) -> None:
        answer(two, letter_of(two, ("setup.exe", b"MZ")))
        delete_message(actor=two.person, conversation_id=two.conversation.pk, number=1)
        client.force_login(two.adviser)
        page = client.get(reverse("conversation", args=[two.conversation.pk])).content.decode()
        assert "setup.exe" not in page
        (item,) = read_back(actor=two.adviser, conversation_id=two.conversation.pk, before=2)
        assert item["email"] == "Par e-mail"

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ("", "sans nom"),
            ("C:\\Users\\awa\\\u202ecod.exe", "cod.exe"),
            ("x" * 200 + ".exe", "x" * 99 + "…" + "x" * 16 + ".exe"),
        ],
    )
    def test_a_name_from_outside_is_made_plain(self, given: str, named: str) -> None:
        assert name_of_left(given) == named

    def test_they_are_history_and_have_a_place_and_a_name(self, two: Pair) -> None:
        answer(two, letter_of(two, ("setup.exe", b"MZ")))
        message = Message.objects.get()
        for facts in ({"position": 1, "name": "x"}, {"position": 0, "name": "x"}, {"position": 2, "name": ""}):
            with pytest.raises(IntegrityError, match="piece_left"), transaction.atomic():
                PieceLeft.objects.create(message=message, why=LeftFor.KIND, **facts)
        PieceLeft.objects.create(message=message, why=LeftFor.KIND, position=2, name="x")
        assert list(messages_have_their_attachments()) == [
            f"message {message.pk} names files of its e-mail that it does not count"
        ]


class TestHarmless:
    def signed(self, two: Pair, image: bytes, *, number: str = "<logo@x>") -> EmailMessage:
        letter = letter_of(two)
        letter.add_alternative('<p>Oui, mardi.</p><p>Awa <img src="cid:logo@x"></p>', subtype="html")
        page = letter.get_payload()[1]  # type: ignore[index]
        page.add_related(image, "image", "png", cid=number, filename="image001.png")
        return letter

    def test_the_small_picture_of_a_signature_is_no_file(self, two: Pair) -> None:
        answer(two, self.signed(two, picture("PNG", size=(300, 100))))
        message = Message.objects.get()
        assert (message.body, message.attached, message.pieces_left) == ("Oui, mardi.", 0, 0)
        assert not Attachment.objects.exists()

    @pytest.mark.parametrize(
        ("size", "number"), [((900, 600), "<logo@x>"), ((300, 100), "<other@x>"), ((300, 100), "<>")]
    )
    def test_a_large_picture_in_the_text_or_one_that_nothing_shows_is_a_file(
        self, two: Pair, size: tuple[int, int], number: str
    ) -> None:
        """Kind: a picture that a person has pasted into the text, and that is lost without a word."""
        answer(two, self.signed(two, picture("PNG", size=size), number=number))
        assert Attachment.objects.get().name == "image001.png"

    def test_an_invitation_beside_the_text_is_another_form_of_it(self, two: Pair) -> None:
        letter = letter_of(two)
        letter.add_alternative(INVITATION.decode(), subtype="calendar")
        answer(two, letter)
        assert (Message.objects.get().attached, Message.objects.get().pieces_left) == (0, 0)

    def test_what_no_browser_opens_is_left_and_named(self, two: Pair) -> None:
        letter = letter_of(two, ("winmail.dat", WINMAIL), ("invite.ics", INVITATION))
        letter.add_attachment(letter_of(two, ("inside.pdf", PDF)))
        answer(two, letter)
        assert left_of(Message.objects.get()) == [
            ("winmail.dat", LeftFor.KIND),
            ("invite.ics", LeftFor.KIND),
            ("sans nom", LeftFor.KIND),
        ]
        assert not files_on_disk()

    def test_broken_transfer_encodings_are_read_as_far_as_they_go(self, two: Pair) -> None:
        content = bytes(letter_of(two, ("cv.pdf", PDF))).replace(b"base64", b"x-nothing")
        answer(two, content.replace(b"\n\nJVBERi", b"\n\n!JVBERi"))
        assert left_of(Message.objects.get()) == [("cv.pdf", LeftFor.KIND)]

    def test_as_many_as_an_email_may_have_are_read_quickly(self, two: Pair) -> None:
        letter = letter_of(two, *((f"{number}.pdf", PDF) for number in range(MOST_PARTS - 2)))
        assert len(read_mail(bytes(letter), return_path=PATH).pieces) == MOST_PARTS - 2


REFUSE = (
    "CREATE FUNCTION refuse_message() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$;"
    "CREATE TRIGGER not_now BEFORE INSERT ON messaging_message FOR EACH ROW EXECUTE FUNCTION refuse_message()"
)


class TestHalfWay:
    def test_after_a_failure_the_same_email_is_taken_once_and_leaves_nothing(self, two: Pair) -> None:
        """Kind: a file that belongs to no message, or a message that comes twice."""
        letter = letter_of(two, ("a.pdf", PDF), ("b.pdf", PDF + b"%"))
        with connection.cursor() as cursor:
            cursor.execute(REFUSE)
        with pytest.raises(DatabaseError, match="not now"):
            answer(two, letter)
        assert not Attachment.objects.exclude(message=None).exists()
        kept = set(Attachment.objects.values_list("key", flat=True))
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER not_now ON messaging_message")
        assert answer(two, letter) == Taken.STORED
        assert set(Attachment.objects.exclude(message=None).values_list("key", flat=True)) == kept
        assert (Message.objects.count(), len(files_on_disk())) == (1, 2)
        assert answer(two, letter) == Taken.STORED
        assert Message.objects.count() == 1

    def test_if_it_never_comes_again_its_files_go_after_a_day(self, two: Pair) -> None:
        with connection.cursor() as cursor:
            cursor.execute(REFUSE)
        with pytest.raises(DatabaseError, match="not now"):
            answer(two, letter_of(two, ("a.pdf", PDF)))
        forget_unsent(AT_TEN + timedelta(days=1, minutes=1))
        assert not Attachment.objects.exists()

    def test_a_disk_that_is_full_stops_the_whole_email(self, two: Pair, settings: Settings, tmp_path: Path) -> None:
        settings.ATTACHMENTS_ROOT = tmp_path / "file"
        settings.ATTACHMENTS_ROOT.write_bytes(b"")
        letter = letter_of(two, ("a.pdf", PDF))
        with pytest.raises(OSError):  # noqa: PT011  (whatever the disk says)
            answer(two, letter)
        assert not Message.objects.exists()
        assert not Attachment.objects.exists()
        settings.ATTACHMENTS_ROOT = tmp_path
        assert answer(two, letter) == Taken.STORED
        assert Message.objects.get().attached == 1

    def test_a_message_that_is_refused_in_the_end_leaves_no_file(self, two: Pair) -> None:
        bound = bound_of(BoundedAct.MESSAGES, day=AT_TEN.date())
        assert bound is not None
        too_long = letter_of(two, ("a.pdf", PDF), text="x" * 5001)
        assert not refused(two, too_long).is_for_now
        assert not Attachment.objects.exists()
        type(bound).objects.filter(pk=bound.pk).update(most=1)
        say(two.conversation, two.person)
        with pytest.raises(RefusedMailError) as later:
            answer(two, letter_of(two, ("a.pdf", PDF)))
        assert later.value.is_for_now
        assert Attachment.objects.unbound().count() == 1


@pytest.mark.django_db(transaction=True)
async def test_thirty_megabytes_are_refused_at_the_door(settings: Settings) -> None:
    """Before they are sent if the mail server names their size, and else when they are too many."""
    two = await asyncio.to_thread(pair)
    to = reply_address(user_pk=two.person.pk, conversation_pk=two.conversation.pk, up_to=1, now=AT_TEN)
    content = bytes(letter_of(two, ("a.pdf", PDF + bytes(22 * 1024 * 1024))))
    assert len(content) > 29 * 1024 * 1024

    def speak(port: int) -> list[tuple[int, bytes]]:
        with smtplib.LMTP("127.0.0.1", port, timeout=20) as client:
            client.ehlo()
            assert int(client.esmtp_features["size"]) == settings.REPLY_MAXIMUM_BYTES
            at_once = client.mail(PATH, [f"SIZE={len(content)}"])
            client.mail(PATH)
            client.rcpt(to)
            return [at_once, client.data(content.replace(b"\n", b"\r\n"))]

    async with listening("127.0.0.1", 0) as port:
        answers = await asyncio.to_thread(speak, port)
    said = b"5.3.4 Votre e-mail est trop volumineux : 15 Mo au plus. Ajoutez vos fichiers depuis votre espace."
    assert answers == [(552, said)] * 2
    assert not await Message.objects.aexists()
