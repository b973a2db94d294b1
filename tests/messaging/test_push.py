"""Alerts in browsers, over a real push service on this machine: what it gets, and when a browser is forgotten."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import http_ece
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from py_vapid import Vapid02
from pytest_django import Settings

from accompaniment.enums import GivenUpFor, NoticeChannel, NotificationKind
from accompaniment.jobs import clear_sessions
from accompaniment.models import AuditEntry, Device, NoticeSettings, Notification, User
from accompaniment.rules.errors import DomainError
from accompaniment.services import devices
from accompaniment.services.devices import MOST_DEVICES, add_device, is_of_a_push_service
from messaging.models import Alert, Delivery
from messaging.reads.invariants import MESSAGING_CHECKS
from messaging.services.alerts import deliver_alerts
from messaging.services.delivery import deliver_due
from messaging.services.unread import tell_unread
from tests.messaging.factories import Pair, pair, say
from tests.messaging.http_stub import Asked, HttpStub, answers, hangs_up, http_stub, stalls
from tests.messaging.notifications import CONTEXTS, waiting

pytestmark = pytest.mark.django_db

AT_TEN = datetime(2026, 3, 3, 9, tzinfo=UTC)
KEY = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"
SECRET = "Un texte que personne d'autre ne lit"


@dataclass
class Browser:
    """What a browser keeps for itself."""

    private: ec.EllipticCurvePrivateKey
    secret: bytes
    endpoint: str

    @property
    def fields(self) -> dict[str, str]:
        point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.endpoint, "key": _packed(point), "secret": _packed(self.secret)}

    def read(self, asked: Asked) -> dict[str, str]:
        content = http_ece.decrypt(asked.body, private_key=self.private, auth_secret=self.secret, version="aes128gcm")
        told: dict[str, str] = json.loads(content)
        return told


def _packed(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


@pytest.fixture
def stub(settings: Settings) -> Iterator[HttpStub]:
    with http_stub() as running, time_machine.travel(AT_TEN):
        settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = KEY, "mailto:exploitation@exemple.fr"
        settings.PUSH_SERVICES, settings.PUSH_TIMEOUT = frozenset({running.url}), 0.5
        settings.SMS_GATEWAY = ""
        yield running


@pytest.fixture
def two(stub: HttpStub) -> Pair:
    tell_unread()  # what came before is told to nobody
    found = pair()
    Notification.objects.all().update(given_up_at=timezone.now())
    return found


def browser(stub: HttpStub, name: str = "a") -> Browser:
    return Browser(ec.generate_private_key(ec.SECP256R1()), bytes(range(16)), f"{stub.url}/push/{name}")


def with_browser(stub: HttpStub, user: User, name: str = "a") -> tuple[Client, Browser]:
    """Log in, and ask for alerts as the script of the page does."""
    client, own = Client(), browser(stub, name)
    client.force_login(user)
    assert client.post(reverse("my_device"), own.fields).status_code == 204
    return client, own


def said_and_told(two: Pair) -> None:
    say(two.conversation, two.adviser, SECRET)
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        tell_unread()
        deliver_due()
        deliver_alerts()


def test_a_browser_is_told_of_a_message_without_its_text_and_opens_the_conversation(stub: HttpStub, two: Pair) -> None:
    _, own = with_browser(stub, two.person)
    said_and_told(two)
    (asked,) = stub.asked
    told = own.read(asked)
    assert told["body"] == "Un message vous attend."
    assert told["url"] == reverse("conversation", args=[two.conversation.pk])
    assert SECRET not in str(told)
    assert b"message" not in asked.body  # the push service reads nothing
    assert asked.headers["content-encoding"] == "aes128gcm"
    assert Vapid02.verify(asked.headers["authorization"])
    assert f"k={devices.public_key()}" in asked.headers["authorization"]
    proof = Delivery.objects.get(channel=NoticeChannel.PUSH)
    assert proof.address == stub.url.removeprefix("http://")
    assert [breach for check in MESSAGING_CHECKS for breach in check()] == []


def test_an_adviser_without_e_mails_about_messages_is_told_in_the_browser(stub: HttpStub, two: Pair) -> None:
    with_browser(stub, two.adviser)
    say(two.conversation, two.person)
    with time_machine.travel(AT_TEN + timedelta(minutes=3)):
        assert tell_unread() == 1
        deliver_due()
        assert deliver_alerts() == 1
    assert Notification.objects.get(user=two.adviser, given_up_for=GivenUpFor.NOT_WANTED).sent_at is None


def test_every_browser_is_told(stub: HttpStub, two: Pair) -> None:
    for name in "ab":
        with_browser(stub, two.person, name)
    said_and_told(two)
    assert sorted(asked.path for asked in stub.asked) == ["/push/a", "/push/b"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(stub: HttpStub, two: Pair, status: int) -> None:
    with_browser(stub, two.person)
    stub.always = answers(status)
    said_and_told(two)
    assert not Device.objects.exists()
    assert Alert.objects.get().given_up_for == GivenUpFor.DEAD_ADDRESS


@pytest.mark.parametrize("fault", [answers(503), answers(429), stalls, hangs_up])
def test_a_push_service_that_is_away_is_tried_again(stub: HttpStub, two: Pair, fault: object) -> None:
    with_browser(stub, two.person)
    stub.acts = [fault]
    said_and_told(two)
    alert = Alert.objects.get()
    assert (alert.attempts, alert.sent_at, Device.objects.count()) == (1, None, 1)
    with time_machine.travel(alert.next_try_at + timedelta(seconds=1)):
        assert deliver_alerts() == 1


class TestEnd:
    """The alerts end with the session that asked for them."""

    @pytest.mark.parametrize("how", ["log-out", "password", "closed", "expired", "stays"])
    def test_nobody_is_told_in_a_browser_whose_session_is_over(self, stub: HttpStub, two: Pair, how: str) -> None:
        client, _ = with_browser(stub, two.person)
        if how == "log-out":
            client.post(reverse("log_out"))
        elif how == "password":
            two.person.set_password("une autre phrase de passe")
            two.person.save()
        elif how == "closed":
            User.objects.filter(pk=two.person.pk).update(is_active=False)
        with time_machine.travel(AT_TEN + timedelta(days=1 if how == "expired" else 0)):
            said_and_told(two)
        assert len(stub.asked) == (1 if how == "stays" else 0)
        if how != "closed":
            assert Device.objects.count() == (1 if how == "stays" else 0)

    def test_a_browser_that_nobody_tells_anything_is_forgotten_too(self, stub: HttpStub, two: Pair) -> None:
        client, _ = with_browser(stub, two.person)
        _, other = with_browser(stub, two.person, "b")
        client.logout()
        clear_sessions()
        assert list(Device.objects.values_list("endpoint", flat=True)) == [other.endpoint]

    def test_the_page_ends_them_for_this_browser_only(self, stub: HttpStub, two: Pair) -> None:
        client, own = with_browser(stub, two.person)
        _, other = with_browser(stub, two.person, "b")
        stranger = Client()
        stranger.force_login(two.adviser)
        stranger.post(reverse("my_device"), {"endpoint": other.endpoint, "ends": "1"})
        client.post(reverse("my_device"), {"endpoint": own.endpoint, "ends": "1"})
        assert list(Device.objects.values_list("endpoint", flat=True)) == [other.endpoint]
        events = AuditEntry.objects.filter(details__event__startswith="device").values_list("details__event", flat=True)
        assert sorted(events) == ["device_added", "device_added", "device_dropped"]

    def test_a_browser_in_which_somebody_else_logs_in_is_theirs(self, stub: HttpStub, two: Pair) -> None:
        _, own = with_browser(stub, two.person)
        other = Client()
        other.force_login(two.adviser)
        other.post(reverse("my_device"), own.fields)
        assert Device.objects.get().user == two.adviser


class TestChoice:
    def test_what_is_not_wanted_is_not_told(self, stub: HttpStub, two: Pair) -> None:
        with_browser(stub, two.person)
        NoticeSettings.objects.create(user=two.person, switched_off=["messages:push"], changed_at=AT_TEN)
        said_and_told(two)
        assert stub.asked == []

    def test_quiet_hours_hold_it_back(self, stub: HttpStub, two: Pair) -> None:
        with_browser(stub, two.person)
        with time_machine.travel(AT_TEN + timedelta(hours=11, minutes=30)):
            said_and_told(two)
            assert stub.asked == []
        Device.objects.update(session_key=_session_of(two.person))
        with time_machine.travel(AT_TEN + timedelta(hours=22)):
            assert deliver_alerts() == 0  # and the session is over by then

    def test_a_link_of_the_account_is_never_told(self, stub: HttpStub, two: Pair) -> None:
        with_browser(stub, two.person)
        kind = NotificationKind.PASSWORD_RESET
        waiting(kind, user=two.person, jobseeker=two.jobseeker, email=two.person.email, context=CONTEXTS[kind])
        deliver_due()
        assert not Alert.objects.exists()

    def test_the_page_offers_it_only_with_a_key(self, stub: HttpStub, two: Pair, settings: Settings) -> None:
        client, _ = with_browser(stub, two.person)
        assert devices.public_key() in client.get(reverse("my_notices")).content.decode()
        settings.VAPID_PRIVATE_KEY = ""
        page = client.get(reverse("my_notices")).content.decode()
        assert "notice-device" not in page
        assert "Par une alerte" not in page


def _session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return str(client.session.session_key)


class TestWhatABrowserGives:
    def test_only_push_services_are_posted_to(self, settings: Settings) -> None:
        """Kind: an address from outside to which the service connects, which may be a machine inside."""
        good = ("https://fcm.googleapis.com/a", "https://db5p.notify.windows.com/x?y=1")
        bad = (
            "http://fcm.googleapis.com/a", "https://fcm.googleapis.com:8443/a", "https://u@fcm.googleapis.com/a",
            "https://fcm.googleapis.com.evil.example/", "https://notify.windows.com/", "https://a.b.notify.windows.com/",
            "https://evil.example/.notify.windows.com", "https://localhost/", "file:///etc/passwd", "https://[::1/", "",
        )  # fmt: skip
        assert [one for one in (*good, *bad) if is_of_a_push_service(one)] == list(good)

    @pytest.mark.parametrize(
        "wrong", [{"endpoint": "https://evil.example/"}, {"key": "AAAA"}, {"secret": "é"}, {"key": ""}]
    )
    def test_anything_else_is_refused(self, stub: HttpStub, two: Pair, wrong: dict[str, str]) -> None:
        client = Client()
        client.force_login(two.person)
        assert client.post(reverse("my_device"), {**browser(stub).fields, **wrong}).status_code == 400
        with pytest.raises(DomainError):
            add_device(actor=two.person, session_key="x", **{**browser(stub).fields, **wrong})
        assert not Device.objects.exists()

    def test_an_account_has_a_few_and_the_oldest_goes(self, stub: HttpStub, two: Pair) -> None:
        for number in range(MOST_DEVICES + 1):
            add_device(actor=two.person, session_key="x", **browser(stub, str(number)).fields)
        assert Device.objects.count() == MOST_DEVICES
        assert not Device.objects.filter(endpoint__endswith="/0").exists()
