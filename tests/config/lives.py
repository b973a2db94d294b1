"""Lives of people of the demonstration: read from their rows, and repeated by a twin through the services."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from accompaniment.enums import (
    AuditAction,
    Bandwidth,
    ContactNature,
    EnrolmentState,
    Initiator,
    LeavingReason,
    Modality,
    RefusalReason,
    Role,
    Tier,
)
from accompaniment.models import (
    Accompaniment,
    AuditEntry,
    ConsentText,
    Contact,
    DeviceCheck,
    Document,
    Enrolment,
    Jobseeker,
    Note,
    Objective,
    Obligation,
    OnSiteRequest,
    RegistrationInterview,
    Step,
    User,
)
from accompaniment.services import action_plan, documents, notes
from accompaniment.services.accounts import request_first_access
from accompaniment.services.enrolments.acceptance import accept_terms, leave_track
from accompaniment.services.enrolments.interview import open_registration_interview
from accompaniment.services.enrolments.tiers import change_tier
from accompaniment.services.equipment import record_device_check
from accompaniment.services.imports import load_jobseekers
from accompaniment.services.on_site_requests import answer_on_site, ask_on_site
from caseload.models import Adviser, Placement, Portfolio
from caseload.services.file.contacts import ContactFacts, note_contact
from caseload.services.moves.waiting_list import place_waiting
from caseload.services.registration.decisions import refuse_at_interview, validate_at_interview
from config.demonstration.workbooks import ONE_PAGE
from messaging.models import Message, ReadMark
from messaging.services.conversations import mark_read, open_conversation
from messaging.services.delivery import deliver_due
from messaging.services.posting import post_message
from tests.accompaniment.files import as_file, registration
from tests.caseload.factories import findings
from tests.config.callback_lives import add_callbacks
from visio.enums import AbsenceDecision, InterviewState, NextStep, RoomRole
from visio.models import AbsenceAnswer, Interview, InterviewEvent, InterviewReminder, SlotInvitation
from visio.services import missed, reminders, room
from visio.services.closing import close_interview, interrupt_interview
from visio.services.interviews import book_interview, cancel_interview
from visio.services.planning import plan_interviews

NOW = datetime(2035, 11, 21, 10, 26, tzinfo=ZoneInfo("Europe/Paris"))
"""A Wednesday in the future.

On a weekday the demonstration is the same in each run, and the adviser really offers its interview « within minutes ».
Some statements use the database's clock, which must be earlier, so that what they send is due.
"""
SOON = timedelta(seconds=4)
"""The time after which the worker delivers what an act has put into the outbox."""


@dataclass
class Life:
    """A person of the demonstration, and the dated acts that would have led to their rows."""

    person: Jobseeker
    agency: str
    tier: Tier
    acts: list[tuple[datetime, int, Callable[["Twin"], None]]] = field(default_factory=list)

    def add(self, at: datetime | None, act: Callable[["Twin"], None]) -> None:
        """Add an act; acts of the same instant keep their order."""
        if at is not None:
            self.acts.append((at, len(self.acts), act))


@dataclass
class Twin:
    """The same person, made by the services; `known` maps a row of the original to the twin's row."""

    identifier: str
    known: dict[tuple[str, int], Any] = field(default_factory=dict)

    @property
    def person(self) -> Jobseeker:
        """The person's file as it is now."""
        return Jobseeker.objects.select_related("user", "agency__departement__region").get(identifier=self.identifier)

    @property
    def user(self) -> User:
        assert self.person.user is not None
        return self.person.user

    def acting(self, original: User | None) -> User:
        """Return the acting user: the twin for the person, else the member of staff with the same e-mail address."""
        assert original is not None
        return self.user if original.role == Role.JOBSEEKER else User.objects.get(email=original.email)


def life_of(person: Jobseeker) -> Life:
    """Return what a person has lived, read from their rows."""
    periods = list(Accompaniment.objects.filter(jobseeker=person).select_related("decided_by").order_by("started_at"))
    life = Life(person, person.agency.code, Tier(periods[0].tier))
    for enrolment in Enrolment.objects.filter(jobseeker=person).select_related(
        "interview__conducted_by", "consent", "closed_by"
    ):
        _enrolment(life, enrolment, last=periods[-1])
    first_access = AuditEntry.objects.filter(
        jobseeker=person, action=AuditAction.ACCOUNT, details__event="first_access_asked"
    ).first()
    if first_access is not None:
        life.add(first_access.at, _open_the_space)
    _placements(life)
    _meetings(life)
    _conversation(life)
    _requests(life)
    _workbook(life)
    # For a person for whom everything was done in time, the scheduled jobs find nothing to do.
    life.add(NOW, partial(_plan, NOW.date()))
    return life


def _enrolment(life: Life, enrolment: Enrolment, *, last: Accompaniment) -> None:
    interview = enrolment.interview
    if interview is not None:
        life.add(interview.started_at, partial(_open, interview))
        refused = bool(enrolment.refusal_reason)
        life.add(interview.concluded_at, partial(_refuse if refused else _validate, interview, enrolment))
    if enrolment.consent is not None:
        life.add(enrolment.consent.accepted_at, _accept)
    if enrolment.state == EnrolmentState.WITHDRAWN:
        life.add(enrolment.closed_at, partial(_leave, enrolment))
    elif enrolment.leaving_reason == LeavingReason.TIER_CHANGE:
        life.add(enrolment.closed_at, partial(_change_tier, last))
    elif enrolment.leaving_reason:
        life.add(enrolment.closed_at, partial(_leave, enrolment))


def _open_the_space(twin: Twin) -> None:
    request_first_access(identifier=twin.identifier, email=twin.person.email or "")


def _open(interview: RegistrationInterview, twin: Twin) -> None:
    actor = twin.acting(interview.conducted_by)
    twin.known["interview", interview.pk] = open_registration_interview(actor=actor, jobseeker=twin.person)


def _findings(interview: RegistrationInterview) -> Any:
    return findings(
        situation=interview.situation,
        tier=interview.tier,
        has_webcam=interview.has_webcam,
        bandwidth=interview.bandwidth,
        at_ease=interview.at_ease,
        preferred_channel=interview.preferred_channel,
        notes=interview.notes,
    )


def _validate(interview: RegistrationInterview, enrolment: Enrolment, twin: Twin) -> None:
    actor = twin.acting(interview.conducted_by)
    validate_at_interview(
        actor=actor,
        enrolment=Enrolment.objects.get(jobseeker=twin.person),
        interview=twin.known["interview", interview.pk],
        findings=_findings(interview),
        portfolio=Portfolio.objects.get(adviser__user=actor, modality=Modality.GUIDE_WEB),
    )


def _refuse(interview: RegistrationInterview, enrolment: Enrolment, twin: Twin) -> None:
    refuse_at_interview(
        actor=twin.acting(interview.conducted_by),
        enrolment=Enrolment.objects.get(jobseeker=twin.person),
        interview=twin.known["interview", interview.pk],
        findings=_findings(interview),
        reason=RefusalReason(enrolment.refusal_reason),
        comment=enrolment.comment,
    )


def _accept(twin: Twin) -> None:
    accept_terms(actor=twin.user, jobseeker=twin.person, text=ConsentText.objects.latest())


def _leave(enrolment: Enrolment, twin: Twin) -> None:
    leave_track(actor=twin.acting(enrolment.closed_by), jobseeker=twin.person)


def _change_tier(period: Accompaniment, twin: Twin) -> None:
    change_tier(
        actor=twin.acting(period.decided_by), jobseeker=twin.person, tier=Tier(period.tier), reason=period.reason
    )


def _placements(life: Life) -> None:
    """The placements that no other act has made: a manager placed the person from the waiting list."""
    for placement in Placement.objects.filter(jobseeker=life.person).select_related(
        "portfolio__adviser__user", "decided_by"
    ):
        ends_a_track = Enrolment.objects.filter(jobseeker=life.person, closed_at=placement.started_at).exclude(
            leaving_reason=""
        )
        if placement.portfolio.modality != Modality.GUIDE_WEB and not ends_a_track.exists():
            life.add(placement.started_at, partial(_place, placement))


def _place(placement: Placement, twin: Twin) -> None:
    former = placement.portfolio
    place_waiting(
        actor=twin.acting(placement.decided_by),
        jobseeker=twin.person,
        portfolio=Portfolio.objects.get(adviser__user__email=former.adviser.user.email, modality=former.modality),
    )


def _meetings(life: Life) -> None:
    zone = life.person.agency.zone
    for obligation in Obligation.objects.filter(jobseeker=life.person):
        day = obligation.period.lower
        invitation = SlotInvitation.objects.filter(obligation=obligation).first()
        begun = [
            period.started_at
            for period in Accompaniment.objects.filter(jobseeker=life.person)
            if period.started_at.astimezone(zone).date() == day
        ]
        first_round = max(begun, default=datetime.combine(day, time(0), zone)) + timedelta(minutes=1)
        life.add(invitation.invited_at if invitation else first_round, partial(_plan, day))
    for interview in Interview.objects.filter(jobseeker=life.person).select_related(
        "booked_by", "adviser__user", "obligation", "report"
    ):
        _meeting(life, interview)


def _remind(twin: Twin) -> None:
    reminders.send_due()


def _plan(day: date, twin: Twin) -> None:
    plan_interviews(today=day)


def _meeting(life: Life, interview: Interview) -> None:
    life.add(interview.booked_at, partial(_book, interview))
    life.add(interview.arrived_at, partial(_come_and_go, interview, None))
    life.add(interview.adviser_arrived_at, partial(_come_and_go, interview, interview.adviser.user))
    life.add(interview.admitted_at, partial(_in_room, interview, room.admit, interview.adviser.user))
    if interview.technical_failure_at is not None:
        life.add(interview.technical_failure_at, partial(_fail, interview))
    life.add(interview.phone_since, partial(_in_room, interview, room.continue_by_phone, interview.adviser.user))
    if interview.noted_at is not None:
        life.add(interview.noted_at, partial(_act_on, interview, missed.note_absence))
    for reminder in InterviewReminder.objects.filter(interview=interview):
        life.add(reminder.at, _remind)
    for answer in AbsenceAnswer.objects.filter(interview=interview):
        life.add(answer.at, partial(_explain, interview, answer))
    last = InterviewEvent.objects.filter(interview=interview).select_related("actor").latest("at", "pk")
    if interview.closed_at is not None:
        life.add(interview.closed_at, partial(CLOSINGS[InterviewState(interview.state)], interview, last))


def _book(interview: Interview, twin: Twin) -> None:
    due = interview.obligation
    twin.known["meeting", interview.pk] = book_interview(
        actor=twin.acting(interview.booked_by),
        jobseeker=twin.person,
        adviser=Adviser.objects.get(user__email=interview.adviser.user.email),
        starts_at=interview.starts_at,
        channel=interview.channel,
        obligation=Obligation.objects.get(jobseeker=twin.person, period=due.period) if due else None,
    )


def _in_room(interview: Interview, act: Callable[..., Any], by: User | None, twin: Twin) -> None:
    act(actor=twin.acting(by) if by else twin.user, interview=twin.known["meeting", interview.pk])


def _come_and_go(interview: Interview, by: User | None, twin: Twin) -> None:
    there = room.arrive(actor=twin.acting(by) if by else twin.user, interview=twin.known["meeting", interview.pk])
    role = RoomRole.ADVISER if by else RoomRole.JOBSEEKER
    room.leave(interview=there, role=role, since=getattr(there, room.IN_ROOM_SINCE[role]))


def _fail(interview: Interview, twin: Twin) -> None:
    room.report_technical_failure(
        actor=twin.acting(interview.adviser.user),
        interview=twin.known["meeting", interview.pk],
        note=interview.technical_failure_note,
    )


def _act_on(interview: Interview, act: Callable[..., Any], twin: Twin) -> None:
    act(actor=twin.acting(interview.adviser.user), interview=twin.known["meeting", interview.pk])


def _explain(interview: Interview, answer: AbsenceAnswer, twin: Twin) -> None:
    missed.explain_absence(actor=twin.user, interview=twin.known["meeting", interview.pk], text=answer.text)


def _hold(interview: Interview, event: InterviewEvent, twin: Twin) -> None:
    close_interview(
        actor=twin.acting(event.actor),
        interview=twin.known["meeting", interview.pk],
        conclusions=interview.report.conclusions,
        next_step=NextStep(interview.report.next_step),
    )


def _cancel(interview: Interview, event: InterviewEvent, twin: Twin) -> None:
    meeting = twin.known["meeting", interview.pk]
    cancel_interview(actor=twin.acting(event.actor), interview=meeting, reason=event.reason)


def _interrupt(interview: Interview, event: InterviewEvent, twin: Twin) -> None:
    interrupt_interview(
        actor=twin.acting(event.actor),
        interview=twin.known["meeting", interview.pk],
        note=interview.technical_failure_note,
    )


def _decide(interview: Interview, event: InterviewEvent, twin: Twin) -> None:
    missed.decide_absence(
        actor=twin.acting(event.actor),
        interview=twin.known["meeting", interview.pk],
        decision=AbsenceDecision(interview.state),
        reason=event.reason,
        seen=missed.shown_answers(twin.known["meeting", interview.pk]).state,
    )


CLOSINGS: dict[InterviewState, Callable[[Interview, InterviewEvent, Twin], None]] = {
    InterviewState.HELD: _hold,
    InterviewState.CANCELLED: _cancel,
    InterviewState.INTERRUPTED: _interrupt,
    InterviewState.MISSED: _decide,
    InterviewState.EXCUSED: _decide,
}


def _conversation(life: Life) -> None:
    for message in Message.objects.filter(conversation__jobseeker=life.person).select_related("author"):
        life.add(message.created_at, partial(_say, message))
    for mark in ReadMark.objects.filter(conversation__jobseeker=life.person).select_related("user"):
        life.add(mark.at, partial(_read, mark))


def _say(message: Message, twin: Twin) -> None:
    actor = twin.acting(message.author)
    conversation = open_conversation(actor=actor, jobseeker=twin.person)
    post_message(actor=actor, conversation=conversation, client_id=message.client_id, body=message.body)


def _read(mark: ReadMark, twin: Twin) -> None:
    actor = twin.acting(mark.user)
    mark_read(actor=actor, conversation_id=open_conversation(actor=actor, jobseeker=twin.person).pk, number=mark.number)


def _requests(life: Life) -> None:
    add_callbacks(life)
    for wish in OnSiteRequest.objects.filter(jobseeker=life.person).select_related("answered_by"):
        life.add(wish.asked_at, partial(_ask_on_site, wish))
        life.add(wish.answered_at, partial(_answer_on_site, wish))
    for check in DeviceCheck.objects.filter(jobseeker=life.person):
        life.add(check.at, partial(_check_device, check))


def _ask_on_site(wish: OnSiteRequest, twin: Twin) -> None:
    twin.known["wish", wish.pk] = ask_on_site(actor=twin.user, jobseeker=twin.person, comment=wish.comment)


def _answer_on_site(wish: OnSiteRequest, twin: Twin) -> None:
    answer_on_site(actor=twin.acting(wish.answered_by), request=twin.known["wish", wish.pk], answer=wish.answer)


def _check_device(check: DeviceCheck, twin: Twin) -> None:
    record_device_check(
        actor=twin.user,
        jobseeker=twin.person,
        camera=check.camera,
        microphone=check.microphone,
        connection=Bandwidth(check.connection),
        round_trip_ms=check.round_trip_ms,
        device=check.device,
    )


def _workbook(life: Life) -> None:
    for objective in Objective.objects.filter(jobseeker=life.person).select_related("created_by"):
        life.add(objective.created_at, partial(_set_objective, objective))
        for step in objective.steps.order_by("pk"):
            life.add(objective.created_at, partial(_set_step, objective, step))
            life.add(step.done_at, partial(_tick, step))
    for note in Note.objects.filter(jobseeker=life.person).select_related("author"):
        life.add(note.at, partial(_note, note))
    for document in Document.objects.filter(jobseeker=life.person).select_related("added_by"):
        life.add(document.added_at, partial(_add_document, document))
    for entry in AuditEntry.objects.filter(jobseeker=life.person, action=AuditAction.CONTACT_NOTED):
        contact = Contact.objects.select_related("author").get(pk=entry.details["contact"])
        life.add(entry.at, partial(_note_contact, contact))


def _set_objective(objective: Objective, twin: Twin) -> None:
    twin.known["objective", objective.pk] = action_plan.add_objective(
        actor=twin.acting(objective.created_by), jobseeker=twin.person, title=objective.title
    )


def _set_step(objective: Objective, step: Step, twin: Twin) -> None:
    twin.known["step", step.pk] = action_plan.add_step(
        actor=twin.acting(objective.created_by),
        objective=twin.known["objective", objective.pk],
        facts=action_plan.StepFacts(title=step.title, due_on=step.due_on),
    )


def _tick(step: Step, twin: Twin) -> None:
    action_plan.tick_step(actor=twin.user, step=twin.known["step", step.pk], done=True)


def _note(note: Note, twin: Twin) -> None:
    notes.write_note(actor=twin.acting(note.author), jobseeker=twin.person, body=note.body)


def _note_contact(contact: Contact, twin: Twin) -> None:
    nature, began_by = ContactNature(contact.nature), Initiator(contact.began_by)
    facts = ContactFacts(at=contact.at, nature=nature, began_by=began_by, minutes=contact.minutes, text=contact.summary)
    note_contact(actor=twin.acting(contact.author), jobseeker=twin.person, facts=facts)


def _add_document(document: Document, twin: Twin) -> None:
    documents.add_document(
        actor=twin.acting(document.added_by),
        jobseeker=twin.person,
        title=document.title,
        upload=SimpleUploadedFile("cv.pdf", ONE_PAGE),
    )


def live_again(life: Life) -> Jobseeker:
    """Create a twin from a file, let it do all that the person did, and return it."""
    person = life.person
    begins = datetime.combine(person.registered_on, time(0), person.agency.zone)
    with time_machine.travel(begins, tick=False):
        load_jobseekers(actor=None, source=as_file(_row(life)))
    twin = Twin(person.identifier)
    for at, _, act in sorted(life.acts, key=lambda entry: entry[:2]):
        with time_machine.travel(at, tick=False):
            act(twin)
        with time_machine.travel(at + SOON, tick=False):
            deliver_due()
    return twin.person


def _row(life: Life) -> str:
    person = life.person
    return registration(
        person.agency,
        identifiant=person.identifier,
        civilite=person.civility,
        nom=person.last_name,
        prenom=person.first_name,
        date_naissance=f"{person.birth_date:%d/%m/%Y}",
        email=person.email or "",
        telephone=person.phone,
        code_postal=person.postal_code,
        commune=person.commune,
        code_agence=life.agency,
        date_inscription=f"{person.registered_on:%d/%m/%Y}",
        modalite=life.tier,
        volontaire_web="O" if person.volunteers else "N",
        webcam="O" if person.has_webcam else "N",
        debit="bon" if person.bandwidth == Bandwidth.GOOD else "faible",
        rome=person.rome,
    )
