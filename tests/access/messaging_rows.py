"""Who gets what from the URLs of the messages."""

from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from messaging.models import Dispatch, MessageStep, PlannedMessage
from messaging.services.dispatches import start_dispatch
from tests.access.house import House
from tests.access.row import Row
from tests.messaging.factories import say

OWN_MESSAGE = "Un message écrit il y a peu"


def message_of(house: House) -> int:
    """Return the number of a message of the follower, which was written just now and makes nobody wait."""
    follower = house.users["follower"]
    assert follower is not None
    found = house.conversation.messages.filter(author=follower, body=OWN_MESSAGE).first()
    if found is None:
        found = say(house.conversation, follower, OWN_MESSAGE)
    number: int = found.number
    return number


def dispatch_of(house: House) -> int:
    """Return the key of a dispatch of the follower to their person, which has not left."""
    follower = house.users["follower"]
    assert follower is not None
    found = Dispatch.objects.filter(author=follower).first()
    if found is None:
        found = start_dispatch(actor=follower, people=[house.owner.pk], token=uuid4(), body="Atelier mardi.")
    key: int = found.pk
    return key


def step_from_message(house: House) -> int:
    """Return the key of the person's step, which was written from a message."""
    message = house.conversation.messages.get(number=message_of(house))
    MessageStep.objects.get_or_create(step=house.step, defaults={"message": message, "added_at": timezone.now()})
    return house.step.pk


def planned_of(house: House) -> int:
    """Return the key of a message of the follower that waits until the agency opens."""
    follower, now = house.users["follower"], timezone.now()
    assert follower is not None
    planned, _ = PlannedMessage.objects.get_or_create(
        author=follower,
        conversation=house.conversation,
        given_up_at=None,
        sent_at=None,
        defaults={
            "client_id": uuid4(),
            "body": "Voici ma réponse.",
            "written_at": now,
            "due_at": now + timedelta(days=1),
            "next_try_at": now + timedelta(days=1),
            "after_number": 0,
        },
    )
    key: int = planned.pk
    return key


ROWS: dict[str, Row] = {
    "planned_messages": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "planned_message": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (planned_of(house),),
    ),
    "conversation_planned": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.conversation.pk,),
    ),
    "dispatch": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (dispatch_of(house),),
    ),
    "stop_dispatch": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (dispatch_of(house),),
    ),
    "message_many": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 422 422 422 403 403 403",
    ),
    "conversations": Row(
        "login > > 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "search_messages": Row(
        "login 200 200 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "conversation_with": Row(
        "login > 404 > 404 404 403 403 403",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.owner.pk,),
    ),
    "conversation": Row(
        "login 200 404 200 404 404 403 403 403",
        "login 422 404 422 404 404 403 403 403",
        lambda house: (house.conversation.pk,),
    ),
    "change_message": Row(
        "login 404 404 200 404 404 403 403 403",
        "login 404 404 422 404 404 403 403 403",
        lambda house: (house.conversation.pk, message_of(house)),
    ),
    "delete_message": Row(
        "login 404 404 200 404 404 403 403 403",
        "login 404 404 > 404 404 403 403 403",
        lambda house: (house.conversation.pk, message_of(house)),
    ),
    "message_step": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.conversation.pk, message_of(house)),
    ),
    "step_source": Row(
        "login > 404 > 404 404 403 403 403",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (step_from_message(house),),
    ),
    "canned_replies": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 403 403 422 422 422 403 403 403",
    ),
    "canned_reply": Row(
        "login 403 403 200 404 404 404 404 404",
        "login 403 403 422 404 404 404 404 404",
        lambda house: (house.reply_pk,),
    ),
    "delete_canned_reply": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 > 404 404 404 404 404",
        lambda house: (house.reply_pk,),
    ),
    "agency_replies": Row(
        "login 403 403 403 403 403 200 404 200",
        "login 403 403 403 403 403 422 404 422",
        lambda house: (house.owner.agency.code,),
    ),
    "conversation_replies": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.conversation.pk,),
    ),
    "conversation_messages": Row(
        "login 200 404 200 404 404 403 403 403",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.conversation.pk,),
    ),
    "conversation_read": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 400 404 400 404 404 403 403 403",
        lambda house: (house.conversation.pk,),
    ),
    "sequence": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "sequence_of": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.conversation.pk,),
    ),
    "conversation_no_reply": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 400 404 404 403 403 403",
        lambda house: (house.conversation.pk,),
    ),
    "conversation_keep": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.conversation.pk,),
    ),
    "conversation_dealt_with": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 > 404 404 403 403 403",
        lambda house: (house.conversation.pk,),
    ),
    "conversation_remind": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.conversation.pk,),
    ),
    "conversation_note": Row(
        "login 403 403 200 404 404 403 403 403",
        "login 403 403 422 404 404 403 403 403",
        lambda house: (house.conversation.pk,),
    ),
    "late_replies": Row(
        "login 403 403 200 200 200 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "attachment_upload": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 409 404 409 404 404 403 403 403",
        lambda house: (house.conversation.pk,),
    ),
    "attachment": Row(
        "login 200 404 200 404 404 403 403 403",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.attachment_pk,),
    ),
    "attachment_shown": Row(
        "login 200 404 200 404 404 403 403 403",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.attachment_pk,),
    ),
    "attachment_preview": Row(
        "login 200 404 200 404 404 403 403 403",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.attachment_pk,),
    ),
    "attachment_about": Row(
        "login 200 404 200 404 404 403 403 403",
        "login 409 404 409 404 404 403 403 403",
        lambda house: (house.attachment_pk,),
    ),
    "panel_to_answer": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "panel_person_conversation": Row(
        "login 200 404 200 404 404 403 403 403",
        "login 405 405 405 405 405 405 405 405",
        lambda house: (house.owner.pk,),
    ),
    "callbacks": Row(
        "login > > 200 200 200 200 200 200",
        "login 405 405 405 405 405 405 405 405",
    ),
    "ask_callback": Row(
        "login 200 200 403 403 403 403 403 403",
        "login 422 422 403 403 403 403 403 403",
    ),
    "callback": Row(
        "login 403 403 200 404 404 404 404 404",
        "login 403 403 422 404 404 404 404 404",
        lambda house: (house.callback.pk,),
    ),
    "next_callback": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 > > > > > >",
    ),
    "claim_callback": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 > 404 404 404 404 404",
        lambda house: (house.callback.pk,),
    ),
    "release_callback": Row(
        "login 405 405 405 405 405 405 405 405",
        "login 403 403 > 404 404 404 404 404",
        lambda house: (house.callback.pk,),
    ),
    "change_callback": Row(
        "login 200 404 403 403 403 403 403 403",
        "login 422 404 403 403 403 403 403 403",
        lambda house: (house.callback.pk,),
    ),
    "cancel_callback": Row(
        "login 405 405 405 405 405 405 405 405",
        "login > 404 403 403 403 403 403 403",
        lambda house: (house.callback.pk,),
    ),
    "panel_callbacks": Row(
        "login 403 403 200 200 200 403 403 403",
        "login 405 405 405 405 405 405 405 405",
    ),
    "sent_emails": Row(
        "200 200 200 200 200 200 200 200 200",
        "405 405 405 405 405 405 405 405 405",
    ),
}
