"""Rescues an interview that one side misses: calls that side, and records what it answers."""

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accompaniment.enums import AuditAction, Channel
from accompaniment.locks import lock_jobseeker
from accompaniment.models import User
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.services import audit
from visio.enums import RescueReply, RoomRole
from visio.locks import lock_interview
from visio.models import Interview, InterviewQuerySet, RescueAnswer, RescueCall
from visio.rules import LIVE_STATES
from visio.rules.rescue import CALLED_AFTER, may_answer
from visio.services import notices
from visio.services.changes import check_takes_part
from visio.services.room import IN_ROOM_SINCE, continue_by_phone, report_technical_failure

OVER = "L'entretien est clos ou passé\u00a0: votre réponse n'a pas été enregistrée. Actualisez la page."


def call_missing() -> int:
    """Call each side that is not in the room of its interview; return how many are called now.

    No lock is taken. If somebody arrives meanwhile, delivery discards the call. Two workers at once call once.
    """
    return sum(_call(interview, side) for side in RoomRole for interview in _without(side))


def answer_rescue(*, actor: User, interview: Interview, reply: RescueReply) -> Interview:
    """Record what one of the two says about their being late.

    Whatever the person says, it is no absence; nor is it one if the adviser cannot come, because the person reads so.

    A technical problem is reported and the telephone is offered in the same act. Raises NotAllowedNowError if the room
    is not open, NoRightError for anybody but the two.
    """
    with transaction.atomic():
        person = lock_jobseeker(interview.jobseeker_id)
        locked = lock_interview(interview.pk)
        check_takes_part(actor, locked)
        now = timezone.now()
        if not may_answer(state=locked.state, starts_at=locked.starts_at, ends_at=locked.ends_at, now=now):
            raise NotAllowedNowError(OVER)
        side = side_of(locked, actor)
        RescueAnswer.objects.create(interview=locked, side=side, actor=actor, reply=reply, at=now)
        bars = side == RoomRole.JOBSEEKER or reply == RescueReply.CANNOT
        if bars and locked.spoke_up_at is None:
            locked.spoke_up_at = now
            locked.save(update_fields=["spoke_up_at"])
        audit.record(
            actor=actor,
            jobseeker=person,
            action=AuditAction.INTERVIEW,
            interview=locked.pk,
            event=f"rescue_{reply}",
        )
        if reply == RescueReply.TROUBLE:
            report_technical_failure(actor=actor, interview=locked, note="")
            locked = continue_by_phone(actor=actor, interview=locked)
        return locked


def side_of(interview: Interview, user: User) -> RoomRole:
    """Return the side of one of the two."""
    return RoomRole.ADVISER if user.pk == interview.adviser.user_id else RoomRole.JOBSEEKER


def _without(side: RoomRole) -> InterviewQuerySet:
    """Return the video interviews that have begun without this side, and that nobody has said anything about."""
    now = timezone.now()
    known = {"interview": OuterRef("pk"), "side": side.value}
    found: InterviewQuerySet = (
        Interview.objects.filter(
            ~Exists(RescueCall.objects.filter(**known)),
            ~Exists(RescueAnswer.objects.filter(**known)),
            channel=Channel.VIDEO,
            state__in=LIVE_STATES,
            starts_at__lte=now - CALLED_AFTER,
            ends_at__gt=now,
            admitted_at=None,
            phone_since=None,
            technical_failure_at=None,
            **{IN_ROOM_SINCE[side]: None},
        )
        .with_people()
        .order_by("starts_at", "pk")
    )
    return found


def _call(interview: Interview, side: RoomRole) -> bool:
    with transaction.atomic():
        _, is_new = RescueCall.objects.get_or_create(
            interview=interview, side=side.value, defaults={"at": timezone.now()}
        )
        if is_new:
            notices.send_rescue(interview, side)
        return is_new
