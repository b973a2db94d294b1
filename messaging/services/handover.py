"""Conversations when a person changes adviser: the right to read moves at once, on open screens too."""

from datetime import datetime
from functools import partial

from django.db import transaction

from accompaniment.enums import Tier
from accompaniment.models import Jobseeker, User
from caseload.enums import CarriedAlong
from caseload.hooks.adviser_absences import CoverChange
from caseload.hooks.handover import Along, Carried, Handover
from messaging.enums import Panel
from messaging.models import CallbackRequest, Conversation
from messaging.services import desks, live


def follow_track_end(jobseeker: Jobseeker, actor: User | None, at: datetime) -> None:
    """Close the conversation to the adviser of the track."""
    _look_rights_up_again(jobseeker)


def follow_handover(handover: Handover) -> Carried:
    """Hand the conversation and an open call-back over to the new adviser.

    Both belong to the person, together with the time that they have waited: nothing is written, and the clocks run on.
    """
    _look_rights_up_again(handover.jobseeker)
    # The placement tells the new adviser's page. The former adviser no longer answers, and is told here.
    transaction.on_commit(partial(desks.tell, [handover.source.user_id], tuple(Panel)))
    if CallbackRequest.objects.open().filter(jobseeker=handover.jobseeker).exists():
        return Carried(report=[Along(CarriedAlong.CALLBACK)])
    return Carried()


def follow_covers(change: CoverChange) -> list[str]:
    """Make open screens on the covered people's conversations check their right again."""
    covered = Conversation.objects.filter(
        jobseeker__placements__portfolio__in=change.portfolios, jobseeker__placements__ended_at=None
    )
    for pk in covered.values_list("pk", flat=True):
        transaction.on_commit(partial(live.publish, [live.RightsChanged(conversation_id=pk)]))
    return []


def _look_rights_up_again(jobseeker: Jobseeker) -> None:
    """Make every open screen of the person's conversation check its right again after the commit."""
    conversation = Conversation.objects.filter(jobseeker=jobseeker).first()
    if conversation is not None:
        event = live.RightsChanged(conversation_id=conversation.pk)
        transaction.on_commit(lambda: live.publish([event]))


def foresee_tier_change(jobseeker: Jobseeker, tier: Tier) -> list[str]:
    """Return a sentence about what happens to the conversation."""
    if not Conversation.objects.filter(jobseeker=jobseeker).exists():
        return []
    return ["Sa conversation reste entière. Qui la suit après le changement la lit, et personne d'autre."]
