"""An interview to which nobody came: noted, explained, and only then decided by a named person.

The adviser of the interview notes it, with proof. The person is told and may explain. Whoever may act on the file by
then decides, never a machine, and never unheard: after the explanation, or after the time that was left for it.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, NotificationKind, ObligationState
from accompaniment.models import Jobseeker, Notification, User
from accompaniment.reads.waiting_times import answer_delay
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services import audit
from visio.enums import AbsenceDecision, InterviewState
from visio.models import ANSWER_LENGTH, REASON_LENGTH, AbsenceAnswer, Interview
from visio.rules import ABSENCE_STATES
from visio.rules.states import absence_obstacle, confirming_obstacle, end_of_answers
from visio.services import notices
from visio.services.broadcast import tell_room
from visio.services.changes import lock_interview, lock_person, move_state
from visio.services.closing import lock_to_close
from visio.services.summaries import refresh_summary


class AnsweredMeanwhileError(NotAllowedNowError):
    """The person has said more than the page showed of it; nothing was decided."""

    def __init__(self) -> None:
        super().__init__("La personne vient d'ajouter une explication. Lisez-la, puis décidez.")


def obstacle_to_noting(interview: Interview, *, now: datetime) -> str | None:
    """Say in French why an absence from this interview cannot be noted, or None where it can."""
    due = interview.obligation
    return absence_obstacle(
        is_obligatory=due is not None and due.state == ObligationState.DUE,
        starts_at=interview.starts_at,
        convocation_delivered_at=interview.convocation_delivered_at,
        technical_failure_at=interview.technical_failure_at,
        arrived_at=interview.arrived_at,
        now=now,
    )


def obstacle_to_confirming(interview: Interview, *, now: datetime) -> str | None:
    """Say in French why a noted absence cannot be confirmed yet, or None where it can."""
    if interview.answer_until is None:
        return "Aucune absence n'a été notée."
    return confirming_obstacle(
        answered_at=interview.answered_at, told_at=interview.told_at, answer_until=interview.answer_until, now=now
    )


def note_absence(*, actor: User, interview: Interview) -> Interview:
    """Note that the person was not there, tell them, and leave them time to explain. Nothing is decided.

    Raises NotAllowedNowError with the obstacle where there is one: no obligation, no proof of delivery, a technical
    problem, or no time to answer that anybody has set.
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
    """Close an interview to which the person did not come, without consequence: it counts as no absence."""
    with transaction.atomic():
        locked = lock_to_close(actor, interview)
        move_state(locked, actor=actor, at=timezone.now(), to_state=InterviewState.EXCUSED)
        if locked.obligation is not None and locked.obligation.state == ObligationState.DUE:
            notices.invite_again(locked)
        refresh_summary(locked.jobseeker_id)
        tell_room(locked.pk, "closed")
        return locked


def explain_absence(*, actor: User, interview: Interview, text: str) -> AbsenceAnswer:
    """Keep what the person says of an absence that was noted; they may add to it until it is decided.

    Raises NotAllowedNowError for anybody else and once it is decided, DomainError for an empty or too long text.
    """
    said = text.strip()
    if not said:
        raise DomainError("Écrivez ce qui s'est passé, même en une phrase.", about="text")
    if len(said) > ANSWER_LENGTH:
        raise DomainError(f"Écrivez {ANSWER_LENGTH} caractères au plus.", about="text")
    with transaction.atomic():
        person = lock_person(interview.jobseeker_id)
        locked = lock_interview(interview.pk)
        if actor.pk != person.user_id:
            raise NotAllowedNowError("Seule la personne concernée explique son absence.")
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
    *, actor: User, interview: Interview, decision: AbsenceDecision, reason: str, answers_seen: int
) -> Interview:
    """Confirm a noted absence or set it aside, with a reason that the person reads; one set aside never comes back.

    An absence is confirmed only after the person was heard or had the time to be. It may be set aside at any time,
    also once confirmed: that is in the person's favour. `answers_seen` is how many explanations the page showed.
    Raises AnsweredMeanwhileError when there are more, NotAllowedNowError for who may not act on the file and for what
    is decided already, DomainError without a reason.
    """
    why = reason.strip()
    if not why:
        raise DomainError("Dites pourquoi, en une phrase : la personne la lit.", about="reason")
    if len(why) > REASON_LENGTH:
        raise DomainError(f"Écrivez {REASON_LENGTH} caractères au plus.", about="reason")
    with transaction.atomic():
        person = lock_person(interview.jobseeker_id)
        locked = lock_interview(interview.pk)
        if actor.is_jobseeker or not Jobseeker.objects.visible_to(actor).filter(pk=person.pk).exists():
            raise NotAllowedNowError("Cette personne n'est plus dans vos portefeuilles.")
        if locked.state not in ABSENCE_STATES:
            raise NotAllowedNowError(f"Cette absence est déjà décidée ({locked.get_state_display().lower()}).")
        if locked.absence_answers.count() > answers_seen:
            raise AnsweredMeanwhileError
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
    """Write on the interview when the mail server took the e-mail that tells of a noted absence.

    In the caller's transaction, the person locked first. A letter that left late gives the days back that it took.
    """
    if notification.kind != NotificationKind.ABSENCE_NOTED or notification.jobseeker_id is None:
        return
    person = lock_person(notification.jobseeker_id)
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
