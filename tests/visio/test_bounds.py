"""Limits on what one account holds and does: each refusal beside what is accepted."""

from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import BoundedAct, Channel, NotificationKind
from accompaniment.models import ActBound, Document, Jobseeker, Notification
from accompaniment.services.action_plan import StepFacts, add_objective, add_step, tick_step
from accompaniment.services.bounds import SENTENCES, TooManyError, bound_of, set_bound
from accompaniment.services.documents import add_document, remove_document
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.enrolments.interview import ask_enrolment
from accompaniment.services.plan_reviews import answer_plan_request, ask_plan_change
from messaging.enums import CallbackSubject
from messaging.reads.callback_windows import windows_of
from messaging.services.callbacks import ask_callback, cancel_callback
from messaging.services.conversations import open_conversation
from messaging.services.posting import post_message
from tests.accompaniment.factories import JobseekerFactory
from tests.caseload.factories import on_web_track
from tests.visio.factories import InterviewFactory, bookable_portfolio, due_obligation, first_slots, follower
from visio.models import Interview
from visio.reads.invariants import nobody_empties_the_calendar
from visio.services import interviews

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Jobseeker:
    return on_web_track(bookable_portfolio())


def bound(act: BoundedAct, most: int) -> None:
    ActBound.objects.filter(act=act).update(most=most)


def book(person, *, by=None):
    return interviews.book_interview(
        actor=by or person.user,
        jobseeker=person,
        adviser=follower(person),
        starts_at=first_slots(person)[0],
        channel=Channel.VIDEO,
    )


class TestInterviewsHeld:
    def test_as_many_as_the_bound_and_no_more(self, person):
        bound(BoundedAct.INTERVIEWS_HELD, 2)
        held = [book(person) for _ in range(2)]
        letters = Notification.objects.filter(kind=NotificationKind.INTERVIEW_BOOKED).count()

        with pytest.raises(TooManyError, match=r"déjà 2 rendez-vous.*annulez l'un d'eux"):
            book(person)

        assert Interview.objects.live().count() == letters == 2
        interviews.cancel_interview(actor=person.user, interview=held[0])
        assert book(person)

    def test_what_is_due_comes_on_top(self, person):
        bound(BoundedAct.INTERVIEWS_HELD, 1)
        due_obligation(person)
        first, second = book(person), book(person)
        assert first.obligation is not None
        assert second.obligation is None
        with pytest.raises(TooManyError):
            book(person)

    def test_one_that_is_over_is_held_no_more(self, person):
        bound(BoundedAct.INTERVIEWS_HELD, 1)
        InterviewFactory(jobseeker=person, starts_at=timezone.now() - timedelta(hours=1))
        assert book(person)

    def test_an_adviser_books_on_top_and_the_persons_own_room_stays(self, person):
        bound(BoundedAct.INTERVIEWS_HELD, 1)
        adviser = follower(person).user
        assert book(person, by=adviser)
        assert book(person)
        assert book(person, by=adviser)
        with pytest.raises(TooManyError):
            book(person)

    def test_moving_takes_no_more_room(self, person):
        bound(BoundedAct.INTERVIEWS_HELD, 1)
        adviser = follower(person).user
        held = [book(person), book(person, by=adviser)]
        for interview in held:
            moved = interviews.move_interview(
                actor=person.user,
                interview=interview,
                starts_at=first_slots(person)[0],
                channel=Channel.VIDEO,
            )
            assert moved.booked_by == interview.booked_by
        assert list(nobody_empties_the_calendar()) == []

    def test_the_page_says_what_to_do(self, client, person):
        bound(BoundedAct.INTERVIEWS_HELD, 1)
        book(person)
        client.force_login(person.user)
        slot = first_slots(person)[0].isoformat()
        response = client.post(reverse("take_interview"), {"channel": Channel.VIDEO, "slot": slot})
        assert response.status_code == 409
        assert "déplacez ou annulez l&#x27;un d&#x27;eux" in response.content.decode()

    def test_the_invariant_finds_who_holds_more(self, person):
        book(person)
        assert list(nobody_empties_the_calendar()) == []
        for days in range(2, 6):
            InterviewFactory(jobseeker=person, starts_at=timezone.now() + timedelta(days=days))
        (breach,) = nobody_empties_the_calendar()
        assert breach == f"jobseeker {person.identifier} holds 5 interviews beyond what is due, and 3 are allowed"

    def test_a_bound_that_was_lowered_takes_nothing_away(self, person):
        for _ in range(3):
            book(person)
        set_bound(
            actor=None, act=BoundedAct.INTERVIEWS_HELD, most=1, starts_on=timezone.localdate(), within_minutes=None
        )
        assert list(nobody_empties_the_calendar()) == []
        with pytest.raises(TooManyError, match="déjà 1 rendez-vous"):
            book(person)


class TestChangesADay:
    def test_booking_moving_and_cancelling_count_and_cancelling_is_never_refused(self, person):
        bound(BoundedAct.INTERVIEW_CHANGES, 3)
        first = book(person)
        second = interviews.move_interview(
            actor=person.user, interview=first, starts_at=first_slots(person)[1], channel=Channel.VIDEO
        )
        interviews.cancel_interview(actor=person.user, interview=second)
        with pytest.raises(TooManyError, match=r"3 fois en 24\u00a0heures.*réserver pour vous"):
            book(person)

        third = book(person, by=follower(person).user)
        with pytest.raises(TooManyError):
            interviews.move_interview(
                actor=person.user, interview=third, starts_at=first_slots(person)[1], channel=Channel.VIDEO
            )
        assert interviews.cancel_interview(actor=person.user, interview=third)

    def test_the_next_day_is_another_day(self, person, time_machine):
        bound(BoundedAct.INTERVIEW_CHANGES, 1)
        book(person)
        with pytest.raises(TooManyError):
            book(person)
        time_machine.move_to(timezone.now() + timedelta(days=1, minutes=1))
        assert book(person)


class TestOtherActs:
    """Kind: an act that one account can repeat without end at the expense of others."""

    def test_call_backs(self, person):
        bound(BoundedAct.CALLBACKS, 2)

        def ask():
            window = windows_of(person.agency, now=timezone.now())[0]
            return ask_callback(
                actor=person.user,
                jobseeker=person,
                subject=CallbackSubject.OTHER,
                phone="06 12 34 56 78",
                windows=[window],
            )

        for _ in range(2):
            cancel_callback(actor=person.user, request=ask())
        with pytest.raises(TooManyError, match="2 rappels en 24\u00a0heures"):
            ask()

    def test_wishes_for_another_plan(self, person):
        bound(BoundedAct.PLAN_WISHES, 1)
        request = ask_plan_change(actor=person.user, jobseeker=person, comment="Moins souvent")
        answer_plan_request(actor=follower(person).user, request=request, accepted=False, answer="Restons-en là.")
        with pytest.raises(TooManyError):
            ask_plan_change(actor=person.user, jobseeker=person, comment="Moins souvent")

    def test_requests_for_the_web_track(self):
        bound(BoundedAct.ENROLMENTS, 1)
        person = JobseekerFactory(with_account=True)
        ask_enrolment(actor=person.user, jobseeker=person)
        leave_track(actor=person.user, jobseeker=person)
        with pytest.raises(TooManyError):
            ask_enrolment(actor=person.user, jobseeker=person)
        assert ask_enrolment(actor=None, jobseeker=person)  # the limit is not for an adviser or an import

    def test_documents_by_number_with_those_that_were_removed(self, person):
        bound(BoundedAct.DOCUMENTS, 2)
        for _ in range(2):
            document = add_document(actor=person.user, jobseeker=person, title="CV", upload=pdf())
            remove_document(actor=person.user, document=document)
        with pytest.raises(TooManyError, match="2 documents"):
            add_document(actor=person.user, jobseeker=person, title="CV", upload=pdf())
        assert add_document(actor=follower(person).user, jobseeker=person, title="CV", upload=pdf())

    def test_documents_by_size(self, person):
        bound(BoundedAct.DOCUMENT_MEGABYTES, 1)
        add_document(actor=person.user, jobseeker=person, title="CV", upload=pdf(600_000))
        with pytest.raises(TooManyError, match="1\u00a0Mo"):
            add_document(actor=person.user, jobseeker=person, title="CV", upload=pdf(600_000))
        assert add_document(actor=person.user, jobseeker=person, title="CV", upload=pdf(400_000))
        assert Document.objects.count() == 2

    def test_messages_a_minute_of_the_person_and_not_of_the_adviser(self, person, time_machine):
        bound(BoundedAct.MESSAGES, 2)
        conversation = open_conversation(actor=person.user, jobseeker=person)

        def write(author):
            return post_message(actor=author, conversation=conversation, client_id=uuid4(), body="Bonjour")

        for _ in range(2):
            write(person.user)
        with pytest.raises(TooManyError, match=r"2 messages en une minute\. Attendez"):
            write(person.user)
        for _ in range(3):
            write(follower(person).user)
        time_machine.move_to(timezone.now() + timedelta(seconds=61))
        assert write(person.user)

    def test_a_message_over_http_is_refused_with_its_text(self, client, person):
        bound(BoundedAct.MESSAGES, 1)
        conversation = open_conversation(actor=person.user, jobseeker=person)
        client.force_login(person.user)
        url = reverse("conversation", args=[conversation.pk])
        client.post(url, {"body": "Une première ligne", "client_id": uuid4()})
        page = client.post(url, {"body": "Une seconde ligne", "client_id": uuid4()}).content.decode()
        assert "Attendez un instant" in page
        assert "Une seconde ligne" in page
        assert conversation.messages.count() == 1

    def test_steps_ticked_and_reopened(self, person):
        bound(BoundedAct.STEPS_TICKED, 2)
        adviser = follower(person).user
        objective = add_objective(actor=adviser, jobseeker=person, title="Un projet")
        step = add_step(actor=adviser, objective=objective, facts=StepFacts(title="Écrire"))
        tick_step(actor=person.user, step=step, done=True)
        tick_step(actor=person.user, step=step, done=False)
        with pytest.raises(TooManyError):
            tick_step(actor=person.user, step=step, done=True)
        assert tick_step(actor=adviser, step=step, done=True).done_at


class TestBounds:
    def test_every_act_has_a_bound_and_a_sentence(self):
        assert set(SENTENCES) == set(BoundedAct)
        assert all(bound_of(act, day=timezone.localdate()) for act in BoundedAct)

    def test_the_database_refuses_what_is_no_bound(self):
        facts = {"starts_on": timezone.localdate()}
        ActBound.objects.create(act=BoundedAct.CALLBACKS, most=1, within_minutes=1, **facts)
        for wrong in (
            {"act": BoundedAct.MESSAGES, "most": 0, "within_minutes": 1},
            {"act": BoundedAct.MESSAGES, "most": 1, "within_minutes": None},
            {"act": BoundedAct.INTERVIEWS_HELD, "most": 1, "within_minutes": 1},
            {"act": BoundedAct.CALLBACKS, "most": 2, "within_minutes": 1},
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                ActBound.objects.create(**facts, **wrong)

    def test_the_command_sets_one_from_a_day_on(self):
        out = StringIO()
        call_command("set_bound", "messages", "50", "--from", "2090-01-01", stdout=out)
        assert "50 en 1 min, depuis le 2090-01-01" in out.getvalue()
        assert bound_of(BoundedAct.MESSAGES, day=timezone.localdate()).most == 30
        with pytest.raises(CommandError, match="au moins 1"):
            call_command("set_bound", "messages", "0")


def pdf(size: int = 100) -> ContentFile:
    return ContentFile(b"%PDF-1.4\n".ljust(size, b" "), name="cv.pdf")
