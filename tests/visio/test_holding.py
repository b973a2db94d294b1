"""An interview and the obligation of its period are connected, whichever came first."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from accompaniment.enums import Channel, ContactNature, NotificationKind, ObligationState
from accompaniment.models import AuditEntry, Jobseeker, Notification, Obligation
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.services.plans import change_plan
from messaging.services.delivery import deliver_due
from tests.accompaniment.factories import answer_delay
from tests.caseload.factories import on_web_track
from tests.visio.factories import InterviewFactory, bookable_portfolio, due_obligation, first_slots, follower
from visio.enums import InterviewState, NextStep
from visio.models import Interview
from visio.services import interviews
from visio.services.closing import close_interview
from visio.services.missed import note_absence
from visio.services.planning import Planned, plan_interviews
from visio.services.room import arrive

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Jobseeker:
    return on_web_track(bookable_portfolio())


def book(person, starts_at, *, actor=None):
    return interviews.book_interview(
        actor=actor or person.user,
        jobseeker=person,
        adviser=follower(person),
        starts_at=starts_at,
        channel=Channel.VIDEO,
    )


def invitations() -> int:
    return Notification.objects.filter(kind=NotificationKind.CHOOSE_SLOT).count()


def close(interview: Interview) -> None:
    close_interview(
        actor=interview.adviser.user, interview=interview, conclusions="Le projet avance.", next_step=NextStep.CONTINUE
    )


class TestBookedBeforeThePlannerRan:
    @pytest.mark.parametrize("by_adviser", [False, True], ids=["by the person", "with the adviser"])
    def test_the_interview_holds_the_obligation_and_no_invitation_leaves(self, person, by_adviser):
        interview = book(person, first_slots(person)[0], actor=follower(person).user if by_adviser else None)

        assert plan_interviews() == Planned(obligations=1, invitations=0)

        interview.refresh_from_db()
        assert interview.obligation == Obligation.objects.due().get(jobseeker=person)
        assert invitations() == 0
        assert AuditEntry.objects.filter(details__event="placed", details__interview=interview.pk).count() == 1

    def test_who_booked_nothing_is_asked(self, person):
        assert plan_interviews() == Planned(obligations=1, invitations=1)
        assert invitations() == 1

    def test_an_interview_that_was_held_already_holds_the_obligation(self, person):
        interview = InterviewFactory(jobseeker=person)
        close(interview)

        assert plan_interviews() == Planned(obligations=1, invitations=0)

        obligation = Obligation.objects.get(jobseeker=person)
        assert obligation.state == ObligationState.HELD
        assert obligation.contact.source == f"interview:{interview.pk}"
        interview.refresh_from_db()
        assert interview.obligation == obligation

    def test_one_booked_into_the_period_to_come_holds_that_one(self, person):
        first = due_obligation(person)
        day = first.period.upper + timedelta(days=1)
        coming = InterviewFactory(jobseeker=person, starts_at=timezone.now() + (day - timezone.localdate()) * 1)

        assert plan_interviews(today=first.period.upper).invitations == 1  # for the first period, which is not held

        coming.refresh_from_db()
        assert coming.obligation is not None
        assert coming.obligation.period.lower == first.period.upper

    def test_a_plan_that_changes_asks_nobody_again_who_has_an_interview(self, person):
        """The new plan waives the obligation of the interview. The interview then holds the new obligation."""
        waived = due_obligation(person)
        interview = book(person, first_slots(person, waived)[0])
        change_plan(
            actor=follower(person).user,
            jobseeker=person,
            nature=ContactNature.INTERVIEW,
            channel=Channel.VIDEO,
            interval_days=21,
            reason="Un rythme plus soutenu",
            review_on=timezone.localdate() + timedelta(days=60),
        )

        assert plan_interviews() == Planned(obligations=1, invitations=0)

        interview.refresh_from_db()
        assert interview.obligation == Obligation.objects.due().get(jobseeker=person) != waived


class TestBookedAfterThePlannerRan:
    @pytest.mark.parametrize("by_adviser", [False, True], ids=["by the person", "with the adviser"])
    def test_the_interview_holds_the_obligation_without_being_told(self, person, by_adviser):
        obligation = due_obligation(person)
        interview = book(person, first_slots(person)[0], actor=follower(person).user if by_adviser else None)
        assert interview.obligation == obligation
        assert plan_interviews().invitations == 0

    def test_a_second_one_of_the_period_holds_nothing_until_the_first_is_cancelled(self, person):
        obligation = due_obligation(person)
        first, second = (book(person, slot) for slot in first_slots(person)[:2])
        assert (first.obligation, second.obligation) == (obligation, None)

        interviews.cancel_interview(actor=person.user, interview=first)

        second.refresh_from_db()
        assert second.obligation == obligation
        assert plan_interviews().invitations == 0


class TestMoved:
    def test_into_the_period_it_holds_the_obligation(self, person):
        obligation = due_obligation(person)
        outside = timezone.now() + (obligation.period.upper - timezone.localdate()) + timedelta(days=2)
        interview = InterviewFactory(jobseeker=person, starts_at=outside)

        moved = interviews.move_interview(
            actor=person.user, interview=interview, starts_at=first_slots(person)[0], channel=Channel.VIDEO
        )

        assert moved.obligation == obligation
        assert plan_interviews().invitations == 0

    def test_out_of_the_period_it_still_holds_what_would_be_late(self, person):
        obligation = due_obligation(person)
        interview = book(person, first_slots(person)[0])
        Obligation.objects.filter(pk=obligation.pk).update(
            period=(obligation.period.lower, timezone.localdate() + timedelta(days=1)), due_on=timezone.localdate()
        )
        later = first_slots(person)[-1]
        assert later.date() > timezone.localdate()

        moved = interviews.move_interview(
            actor=person.user, interview=interview, starts_at=later, channel=Channel.VIDEO
        )

        assert moved.obligation == obligation

    def test_one_whose_obligation_is_due_no_more_can_be_moved(self, person):
        obligation = due_obligation(person)
        slots = first_slots(person)
        interview = book(person, slots[0])
        Obligation.objects.filter(pk=obligation.pk).update(
            state=ObligationState.WAIVED, waived_at=timezone.now(), waived_reason="Changement d'accompagnement"
        )

        moved = interviews.move_interview(
            actor=person.user, interview=interview, starts_at=slots[1], channel=Channel.VIDEO
        )

        assert moved.obligation is None


class TestAFreeAppointmentBecomesObligatory:
    """Kind: a person who is held to something without having been told.

    The convocation leaves before an absence can count.
    """

    def test_its_convocation_leaves_and_only_its_delivery_is_the_proof(self, person):
        answer_delay()
        interview = book(person, first_slots(person)[0])
        deliver_due()
        assert mail.outbox[-1].subject.startswith("Votre rendez-vous du ")
        plan_interviews()
        interview.refresh_from_db()
        assert interview.obligation is not None
        assert interview.convocation_delivered_at is None

        late = interview.starts_at + timedelta(minutes=40)
        with time_machine.travel(late), pytest.raises(NotAllowedNowError, match="remise de la convocation"):
            note_absence(actor=interview.adviser.user, interview=interview)

        assert deliver_due() == 1
        letter = mail.outbox[-1]
        assert letter.subject.startswith("Convocation à votre entretien du ")
        assert "Il est désormais obligatoire" in letter.body
        assert "ce message vaut convocation" in letter.body
        interview.refresh_from_db()
        assert interview.convocation_delivered_at is not None
        with time_machine.travel(late):
            arrive(actor=interview.adviser.user, interview=interview)
            noted = note_absence(actor=interview.adviser.user, interview=interview)
        assert noted.state == InterviewState.NOTED

    def test_it_leaves_once_however_often_the_planner_runs(self, person):
        book(person, first_slots(person)[0])
        for _ in range(3):
            plan_interviews()
        assert Notification.objects.filter(key__startswith="interview-obligatory:").count() == 1

    def test_what_was_booked_for_the_obligation_is_convoked_at_once_and_once(self, person):
        due_obligation(person)
        interview = book(person, first_slots(person)[0])
        plan_interviews()
        letter = Notification.objects.get(kind=NotificationKind.INTERVIEW_BOOKED)
        assert letter.context["is_mandatory"]
        assert interview.obligation is not None

    def test_one_that_was_held_already_convokes_nobody(self, person):
        close(InterviewFactory(jobseeker=person))
        plan_interviews()
        assert Obligation.objects.get(jobseeker=person).state == ObligationState.HELD
        assert not Notification.objects.filter(key__startswith="interview-obligatory:").exists()

    def test_the_proof_for_an_obligation_that_is_due_no_more_proves_nothing_of_the_next(self, person):
        waived = due_obligation(person)
        interview = book(person, first_slots(person, waived)[0])
        deliver_due()
        interview.refresh_from_db()
        assert interview.convocation_delivered_at is not None
        change_plan(
            actor=follower(person).user,
            jobseeker=person,
            nature=ContactNature.INTERVIEW,
            channel=Channel.VIDEO,
            interval_days=21,
            reason="Un rythme plus soutenu",
            review_on=timezone.localdate() + timedelta(days=60),
        )
        plan_interviews()
        interview.refresh_from_db()
        assert interview.obligation != waived
        assert interview.convocation_delivered_at is None
        deliver_due()
        interview.refresh_from_db()
        assert interview.convocation_delivered_at is not None
