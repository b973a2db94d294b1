"""Acts in the conversation, on call-backs and on interviews."""

from datetime import time, timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

from django.utils import timezone

from accompaniment.enums import Channel
from accompaniment.models import (
    Objective,
    OnSiteRequest,
    User,
)
from accompaniment.services.action_plan import StepFacts
from messaging.enums import AttemptOutcome, CallbackSubject, CallbackWay
from messaging.models import CallbackRequest, CannedReply, Conversation, PlannedMessage
from messaging.services import (
    attachments,
    callbacks,
    changes,
    conversations,
    dispatches,
    handling,
    planned,
    posting,
    replies,
    steps,
)
from tests.messaging.factories import first_window, say
from tests.messaging.files import PDF
from tests.rights.cases import ADVISERS, FILE, FOLLOWER, OWNER, READERS, REGION, TWO_PEOPLE, Case, M, V, in_days
from tests.rights.house import House
from tests.visio.factories import InterviewFactory, first_slots, missed_interview, noted_absence
from visio.enums import AbsenceDecision, NextStep, RescueReply
from visio.models import Interview
from visio.rules.slots import BookingRules, Stretch
from visio.services import (
    calendars,
    closing,
    departures,
    holds,
    hours,
    interviews,
    missed,
    offers,
    on_site_answers,
    rescue,
    room,
)


def open_room(house: House) -> Interview:
    """Return a video interview of the person with the present adviser, with both in the room."""
    booked = InterviewFactory(jobseeker=house.person)
    room.arrive(actor=house.person.user, interview=booked)
    room.admit(actor=house.portfolio.adviser.user, interview=booked)
    return booked


def booked(house: House, **facts: Any) -> Interview:
    return InterviewFactory(jobseeker=house.person, **facts)


def later(house: House) -> Interview:
    """Return an interview on the adviser's grid, so that it can be moved to another slot."""
    return interviews.book_interview(
        actor=house.person.user,
        jobseeker=house.person,
        adviser=house.portfolio.adviser,
        starts_at=first_slots(house.person)[0],
        channel=Channel.VIDEO,
    )


def left_behind(house: House) -> Interview:
    starts_at = timezone.now() - timedelta(days=2)
    return InterviewFactory(jobseeker=house.person, starts_at=starts_at)


def closed_left_open(house: House, actor: User, it: Any) -> None:
    left = list(departures.left_open(house.portfolio.adviser, now=timezone.now()))
    shown = departures.foresee_closing(house.portfolio.adviser, left).mark
    departures.close_left_open(actor=actor, adviser=house.portfolio.adviser, shown=shown)


def planned_by(house: House) -> PlannedMessage:
    """Return a message of the follower that waits until the agency opens."""
    now = timezone.now()
    found: PlannedMessage = PlannedMessage.objects.create(
        conversation=house.one(Conversation),
        author=house.portfolio.adviser.user,
        client_id=uuid4(),
        body="Bonjour",
        written_at=now,
        due_at=now + timedelta(days=1),
        next_try_at=now + timedelta(days=1),
        after_number=0,
    )
    return found


MEETING_CASES: dict[str, Case] = {
    # The conversation and call-backs.
    f"{M}.conversations.open_conversation": Case(
        READERS, lambda h, actor, it: conversations.open_conversation(actor=actor, jobseeker=h.person)
    ),
    f"{M}.conversations.enter": Case(
        READERS, lambda h, actor, it: conversations.enter(actor=actor, conversation_id=h.one(Conversation).pk)
    ),
    f"{M}.conversations.read_on": Case(
        READERS,
        lambda h, actor, it: conversations.read_on(actor=actor, conversation_id=h.one(Conversation).pk, after=0),
    ),
    f"{M}.conversations.read_back": Case(
        READERS,
        lambda h, actor, it: conversations.read_back(actor=actor, conversation_id=h.one(Conversation).pk, before=9),
    ),
    f"{M}.conversations.mark_read": Case(
        READERS,
        lambda h, actor, it: conversations.mark_read(actor=actor, conversation_id=h.one(Conversation).pk, number=1),
    ),
    f"{M}.changes.change_message": Case(
        FOLLOWER,
        lambda h, actor, it: changes.change_message(
            actor=actor,
            conversation_id=it.conversation_id,
            number=it.number,
            body="Bonsoir",
            seen=changes.shown_of(it).state,
        ),
        lambda h: say(h.one(Conversation), h.portfolio.adviser.user),
    ),
    f"{M}.changes.delete_message": Case(
        OWNER,
        lambda h, actor, it: changes.delete_message(actor=actor, conversation_id=it.conversation_id, number=it.number),
        lambda h: say(h.one(Conversation), h.person.user),
    ),
    f"{M}.posting.post_message": Case(
        OWNER | ADVISERS,
        lambda h, actor, it: posting.post_message(
            actor=actor, conversation=h.one(Conversation), client_id=uuid4(), body="Bonjour"
        ),
    ),
    f"{M}.steps.add_step_of_message": Case(
        ADVISERS,
        lambda h, actor, it: steps.add_step_of_message(
            actor=actor,
            conversation=h.one(Conversation),
            number=it.number,
            objective=h.one(Objective),
            new_objective="",
            facts=StepFacts(title="Envoyer le CV"),
        ),
        lambda h: say(h.one(Conversation), h.person.user),
    ),
    f"{M}.replies.add_reply": Case(
        REGION,
        lambda h, actor, it: replies.add_reply(
            actor=actor, agency=h.portfolio.agency, name="Absence", body="Nous revenons vers vous."
        ),
    ),
    f"{M}.replies.change_reply": Case(
        FOLLOWER,
        lambda h, actor, it: replies.change_reply(
            actor=actor, reply=it, name="Relance", body="Bonsoir {prenom}", seen=replies.shown_of(it).state
        ),
        lambda h: CannedReply.objects.get(name="Relance"),
    ),
    f"{M}.replies.delete_reply": Case(
        REGION,
        lambda h, actor, it: replies.delete_reply(actor=actor, reply=it),
        lambda h: CannedReply.objects.get(name="Horaires"),
    ),
    f"{V}.offers.offer_slots": Case(
        ADVISERS,
        lambda h, actor, it: offers.offer_slots(
            actor=actor,
            jobseeker=h.person,
            channel=Channel.VIDEO,
            slots=first_slots(h.person)[:2],
            text="",
            client_id=uuid4(),
        ),
    ),
    f"{V}.offers.book_offered": Case(
        OWNER,
        lambda h, actor, it: offers.book_offered(actor=actor, offer=it, starts_at=it.slots[0]),
        lambda h: offers.offer_slots(
            actor=h.portfolio.adviser.user,
            jobseeker=h.person,
            channel=Channel.VIDEO,
            slots=first_slots(h.person)[:2],
            text="",
            client_id=uuid4(),
        ),
    ),
    f"{M}.attachments.store": Case(
        OWNER | ADVISERS,
        lambda h, actor, it: attachments.store(
            actor=actor, conversation=h.one(Conversation), name="cv.pdf", source=BytesIO(PDF)
        ),
    ),
    f"{M}.attachments.remove": Case(
        OWNER,
        lambda h, actor, it: attachments.remove(actor=actor, attachment=it),
        lambda h: attachments.store(
            actor=h.person.user, conversation=h.one(Conversation), name="cv.pdf", source=BytesIO(PDF)
        ),
    ),
    f"{M}.dispatches.start_dispatch": Case(
        ADVISERS,
        lambda h, actor, it: dispatches.start_dispatch(
            actor=actor, people=[h.person.pk], token=uuid4(), body="Bonjour"
        ),
    ),
    f"{M}.planned.plan_message": Case(
        OWNER | ADVISERS,
        lambda h, actor, it: planned.plan_message(
            actor=actor, conversation=h.one(Conversation), client_id=uuid4(), body="Bonjour"
        ),
    ),
    f"{M}.planned.plan_in": Case(
        OWNER | ADVISERS,
        lambda h, actor, it: planned.plan_in(
            actor=actor, conversation_id=h.one(Conversation).pk, client_id=uuid4(), body="Bonjour"
        ),
    ),
    f"{M}.planned.change_planned": Case(
        FOLLOWER,
        lambda h, actor, it: planned.change_planned(
            actor=actor, planned=it, body="Bonsoir", seen=planned.shown_of(it).state
        ),
        planned_by,
    ),
    f"{M}.planned.send_now": Case(FOLLOWER, lambda h, actor, it: planned.send_now(actor=actor, planned=it), planned_by),
    f"{M}.planned.withdraw": Case(FOLLOWER, lambda h, actor, it: planned.withdraw(actor=actor, planned=it), planned_by),
    f"{M}.planned.put_away": Case(
        FOLLOWER,
        lambda h, actor, it: planned.put_away(actor=actor, planned=it),
        lambda h: planned.withdraw(actor=h.portfolio.adviser.user, planned=planned_by(h)),
    ),
    f"{M}.dispatches.stop_dispatch": Case(
        FOLLOWER,
        lambda h, actor, it: dispatches.stop_dispatch(actor=actor, dispatch=it),
        lambda h: dispatches.start_dispatch(
            actor=h.portfolio.adviser.user, people=[h.person.pk], token=uuid4(), body="Bonjour"
        ),
    ),
    f"{M}.handling.need_no_reply": Case(
        ADVISERS,
        lambda h, actor, it: handling.need_no_reply(actor=actor, conversation=h.one(Conversation), number=it.number),
        lambda h: posting.post_message(
            actor=h.person.user, conversation=h.one(Conversation), client_id=uuid4(), body="Bonjour"
        ),
    ),
    f"{M}.handling.remind": Case(
        ADVISERS, lambda h, actor, it: handling.remind(actor=actor, conversation=h.one(Conversation))
    ),
    f"{M}.handling.deal_with": Case(
        ADVISERS, lambda h, actor, it: handling.deal_with(actor=actor, conversation=h.one(Conversation))
    ),
    f"{M}.callbacks.ask_callback": Case(
        OWNER,
        lambda h, actor, it: callbacks.ask_callback(
            actor=actor,
            jobseeker=h.person,
            subject=CallbackSubject.TRAINING,
            phone=h.person.phone,
            windows=[first_window(h.person)],
        ),
        lambda h: callbacks.cancel_callback(actor=h.person.user, request=h.one(CallbackRequest)),
    ),
    f"{M}.callbacks.close_callback": Case(
        ADVISERS,
        lambda h, actor, it: callbacks.close_callback(actor=actor, request=h.one(CallbackRequest), outcome="Rappelée"),
    ),
    f"{M}.callbacks.miss_callback": Case(
        ADVISERS,
        lambda h, actor, it: callbacks.miss_callback(
            actor=actor, request=h.one(CallbackRequest), outcome=AttemptOutcome.NO_ANSWER
        ),
    ),
    f"{M}.callbacks.claim_callback": Case(
        ADVISERS, lambda h, actor, it: callbacks.claim_callback(actor=actor, request=h.one(CallbackRequest))
    ),
    f"{M}.callbacks.release_callback": Case(
        {"follower"},
        lambda h, actor, it: callbacks.release_callback(actor=actor, request=h.one(CallbackRequest)),
        lambda h: callbacks.claim_callback(actor=h.portfolio.adviser.user, request=h.one(CallbackRequest)),
    ),
    f"{M}.callbacks.change_callback": Case(
        OWNER,
        lambda h, actor, it: callbacks.change_callback(
            actor=actor,
            request=h.one(CallbackRequest),
            subject=CallbackSubject.FILE,
            phone=h.person.phone,
            windows=[first_window(h.person)],
            comment="",
            way=CallbackWay.CHAT,
        ),
    ),
    f"{M}.callbacks.cancel_callback": Case(
        OWNER, lambda h, actor, it: callbacks.cancel_callback(actor=actor, request=h.one(CallbackRequest))
    ),
    # Interviews.
    f"{V}.calendars.set_calendar": Case(
        FOLLOWER,
        lambda h, actor, it: calendars.set_calendar(
            actor=actor, adviser=h.portfolio.adviser, address="https://exemple.fr/a.ics"
        ),
    ),
    f"{V}.calendars.remove_calendar": Case(
        FOLLOWER, lambda h, actor, it: calendars.remove_calendar(actor=actor, adviser=h.portfolio.adviser)
    ),
    f"{V}.hours.set_booking": Case(
        FOLLOWER,
        lambda h, actor, it: hours.set_booking(
            actor=actor, adviser=h.portfolio.adviser, rules=BookingRules(horizon_days=30)
        ),
    ),
    f"{V}.hours.set_weekday": Case(
        FOLLOWER,
        lambda h, actor, it: hours.set_weekday(
            actor=actor, adviser=h.portfolio.adviser, day=in_days(3), stretches=[Stretch(time(9), time(10))]
        ),
    ),
    f"{V}.hours.set_day": Case(
        FOLLOWER,
        lambda h, actor, it: hours.set_day(actor=actor, adviser=h.portfolio.adviser, day=in_days(3), stretches=[]),
    ),
    f"{V}.hours.follow_the_week": Case(
        FOLLOWER,
        lambda h, actor, it: hours.follow_the_week(actor=actor, adviser=h.portfolio.adviser, day=in_days(3)),
    ),
    f"{V}.holds.hold_slot": Case(
        OWNER | ADVISERS,
        lambda h, actor, it: holds.hold_slot(actor=actor, jobseeker=h.person, starts_at=first_slots(h.person)[0]),
    ),
    f"{V}.interviews.book_interview": Case(
        OWNER | ADVISERS,
        lambda h, actor, it: interviews.book_interview(
            actor=actor,
            jobseeker=h.person,
            adviser=h.portfolio.adviser,
            starts_at=first_slots(h.person)[0],
            channel=Channel.VIDEO,
        ),
    ),
    f"{V}.interviews.move_interview": Case(
        TWO_PEOPLE,
        lambda h, actor, it: interviews.move_interview(
            actor=actor, interview=it, starts_at=first_slots(h.person)[-1], channel=Channel.VIDEO
        ),
        later,
    ),
    f"{V}.interviews.cancel_interview": Case(
        TWO_PEOPLE, lambda h, actor, it: interviews.cancel_interview(actor=actor, interview=it, reason="Réunion"), later
    ),
    f"{V}.closing.close_interview": Case(
        FOLLOWER,
        lambda h, actor, it: closing.close_interview(
            actor=actor, interview=it, conclusions="Bien", next_step=NextStep.CONTINUE
        ),
        open_room,
    ),
    f"{V}.closing.interrupt_interview": Case(
        FOLLOWER, lambda h, actor, it: closing.interrupt_interview(actor=actor, interview=it, note="Son"), open_room
    ),
    f"{V}.missed.note_absence": Case(
        FOLLOWER,
        lambda h, actor, it: missed.note_absence(actor=actor, interview=it),
        lambda h: missed_interview(h.person),
    ),
    f"{V}.missed.let_pass": Case(
        FOLLOWER,
        lambda h, actor, it: missed.let_pass(actor=actor, interview=it),
        lambda h: missed_interview(h.person),
    ),
    f"{V}.missed.explain_absence": Case(
        OWNER,
        lambda h, actor, it: missed.explain_absence(actor=actor, interview=it, text="Mon train"),
        lambda h: noted_absence(h.person),
    ),
    f"{V}.missed.decide_absence": Case(
        FILE,
        lambda h, actor, it: missed.decide_absence(
            actor=actor, interview=it, decision=AbsenceDecision.SET_ASIDE, reason="Train", seen={"answers": "0"}
        ),
        lambda h: noted_absence(h.person),
    ),
    f"{V}.departures.close_left_open": Case(REGION, closed_left_open, left_behind),
    f"{V}.on_site_answers.receive_on_site": Case(
        ADVISERS,
        lambda h, actor, it: on_site_answers.receive_on_site(
            actor=actor, request=h.one(OnSiteRequest), starts_at=first_slots(h.person)[0]
        ),
    ),
    f"{V}.rescue.answer_rescue": Case(
        TWO_PEOPLE,
        lambda h, actor, it: rescue.answer_rescue(actor=actor, interview=it, reply=RescueReply.CANNOT),
        open_room,
    ),
    f"{V}.room.arrive": Case(TWO_PEOPLE, lambda h, actor, it: room.arrive(actor=actor, interview=it), booked),
    f"{V}.room.admit": Case(FOLLOWER, lambda h, actor, it: room.admit(actor=actor, interview=it), booked),
    f"{V}.room.end_call": Case(TWO_PEOPLE, lambda h, actor, it: room.end_call(actor=actor, interview=it), open_room),
    f"{V}.room.report_technical_failure": Case(
        TWO_PEOPLE, lambda h, actor, it: room.report_technical_failure(actor=actor, interview=it, note="Son"), open_room
    ),
    f"{V}.room.continue_by_phone": Case(
        TWO_PEOPLE, lambda h, actor, it: room.continue_by_phone(actor=actor, interview=it), open_room
    ),
    f"{V}.room.give_number": Case(
        OWNER, lambda h, actor, it: room.give_number(actor=actor, interview=it, phone="06 98 76 54 32"), open_room
    ),
}
