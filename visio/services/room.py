"""Acts in a room: arriving, admitting, ending the call, a technical problem, going on by telephone."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, Channel
from accompaniment.locks import lock_jobseeker
from accompaniment.models import User
from accompaniment.rules.errors import NoRightError, NotAllowedNowError
from accompaniment.services import audit
from accompaniment.services.contact_details import change_phone
from accompaniment.services.rights import check_own
from visio.enums import InterviewState, RoomMoment, RoomRole
from visio.locks import lock_interview
from visio.models import Interview
from visio.rules import ABSENCE_STATES
from visio.rules.rescue import may_report_failure
from visio.rules.states import room_moment
from visio.services import notices
from visio.services.broadcast import tell_room
from visio.services.changes import check_takes_part, move_state
from visio.services.summaries import refresh_summary

NO_REPORT = (
    "Un problème technique se signale jusqu'à 24\u00a0heures après un entretien qui n'a pas été annulé. "
    "Après, écrivez-le dans vos messages."
)
FAILURE_REPORTED = "Un problème technique a été signalé\u00a0: ce n'est pas une absence."


IN_ROOM_SINCE = {RoomRole.JOBSEEKER: "in_room_since", RoomRole.ADVISER: "adviser_in_room_since"}
"""The column of `Interview` that says since when a side is in the room."""


def arrive(*, actor: User, interview: Interview) -> Interview:
    """Record that one of the two is in the room. The first time counts, and the person's speaks against an absence."""
    with transaction.atomic():
        locked = _locked_open(interview)
        check_takes_part(actor, locked)
        is_person = actor.pk == locked.jobseeker.user_id
        field = "arrived_at" if is_person else "adviser_arrived_at"
        since = IN_ROOM_SINCE[RoomRole.JOBSEEKER if is_person else RoomRole.ADVISER]
        now = timezone.now()
        setattr(locked, since, now)
        if getattr(locked, field) is not None:
            locked.save(update_fields=[since])
        else:
            setattr(locked, field, now)
            locked.save(update_fields=[field, since])
            _audit(locked, actor, "arrived" if is_person else "adviser_arrived")
        return locked


def leave(*, interview: Interview, role: RoomRole, since: datetime) -> None:
    """Note that one of the two, who was in the room since an instant, has left it.

    Nothing changes if they came in again meanwhile. A server that dies notes nothing: they then count as being there.
    """
    field = IN_ROOM_SINCE[role]
    Interview.objects.filter(pk=interview.pk, **{field: since}).update(**{field: None})


def admit(*, actor: User, interview: Interview) -> Interview:
    """Let the person in, also after a lost connection. A call that was ended is resumed.

    Raises NotAllowedNowError for anybody but the interview's adviser, and if the room is not open.
    """
    with transaction.atomic():
        locked = _locked_open(interview)
        if actor.pk != locked.adviser.user_id:
            raise NoRightError("Seul le conseiller de l'entretien fait entrer la personne.")
        if locked.channel != Channel.VIDEO:
            raise NotAllowedNowError("Cet entretien n'est pas en visio.")
        tell_room(locked.pk, "admitted")  # before anything else that follows the commit: two people wait for it
        if locked.state == InterviewState.BOOKED:
            now = timezone.now()
            locked.admitted_at = now
            move_state(locked, actor=actor, at=now, to_state=InterviewState.IN_PROGRESS)
        elif locked.call_ended_at is not None:
            locked.call_ended_at = locked.call_ended_by = None
            locked.save(update_fields=["call_ended_at", "call_ended_by"])
            _audit(locked, actor, "call_resumed")
        return locked


def end_call(*, actor: User, interview: Interview) -> Interview:
    """End the call for both. The interview stays open until its adviser records the outcome. The first end counts.

    Raises NotAllowedNowError for anybody but the two people, if nobody was admitted, and if the room is not open.
    """
    with transaction.atomic():
        locked = _locked_open(interview)
        check_takes_part(actor, locked)
        if locked.admitted_at is None:
            raise NotAllowedNowError("L'appel n'a pas commencé.")
        if locked.call_ended_at is None:
            locked.call_ended_at = timezone.now()
            locked.call_ended_by = actor
            locked.save(update_fields=["call_ended_at", "call_ended_by"])
            _audit(locked, actor, "call_ended")
            tell_room(locked.pk, "ended")
        return locked


def report_technical_failure(*, actor: User, interview: Interview, note: str) -> Interview:
    """Record a technical failure, up to 24 hours after the planned end. The first report counts.

    It is always accepted. The interview can then never be an absence: one that was noted or confirmed meanwhile is set
    aside, and the person is invited to choose another slot.
    """
    with transaction.atomic():
        lock_jobseeker(interview.jobseeker_id)
        locked = lock_interview(interview.pk)
        check_takes_part(actor, locked)
        now = timezone.now()
        if not may_report_failure(state=locked.state, starts_at=locked.starts_at, ends_at=locked.ends_at, now=now):
            raise NotAllowedNowError(NO_REPORT)
        if locked.technical_failure_at is None:
            locked.technical_failure_at = now
            locked.technical_failure_note = note
            if locked.state in ABSENCE_STATES:
                move_state(locked, actor=actor, at=now, to_state=InterviewState.INTERRUPTED, reason=FAILURE_REPORTED)
                notices.invite_again(locked)
                refresh_summary(locked.jobseeker_id)
            else:
                locked.save(update_fields=["technical_failure_at", "technical_failure_note"])
            _audit(locked, actor, "technical_failure")
            tell_room(locked.pk, "trouble")
        return locked


def continue_by_phone(*, actor: User, interview: Interview) -> Interview:
    """Go on by telephone: the adviser sees the number, and the person is told to expect the call."""
    with transaction.atomic():
        locked = _locked_open(interview)
        check_takes_part(actor, locked)
        if locked.phone_since is None:
            locked.phone_since = timezone.now()
            locked.save(update_fields=["phone_since"])
            _audit(locked, actor, "phone")
            tell_room(locked.pk, "phone")
        return locked


def give_number(*, actor: User, interview: Interview, phone: str) -> Interview:
    """Store the person's number during the interview, and show it on the adviser's page.

    Raises DomainError for an invalid number, NotAllowedNowError if the room is not open.
    """
    with transaction.atomic():
        check_own(actor, interview.jobseeker, "Seule la personne attendue donne son numéro.")
        change_phone(actor=actor, jobseeker=interview.jobseeker, phone=phone)
        locked = _locked_open(interview)
        tell_room(locked.pk, "phone")
        return locked


def _locked_open(interview: Interview) -> Interview:
    locked = lock_interview(interview.pk)
    moment = room_moment(state=locked.state, starts_at=locked.starts_at, ends_at=locked.ends_at, now=timezone.now())
    if moment != RoomMoment.OPEN:
        raise NotAllowedNowError("La salle n'est pas ouverte. Actualisez la page.")
    return locked


def _audit(interview: Interview, actor: User, event: str) -> None:
    audit.record(
        actor=actor,
        jobseeker=interview.jobseeker,
        action=AuditAction.INTERVIEW,
        interview=interview.pk,
        event=event,
    )
