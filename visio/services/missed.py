"""An interview without the person: noted, explained, and only then decided by a named person.

The interview's adviser notes it, with proof. The person is told and may explain. After the explanation, or after the
time for it, somebody who may act on the file at that time decides. No machine ever decides.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, Channel, NotificationKind, ObligationState
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Notification, User
from accompaniment.reads.waiting_times import answer_delay
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.meanwhile import Shown, State, check_seen
from accompaniment.services import audit
from accompaniment.services.rights import check_acts, check_own
from visio.enums import AbsenceDecision, InterviewState
from visio.locks import lock_interview
from visio.models import ANSWER_LENGTH, REASON_LENGTH, AbsenceAnswer, Interview
from visio.rules import ABSENCE_STATES
from visio.rules.states import NOT_BEGUN, absence_obstacle, confirming_obstacle, end_of_answers
from visio.services import notices
from visio.services.broadcast import tell_room
from visio.services.changes import move_state
from visio.services.closing import lock_to_close
from visio.services.summaries import refresh_summary


def shown_answers(interview: Interview) -> Shown:
    """Return what a page shows of the person's explanations of an absence: their number."""
    return Shown("absence", interview.pk, {"answers": str(interview.absence_answers.count())})


def obstacle_to_noting(interview: Interview, *, now: datetime) -> str | None:
    """Return in French why an absence from this interview cannot be noted, or None if it can."""
    due = interview.obligation
    return absence_obstacle(
        is_obligatory=due is not None and due.state == ObligationState.DUE,
        starts_at=interview.starts_at,
        convocation_delivered_at=interview.convocation_delivered_at,
        technical_failure_at=interview.technical_failure_at,
        arrived_at=interview.arrived_at,
        spoke_up_at=interview.spoke_up_at,
        adviser_came=interview.adviser_arrived_at is not None or interview.channel_used != Channel.VIDEO,
        now=now,
    )


def obstacle_to_confirming(interview: Interview, *, now: datetime) -> str | None:
    """Return in French why a noted absence cannot be confirmed yet, or None if it can."""
    if interview.answer_until is None:
        return "Aucune absence n'a été notée."
    return confirming_obstacle(
        answered_at=interview.answered_at, told_at=interview.told_at, answer_until=interview.answer_until, now=now
    )


def note_absence(*, actor: User, interview: Interview) -> Interview:
    """Note that the person was not there, tell them, and give them time to explain. Nothing is decided.

    Raises NotAllowedNowError with the obstacle, if there is one: no obligation, no proof of delivery, a technical
    problem, or no delay to explain in the settings.
    """
    with transaction.atomic():
        locked = lock_to_close(actor, interview)
        now = timezone.now()
        obstacle = obstacle_to_noting(locked, now=now)
        if obstacle is not None:
            raise NotAllowedNowError(obstacle, about="outcome")
        locked.noted_at, locked.noted_by = now, actor
        locked.answer_until = _answer_until(locked, at=now)
        move_state(locked, actor=actor, at=now, to_state=InterviewState.NOTED)
        notices.send_absence_noted(locked)
        refresh_summary(locked.jobseeker_id)
        tell_room(locked.pk, "closed")
        return locked


def let_pass(*, actor: User, interview: Interview) -> Interview:
    """Close an interview to which the person did not come, without consequence. It is not an absence.

    Raises NotAllowedNowError before the hour: the room is open by then, but nobody is late.
    """
    with transaction.atomic():
        locked = lock_to_close(actor, interview)
        now = timezone.now()
        if now < locked.starts_at:
            raise NotAllowedNowError(NOT_BEGUN, about="outcome")
        move_state(locked, actor=actor, at=now, to_state=InterviewState.EXCUSED)
        if locked.obligation is not None and locked.obligation.state == ObligationState.DUE:
            notices.invite_again(locked)
        refresh_summary(locked.jobseeker_id)
        tell_room(locked.pk, "closed")
        return locked


def explain_absence(*, actor: User, interview: Interview, text: str) -> AbsenceAnswer:
    """Store the person's explanation of a noted absence. They may add to it until it is decided.

    Raises NotAllowedNowError for anybody else and after the decision, DomainError for an empty or too long text.
    """
    said = text.strip()
    if not said:
        raise DomainError("Écrivez ce qui s'est passé, même en une phrase.", about="text")
    if len(said) > ANSWER_LENGTH:
        raise DomainError(f"Écrivez {ANSWER_LENGTH} caractères au plus.", about="text")
    with transaction.atomic():
        person = lock_jobseeker(interview.jobseeker_id)
        locked = lock_interview(interview.pk)
        check_own(actor, person, "Seule la personne concernée explique son absence.")
        if locked.state != InterviewState.NOTED:
            raise NotAllowedNowError("La décision est déjà prise. Votre texte n'a pas été enregistré.")
        now = timezone.now()
        answer = AbsenceAnswer.objects.create(interview=locked, jobseeker=person, at=now, text=said)
        if locked.answered_at is None:
            locked.answered_at = now
            locked.save(update_fields=["answered_at"])
        audit.record(
            actor=actor,
            jobseeker=person,
            action=AuditAction.INTERVIEW,
            interview=locked.pk,
            event="absence_explained",
        )
        return answer


def decide_absence(
    *, actor: User, interview: Interview, decision: AbsenceDecision, reason: str, seen: State
) -> Interview:
    """Confirm a noted absence or set it aside, with a reason that the person reads. One set aside never returns.

    An absence is confirmed only after the person was heard or had the time to explain. It can be set aside at any time,
    even after a confirmation, because this favours the person. Raises ChangedMeanwhileError if there are other
    explanations than were `seen` (`shown_answers`), NotAllowedNowError if the actor may not act on the file or the
    decision was already taken, DomainError without a reason.
    """
    why = reason.strip()
    if not why:
        raise DomainError("Dites pourquoi, en une phrase\u00a0: la personne la lit.", about="reason")
    if len(why) > REASON_LENGTH:
        raise DomainError(f"Écrivez {REASON_LENGTH} caractères au plus.", about="reason")
    with transaction.atomic():
        person = lock_jobseeker(interview.jobseeker_id)
        locked = lock_interview(interview.pk)
        check_acts(actor, person)
        if locked.state not in ABSENCE_STATES:
            raise NotAllowedNowError(f"Cette absence est déjà décidée ({locked.get_state_display().lower()}).")
        check_seen(seen, shown_answers(locked), "La personne vient d'ajouter une explication. Lisez-la, puis décidez.")
        now = timezone.now()
        if decision == AbsenceDecision.KEPT:
            obstacle = obstacle_to_confirming(locked, now=now)
            if obstacle is not None:
                raise NotAllowedNowError(obstacle, about="decision")
        move_state(locked, actor=actor, at=now, to_state=InterviewState(decision), reason=why)
        notices.send_absence_decided(locked, decided_by=actor, reason=why)
        refresh_summary(locked.jobseeker_id)
        return locked


def note_told(notification: Notification, at: datetime) -> None:
    """Store when the mail server accepted the e-mail about a noted absence.

    Runs in the caller's transaction, with the person locked first. If the letter was sent late, the time to explain
    grows by that delay.
    """
    if notification.kind != NotificationKind.ABSENCE_NOTED or notification.jobseeker_id is None:
        return
    person = lock_jobseeker(notification.jobseeker_id)
    locked = lock_interview(notification.context["interview"])
    if locked.jobseeker_id != person.pk or locked.told_at is not None or locked.answer_until is None:
        return
    locked.told_at = at
    locked.answer_until = max(locked.answer_until, _answer_until(locked, at=at))
    locked.save(update_fields=["told_at", "answer_until"])
    audit.record(
        actor=None,
        jobseeker=person,
        action=AuditAction.INTERVIEW,
        interview=locked.pk,
        event="absence_told",
        delivered_at=at,
    )


def _answer_until(interview: Interview, *, at: datetime) -> datetime:
    zone = interview.adviser.agency.zone
    day = at.astimezone(zone).date()
    days = answer_delay(on=day)
    if days is None:
        raise NotAllowedNowError(
            "Aucun délai de réponse n'est fixé pour une absence. Un responsable de tout le pays le fixe."
        )
    return end_of_answers(from_day=day, days=days, zone=zone)
