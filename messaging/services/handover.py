"""What the end of a 100 % web track changes for conversations: who may read moves at once, open screens included."""

from datetime import datetime

from django.db import transaction

from accompaniment.models import Jobseeker, User
from messaging import live
from messaging.models import Conversation


def follow_track_end(jobseeker: Jobseeker, actor: User | None, at: datetime) -> None:
    """Let every open screen of the person's conversation look its right up again, once the change is committed."""
    conversation = Conversation.objects.filter(jobseeker=jobseeker).first()
    if conversation is not None:
        event = live.RightsChanged(conversation_id=conversation.pk)
        transaction.on_commit(lambda: live.publish(event))
