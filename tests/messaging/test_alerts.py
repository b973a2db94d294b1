"""SMS beside the e-mail or instead of it, over a real HTTP gateway that accepts, refuses, stalls and hangs up."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accompaniment.enums import GivenUpFor, NoticeChannel, NotificationKind
from accompaniment.models import DeadAddress, Jobseeker, NoticeSettings, Notification
from accompaniment.services import outbox
from messaging.models import Alert, Delivery, SmsDay
from messaging.services.alerts import deliver_alerts, letter_failed
from messaging.services.channels import TRIES
from messaging.services.delivery import deliver_due
from messaging.services.sms import day_of, written_to_file
from tests.accompaniment.factories import JobseekerFactory
from tests.caseload.factories import PortfolioFactory, on_web_track
from tests.concurrency.acts import book
from tests.messaging.http_stub import HttpStub, answers, drips, hangs_up, http_stub, stalls
from tests.messaging.mail_server import MailServer, mail_server
from tests.messaging.notifications import CONTEXTS
from tests.visio.factories import bookable_portfolio, due_obligation
from visio.services.interviews import cancel_interview

pytestmark = pytest.mark.django_db

AT_TEN = datetime(2026, 3, 3, 9, tzinfo=UTC)
MOBILE = "+33639980042"


@pytest.fixture(autouse=True)
def _by_day() -> Iterator[None]:
    with time_machine.travel(AT_TEN):
        yield


@pytest.fixture
def stub(settings: Settings) -> Iterator[HttpStub]:
    with http_stub() as running:
        settings.SMS_GATEWAY, settings.SMS_URL, settings.SMS_TOKEN = "http", f"{running.url}/sms", "secret"
        settings.SMS_TIMEOUT = 0.5
        yield running


@pytest.fixture
def server(settings: Settings) -> Iterator[MailServer]:
    with mail_server(settings) as running:
        yield running


@pytest.fixture
def person() -> Jobseeker:
    return JobseekerFactory(with_account=True, phone=MOBILE)


def told(
    person: Jobseeker, kind: NotificationKind = NotificationKind.INTERVIEW_CANCELLED, key: str = "k"
) -> Notification:
    outbox.notify_jobseeker(key=key, kind=kind, jobseeker=person, context=CONTEXTS[kind])
    return Notification.objects.get(key=key)


def deliver() -> int:
    return deliver_due() + deliver_alerts()


def in_the_next_round() -> int:
    later = max(Alert.objects.values_list("next_try_at", flat=True)) + timedelta(seconds=1)
    with time_machine.travel(later):
        return deliver_alerts()


def test_an_interview_is_told_by_sms_beside_the_email(stub: HttpStub, person: Jobseeker) -> None:
    told(person)
    assert deliver() == 2
    (asked,) = stub.asked
    assert asked.path == "/sms"
    assert asked.headers["authorization"] == "Bearer secret"
    assert asked.headers["idempotency-key"] == asked.fields["reference"]
    assert asked.fields["to"] == MOBILE
    assert asked.fields["text"].startswith("Accompagnement 100 % web : Votre entretien du mardi 3 mars 2026")
    assert CONTEXTS[NotificationKind.INTERVIEW_CANCELLED]["message"] not in asked.fields["text"]
    proof = Delivery.objects.get(channel=NoticeChannel.SMS)
    assert (proof.address, proof.reference) == (MOBILE, "g-1")
    assert SmsDay.objects.get().parts == 1
    assert deliver() == 0


def test_other_kinds_are_told_by_sms_only_if_the_person_wants_that(stub: HttpStub, person: Jobseeker) -> None:
    told(person, NotificationKind.PLAN_CHANGED)
    assert deliver() == 1
    NoticeSettings.objects.create(user=person.user, switched_on=["decisions:sms"], changed_at=timezone.now())
    told(person, NotificationKind.PLAN_CHANGED, key="again")
    assert deliver() == 2


@pytest.mark.parametrize("phone", ["", "+33123456789", "+32470123456"])
def test_a_landline_and_a_foreign_number_get_no_sms(stub: HttpStub, phone: str) -> None:
    told(JobseekerFactory(with_account=True, phone=phone))
    assert deliver() == 1
    assert stub.asked == []


def test_a_foreign_number_gets_one_where_its_country_is_set(stub: HttpStub, settings: Settings) -> None:
    settings.SMS_COUNTRIES = frozenset({"BE"})
    told(JobseekerFactory(with_account=True, phone="+32470123456"))
    assert deliver() == 2


class TestGateway:
    """One fault of the gateway at a time, each beside the try that succeeds."""

    @pytest.mark.parametrize(
        "fault", [answers(503), answers(429), answers(302, Location="/other"), stalls, drips, hangs_up]
    )
    def test_a_gateway_that_takes_nothing_now_is_tried_again_and_the_others_keep_their_tries(
        self, stub: HttpStub, person: Jobseeker, fault: Any
    ) -> None:
        told(person)
        told(JobseekerFactory(with_account=True, phone="+33639980043"), key="other")
        stub.acts = [fault]
        assert deliver() == 2
        assert sorted(Alert.objects.values_list("attempts", flat=True)) == [0, 1]
        assert in_the_next_round() == 2
        assert len(stub.asked) == 3
        keys = [asked.headers["idempotency-key"] for asked in stub.asked]
        assert keys.count(keys[0]) == 2  # the same SMS has the same key, so the gateway can send it once

    def test_what_a_gateway_has_surely_not_taken_is_given_back(self, stub: HttpStub, person: Jobseeker) -> None:
        told(person)
        stub.acts = [answers(503)]
        deliver()
        assert SmsDay.objects.get().parts == 0

    def test_what_it_may_have_taken_is_counted(self, stub: HttpStub, person: Jobseeker) -> None:
        told(person)
        stub.acts = [stalls]
        deliver()
        assert SmsDay.objects.get().parts == 1

    def test_a_number_that_is_refused_is_not_tried_again(self, stub: HttpStub, person: Jobseeker) -> None:
        told(person)
        stub.acts = [answers(422)]
        assert deliver() == 1
        alert = Alert.objects.get()
        assert alert.given_up_for == GivenUpFor.DEAD_ADDRESS
        assert DeadAddress.objects.get().address == MOBILE
        told(person, key="again")
        assert deliver() == 1
        assert len(stub.asked) == 1

    def test_a_text_that_is_refused_says_nothing_about_the_number(self, stub: HttpStub, person: Jobseeker) -> None:
        told(person)
        stub.acts = [answers(400)]
        deliver()
        assert Alert.objects.get().given_up_for == GivenUpFor.FAILED
        assert not DeadAddress.objects.exists()

    def test_it_is_given_up_at_last(self, stub: HttpStub, person: Jobseeker) -> None:
        told(person)
        stub.always = answers(500)
        deliver()
        while Alert.objects.filter(given_up_at=None).exists():  # some rounds fall into the night and count no try
            assert in_the_next_round() == 0
        alert = Alert.objects.get()
        assert (alert.attempts, alert.given_up_for) == (TRIES, GivenUpFor.FAILED)
        assert in_the_next_round() == 0
        assert len(stub.asked) == TRIES
        assert not Delivery.objects.filter(channel=NoticeChannel.SMS).exists()

    def test_without_a_gateway_nothing_is_planned(self, person: Jobseeker, settings: Settings) -> None:
        settings.SMS_GATEWAY = ""
        told(person)
        assert deliver() == 1
        assert not Alert.objects.exists()


class TestBudget:
    def test_what_does_not_fit_waits_for_the_next_day_with_all_its_tries(
        self, stub: HttpStub, person: Jobseeker, settings: Settings
    ) -> None:
        settings.SMS_DAILY_BUDGET = 1
        for key in ("first", "second"):
            told(person, key=key)
        assert deliver() == 3
        waiting = Alert.objects.get(sent_at=None)
        assert waiting.attempts == 0
        assert waiting.next_try_at.astimezone(timezone.get_default_timezone()).hour == 0
        with time_machine.travel(AT_TEN + timedelta(hours=12)):
            assert deliver_alerts() == 0
        with time_machine.travel(AT_TEN + timedelta(days=1)):
            assert deliver_alerts() == 1
        assert [day.parts for day in SmsDay.objects.order_by("day")] == [1, 1]

    def test_the_day_of_the_budget_begins_at_midnight_in_paris(self) -> None:
        assert day_of(datetime(2026, 3, 3, 22, 59, tzinfo=UTC)).day == 3
        assert day_of(datetime(2026, 3, 3, 23, 0, tzinfo=UTC)).day == 4


class TestDeadAddress:
    """An e-mail address that the mail server refuses for good."""

    def test_the_letter_is_told_by_sms_and_is_not_tried_again(
        self, server: MailServer, stub: HttpStub, person: Jobseeker
    ) -> None:
        letter = told(person, NotificationKind.PLAN_CHANGED)
        server.at_rcpt = {1: "550 5.1.1 no such mailbox"}
        assert deliver() == 1
        letter.refresh_from_db()
        assert (letter.attempts, letter.given_up_for) == (1, GivenUpFor.DEAD_ADDRESS)
        assert DeadAddress.objects.get().address == person.email
        assert len(stub.asked) == 1

    @pytest.mark.parametrize(
        "answer", ["452 4.2.2 mailbox full", "552 5.2.2 mailbox full", "550 5.7.1 looks like spam", "451 later"]
    )
    def test_other_refusals_say_nothing_about_the_address(
        self, server: MailServer, stub: HttpStub, person: Jobseeker, answer: str
    ) -> None:
        letter = told(person, NotificationKind.PLAN_CHANGED)
        server.at_rcpt = {1: answer}
        assert deliver() == 0
        letter.refresh_from_db()
        assert letter.given_up_at is None
        assert not DeadAddress.objects.exists()

    def test_what_the_law_demands_is_still_tried_and_what_it_does_not_is_told_by_sms(
        self, server: MailServer, stub: HttpStub, person: Jobseeker
    ) -> None:
        told(person, NotificationKind.PLAN_CHANGED, key="first")
        server.at_rcpt = {1: "550 5.1.1 no such mailbox"}
        deliver()
        told(person, NotificationKind.ON_SITE_ANSWERED, key="news")
        assert deliver() == 1  # the SMS
        assert len(server.seen) == 0
        told(person, NotificationKind.PLAN_CHANGED, key="required")
        assert deliver() == 1  # the letter
        assert not DeadAddress.objects.exists()  # it works again
        told(person, NotificationKind.ON_SITE_ANSWERED, key="by e-mail again")
        assert deliver() == 1
        assert len(server.taken) == 2

    def test_a_link_of_the_account_is_never_told_by_sms(
        self, server: MailServer, stub: HttpStub, person: Jobseeker
    ) -> None:
        told(person, NotificationKind.PASSWORD_RESET)
        server.at_rcpt = {1: "550 5.1.1 no such mailbox"}
        assert deliver() == 0
        assert stub.asked == []

    def test_a_letter_that_comes_back_later_counts_as_refused(self, stub: HttpStub, person: Jobseeker) -> None:
        letter = told(person, NotificationKind.PLAN_CHANGED)
        assert deliver() == 1
        letter_failed(letter, address=letter.email, reason="5.1.1 came back", at=timezone.now())
        assert DeadAddress.objects.get().reason == "5.1.1 came back"
        assert deliver_alerts() == 1

    def test_its_sms_waits_for_no_quiet_hour(self, stub: HttpStub, person: Jobseeker) -> None:
        letter = told(person, NotificationKind.PLAN_CHANGED)
        with time_machine.travel(AT_TEN + timedelta(hours=14)):
            letter_failed(letter, address=letter.email, reason="came back", at=timezone.now())
            assert deliver_alerts() == 1

    @pytest.mark.parametrize("is_dead", [True, False])
    def test_the_adviser_reads_it_on_the_person_s_page_with_what_to_do(self, client: Client, is_dead: bool) -> None:
        portfolio = PortfolioFactory()
        person = on_web_track(portfolio)
        if is_dead:
            letter = told(person)
            letter_failed(letter, address=letter.email, reason="came back", at=timezone.now())
        client.force_login(portfolio.adviser.user)
        page = client.get(reverse("person", args=[person.pk])).content.decode()
        assert ("Nos e-mails n'arrivent plus" in page) is is_dead
        assert ("Corriger les coordonnées" in page) is is_dead
        Jobseeker.objects.filter(pk=person.pk).update(email=None)
        assert "Nos e-mails n'arrivent plus" not in client.get(reverse("person", args=[person.pk])).content.decode()


class TestWithoutAddress:
    """A person who has no e-mail address at all."""

    def test_they_are_told_by_sms_at_any_hour_and_no_email_is_tried(self, server: MailServer, stub: HttpStub) -> None:
        person = JobseekerFactory(email=None, phone=MOBILE)
        with time_machine.travel(AT_TEN + timedelta(hours=14)):
            letter = told(person, NotificationKind.PLAN_CHANGED)
            assert deliver() == 1
        assert [asked.fields["to"] for asked in stub.asked] == [MOBILE]
        letter.refresh_from_db()
        assert (letter.email, letter.attempts, letter.given_up_for) == ("", 0, GivenUpFor.DEAD_ADDRESS)
        assert (server.connections, DeadAddress.objects.count()) == (0, 0)

    @pytest.mark.parametrize(
        ("phone", "kind"), [("", NotificationKind.PLAN_CHANGED), (MOBILE, NotificationKind.ACCOUNT_ACTIVATION)]
    )
    def test_without_a_number_or_a_sentence_nothing_is_written(self, phone: str, kind: NotificationKind) -> None:
        person = JobseekerFactory(email=None, phone=phone)
        assert not outbox.notify_jobseeker(key="k", kind=kind, jobseeker=person, context=CONTEXTS[kind])
        assert not Notification.objects.exists()

    def test_the_staff_are_not_told_that_an_email_leaves(self) -> None:
        kind = NotificationKind.PLAN_CHANGED
        person = JobseekerFactory(email=None, phone=MOBILE)
        assert not outbox.notify_jobseeker(key="k", kind=kind, jobseeker=person, context=CONTEXTS[kind])
        assert Notification.objects.get().email == ""


class TestPast:
    """A notification whose event is over is discarded, on every channel."""

    def test_a_convocation_to_a_cancelled_interview_is_not_sent(self, stub: HttpStub) -> None:
        person = on_web_track(bookable_portfolio(), phone=MOBILE)
        due_obligation(person)
        deliver()
        interview = book(person)
        cancel_interview(actor=person.user, interview=interview)
        before = len(stub.asked)
        deliver()
        letter = Notification.objects.get(kind=NotificationKind.INTERVIEW_BOOKED)
        assert (letter.sent_at, letter.given_up_for) == (None, GivenUpFor.PAST)
        assert not Alert.objects.filter(notification=letter).exists()
        assert len(stub.asked) == before + 1  # the cancellation

    def test_the_same_of_one_that_was_not_cancelled_is_sent(self, stub: HttpStub) -> None:
        person = on_web_track(bookable_portfolio(), phone=MOBILE)
        due_obligation(person)
        book(person)
        deliver()
        letter = Notification.objects.get(kind=NotificationKind.INTERVIEW_BOOKED)
        assert letter.sent_at is not None
        assert Alert.objects.get(notification=letter).sent_at is not None

    @pytest.mark.parametrize("is_booked", [True, False])
    def test_an_invitation_to_choose_is_of_no_use_once_the_hour_is_chosen(self, is_booked: bool) -> None:
        person = on_web_track(bookable_portfolio())
        obligation = due_obligation(person)
        outbox.notify_jobseeker(
            key=f"choose-slot:{obligation.pk}:after:1",
            kind=NotificationKind.CHOOSE_SLOT,
            jobseeker=person,
            context=CONTEXTS[NotificationKind.CHOOSE_SLOT],
        )
        if is_booked:
            book(person)
        deliver()
        letter = Notification.objects.get(key__endswith="after:1")
        assert (letter.given_up_for == GivenUpFor.PAST) is is_booked


class TestQuietHours:
    @pytest.mark.parametrize(("hour", "leaves"), [(19, True), (20, False), (23, False), (6, False), (7, True)])
    def test_an_sms_waits_for_the_morning_and_the_email_does_not(
        self, stub: HttpStub, person: Jobseeker, hour: int, leaves: bool
    ) -> None:
        with time_machine.travel(AT_TEN.replace(hour=hour)):
            told(person)
            assert deliver() == (2 if leaves else 1)
        morning = AT_TEN.replace(hour=7) + timedelta(days=1 if hour > 12 else 0, seconds=1)
        with time_machine.travel(morning):
            assert deliver_alerts() == (0 if leaves else 1)

    def test_nobody_s_convocation_or_decision_is_held_back(self, person: Jobseeker) -> None:
        all_day = {"quiet_from": "00:00", "quiet_until": "23:59", "quiet_for_emails": True}
        NoticeSettings.objects.create(user=person.user, changed_at=timezone.now(), **all_day)
        told(person, NotificationKind.TIER_CHANGED, key="required")
        told(person, NotificationKind.ON_SITE_ANSWERED, key="news")
        assert deliver() == 1
        assert Notification.objects.get(key="required").sent_at is not None
        with time_machine.travel(AT_TEN.replace(hour=22, minute=59, second=1)):
            assert deliver() == 1

    def test_the_database_refuses_to_switch_off_what_is_required(self, person: Jobseeker) -> None:
        kept = NoticeSettings(user=person.user, switched_off=["messages:email"], changed_at=timezone.now())
        kept.save()
        kept.switched_off = ["decisions:email"]
        with pytest.raises(IntegrityError, match="keep_what_is_required"), transaction.atomic():
            kept.save()


def test_the_demonstration_keeps_its_sms_in_a_file_and_shows_them(
    client: Client, person: Jobseeker, settings: Settings, tmp_path: Path
) -> None:
    settings.SMS_FILE = tmp_path / "kept" / "sms.jsonl"
    told(person)
    deliver()
    (kept,) = written_to_file()
    assert kept["to"] == MOBILE
    page = client.get(reverse("sent_emails")).content.decode()
    assert "06 39 98 00 42" in page.replace("\u00a0", " ")
    settings.DEMONSTRATION = False
    assert client.get(reverse("sent_emails")).status_code == 404
