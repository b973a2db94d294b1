"""What a change of follower means for conversations: who may read moves at once, open screens included."""

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
    """The follower of the track has the conversation no more."""
    _look_rights_up_again(jobseeker)


def follow_handover(handover: Handover) -> Carried:
    """The conversation goes to the new adviser; so does an open call-back, which is the follower's to do.

    Both belong to the person, and so does how long they have waited: nothing is written, the clocks run on.
    """
    _look_rights_up_again(handover.jobseeker)
    # The new adviser hears of the placement; the former one, who answers no more, hears of it here.
    transaction.on_commit(partial(desks.tell, [handover.source.user_id], tuple(Panel)))
    if CallbackRequest.objects.open().filter(jobseeker=handover.jobseeker).exists():
        return Carried(report=[Along(CarriedAlong.CALLBACK)])
    return Carried()


def follow_covers(change: CoverChange) -> list[str]:
    """Let the open screens on the covered people's conversations look their right up again."""
    covered = Conversation.objects.filter(
        jobseeker__placements__portfolio__in=change.portfolios, jobseeker__placements__ended_at=None
    )
    for pk in covered.values_list("pk", flat=True):
        transaction.on_commit(partial(live.publish, live.RightsChanged(conversation_id=pk)))
    return []


def _look_rights_up_again(jobseeker: Jobseeker) -> None:
    """Let every open screen of the person's conversation look its right up again, once the change is committed."""
    conversation = Conversation.objects.filter(jobseeker=jobseeker).first()
    if conversation is not None:
        event = live.RightsChanged(conversation_id=conversation.pk)
        transaction.on_commit(lambda: live.publish(event))


def foresee_tier_change(jobseeker: Jobseeker, tier: Tier) -> list[str]:
    """Say what becomes of the conversation."""
    if not Conversation.objects.filter(jobseeker=jobseeker).exists():
        return []
    return ["Sa conversation reste entière. Qui la suit après le changement la lit, et personne d'autre."]
