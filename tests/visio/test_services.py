"""Booking, moving, cancelling and closing interviews."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accompaniment.enums import Channel, NotificationKind, ObligationState
from accompaniment.models import AuditEntry, Contact, Notification
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services.enrolments.acceptance import leave_track
from caseload.models import CaseSummary
from tests.caseload.factories import PortfolioFactory, on_web_track
from tests.visio.factories import (
    InterviewFactory,
    bookable_portfolio,
    due_obligation,
    first_slots,
    follower,
)
from visio.enums import InterviewState, NextStep
from visio.models import Interview, InterviewEvent, SlotInvitation
from visio.services import closing, interviews, room
from visio.services.errors import SlotTakenError
from visio.services.planning import Planned, plan_interviews

pytestmark = pytest.mark.django_db


def book(jobseeker, starts_at, **facts):
    return interviews.book_interview(
        actor=jobseeker.user,
        jobseeker=jobseeker,
        adviser=follower(jobseeker),
        starts_at=starts_at,
        channel=facts.pop("channel", Channel.VIDEO),
        **facts,
    )


class TestPlanning:
    def test_a_due_obligation_is_planned_and_invited_once(self):
        person = on_web_track(bookable_portfolio())

        assert plan_interviews() == Planned(obligations=1, invitations=1)
        assert plan_interviews() == Planned(obligations=0, invitations=0)

        invitation = SlotInvitation.objects.get(jobseeker=person)
        notification = Notification.objects.get(kind=NotificationKind.CHOOSE_SLOT)
        assert notification.key == f"choose-slot:{invitation.obligation_id}"
        assert notification.email == person.email
        assert notification.context["first_name"] == person.first_name
        assert CaseSummary.objects.get(pk=person.pk).obligation_due_on == invitation.obligation.due_on

    def test_after_an_outage_every_period_that_began_is_there(self):
        person = on_web_track(bookable_portfolio())
        day = timezone.localdate() + timedelta(days=28 * 3)

        assert plan_interviews(today=day) == Planned(obligations=4, invitations=4)
        assert person.slot_invitations.count() == 4

    def test_who_is_not_on_the_web_track_is_not_invited(self):
        person = on_web_track(bookable_portfolio())
        leave_track(actor=person.user, jobseeker=person)

        assert plan_interviews().invitations == 0

    def test_who_has_an_interview_for_the_obligation_is_not_invited(self):
        person = on_web_track(bookable_portfolio())
        obligation = due_obligation(person)
        book(person, first_slots(person, obligation)[0], obligation=obligation)

        assert plan_interviews().invitations == 0

    def test_who_has_no_address_and_no_telephone_is_invited_on_the_page_only(self):
        person = on_web_track(bookable_portfolio())
        person.email, person.phone = None, ""
        person.save(update_fields=["email", "phone"])

        assert plan_interviews().invitations == 1
        assert not Notification.objects.filter(kind=NotificationKind.CHOOSE_SLOT).exists()


class TestBooking:
    def test_a_slot_that_is_offered_is_booked_and_told(self):
        person = on_web_track(bookable_portfolio())
        obligation = due_obligation(person)
        starts_at = first_slots(person, obligation)[3]

        interview = book(person, starts_at, obligation=obligation, channel=Channel.PHONE)

        assert interview.state == InterviewState.BOOKED
        convocation = Notification.objects.get(kind=NotificationKind.INTERVIEW_BOOKED)
        assert convocation.key == f"interview-booked:{interview.pk}"
        assert convocation.context["channel"] == "Par téléphone"
        assert convocation.context["zone"] == "heure de Paris"
        assert convocation.context["adviser"] == interview.adviser.user.full_name
        summary = CaseSummary.objects.get(pk=person.pk)
        assert summary.next_interview_at == starts_at
        assert summary.next_interview_channel == Channel.PHONE
        event = InterviewEvent.objects.get(interview=interview)
        assert (event.from_state, event.to_state, event.actor) == ("", InterviewState.BOOKED, person.user)
        assert AuditEntry.objects.filter(jobseeker=person, details__interview=interview.pk).exists()

    def test_an_hour_outside_the_working_hours_is_refused(self):
        person = on_web_track(bookable_portfolio())
        starts_at = first_slots(person)[0]

        with pytest.raises(SlotTakenError) as refusal:
            book(person, starts_at + timedelta(minutes=7))
        assert refusal.value.sentence == "Ce créneau n'est plus proposé. En voici d'autres."
        assert not Interview.objects.exists()
        assert book(person, starts_at)

    def test_what_somebody_else_has_is_taken_and_the_next_is_free(self):
        portfolio = bookable_portfolio()
        first, second = on_web_track(portfolio), on_web_track(portfolio)
        slots = first_slots(first)
        book(first, slots[0])

        with pytest.raises(SlotTakenError) as refusal:
            book(second, slots[0])
        assert refusal.value.starts_at == slots[0]
        assert slots[0] not in first_slots(second)
        assert book(second, first_slots(second)[0]).starts_at == slots[1]

    def test_one_person_has_one_interview_per_obligation(self):
        person = on_web_track(bookable_portfolio())
        obligation = due_obligation(person)
        slots = first_slots(person, obligation)
        book(person, slots[0], obligation=obligation)

        with pytest.raises(NotAllowedNowError):
            book(person, slots[1], obligation=obligation)
        assert book(person, slots[1])

    def test_only_the_adviser_who_follows_the_person_is_booked(self):
        person = on_web_track(bookable_portfolio())
        stranger = bookable_portfolio().adviser
        starts_at = first_slots(person)[0]

        with pytest.raises(NotAllowedNowError):
            interviews.book_interview(
                actor=person.user, jobseeker=person, adviser=stranger, starts_at=starts_at, channel=Channel.VIDEO
            )
        assert book(person, starts_at)

    def test_chat_is_no_channel_of_an_interview(self):
        person = on_web_track(bookable_portfolio())
        with pytest.raises(DomainError):
            book(person, first_slots(person)[0], channel=Channel.CHAT)

    def test_somebody_elses_obligation_is_refused(self):
        portfolio = bookable_portfolio()
        person, other = on_web_track(portfolio), on_web_track(portfolio)
        with pytest.raises(NotAllowedNowError):
            book(person, first_slots(person)[0], obligation=due_obligation(other))


class TestMovingAndCancelling:
    def test_moving_frees_the_old_slot_and_keeps_the_obligation(self):
        person = on_web_track(bookable_portfolio())
        obligation = due_obligation(person)
        slots = first_slots(person, obligation)
        old = book(person, slots[0], obligation=obligation)

        new = interviews.move_interview(actor=person.user, interview=old, starts_at=slots[1], channel=Channel.PHONE)

        old.refresh_from_db()
        assert (old.state, new.state, new.obligation) == (InterviewState.CANCELLED, InterviewState.BOOKED, obligation)
        assert slots[0] in first_slots(person, obligation)
        assert Notification.objects.get(key=f"interview-booked:{new.pk}").context["replaces"]
        assert not Notification.objects.filter(kind=NotificationKind.INTERVIEW_CANCELLED).exists()

    def test_when_the_new_slot_has_gone_the_old_one_stands(self):
        portfolio = bookable_portfolio()
        person, other = on_web_track(portfolio), on_web_track(portfolio)
        slots = first_slots(person)
        old = book(person, slots[0])
        book(other, slots[1])

        with pytest.raises(SlotTakenError):
            interviews.move_interview(actor=person.user, interview=old, starts_at=slots[1], channel=Channel.VIDEO)
        old.refresh_from_db()
        assert old.state == InterviewState.BOOKED
        assert Interview.objects.filter(jobseeker=person).count() == 1

    def test_cancelling_frees_the_slot_and_tells(self):
        person = on_web_track(bookable_portfolio())
        slots = first_slots(person)
        interview = book(person, slots[0])

        interviews.cancel_interview(actor=person.user, interview=interview)

        assert slots[0] in first_slots(person)
        assert Notification.objects.filter(key=f"interview-cancelled:{interview.pk}").exists()
        assert CaseSummary.objects.get(pk=person.pk).next_interview_at is None
        with pytest.raises(NotAllowedNowError):
            interviews.cancel_interview(actor=person.user, interview=interview)

    def test_the_person_cancels_until_the_hour_and_the_adviser_also_after(self):
        interview = InterviewFactory()
        with time_machine.travel(interview.starts_at + timedelta(minutes=1)):
            with pytest.raises(NotAllowedNowError):
                interviews.cancel_interview(actor=interview.jobseeker.user, interview=interview)
            interviews.cancel_interview(actor=interview.adviser.user, interview=interview)

    def test_leaving_the_track_cancels_what_is_booked(self):
        person = on_web_track(bookable_portfolio())
        interview = book(person, first_slots(person)[0])

        leave_track(actor=person.user, jobseeker=person)

        interview.refresh_from_db()
        assert interview.state == InterviewState.CANCELLED
        assert Notification.objects.filter(key=f"interview-cancelled:{interview.pk}").exists()


def close(interview, actor=None):
    return closing.close_interview(
        actor=actor or interview.adviser.user,
        interview=interview,
        conclusions="Le projet est confirmé.",
        next_step=NextStep.CONTINUE,
    )


class TestClosing:
    def test_a_held_interview_holds_its_obligation_and_is_in_the_journal(self):
        person = on_web_track()
        interview = InterviewFactory(jobseeker=person, obligation=due_obligation(person))
        room.admit(actor=interview.adviser.user, interview=interview)

        report = close(interview)

        interview.refresh_from_db()
        contact = Contact.objects.get(source=f"interview:{interview.pk}")
        obligation = interview.obligation
        obligation.refresh_from_db()
        summary = CaseSummary.objects.get(pk=person.pk)
        assert interview.state == InterviewState.HELD
        assert (contact.channel, contact.author) == (Channel.VIDEO, interview.adviser.user)
        assert report.conclusions in contact.summary
        assert (obligation.state, obligation.contact) == (ObligationState.HELD, contact)
        assert (summary.last_contact_at, summary.last_contact_channel) == (contact.at, Channel.VIDEO)
        assert (summary.next_interview_at, summary.obligation_due_on) == (None, None)

    def test_an_interview_is_closed_once_and_by_its_adviser(self):
        interview = InterviewFactory()
        with pytest.raises(NotAllowedNowError):
            close(interview, actor=PortfolioFactory().adviser.user)
        close(interview)
        with pytest.raises(NotAllowedNowError):
            close(interview)

    def test_an_interview_of_tomorrow_is_not_closed_today(self):
        interview = InterviewFactory(starts_at=timezone.now() + timedelta(days=1))
        with pytest.raises(NotAllowedNowError):
            close(interview)

    def test_what_went_on_by_telephone_is_a_contact_by_telephone(self):
        interview = InterviewFactory()
        room.continue_by_phone(actor=interview.jobseeker.user, interview=interview)
        close(interview)
        assert Contact.objects.get(source=f"interview:{interview.pk}").channel == Channel.PHONE

    def test_an_interrupted_interview_opens_the_choice_again(self):
        person = on_web_track(bookable_portfolio())
        obligation = due_obligation(person)
        interview = InterviewFactory(jobseeker=person, obligation=obligation)

        closing.interrupt_interview(actor=interview.adviser.user, interview=interview, note="Pas de son")

        interview.refresh_from_db()
        obligation.refresh_from_db()
        assert interview.state == InterviewState.INTERRUPTED
        assert interview.technical_failure_at is not None
        assert obligation.state == ObligationState.DUE
        assert Notification.objects.filter(kind=NotificationKind.CHOOSE_SLOT).exists()
        assert book(person, first_slots(person, obligation)[0], obligation=obligation)


class TestRoom:
    def test_letting_in_starts_the_interview_once(self):
        interview = InterviewFactory()
        room.admit(actor=interview.adviser.user, interview=interview)
        first = Interview.objects.get(pk=interview.pk)
        room.admit(actor=interview.adviser.user, interview=interview)
        again = Interview.objects.get(pk=interview.pk)
        assert first.state == InterviewState.IN_PROGRESS
        assert first.admitted_at == again.admitted_at
        assert InterviewEvent.objects.filter(interview=interview).count() == 2

    def test_only_the_adviser_lets_in(self):
        interview = InterviewFactory()
        with pytest.raises(NotAllowedNowError):
            room.admit(actor=interview.jobseeker.user, interview=interview)

    @pytest.mark.parametrize("minutes", [31, -91])
    def test_nobody_is_let_in_out_of_time(self, minutes):
        interview = InterviewFactory(starts_at=timezone.now() + timedelta(minutes=minutes))
        with pytest.raises(NotAllowedNowError):
            room.admit(actor=interview.adviser.user, interview=interview)

    def test_the_first_arrival_counts(self):
        interview = InterviewFactory()
        first = room.arrive(actor=interview.jobseeker.user, interview=interview).arrived_at
        assert room.arrive(actor=interview.jobseeker.user, interview=interview).arrived_at == first

    def test_the_first_technical_report_stands(self):
        interview = InterviewFactory()
        room.report_technical_failure(actor=interview.jobseeker.user, interview=interview, note="Pas d'image")
        room.report_technical_failure(actor=interview.adviser.user, interview=interview, note="Autre")
        interview.refresh_from_db()
        assert interview.technical_failure_note == "Pas d'image"
        assert interview.state == InterviewState.BOOKED
