"""« Mes notifications »: each one chooses topics, channels and quiet hours; what the law demands stays."""

from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accompaniment.enums import NoticeChannel, Topic
from accompaniment.models import AuditEntry, NoticeSettings
from accompaniment.rules.errors import DomainError
from accompaniment.rules.notices import end_of_quiet
from accompaniment.services.dead_addresses import address_failed
from accompaniment.services.notice_choices import choose_notices, notice_settings_of
from tests.accompaniment.factories import AdviserUserFactory, JobseekerFactory

pytestmark = pytest.mark.django_db

E, S = NoticeChannel.EMAIL, NoticeChannel.SMS
PARIS, REUNION = ZoneInfo("Europe/Paris"), ZoneInfo("Indian/Reunion")
SENT = {"quiet_from": "22:00", "quiet_until": "07:00", "messages": ["sms"], "appointments": []}


def test_a_person_chooses_by_topic_and_channel(client: Client) -> None:
    person = JobseekerFactory(with_account=True)
    client.force_login(person.user)
    assert client.post(reverse("my_notices"), SENT).status_code == 302
    chosen = notice_settings_of(person.user)
    assert chosen.wants(Topic.MESSAGES, S)
    assert not chosen.wants(Topic.MESSAGES, E)
    assert not chosen.wants(Topic.NEWS, E)
    assert not chosen.wants(Topic.APPOINTMENTS, S)
    assert all(chosen.wants(topic, E) for topic in (Topic.APPOINTMENTS, Topic.DECISIONS, Topic.ACCOUNT))
    assert (chosen.quiet_from, chosen.quiet_until) == (time(22), time(7))
    assert AuditEntry.objects.get(jobseeker=person, details__event="notices_chosen").actor == person.user


def test_what_is_chosen_is_shown_again(client: Client) -> None:
    person = JobseekerFactory(with_account=True)
    client.force_login(person.user)
    client.post(reverse("my_notices"), SENT)
    form = client.get(reverse("my_notices")).context["form"]
    shown = {field.name: field.initial for field in form.of_topics}
    silent = ("appointments", "reminders", "decisions", "choices", "news")
    assert shown == {**{topic: [] for topic in silent}, "messages": ["sms"]}
    assert form["quiet_from"].initial == "22:00"


def test_a_channel_that_is_not_offered_keeps_its_choice(client: Client, settings: Settings) -> None:
    person = JobseekerFactory(with_account=True)
    client.force_login(person.user)
    client.post(reverse("my_notices"), SENT)
    settings.SMS_GATEWAY = ""
    assert "Par SMS" not in client.get(reverse("my_notices")).content.decode()
    client.post(reverse("my_notices"), {**SENT, "messages": ["email"]})
    chosen = notice_settings_of(person.user)
    assert chosen.wants(Topic.MESSAGES, E)
    assert chosen.wants(Topic.MESSAGES, S)


def test_the_page_says_what_cannot_be_switched_off(client: Client, settings: Settings) -> None:
    client.force_login(JobseekerFactory(with_account=True).user)
    page = client.get(reverse("my_notices")).content.decode().replace("&#x27;", "'")
    assert page.count("L'e-mail part toujours, à toute heure\u00a0: la loi le demande.") == 2
    settings.SMS_GATEWAY = ""
    assert "Nous vous écrivons toujours par e-mail" in client.get(reverse("my_notices")).content.decode()


@pytest.mark.parametrize("topic", [Topic.APPOINTMENTS, Topic.DECISIONS])
def test_a_required_email_cannot_be_left_out(topic: Topic) -> None:
    person = JobseekerFactory(with_account=True)
    facts: dict[str, Any] = {"offered": (E,), "quiet_from": None, "quiet_until": None, "quiet_for_emails": False}
    with pytest.raises(DomainError, match="part toujours"):
        choose_notices(actor=person.user, wanted={topic: ()}, **facts)
    choose_notices(actor=person.user, wanted={topic: (E,)}, **facts)
    choose_notices(actor=person.user, wanted={Topic.NEWS: ()}, **facts)
    assert NoticeSettings.objects.get().switched_off == ["news:email"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"quiet_from": "22:00", "quiet_until": ""}, 422),
        ({"quiet_from": "", "quiet_until": ""}, 302),
        ({"quiet_from": "22:30", "quiet_until": "07:00"}, 422),
        ({"quiet_from": "", "quiet_until": "", "messages": ["pigeon"]}, 422),
    ],
)
def test_a_wrong_choice_is_refused_with_a_sentence(client: Client, sent: dict[str, Any], status: int) -> None:
    client.force_login(JobseekerFactory(with_account=True).user)
    answer = client.post(reverse("my_notices"), sent)
    assert answer.status_code == status
    assert ("data-error-summary" in answer.content.decode()) is (status == 422)


def test_an_adviser_chooses_among_their_own_topics(client: Client) -> None:
    adviser = AdviserUserFactory()
    client.force_login(adviser)
    form = client.get(reverse("my_notices")).context["form"]
    shown = {field.name: field.initial for field in form.of_topics}
    assert shown == {"messages": [], "relays": ["email"], "portfolio": ["email"]}
    client.post(reverse("my_notices"), {"messages": ["email"], "quiet_from": "", "quiet_until": ""})
    chosen = notice_settings_of(adviser)
    assert chosen.wants(Topic.MESSAGES, E)
    assert not chosen.wants(Topic.RELAYS, E)


@pytest.mark.parametrize("is_dead", [True, False])
def test_the_page_says_that_the_address_reaches_nobody(client: Client, is_dead: bool) -> None:
    person = JobseekerFactory(with_account=True)
    if is_dead:
        address_failed(channel=E, address=person.email, reason="5.1.1", at=timezone.now())
    client.force_login(person.user)
    page = client.get(reverse("my_notices")).content.decode().replace("&#x27;", "'")
    assert ("Nos e-mails n'arrivent plus" in page) is is_dead


@pytest.mark.parametrize(
    ("now", "zone", "end"),
    [
        ("2026-03-03 19:59", PARIS, None),
        ("2026-03-03 20:00", PARIS, "2026-03-04 07:00"),
        ("2026-03-04 02:00", PARIS, "2026-03-04 07:00"),
        ("2026-03-04 07:00", PARIS, None),
        ("2026-03-03 16:59", REUNION, None),
        ("2026-03-03 17:00", REUNION, "2026-03-04 04:00"),
        ("2026-03-28 23:30", PARIS, "2026-03-29 06:00"),  # the clock goes forward in this night
        ("2026-10-24 23:30", PARIS, "2026-10-25 07:00"),  # and back in this one
    ],
)
def test_quiet_hours_are_those_of_the_reader_s_clock(now: str, zone: ZoneInfo, end: str | None) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = end_of_quiet(now=at, quiet_from=time(21), quiet_until=time(8), zone=zone)
    assert found == (datetime.fromisoformat(end).replace(tzinfo=UTC) if end else None)


@pytest.mark.parametrize(("hour", "is_quiet"), [(11, False), (12, True), (13, True), (14, False)])
def test_quiet_hours_of_one_day(hour: int, is_quiet: bool) -> None:
    now = datetime(2026, 3, 3, hour, tzinfo=UTC)
    found = end_of_quiet(now=now, quiet_from=time(13), quiet_until=time(15), zone=PARIS)
    assert (found is not None) is is_quiet
