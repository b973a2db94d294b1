"""What an e-mail says: the addresses that answers go to, its text without the quotation, and rubbish."""

import time
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from pytest_django import Settings

from messaging.services.quotations import without_quotation
from messaging.services.received import LARGEST_PART, LONGEST_TEXT, UnreadableError, read_mail
from messaging.services.reply_addresses import (
    ExpiredAddressError,
    ForgedAddressError,
    ReplyAddress,
    read_address,
    reply_address,
)
from tests.messaging.emails import ANSWERS, PAGES, email_to

AT_TEN = datetime(2026, 3, 3, 9, tzinfo=UTC)
PATH = "awa@example.org"
"""The sender on the envelope of a person's e-mail."""

NAMES = ("Accompagnement 100 % web", "ne-pas-repondre@accompagnement.example", "https://suivi.example")
PASTED = "De : RH <rh@boite.example>\nEnvoyé : mardi\nÀ : Awa\nObjet : entretien\n\nVenez mardi à 10 h."


@pytest.fixture(autouse=True)
def _door(settings: Settings) -> None:
    settings.REPLY_DOMAIN = "Reponse.Example"


class TestAddresses:
    def test_an_address_survives_mail_servers(self) -> None:
        address = reply_address(user_pk=2**39, conversation_pk=2**39, up_to=2**31, now=AT_TEN)
        local, _, domain = address.partition("@")
        assert (len(local), local, domain) == (60, local.lower(), "reponse.example")
        same = ReplyAddress(user_pk=2**39, conversation_pk=2**39, up_to=2**31)
        assert read_address(address.upper(), now=AT_TEN) == same

    def test_one_of_an_earlier_release_does_not_say_up_to_which_message(self) -> None:
        earlier = "reponse-bdvqaaaaaaaqaaaaaabksgu5d2xenncal2yfdcnncsoze@reponse.example"
        assert read_address(earlier, now=AT_TEN) == ReplyAddress(user_pk=1, conversation_pk=2, up_to=None)

    def test_it_ends_after_its_days(self, settings: Settings) -> None:
        address = reply_address(user_pk=1, conversation_pk=2, up_to=1, now=AT_TEN)
        last = AT_TEN + timedelta(days=settings.REPLY_ADDRESS_DAYS)
        assert read_address(address, now=last)
        with pytest.raises(ExpiredAddressError):
            read_address(address, now=last + timedelta(days=1))

    def test_a_changed_letter_of_it_or_another_domain_is_forged(self, settings: Settings) -> None:
        address = reply_address(user_pk=1, conversation_pk=2, up_to=1, now=AT_TEN)
        local = address.partition("@")[0]
        others = [f"{local[:at]}{'b' if letter == 'a' else 'a'}{local[at + 1 :]}" for at, letter in enumerate(local)]
        # The last letter of a code holds four bits that mean nothing.
        forged = [f"{other}@reponse.example" for other in others[:-1]]
        forged += [f"{local}@other.example", "reponse-@reponse.example", "reponse-é@reponse.example", "", "@"]
        forged += [f"retour-{local.removeprefix('reponse-')}@reponse.example"]
        for one in forged:
            with pytest.raises(ForgedAddressError):
                read_address(one, now=AT_TEN)
        settings.REPLY_DOMAIN = ""
        with pytest.raises(ForgedAddressError):
            read_address(f"{local}@", now=AT_TEN)


class TestQuotation:
    @pytest.mark.parametrize("program", ANSWERS)
    def test_each_program_s_quotation_is_cut(self, program: str) -> None:
        assert without_quotation(ANSWERS[program], names=NAMES) == "Oui, mardi."

    @pytest.mark.parametrize("program", PAGES)
    def test_the_same_of_a_page(self, program: str) -> None:
        letter = email_to("x@y.example", sender="awa@example.org")
        letter.set_content(PAGES[program], subtype="html")
        text = read_mail(bytes(letter), return_path=PATH).text
        assert without_quotation(text, names=NAMES) == "Oui, mardi."

    @pytest.mark.parametrize(
        "own",
        [
            "Voici\u00a0:\n- un\n- deux\nDe\u00a0: mon avis, c'est bien.",
            "Le directeur a écrit\u00a0:\nVenez mardi 3.",
            "Le 3 mars, le directeur a écrit :\nVenez mardi.",
            "De : moi\nÀ : vous\nje vous écris",
            "Cordialement\nAwa Diallo",
            "> Pouvez-vous venir mardi ?\nOui\n> à 10 h ?\nNon, 11 h",
            "a\n\nb",
            "---\nUn trait",
            "Bonjour\n--\nJe viens mardi.\n--\nMerci",
            "-- \n" + "\n".join(f"point {number}" for number in range(20)),
            "Je cherche\u00a0:\n> 25 h par semaine",
            f"Voici la convocation\u00a0:\n-------- Message transféré --------\n{PASTED}",
            f"Il me répond\u00a0:\nLe 3 mars 2026 à 10:15, RH <rh@boite.example> a écrit :\nVenez mardi.\n\n{PASTED}",
            f"Il me répond\u00a0:\n\n{'_' * 32}\n{PASTED}",
            "Il me répond\u00a0:\n> Le 3 mars 2026 à 10:15, RH <rh@boite.example> a écrit :\n> Venez mardi.",
        ],
    )
    def test_own_words_are_never_cut(self, own: str) -> None:
        """Kind: a quotation that is only guessed, so that somebody's words are lost."""
        assert without_quotation(own, names=NAMES) == own

    def test_the_letter_under_what_an_employer_wrote_is_cut_alone(self) -> None:
        letter = ANSWERS["Outlook on the web"].removeprefix("Oui, mardi.")
        long_one = f"Il me répond\u00a0:\n{PASTED}\n" + "Cordialement\n" * 10 + "La direction"
        assert without_quotation(long_one + letter, names=NAMES) == long_one

    def test_words_under_the_quotation_stay_if_a_signature_stands_above_it(self) -> None:
        text = "Oui.\n-- \nAwa\n\nLe 03/03/2026 à 10:15, A <a@b.example> a écrit :\n> Bonjour\n\nEt merci.\n-- \nAwa"
        assert without_quotation(text, names=["a@b.example"]) == "Oui.\n\nEt merci."

    def test_an_answer_above_and_below_keeps_both(self) -> None:
        text = "Oui.\n\nLe 03/03/2026 à 10:15, A <a@b.example> a écrit :\n> Bonjour\n> Awa\n\nEt merci."
        assert without_quotation(text, names=["A@B.example"]) == "Oui.\n\nEt merci."


class TestReading:
    def read(self, letter: EmailMessage | bytes) -> Any:
        return read_mail(letter if isinstance(letter, bytes) else bytes(letter), return_path=PATH)

    def test_of_two_forms_the_plain_one_is_read_and_neither_is_a_piece(self) -> None:
        letter = email_to("x", sender="a@b.example", text="Plain")
        letter.add_alternative("<p>Page</p>", subtype="html")
        found = self.read(letter)
        assert (found.text.strip(), found.pieces) == ("Plain", ())

    def test_a_photo_between_two_texts_is_a_piece_and_both_texts_are_read(self) -> None:
        letter = email_to("x", sender="a@b.example", text="Avant")
        letter.add_attachment(b"\xff\xd8", maintype="image", subtype="jpeg", filename="photo.jpg", disposition="inline")
        last = EmailMessage()
        last.set_content("Après")
        letter.attach(last)
        found = self.read(letter)
        assert ([line for line in found.text.split("\n") if line], len(found.pieces)) == (["Avant", "Après"], 1)

    def test_an_email_in_the_email_is_one_piece_and_nothing_of_it_is_read(self) -> None:
        letter = email_to("x", sender="a@b.example")
        letter.add_attachment(email_to("x", sender="c@d.example", text="Inside"))
        found = self.read(letter)
        assert (found.text.strip(), len(found.pieces)) == ("Oui, mardi.", 1)

    @pytest.mark.parametrize(
        ("charset", "content", "read"),
        [
            ("utf-8", "Déjà".encode(), "Déjà"),
            ("iso-8859-15", "Déjà".encode("iso-8859-15"), "Déjà"),
            ("utf-8", "Déjà".encode("cp1252"), "Déjà"),
            ("x-unknown", "Déjà".encode(), "Déjà"),
            ("us-ascii", b"D\xe9j\xe0 \x81", "Déjà \ufffd"),
            ("utf-7", "Déjà".encode("utf-7"), "Déjà"),
            ("base64", b"Oui", "Oui"),
            ("utf-8\x00", b"Oui", "Oui"),
        ],
    )
    def test_a_charset_that_is_wrong_or_unknown_is_read_all_the_same(
        self, charset: str, content: bytes, read: str
    ) -> None:
        head = f"From: a@b.example\r\nContent-Type: text/plain; charset={charset}\r\n\r\n".encode()
        assert self.read(head + content).text == read

    def test_lines_that_were_broken_for_width_are_joined(self) -> None:
        head = b"From: a@b.example\r\nContent-Type: text/plain; format=flowed\r\n\r\n"
        assert self.read(head + b"Une longue \r\nligne.\r\n-- \r\nAwa").text.split("\n") == [
            "Une longue ligne.",
            "-- ",
            "Awa",
        ]

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\x00" * 1000,
            b"From: =?utf-8?b?!!!?=\r\nSubject: =?nope?q?=ff?=\r\n\r\nOui",
            b"Content-Type: multipart/mixed\r\n\r\nno boundary",
            b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n--y\r\nno end",
            b"Content-Type: text/plain; charset*=x''%ff%fe\r\n\r\nOui",
            b"Content-Transfer-Encoding: base64\r\n\r\n\xff!!!",
            b"From: a@b.example, c@d.example\r\nFrom: e@f.example\r\n\r\nOui",
            b"Content-Type: text/html\r\n\r\n" + b"<blockquote>" * 20_000 + b"<!" * 2_000,
            b"Content-Type: text/html\r\n\r\n<![ <!-- </ <a &#xd800;",
            "Message-ID: =?é?q?a?=\r\nDate: =?utf-8?q?=ff?=\r\n\r\nOui".encode(),
        ],
    )
    def test_rubbish_is_read_as_far_as_it_goes(self, content: bytes) -> None:
        found = self.read(content)
        assert found.sender == ""

    @pytest.mark.parametrize("depth", [250, 5_000])
    def test_parts_in_parts_without_end_are_refused(self, depth: int) -> None:
        inner = "".join(
            f"Content-Type: multipart/mixed; boundary=b{number}\r\n\r\n--b{number}\r\n" for number in range(depth)
        )
        with pytest.raises(UnreadableError):
            self.read(inner.encode())

    @pytest.mark.parametrize("head", ["From: " + "(" * 2_000, "From: " + "a:" * 2_000])
    def test_what_the_library_did_not_foresee_is_refused(self, head: str) -> None:
        """Kind: an e-mail that is an error for ever, so that the mail server brings it again for days."""
        with pytest.raises(UnreadableError):
            self.read(f"{head}\r\n\r\nOui".encode())

    @pytest.mark.parametrize("sign", [b"<a ", b'<a b="', b"<a/", b"<!--"])
    def test_no_page_takes_long(self, sign: bytes) -> None:
        """Kind: an e-mail that keeps the door busy for minutes."""
        begin = time.process_time()
        self.read(b"Content-Type: text/html\r\n\r\n" + sign * (150_000 // len(sign)))
        depth = range(100)
        nested = "".join(
            f"Content-Type: multipart/alternative; boundary=b{number}\r\n\r\n--b{number}\r\n" for number in depth
        )
        self.read(f"{nested}Content-Type: text/html\r\n\r\n{'<p>x ' * 30_000}".encode())
        assert time.process_time() - begin < 4

    def test_a_text_that_is_too_long_is_refused_as_a_whole(self) -> None:
        """Kind: words that are taken and not read. The answer may stand under a long quotation."""
        letter = email_to("x", sender="a@b.example", text=f"{'> x' * (LONGEST_TEXT // 3)}\nOui")
        with pytest.raises(UnreadableError):
            self.read(letter)
        page = email_to("x", sender="a@b.example")
        page.set_content(f"<style>{'x' * LONGEST_TEXT}</style><p>Oui", subtype="html")
        assert self.read(page).text.strip() == "Oui"
        page.set_content(f"<style>{'x' * LARGEST_PART}</style><p>Oui", subtype="html")
        with pytest.raises(UnreadableError):
            self.read(page)

    def test_a_page_whose_head_does_not_end_is_read(self) -> None:
        head = b"Content-Type: text/html\r\n\r\n<html><head><meta charset=utf-8><title>x</title><body><p>Oui"
        assert self.read(head).text.strip() == "Oui"
