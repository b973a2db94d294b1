"""Answers by e-mail become messages, once; everything else goes nowhere, and says so where that is safe."""

import asyncio
import io
import os
import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accompaniment.enums import AuditAction, BoundedAct
from accompaniment.models import AuditEntry, NoticeSettings
from accompaniment.services.bounds import bound_of
from messaging.management.lmtp import TRY_LATER, listening
from messaging.models import Message
from messaging.rules import BODY_LIMIT
from messaging.services import incoming
from messaging.services.delivery import deliver_due
from messaging.services.incoming import RefusedMailError, Taken, take_mail
from messaging.services.posting import Email, message_item, post_message
from messaging.services.reply_addresses import reply_address
from messaging.services.unread import tell_unread
from tests.messaging.emails import ANSWERS, email_to
from tests.messaging.factories import Pair, pair, say

AT_TEN = datetime(2026, 3, 3, 9, tzinfo=UTC)
PATH = "awa@example.org"
"""The sender on the envelope of a person's e-mail."""


@pytest.fixture(autouse=True)
def _by_day(settings: Settings) -> Iterator[None]:
    settings.REPLY_DOMAIN = "Reponse.Example"
    with time_machine.travel(AT_TEN):
        yield


@pytest.fixture
def two(db: None) -> Pair:
    tell_unread()  # what came before is told to nobody
    return pair()


def address_of(two: Pair, user: Any = None) -> str:
    user = user or two.person
    return reply_address(user_pk=user.pk, conversation_pk=two.conversation.pk, up_to=1, now=AT_TEN)


def answer(two: Pair, letter: EmailMessage | bytes, *, to: str = "", path: str | None = PATH) -> Taken:
    content = letter if isinstance(letter, bytes) else bytes(letter)
    return take_mail(content, recipient=to or address_of(two), return_path=path)


def refused(two: Pair, letter: EmailMessage | bytes, **facts: Any) -> RefusedMailError:
    with pytest.raises(RefusedMailError) as refusal:
        answer(two, letter, **facts)
    assert not Message.objects.filter(by_email=True).exists()
    return refusal.value


class TestAnswer:
    def test_it_becomes_a_message_by_email_and_is_stored_once(self, two: Pair, client: Client) -> None:
        letter = email_to(address_of(two), sender=two.person.email, text=ANSWERS["Gmail"])
        assert [answer(two, letter) for _ in range(2)] == [Taken.STORED] * 2
        message = Message.objects.get()
        assert (message.author, message.body, message.by_email) == (two.person, "Oui, mardi.", True)
        two.conversation.refresh_from_db()
        assert two.conversation.awaiting_reply_since is not None
        written = AuditEntry.objects.get(action=AuditAction.MESSAGE)
        assert written.details["by_email"] is True
        client.force_login(two.adviser)
        page = client.get(reverse("conversation", args=[two.conversation.pk])).content.decode()
        assert '<p class="message__note">Par e-mail</p>' in page

    def test_another_email_of_the_same_words_is_another_message(self, two: Pair) -> None:
        for number in (1, 2):
            answer(two, email_to("x", sender=two.person.email, Message_ID=f"<{number}@mail.example>"))
        assert Message.objects.count() == 2

    def test_two_emails_with_one_number_are_two_messages(self, two: Pair) -> None:
        """Kind: words that are taken and stored nowhere, because they look like a repetition."""
        for text in ("Oui", "Non", "Oui"):
            assert answer(two, email_to("x", sender=two.person.email, text=text)) == Taken.STORED
        assert list(Message.objects.order_by("number").values_list("body", flat=True)) == ["Oui", "Non"]

    def test_one_without_a_number_of_its_own_is_known_by_its_words(self, two: Pair) -> None:
        for text in ("Oui", "Oui", "Non"):
            answer(two, email_to("x", sender=two.person.email, text=text, Message_ID=None))
        assert sorted(Message.objects.values_list("body", flat=True)) == ["Non", "Oui"]

    def test_an_adviser_answers_a_person_in_the_same_way(self, two: Pair) -> None:
        say(two.conversation, two.person)
        letter = email_to("x", sender=two.adviser.email.upper())
        assert answer(two, letter, to=address_of(two, two.adviser)) == Taken.STORED
        two.conversation.refresh_from_db()
        assert two.conversation.awaiting_reply_since is None

    def test_only_an_email_has_pieces_that_were_left(self, two: Pair) -> None:
        with pytest.raises(IntegrityError, match="message_pieces_of_an_email"), transaction.atomic():
            Message.objects.create(
                conversation=two.conversation,
                number=1,
                author=two.person,
                client_id=uuid4(),
                body="x",
                pieces_left=1,
                created_at=AT_TEN,
            )

    def test_characters_that_nobody_types_are_taken_out(self, two: Pair) -> None:
        answer(two, email_to("x", sender=two.person.email, text="a").as_bytes().replace(b"\na\n", b"\na\x00\x1bb\n"))
        assert Message.objects.get().body == "ab"

    def test_a_text_that_is_too_long_is_refused_with_by_how_much(self, two: Pair) -> None:
        refusal = refused(two, email_to("x", sender=two.person.email, text="x" * (BODY_LIMIT + 1)))
        assert "1 caractère de trop" in refusal.sentence.replace("\u00a0", " ")
        assert answer(two, email_to("x", sender=two.person.email, text="x" * BODY_LIMIT)) == Taken.STORED

    def test_too_many_at_once_come_again_later(self, two: Pair) -> None:
        bound = bound_of(BoundedAct.MESSAGES, day=AT_TEN.date())
        assert bound is not None
        type(bound).objects.filter(pk=bound.pk).update(most=1)
        say(two.conversation, two.person)
        assert refused(two, email_to("x", sender=two.person.email)).is_for_now

    def test_nothing_is_refused(self, two: Pair) -> None:
        assert refused(two, email_to("x", sender=two.person.email, text=" \n")).sentence == incoming.EMPTY


class TestStrangers:
    @pytest.mark.parametrize("sender", ["somebody@example.org", ""])
    def test_somebody_else_with_the_address_is_refused(self, two: Pair, sender: str) -> None:
        refusal = refused(two, email_to("x", sender=sender or "x", From=None if not sender else f"Awa <{sender}>"))
        assert (refusal.code, refusal.sentence) == ("550 5.7.1", incoming.OF_SOMEBODY_ELSE)

    def test_the_address_of_another_conversation_is_none(self, two: Pair) -> None:
        other = pair(two.portfolio)
        to = reply_address(user_pk=two.person.pk, conversation_pk=other.conversation.pk, up_to=1, now=AT_TEN)
        refused(two, email_to("x", sender=two.person.email), to=to)

    def test_an_adviser_who_follows_no_longer_is_refused(self, two: Pair) -> None:
        other = pair()
        to = reply_address(user_pk=other.adviser.pk, conversation_pk=two.conversation.pk, up_to=1, now=AT_TEN)
        refusal = refused(two, email_to("x", sender=other.adviser.email), to=to)
        assert "ne vous est plus ouverte" in refusal.sentence

    def test_a_closed_account_and_one_that_is_open(self, two: Pair) -> None:
        letter = email_to("x", sender=two.person.email)
        type(two.person).objects.filter(pk=two.person.pk).update(is_active=False)
        assert refused(two, letter).sentence == incoming.CLOSED
        type(two.person).objects.filter(pk=two.person.pk).update(is_active=True)
        assert answer(two, letter) == Taken.STORED

    def test_an_expired_address_says_so_and_a_forged_one_reveals_nothing(self, two: Pair) -> None:
        letter = email_to("x", sender=two.person.email)
        forged = f"reponse-{'a' * 45}@reponse.example"
        assert refused(two, letter, to=forged).sentence == incoming.NO_SUCH_ADDRESS
        with time_machine.travel(AT_TEN + timedelta(days=60)):
            assert refused(two, letter).sentence == incoming.TOO_OLD


AUTOMATIC: list[dict[str, Any]] = [
    {"Auto_Submitted": "auto-replied"},
    {"Auto_Submitted": "auto-generated (vacation)"},
    {"Precedence": "bulk"},
    {"Precedence": "auto_reply"},
    {"X_Autoreply": "yes"},
    {"X_Autorespond": "absent"},
    {"List_Id": "<liste.example>"},
    {"X_Loop": "x"},
    {"Return_Path": "<>"},
]


class TestMachines:
    @pytest.mark.parametrize("headers", AUTOMATIC, ids=str)
    def test_what_a_machine_wrote_is_thrown_away_without_a_word(self, two: Pair, headers: dict[str, Any]) -> None:
        """Kind: two machines that answer each other. Not even a refusal, which a mail server would send on."""
        assert answer(two, email_to("x", sender=two.person.email, **headers)) == Taken.DROPPED
        assert answer(two, email_to("x", sender="stranger@example.org", **headers)) == Taken.DROPPED
        assert not Message.objects.exists()

    @pytest.mark.parametrize("path", ["", "<>", "MAILER-DAEMON"])
    def test_an_empty_return_path_is_a_machine_s(self, two: Pair, path: str) -> None:
        assert answer(two, email_to("x", sender=two.person.email), path=path) == Taken.DROPPED
        assert answer(two, b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" * 2, path=path) == Taken.DROPPED

    @pytest.mark.parametrize("path", [PATH, None])
    def test_the_same_of_a_person_is_stored(self, two: Pair, path: str | None) -> None:
        assert answer(two, email_to("x", sender=two.person.email, Auto_Submitted="no"), path=path) == Taken.STORED

    def test_our_own_letters_would_be_thrown_away(self, two: Pair) -> None:
        say(two.conversation, two.adviser)
        with time_machine.travel(AT_TEN + timedelta(minutes=3)):
            tell_unread()
            deliver_due()
        (ours,) = [one for one in mail.outbox if "reponse-" in str(one.extra_headers)]
        assert answer(two, ours.message().as_bytes()) == Taken.DROPPED


class TestLetters:
    def told(self, two: Pair) -> Any:
        deliver_due()
        mail.outbox.clear()
        say(two.conversation, two.adviser)
        with time_machine.travel(AT_TEN + timedelta(minutes=3)):
            tell_unread()
            deliver_due()
        (letter,) = mail.outbox
        return letter

    def test_a_letter_about_messages_can_be_answered_and_says_so(self, two: Pair) -> None:
        letter = self.told(two)
        assert "Vous pouvez aussi répondre à cet e-mail" in letter.body
        assert "Ne répondez pas" not in letter.body
        message = letter.message()
        assert message["From"] == "ne-pas-repondre@accompagnement.example"
        assert letter.from_email.startswith("retour-")
        reply = email_to(message["Reply-To"], sender=two.person.email)
        assert answer(two, reply, to=message["Reply-To"]) == Taken.STORED

    def test_without_a_domain_it_is_sent_as_before(self, two: Pair, settings: Settings) -> None:
        settings.REPLY_DOMAIN = ""
        letter = self.told(two)
        assert "Ne répondez pas" in letter.body
        assert letter.message()["Reply-To"] is None
        assert letter.from_email == settings.DEFAULT_FROM_EMAIL

    def test_one_about_several_conversations_cannot_be_answered(self, two: Pair) -> None:
        NoticeSettings.objects.create(user=two.adviser, switched_on=["messages:email"], changed_at=AT_TEN)
        deliver_due()
        mail.outbox.clear()
        for one in (two, pair(two.portfolio)):
            say(one.conversation, one.person)
        with time_machine.travel(AT_TEN + timedelta(minutes=3)):
            tell_unread()
            deliver_due()
        (letter,) = [one for one in mail.outbox if one.to == [two.adviser.email]]
        assert letter.message()["Reply-To"] is None


class TestPipe:
    def run(self, content: bytes, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        said = io.StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("receive_mail", *arguments, stdout=said, stderr=said)
        return int(ended.value.code or 0), said.getvalue().strip()

    def test_one_email_of_standard_input(self, two: Pair, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
        to = ("--recipient", address_of(two), "--return-path", PATH)
        letter = bytes(email_to("x", sender=two.person.email))
        assert self.run(letter, monkeypatch, *to) == (os.EX_OK, "stored")
        assert self.run(letter, monkeypatch, "--recipient", "x@reponse.example") == (
            os.EX_NOUSER,
            incoming.NO_SUCH_ADDRESS,
        )
        stranger = bytes(email_to("x", sender="stranger@example.org"))
        assert self.run(stranger, monkeypatch, *to) == (os.EX_DATAERR, incoming.OF_SOMEBODY_ELSE)
        settings.REPLY_MAXIMUM_BYTES = len(letter) - 1
        assert self.run(letter, monkeypatch, *to)[0] == os.EX_DATAERR


def test_the_socket_gets_the_same_words(two: Pair) -> None:
    message = post_message(
        actor=two.person, conversation=two.conversation, client_id=uuid4(), body="x", email=Email(pieces_left=1)
    )
    assert message_item(message)["email"] == "Par e-mail. La pièce jointe n'a pas été reprise."


def _speak(port: int, to: str, *letters: bytes, path: str = PATH) -> list[str]:
    """Hand letters over by LMTP on one connection, and return the last answer to each."""
    answers = []
    with smtplib.LMTP("127.0.0.1", port, timeout=20) as client:
        client.ehlo()
        for letter in letters:
            client.mail(path)
            code, said = client.rcpt(to)
            if code == 250:
                assert client.rcpt(to)[0] == 452  # each recipient has an answer of its own
                code, said = client.data(letter)
            client.rset()
            answers.append(f"{code} {said.decode('ascii')}")
    return answers


@pytest.mark.django_db(transaction=True)
async def test_the_door_speaks_lmtp(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """Each answer comes after the commit; what cannot be stored now is not taken, so that it comes again. No log
    holds an address, whether a person's or the secret one of an answer."""
    caplog.set_level("INFO")
    two = await asyncio.to_thread(pair)
    letter = bytes(email_to("x", sender=two.person.email))
    stranger = bytes(email_to("x", sender="stranger@example.org"))
    machine = bytes(email_to("x", sender="stranger@example.org", Precedence="bulk"))
    settings.REPLY_MAXIMUM_BYTES = 5_000
    hide = "ALTER TABLE messaging_conversation RENAME TO hidden"
    async with listening("127.0.0.1", 0) as port:
        speak = partial(asyncio.to_thread, _speak, port)
        assert await speak(address_of(two), letter, letter) == ["250 2.6.0 stored"] * 2
        assert await speak(f"reponse-{'a' * 45}@reponse.example", letter) == ["550 5.1.1 Cette adresse n'existe pas."]
        (refusal,) = await speak(address_of(two), stranger)
        assert refusal.startswith("550 5.7.1 Seule l'adresse e-mail de votre compte")
        assert await speak(address_of(two), machine, b"x" * 6_000) == [
            "250 2.6.0 dropped",
            "552 5.3.4 Votre e-mail est trop volumineux : 5 Ko au plus. Ajoutez vos fichiers depuis votre espace.",
        ]
        await asyncio.to_thread(_execute, hide)
        try:
            (later,) = await speak(address_of(two), bytes(email_to("x", sender=two.person.email, Message_ID="<2@x>")))
        finally:
            await asyncio.to_thread(_execute, "ALTER TABLE hidden RENAME TO messaging_conversation")
        assert later == TRY_LATER
        again = bytes(email_to("x", sender=two.person.email, Message_ID="<2@x>"))
        assert await speak(address_of(two), again) == ["250 2.6.0 stored"]
    assert await Message.objects.acount() == 2
    assert "became message" in caplog.text
    assert not [line for line in caplog.messages if "@" in line or "reponse-" in line]


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()
