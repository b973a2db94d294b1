"""Delivering the outbox: every kind has its letter, failed letters wait, and nothing blocks."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from accompaniment.enums import Modality, NotificationKind
from accompaniment.models import Notification
from accompaniment.rules.operator import operator
from accompaniment.services import accounts, addresses
from messaging.hooks import deliveries
from messaging.jobs import deliver_notifications
from messaging.models import Delivery, DemonstrationEmail
from messaging.reads.invariants import MESSAGING_CHECKS
from messaging.services.delivery import TRIES, deliver_due, letter_for
from tests.accompaniment.factories import PASSWORD, AdviserUserFactory
from tests.caseload.factories import PortfolioFactory, planned_absence, validated
from tests.messaging.notifications import AWA, waiting

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", NotificationKind)
@pytest.mark.parametrize("has_password", [True, False])
def test_every_kind_has_a_complete_letter(kind: NotificationKind, has_password: bool, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://exemple.test"
    user = AdviserUserFactory(email=AWA, first_name="Awa")
    if not has_password:
        user.set_unusable_password()
        user.save()
    if kind == NotificationKind.ADDRESS_TO_CONFIRM:
        user = AdviserUserFactory(first_name="Awa")
        addresses.ask_change(actor=user, address=AWA)
    letter = letter_for(waiting(kind, user=user))
    assert 10 < len(letter.subject) < 80
    assert letter.body.startswith("Bonjour Awa,\n")
    assert letter.body.endswith(f"Accompagnement 100\u00a0% web, {operator().name}\n")
    assert "{" not in letter.body
    assert "&" not in letter.body
    assert "\n\n\n" not in letter.body
    (link,) = re.findall(r"https://exemple\.test/\S*", letter.body)
    assert link


def test_the_invitation_opens_the_account_once() -> None:
    enrolment = validated(PortfolioFactory())
    deliver_notifications()
    (message,) = mail.outbox
    assert message.to == [enrolment.jobseeker.email]
    path = re.search(r"https?://[^/]+(/activation/\S+)", message.body)
    assert path is not None
    token = path[1].strip("/").split("/")[-1]
    assert accounts.activation_account(token=token) == enrolment.jobseeker.user
    accounts.activate(token=token, password=PASSWORD)
    assert token not in str(list(Notification.objects.values())) + str(list(Delivery.objects.values()))


def test_what_was_taken_is_proved_and_sent_once() -> None:
    notification = waiting()
    assert deliver_due() == 1
    assert deliver_due() == 0
    notification.refresh_from_db()
    proof = Delivery.objects.get()
    assert (proof.notification, proof.address, proof.accepted_at) == (
        notification,
        "awa@example.org",
        notification.sent_at,
    )
    assert [message.subject for message in mail.outbox] == [proof.subject]
    assert [breach for check in MESSAGING_CHECKS for breach in check()] == []


def test_nothing_waits_one_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(3):  # the query and its transaction
        assert deliver_due() == 0


def test_a_notification_for_later_waits() -> None:
    now = timezone.now()
    waiting(not_before=now + timedelta(hours=1))
    assert deliver_due() == 0
    with time_machine.travel(now + timedelta(hours=1, seconds=1)):
        assert deliver_due() == 1


class RefusesOne(EmailBackend):
    """A mail server that refuses the letters of one address."""

    def send_messages(self, messages: Any) -> int:
        messages = list(messages)
        if any("refused@example.org" in message.to for message in messages):
            raise OSError("the mailbox is full")
        return super().send_messages(messages)


@pytest.fixture
def _full_mailbox(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "tests.messaging.test_delivery.RefusesOne"


@pytest.mark.usefixtures("_full_mailbox")
def test_one_that_fails_does_not_hold_up_the_others_and_is_given_up_at_last() -> None:
    bad = waiting(key="bad", email="refused@example.org")
    broken = waiting(NotificationKind.PASSWORD_RESET, key="broken", user=None)
    waiting(key="good")
    assert deliver_due() == 1
    bad.refresh_from_db()
    assert (bad.attempts, bad.sent_at, bad.last_error) == (1, None, "OSError: the mailbox is full")
    assert deliver_due() == 0
    for _ in range(TRIES - 1):
        for row in (bad, broken):
            row.refresh_from_db()
        with time_machine.travel(max(bad.next_try_at, broken.next_try_at) + timedelta(seconds=1)):
            assert deliver_due() == 0
    for row in (bad, broken):
        row.refresh_from_db()
        assert (row.attempts, row.sent_at) == (TRIES, None)
        assert row.given_up_at is not None
    with time_machine.travel(bad.next_try_at + timedelta(days=30)):
        assert deliver_due() == 0
    assert Delivery.objects.count() == 1


def test_a_retry_that_succeeds_is_sent() -> None:
    notification = waiting(email="refused@example.org")
    notification.attempts = 1
    notification.last_error = "OSError: the mailbox is full"
    notification.save(update_fields=["attempts", "last_error"])
    assert deliver_due() == 1
    notification.refresh_from_db()
    assert (notification.attempts, notification.last_error) == (2, "")


@pytest.fixture
def told() -> Iterator[list[tuple[str, datetime]]]:
    """What upper floors are told."""
    heard: list[tuple[str, datetime]] = []

    def hear(notification: Notification, at: datetime) -> None:
        heard.append((notification.key, at))

    follower = deliveries.DeliveryFollower(kinds=NotificationKind, told=hear)
    deliveries.on_delivered.append(follower)
    yield heard
    deliveries.on_delivered.remove(follower)


def test_upper_floors_are_told_of_the_delivery(told: list[tuple[str, datetime]]) -> None:
    waiting(key="interview-booked:1")
    deliver_due()
    assert told == [("interview-booked:1", Delivery.objects.get().accepted_at)]


def test_the_demonstration_keeps_its_emails_and_shows_them(client: Any, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "messaging.services.mailbox.DemonstrationBackend"
    user = AdviserUserFactory(first_name="<b>Awa", email="awa@example.org")
    user.set_unusable_password()
    user.save()
    waiting(NotificationKind.ACCOUNT_ACTIVATION, user=user, context={"first_name": "<b>Awa"})
    assert deliver_due() == 1
    kept = DemonstrationEmail.objects.get()
    assert kept.recipient == "awa@example.org"
    page = client.get(reverse("sent_emails"))
    text = page.content.decode()
    assert "awa@example.org" in text
    assert "&lt;b&gt;Awa" in text
    assert re.search(r'<a href="[^"]+/activation/[^"]+"', text)
    settings.DEMONSTRATION = False
    assert client.get(reverse("sent_emails")).status_code == 404


def test_a_letter_is_numbered_at_the_host_of_the_service(settings: Settings) -> None:
    """Kind: the machine's own name in a Message-ID, which reveals something about the network."""
    settings.PUBLIC_URL = "https://suivi.example"
    waiting(NotificationKind.PASSWORD_RESET, context={"first_name": "Awa"})
    deliver_due()
    notification = Notification.objects.get()
    told = mail.outbox[0].message()["Message-ID"]
    assert told == f"<{notification.pk}.1.{notification.created_at:%Y%m%d%H%M%S}@suivi.example>"


def test_an_invitation_that_is_sent_again_says_what_for_and_who_follows_and_answers() -> None:
    portfolio = PortfolioFactory(modality=Modality.GUIDE_WEB)
    enrolment = validated(portfolio)
    person = enrolment.jobseeker
    accounts.invite_again(user=person.user)
    letter = letter_for(Notification.objects.get(kind=NotificationKind.ACCOUNT_ACTIVATION))
    assert "Votre demande de 100\xa0%\xa0web est validée." in letter.body
    assert f"{portfolio.adviser} vous accompagne." in letter.body

    colleague = PortfolioFactory(agency=portfolio.agency).adviser
    planned_absence(portfolio, colleague=colleague, in_days=0)
    letter = letter_for(Notification.objects.get(kind=NotificationKind.ACCOUNT_ACTIVATION))
    assert f"{colleague} vous répond" in letter.body
