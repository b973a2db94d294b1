"""A mail server that falls silent or hangs up: the others leave, nothing is lost, and no round lasts for ever."""

import time
from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header

import pytest
import time_machine
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from pytest_django import Settings

from accompaniment.models import Notification
from messaging.models import Delivery
from messaging.services.delivery import ROUND, claim, deliver_due
from messaging.services.envelopes import bytes_of
from tests.messaging.notifications import waiting
from tests.messaging.rude_mail_server import STAGES, Act, RudeServer, hangs_up, is_silent, rude_mail_server

pytestmark = pytest.mark.django_db

MANY = 6


def many() -> list[Notification]:
    return [waiting(key=f"letter {number}") for number in range(MANY)]


def all_delivered() -> None:
    """Deliver in later rounds until nothing waits; each round is bounded."""
    while rows := list(Notification.objects.filter(sent_at=None)):
        assert all(row.given_up_at is None for row in rows)
        with time_machine.travel(max(row.next_try_at for row in rows) + timedelta(seconds=1)):
            deliver_due()


def times_kept(server: RudeServer) -> list[int]:
    """Return how often each letter was received whole."""
    names = [int(name.strip("<").split(".")[0]) for name in server.kept]
    return [names.count(pk) for pk in Notification.objects.order_by("pk").values_list("pk", flat=True)]


@pytest.mark.parametrize("extensions", [(), ("PIPELINING", "SIZE 1000000")], ids=["one by one", "in one go"])
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("act", [is_silent, hangs_up])
def test_one_letter_meets_it_and_the_others_leave(
    settings: Settings, act: Act, stage: str, extensions: tuple[str, ...]
) -> None:
    """Kind: a letter whose trouble holds up the others. Only one that was received whole may be received twice."""
    rows = many()
    number = 1 if stage in {"greeting", "EHLO"} else 3
    with rude_mail_server(settings, acts={(number, stage): act}, extensions=extensions) as server:
        began = time.perf_counter()
        deliver_due()
        assert time.perf_counter() - began < ROUND + 5
        all_delivered()
        twice = rows[2] if stage == "end" else None
        assert times_kept(server) == [2 if row == twice else 1 for row in rows]
    assert Delivery.objects.count() == MANY


@pytest.mark.parametrize("stage", ["greeting", "EHLO"])
def test_a_server_that_never_answers_costs_one_try_and_a_bounded_time(settings: Settings, stage: str) -> None:
    many()
    with rude_mail_server(settings, always=(stage, is_silent)) as server:
        began = time.perf_counter()
        assert deliver_due() == 0
        assert time.perf_counter() - began < 5
        assert server.connections == 1
    tries = Notification.objects.order_by("pk").values_list("attempts", flat=True)
    assert list(tries) == [1] + [0] * (MANY - 1)


def test_one_that_falls_silent_at_each_letter_ends_its_round(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kind: a claim that ends while its worker still sends, so that another worker sends the same letter."""
    monkeypatch.setattr("messaging.services.delivery.ROUND", 0.3)
    rows = many()
    with rude_mail_server(settings, always=("DATA", is_silent)):
        assert deliver_due() == 0
    assert sum(Notification.objects.values_list("attempts", flat=True)) == 1
    assert Notification.objects.filter(next_try_at__lte=timezone.now()).count() == len(rows) - 1


def test_what_a_worker_had_in_hand_when_it_died_is_delivered_by_another(settings: Settings) -> None:
    many()
    with rude_mail_server(settings) as server:
        assert len(claim(now=timezone.now())) == MANY
        assert deliver_due() == 0
        all_delivered()
        assert times_kept(server) == [1] * MANY


def test_a_letter_goes_over_the_line_as_it_was_written() -> None:
    text = "Bonjour Awa,\n.\n..\nFrom moi = 100\u00a0% " + "é" * 2000 + "\n\nfin \n"
    letter = EmailMultiAlternatives(
        subject="Entretien le 1er décembre à 10\u00a0h, heure de Paris " * 3,
        body=text,
        from_email="Agence d'été <ne-pas-repondre@exemple.fr>",
        to=["awa@example.org"],
        headers={"Message-ID": "<1@x>", "Reply-To": "a@b.example"},
    )
    letter.attach_alternative(f"<p>{text}</p>", "text/html")
    content = bytes_of(letter)
    assert max(map(len, content.split(b"\r\n"))) < 100
    ours, theirs = message_from_bytes(content), message_from_bytes(letter.message().as_bytes())
    for name in ("From", "To", "Subject", "Message-ID", "Reply-To"):
        assert decoded(ours[name]) == decoded(theirs[name])
    for mine, other in zip(ours.get_payload(), theirs.get_payload(), strict=True):
        assert mine.get_content_type() == other.get_content_type()
        assert mine.get_payload(decode=True).replace(b"\r\n", b"\n") == other.get_payload(decode=True)


def decoded(header: str) -> str:
    return str(make_header(decode_header(header)))


@pytest.mark.parametrize("place", ["subject", "to"])
def test_a_line_break_in_a_header_is_refused(place: str) -> None:
    facts = {"subject": "x", "to": ["awa@example.org"], place: "x\nBcc: y" if place == "subject" else ["x\n@y.z"]}
    with pytest.raises(ValueError, match="line break"):
        bytes_of(EmailMultiAlternatives(**facts))
