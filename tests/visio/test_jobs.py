"""Planning by the scheduler and by hand, and what the delivery of a convocation proves."""

from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from accompaniment.models import AuditEntry, Notification
from tests.caseload.factories import AdviserFactory, on_web_track
from tests.visio.factories import bookable_portfolio, due_obligation, first_slots, follower
from visio import jobs
from visio.models import SlotInvitation
from visio.services.hours import give_usual_hours
from visio.services.interviews import book_interview
from visio.services.proofs import note_convocation

pytestmark = pytest.mark.django_db


def test_beat_wakes_the_planner():
    on_web_track(bookable_portfolio())
    assert settings.CELERY_BEAT_SCHEDULE["plan-interviews"]["task"] == jobs.plan_interviews.name
    jobs.plan_interviews()
    jobs.plan_interviews()
    assert SlotInvitation.objects.count() == 1


def test_by_hand_it_says_what_it_did():
    on_web_track(bookable_portfolio())
    out = StringIO()
    call_command("plan_interviews", today=timezone.localdate(), stdout=out)
    assert out.getvalue() == "1 obligations planned, 1 people invited.\n"


def test_a_day_that_is_none_is_refused():
    with pytest.raises(CommandError):
        call_command("plan_interviews", "--today", "demain")


def test_the_first_delivery_of_the_convocation_is_the_proof():
    person = on_web_track(bookable_portfolio())
    interview = book_interview(
        actor=person.user,
        jobseeker=person,
        adviser=follower(person),
        starts_at=first_slots(person)[0],
        channel="video",
        obligation=due_obligation(person),
    )
    first = timezone.now()
    for notification in Notification.objects.all():
        for at in (first, timezone.now()):
            with transaction.atomic():
                note_convocation(notification, at)
    interview.refresh_from_db()
    assert interview.convocation_delivered_at == first
    proofs = AuditEntry.objects.filter(jobseeker=person, details__event="convocation_delivered")
    assert [(row.actor, row.details["interview"]) for row in proofs] == [(None, interview.pk)]


def test_new_advisers_get_the_usual_hours_once():
    advisers = [AdviserFactory(), AdviserFactory()]
    give_usual_hours(advisers)
    give_usual_hours(advisers)
    assert [adviser.working_hours.count() for adviser in advisers] == [10, 10]


def test_the_delivery_of_a_letter_about_a_free_appointment_proves_nothing():
    person = on_web_track(bookable_portfolio())
    interview = book_interview(
        actor=person.user,
        jobseeker=person,
        adviser=follower(person),
        starts_at=first_slots(person)[0],
        channel="video",
    )
    with transaction.atomic():
        note_convocation(Notification.objects.get(key=f"interview-booked:{interview.pk}"), timezone.now())
    interview.refresh_from_db()
    assert interview.convocation_delivered_at is None
