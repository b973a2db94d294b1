"""Letters that come back: an address is dead only if a report says so of the address that the letter went to."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from accompaniment.enums import NoticeChannel, NotificationKind
from accompaniment.models import DeadAddress, Notification
from accompaniment.services.dead_addresses import is_dead
from messaging.services.delivery import deliver_due
from messaging.services.incoming import RefusedMailError, Taken, take_mail
from messaging.services.reply_addresses import return_address
from messaging.services.unread import tell_unread
from tests.messaging.emails import report, report_of_exchange, report_of_postfix
from tests.messaging.factories import Pair, pair, say

AT_TEN = datetime(2026, 3, 3, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _by_day(settings: Settings) -> Iterator[None]:
    settings.REPLY_DOMAIN = "Reponse.Example"
    with time_machine.travel(AT_TEN):
        yield


@pytest.fixture
def two(db: None) -> Pair:
    tell_unread()  # what came before is told to nobody
    return pair()


@pytest.fixture
def letter(two: Pair) -> Notification:
    """A letter that the mail server has accepted."""
    say(two.conversation, two.adviser)
    with time_machine.travel(AT_TEN + timedelta(minutes=3)):
        tell_unread()
        deliver_due()
    return Notification.objects.get(kind=NotificationKind.UNREAD_MESSAGES)


def came_back(letter: Notification, content: bytes) -> Taken:
    to = return_address(notification_pk=letter.pk, now=AT_TEN)
    return take_mail(content, recipient=to, return_path="")


def dead() -> list[str]:
    return list(DeadAddress.objects.values_list("address", flat=True))


@pytest.mark.parametrize(
    ("facts", "is_one"),
    [
        ({}, True),
        ({"status": "5.2.1"}, True),
        ({"status": "5.2.2"}, False),
        ({"status": "4.1.1"}, False),
        ({"action": "delayed"}, False),
        ({"action": "delivered", "status": "2.0.0"}, False),
    ],
)
def test_a_letter_that_comes_back_says_whether_its_address_is_dead(
    letter: Notification, facts: dict[str, Any], is_one: bool
) -> None:
    taken = came_back(letter, report(recipient=letter.email, **facts))
    assert taken == (Taken.BOUNCED if is_one else Taken.DROPPED)
    assert dead() == ([letter.email] if is_one else [])


@pytest.mark.parametrize("form", [report_of_postfix, report_of_exchange])
def test_reports_as_mail_servers_write_them(letter: Notification, form: Callable[[str], bytes]) -> None:
    assert came_back(letter, form("somebody@example.org")) == Taken.DROPPED
    assert dead() == []
    assert came_back(letter, form(letter.email)) == Taken.BOUNCED
    assert dead() == [letter.email]


def test_a_report_about_another_address_kills_none(letter: Notification) -> None:
    """Kind: a report that was sent to the wrong place, or that somebody made up, and a good address that is dead."""
    assert came_back(letter, report(recipient="somebody@example.org")) == Taken.DROPPED
    assert came_back(letter, report(recipient="x@example.org", original="y@example.org")) == Taken.DROPPED
    assert dead() == []


def test_one_that_was_forwarded_is_about_where_it_was_sent(letter: Notification) -> None:
    forwarded = report(recipient="elsewhere@example.org", original=letter.email)
    assert came_back(letter, forwarded) == Taken.BOUNCED
    assert dead() == [letter.email]


@pytest.mark.parametrize("named", ["before", "now"])
def test_a_letter_older_than_the_present_address_says_nothing_about_it(letter: Notification, named: str) -> None:
    """The address of a notification can be corrected while its letter is on the way."""
    before = letter.email
    Notification.objects.filter(pk=letter.pk).update(email="now@example.org")
    taken = came_back(letter, report(recipient=before if named == "before" else "now@example.org"))
    assert taken == (Taken.BOUNCED if named == "before" else Taken.DROPPED)
    assert dead() == ([before] if named == "before" else [])
    assert not is_dead(channel=NoticeChannel.EMAIL, address="now@example.org")


def test_of_a_report_about_several_each_is_looked_at(letter: Notification) -> None:
    other = b"Final-Recipient: rfc822; somebody@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    both = report(recipient=letter.email).replace(b"Final-Recipient", other + b"Final-Recipient")
    assert came_back(letter, both) == Taken.BOUNCED
    assert dead() == [letter.email]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Content-Type: multipart/report\r\n\r\n",
        report(recipient="x@example.org").replace(b"Action", b"X"),
        report(recipient="x@example.org")[:400],
        report(recipient=""),
    ],
)
def test_a_report_that_says_nothing_is_thrown_away(letter: Notification, content: bytes) -> None:
    assert came_back(letter, content) == Taken.DROPPED
    assert dead() == []


def test_a_forged_return_address_kills_no_address(letter: Notification) -> None:
    with pytest.raises(RefusedMailError):
        take_mail(report(recipient=letter.email), recipient=f"retour-{'a' * 45}@reponse.example", return_path="")
    assert dead() == []
