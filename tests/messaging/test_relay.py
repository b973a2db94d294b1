"""A round of letters uses one connection to a real mail server, and continues if it breaks.

Kind: a link that is ended, or a letter that is given up, before the fate of its successor is known.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.mail import EmailMessage, get_connection
from pytest_django.fixtures import Settings

from accompaniment.enums import NotificationKind
from accompaniment.models import Notification, User
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.services import accounts, addresses
from accompaniment.services.account_rows import invite
from messaging.models import Delivery
from messaging.services.delivery import deliver_due
from tests.accompaniment.factories import PASSWORD, AdviserUserFactory
from tests.messaging.mail_server import (
    MailServer,
    leaves,
    leaves_after_answering,
    mail_server,
    takes_and_leaves_without_a_word,
)
from tests.messaging.notifications import waiting

pytestmark = pytest.mark.django_db

MANY = 12


@pytest.fixture
def server(settings: Settings) -> Iterator[MailServer]:
    with mail_server(settings) as running:
        yield running


def many() -> list[Notification]:
    return [waiting(key=f"letter {number}") for number in range(MANY)]


def taken_of(server: MailServer) -> list[int]:
    """Return the notification keys of the letters that the server has accepted, in its order."""
    return [int(letter["Message-ID"].strip("<").split(".")[0]) for letter in server.taken]


def in_the_next_round(rows: list[Notification]) -> int:
    later = max(Notification.objects.get(pk=row.pk).next_try_at for row in rows) + timedelta(seconds=1)
    with time_machine.travel(later):
        return deliver_due()


def test_a_round_of_many_letters_is_one_connection(server: MailServer) -> None:
    rows = many()
    assert deliver_due() == MANY
    assert server.connections == 1
    assert taken_of(server) == [row.pk for row in rows]
    waiting(key="one more")
    assert deliver_due() == 1
    assert server.connections == 2


def test_nothing_waits_no_connection(server: MailServer) -> None:
    assert deliver_due() == 0
    assert server.connections == 0


def test_a_connection_that_the_server_leaves_between_two_letters_is_opened_anew(server: MailServer) -> None:
    rows = many()
    server.at_end = {4: leaves_after_answering, 9: leaves_after_answering}
    assert deliver_due() == MANY
    assert server.connections == 3
    assert taken_of(server) == [row.pk for row in rows]


def test_a_server_that_wants_no_more_letters_over_this_connection_gets_them_over_another(server: MailServer) -> None:
    rows = many()
    server.at_begin = {6: lambda _: "421 4.7.0 too many letters"}
    assert deliver_due() == MANY
    assert server.connections == 2
    assert taken_of(server) == [row.pk for row in rows]
    assert set(Notification.objects.values_list("attempts", flat=True)) == {1}


def test_a_letter_that_breaks_the_connection_waits_and_the_others_leave(server: MailServer) -> None:
    rows = many()
    server.at_end = {5: leaves}
    assert deliver_due() == MANY - 1
    assert server.connections == 2
    assert sorted(taken_of(server)) == [row.pk for row in rows if row != rows[4]]
    assert in_the_next_round(rows) == 1
    assert sorted(taken_of(server)) == [row.pk for row in rows]
    assert Delivery.objects.count() == MANY


def test_a_letter_that_was_taken_without_a_word_is_the_only_one_that_leaves_twice(server: MailServer) -> None:
    """Delivery is at least once. Only a letter whose acknowledgement is lost is sent twice."""
    rows = many()
    server.at_end = {5: takes_and_leaves_without_a_word}
    assert deliver_due() == MANY - 1
    assert in_the_next_round(rows) == 1
    assert sorted(taken_of(server)) == sorted([*(row.pk for row in rows), rows[4].pk])
    assert Delivery.objects.count() == MANY


def test_a_letter_that_is_refused_keeps_the_connection(server: MailServer) -> None:
    many()
    server.at_end = {3: lambda _: "554 5.7.1 not this one"}
    assert deliver_due() == MANY - 1
    assert server.connections == 1


def test_without_a_mail_server_the_others_keep_their_tries(server: MailServer, settings: Settings) -> None:
    rows = many()
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert deliver_due() == 0
    assert list(Notification.objects.order_by("pk").values_list("attempts", flat=True)) == [1] + [0] * (MANY - 1)
    assert Notification.objects.get(pk=rows[0].pk).last_error.startswith("RelayAwayError: ConnectionRefusedError")
    settings.EMAIL_PORT = port
    assert deliver_due() == MANY - 1
    assert in_the_next_round(rows) == 1


def test_one_connection_for_each_letter_is_what_django_does_unasked(server: MailServer) -> None:
    """The control: the same letters over a backend that nobody has opened."""
    backend = get_connection()
    for number in range(3):
        EmailMessage(subject=str(number), body="x", to=["awa@example.org"], connection=backend).send()
    assert server.connections == 3


def link_of(letter: Any) -> str:
    (path,) = re.findall(r"https?://[^/]+(/\S*/)", letter.get_payload(0).get_payload(decode=True).decode())
    return str(path).strip("/").split("/")[-1]


class TestLinks:
    """A person who is sent a new link keeps the old one until the mail server has accepted the new one."""

    def invited(self) -> User:
        user = AdviserUserFactory(password=None)
        invite(user, key="first")
        return user

    def test_the_earlier_link_lives_until_the_new_one_has_left(self, server: MailServer) -> None:
        user = self.invited()
        deliver_due()
        first = link_of(server.taken[0])
        invite(user, key="again")
        server.at_end = {2: lambda _: "451 later"}
        assert deliver_due() == 0
        assert accounts.activation_account(token=first) == user
        assert in_the_next_round([Notification.objects.get(key="again")]) == 1
        with pytest.raises(NotAllowedNowError):
            accounts.activation_account(token=first)
        assert accounts.activation_account(token=link_of(server.taken[1])) == user

    def test_a_link_whose_letter_was_taken_without_a_word_opens_the_account(self, server: MailServer) -> None:
        """The server has the letter and the person reads it, but the service does not know."""
        user = self.invited()
        server.at_end = {1: takes_and_leaves_without_a_word, 2: lambda _: "451 later"}
        assert deliver_due() == 0
        row = Notification.objects.get(key="first")
        assert in_the_next_round([row]) == 0
        token = link_of(server.taken[0])
        assert accounts.activate(token=token, password=PASSWORD) == user

    def test_the_same_of_a_new_address_that_is_confirmed(self, server: MailServer) -> None:
        user = AdviserUserFactory()
        addresses.ask_change(actor=user, address="neuve@example.org")
        Notification.objects.exclude(kind=NotificationKind.ADDRESS_TO_CONFIRM).delete()
        row = Notification.objects.get()
        server.at_end = {1: takes_and_leaves_without_a_word, 2: lambda _: "451 later"}
        assert deliver_due() == 0
        assert in_the_next_round([row]) == 0
        first = link_of(server.taken[0])
        assert addresses.change_to_confirm(token=first).user == user
        assert in_the_next_round([row]) == 1
        with pytest.raises(NotAllowedNowError):
            addresses.change_to_confirm(token=first)
        assert addresses.confirm(token=link_of(server.taken[1])).email == "neuve@example.org"

    def test_a_letter_that_comes_late_ends_no_later_link(self, server: MailServer) -> None:
        user = self.invited()
        older = accounts.issue_activation_link(user=user)
        newer = accounts.issue_activation_link(user=user)
        accounts.end_earlier_links(token=older)
        assert accounts.activation_account(token=newer) == user
        assert server.connections == 0
