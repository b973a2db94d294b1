"""An interview that one side misses: whom it calls and when, the three answers, and what they bar."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import NotificationKind
from accompaniment.models import AuditEntry, Jobseeker, NoticeSettings, Notification, Region
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.rules.notices import alert_of
from caseload.reads.file.timeline import timeline_of
from messaging.hooks.past_events import past_among
from messaging.models import Alert
from messaging.services.alerts import claim_alert, sms_of
from messaging.services.delivery import deliver_due, letter_for
from tests.accompaniment.factories import answer_delay
from tests.visio.factories import InterviewFactory, missed_interview
from visio import jobs
from visio.enums import InterviewState, RescueReply, RoomRole
from visio.models import Interview, RescueAnswer, RescueCall
from visio.services.missed import let_pass, note_absence, obstacle_to_noting
from visio.services.rescue import answer_rescue, call_missing
from visio.services.room import IN_ROOM_SINCE, admit, arrive, continue_by_phone, leave, report_technical_failure

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)
TWO_MINUTES = timedelta(minutes=2)
BOTH = ["adviser", "jobseeker"]


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as travelled:
        yield travelled


def called() -> list[str]:
    return sorted(RescueCall.objects.values_list("side", flat=True))


def calls() -> list[Notification]:
    return list(Notification.objects.filter(kind=NotificationKind.INTERVIEW_RESCUE).order_by("pk"))


def test_two_minutes_after_the_hour_whoever_is_missing_is_called_once(clock) -> None:
    interview = InterviewFactory(starts_at=NOW)
    clock.shift(TWO_MINUTES - timedelta(seconds=1))
    jobs.call_missing()
    assert called() == []
    clock.shift(1)
    jobs.call_missing()
    jobs.call_missing()
    assert called() == BOTH
    assert {(row.user_id, row.email) for row in calls()} == {
        (interview.jobseeker.user_id, interview.jobseeker.email),
        (interview.adviser.user_id, interview.adviser.user.email),
    }


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        (lambda i: arrive(actor=i.jobseeker.user, interview=i), ["adviser"]),
        (lambda i: arrive(actor=i.adviser.user, interview=i), ["jobseeker"]),
        (lambda i: admit(actor=i.adviser.user, interview=i), []),
        (lambda i: continue_by_phone(actor=i.adviser.user, interview=i), []),
        (lambda i: report_technical_failure(actor=i.jobseeker.user, interview=i, note=""), []),
        (lambda i: answer_rescue(actor=i.jobseeker.user, interview=i, reply=RescueReply.COMING), ["adviser"]),
        (lambda i: let_pass(actor=i.adviser.user, interview=i), []),
        (lambda i: Interview.objects.filter(pk=i.pk).update(channel="phone"), []),
        (lambda i: None, BOTH),
    ],
    ids=["person", "adviser", "admitted", "phone", "trouble", "answered", "closed", "not video", "nothing"],
)
def test_nobody_is_called_who_is_there_or_has_answered_and_nobody_after_the_end(clock, happened, expected) -> None:
    happened(InterviewFactory(starts_at=NOW))
    clock.shift(TWO_MINUTES)
    call_missing()
    assert called() == expected


def test_who_looked_in_early_and_left_is_called_and_who_came_in_again_is_not(clock) -> None:
    """Kind: somebody who counts as being there because they once were."""
    interview = InterviewFactory(starts_at=NOW + timedelta(minutes=25))
    roles = {RoomRole.ADVISER: interview.adviser.user, RoomRole.JOBSEEKER: interview.jobseeker.user}
    early = {
        role: getattr(arrive(actor=user, interview=interview), IN_ROOM_SINCE[role]) for role, user in roles.items()
    }
    clock.shift(60)
    arrive(actor=interview.jobseeker.user, interview=interview)
    for role, since in early.items():
        leave(interview=interview, role=role, since=since)
    clock.move_to(interview.starts_at + TWO_MINUTES)
    assert call_missing() == 1
    assert called() == ["adviser"]
    (call,) = calls()
    arrive(actor=interview.adviser.user, interview=interview)
    assert past_among(calls(), timezone.now()) == {call.pk}


def test_a_late_clock_calls_until_the_planned_end_and_not_after(clock) -> None:
    over = InterviewFactory(starts_at=NOW)
    clock.move_to(over.ends_at)
    InterviewFactory(starts_at=over.ends_at - timedelta(minutes=5))
    assert call_missing() == 2
    assert not RescueCall.objects.filter(interview=over).exists()


def test_the_database_takes_one_call_of_an_interview_and_side() -> None:
    interview = InterviewFactory()
    RescueCall.objects.create(interview=interview, side="adviser", at=timezone.now())
    RescueCall.objects.create(interview=interview, side="jobseeker", at=timezone.now())
    with pytest.raises(IntegrityError, match="rescue_call_once"), transaction.atomic():
        RescueCall.objects.create(interview=interview, side="adviser", at=timezone.now())


def test_a_call_is_discarded_as_soon_as_its_reader_is_there_has_answered_or_all_is_over(clock) -> None:
    interview = InterviewFactory(starts_at=NOW)
    clock.shift(TWO_MINUTES)
    call_missing()
    rows = {row.context["side"]: row for row in calls()}
    keys = {row.pk for row in rows.values()}
    assert past_among(calls(), timezone.now()) == set()
    assert past_among(calls(), interview.ends_at) == keys
    arrive(actor=interview.adviser.user, interview=interview)
    assert past_among(calls(), timezone.now()) == {rows["adviser"].pk}
    answer_rescue(actor=interview.jobseeker.user, interview=interview, reply=RescueReply.COMING)
    assert past_among(calls(), timezone.now()) == keys


def test_each_reads_the_hour_of_their_own_clock_with_its_name_where_they_differ(clock) -> None:
    interview = InterviewFactory(starts_at=NOW)
    Region.objects.filter(pk=interview.jobseeker.agency.region.pk).update(timezone="Indian/Mayotte")
    clock.shift(TWO_MINUTES)
    same = interview.jobseeker.agency.region == interview.adviser.agency.region
    call_missing()
    for row in calls():
        letter = letter_for(row)
        zone = ZoneInfo("Indian/Mayotte") if same or row.context["side"] == "jobseeker" else ZoneInfo("Europe/Paris")
        assert f"de {NOW.astimezone(zone).hour}\u00a0h" in letter.subject
        assert ("heure de" in letter.subject) == (not same)
        assert reverse("rescue", args=[interview.token]) in letter.body
        assert "J'arrive" in letter.body
    assert "ce n'est pas une absence" in letter_for(calls()[0]).body


def test_the_sms_leaves_in_quiet_hours_and_leads_to_the_three_answers(clock, settings) -> None:
    settings.SMS_GATEWAY = "file"
    interview = InterviewFactory(starts_at=NOW)
    person = interview.jobseeker
    NoticeSettings.objects.create(
        user=person.user, quiet_from="00:00", quiet_until="23:00", quiet_for_emails=True, changed_at=NOW
    )
    clock.shift(TWO_MINUTES)
    call_missing()
    deliver_due()
    alert = claim_alert(now=timezone.now(), channels=("sms",))
    assert alert is not None
    assert Alert.objects.get().notification.jobseeker == person
    path = reverse("rescue", args=[interview.token])
    sentence = alert_of(NotificationKind.INTERVIEW_RESCUE, alert.notification.context)
    assert sms_of(sentence, path=path).text.endswith(path)
    assert Notification.objects.get(pk=alert.notification_id).sent_at is not None, "the e-mail does not wait either"


@pytest.mark.parametrize("reply", RescueReply)
def test_whatever_the_person_answers_it_is_no_absence_and_stands_in_the_journal(clock, reply: RescueReply) -> None:
    answer_delay()
    missed, other = (missed_interview(starts_at=NOW) for _ in range(2))
    clock.shift(timedelta(minutes=3))
    adviser = missed.adviser.user
    assert obstacle_to_noting(missed, now=timezone.now()) is None
    answer_rescue(actor=missed.jobseeker.user, interview=missed, reply=reply)
    with pytest.raises(NotAllowedNowError, match="ce n'est pas une absence"):
        note_absence(actor=adviser, interview=missed)
    months = timeline_of(missed.jobseeker, kind=None, before=None).months
    titles = [event.title for month in months for event in month.events]
    assert any("À l'heure de l'entretien" in title for title in titles)
    assert AuditEntry.objects.filter(jobseeker=missed.jobseeker, details__event=f"rescue_{reply}").count() == 1
    # The adviser's own answer says nothing about the person, unless she cannot come.
    answer_rescue(actor=other.adviser.user, interview=other, reply=reply)
    if reply == RescueReply.COMING:
        assert note_absence(actor=other.adviser.user, interview=other).state == InterviewState.NOTED
        return
    with pytest.raises(NotAllowedNowError, match="ce n'est pas une absence"):
        note_absence(actor=other.adviser.user, interview=other)


def test_a_technical_problem_offers_the_telephone_at_once(clock, client: Client) -> None:
    interview = InterviewFactory(starts_at=NOW)
    Jobseeker.objects.update(phone="")
    clock.shift(TWO_MINUTES)
    client.force_login(interview.jobseeker.user)
    page = client.post(reverse("rescue", args=[interview.token]), {"reply": "trouble"}, follow=True)
    interview.refresh_from_db()
    assert interview.technical_failure_at == interview.phone_since == interview.spoke_up_at == timezone.now()
    assert 'name="phone"' in page.content.decode(), "without a number, the page asks for one"


def test_the_three_answers_stand_first_and_lead_on(clock, client: Client) -> None:
    interview = InterviewFactory(starts_at=NOW)
    address = reverse("rescue", args=[interview.token])
    clock.shift(TWO_MINUTES)
    client.force_login(interview.jobseeker.user)
    page = client.get(address).content.decode()
    main = page[page.index("<h1") :]
    for label in ("J&#x27;arrive", "Problème technique", "Je ne peux pas"):
        assert label in main
    assert main.index("<button") < main.index("En visio avec")
    assert client.post(address, {}).status_code == 422
    assert client.post(address, {"reply": "maybe"}).status_code == 422
    assert client.post(address, {"reply": "coming"}).url == reverse("room", args=[interview.token])
    assert client.post(address, {"reply": "cannot"}).url == address
    assert "C'est noté" in client.get(address).content.decode().replace("&#x27;", "'")
    assert list(RescueAnswer.objects.values_list("side", "reply")) == [
        (RoomRole.JOBSEEKER, "coming"),
        (RoomRole.JOBSEEKER, "cannot"),
    ]


def test_after_the_room_has_closed_an_answer_is_refused_with_the_way_on(clock, client: Client) -> None:
    interview = InterviewFactory(starts_at=NOW)
    address = reverse("rescue", args=[interview.token])
    client.force_login(interview.jobseeker.user)
    clock.move_to(interview.ends_at + timedelta(minutes=60))
    assert "L'entretien est passé" in client.get(address).content.decode().replace("&#x27;", "'")
    refused = client.post(address, {"reply": "coming"})
    assert refused.status_code == 409
    assert not RescueAnswer.objects.exists()
    clock.shift(-1)
    assert client.post(address, {"reply": "coming"}).status_code == 302


def test_the_other_side_reads_the_answer_in_the_room_and_in_the_band(clock, client: Client) -> None:
    interview = InterviewFactory(starts_at=NOW)
    clock.shift(TWO_MINUTES)
    client.force_login(interview.adviser.user)
    news, band = reverse("rescue_news", args=[interview.token]), reverse("interview_band")
    assert "répondu" not in client.get(news).content.decode()
    answer_rescue(actor=interview.jobseeker.user, interview=interview, reply=RescueReply.CANNOT)
    answer = client.get(news)
    assert answer.status_code == 200
    assert "Je ne peux pas venir" in answer.content.decode()
    assert "ne peut pas venir à votre entretien" in client.get(band).content.decode()
    client.force_login(interview.jobseeker.user)
    assert "Je ne peux pas venir" not in client.get(news).content.decode(), "one does not read one's own answer"
    admit(actor=interview.adviser.user, interview=interview)
    assert client.get(news).status_code == 286, "the page stops asking"
