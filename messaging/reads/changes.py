"""The present text of messages that their authors have changed or deleted."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Max, OuterRef, Subquery, TextField
from django.db.models.functions import Coalesce

from accompaniment.enums import Role
from accompaniment.models import User
from accompaniment.models.statements import Statement
from messaging.models import OF_A_MESSAGE, Message, MessageChange, WaitEnd

DELETED = "Message supprimé"
"""What everybody reads in the place of a deleted message."""


def with_changes(messages: Iterable[Message]) -> list[Message]:
    """Return these messages with the last change of each, by one query."""
    found = {message.pk: message for message in messages}
    for change in MessageChange.objects.filter(message__in=found).order_by("number"):
        found[change.message_id].change = change
    return list(found.values())


def last_text_of(message: str) -> Subquery:
    """Return the expression for the last new text of a message of the outer query.

    It is empty if the message is deleted, and None if it was never changed.
    """
    changes = MessageChange.objects.filter(message=OuterRef(message)).order_by("-number")
    return Subquery(changes.values("body")[:1], output_field=TextField())


OF_A_CHANGE = [field.attname for field in MessageChange._meta.concrete_fields]

AFTER = Statement(
    f"SELECT asked.conversation, asked.number, {', '.join(f'change.{column}' for column in OF_A_CHANGE)},"  # noqa: S608
    f" {', '.join(f'message.{column}' for column in OF_A_MESSAGE)},"
    " account.role, account.first_name, account.last_name"
    " FROM unnest(%(conversations)s::bigint[], %(numbers)s::integer[]) AS asked(conversation, number)"
    " CROSS JOIN LATERAL (SELECT * FROM messaging_messagechange"
    "  WHERE conversation_id = asked.conversation AND messaging_messagechange.number > asked.number"
    "  ORDER BY messaging_messagechange.number LIMIT %(most)s) change"
    " JOIN messaging_message message ON message.id = change.message_id"
    " JOIN accompaniment_user account ON account.id = message.author_id"
    " ORDER BY asked.conversation, asked.number, change.number"
)


def changes_after(askings: Collection[tuple[int, int]], *, most: int) -> dict[tuple[int, int], list[Message]]:
    """Return the changes after a number of a conversation, in order, for each such pair.

    Each is the message as it was after this change, with its author.
    """
    found: dict[tuple[int, int], list[Message]] = defaultdict(list)
    if askings:
        conversations, numbers = zip(*askings, strict=True)
        rows = AFTER.send(conversations=list(conversations), numbers=list(numbers), most=most)
        for conversation, number, *columns in rows:
            change, row = columns[: len(OF_A_CHANGE)], columns[len(OF_A_CHANGE) :]
            message = Message.from_db("default", OF_A_MESSAGE, row[: len(OF_A_MESSAGE)])
            role, first_name, last_name = row[len(OF_A_MESSAGE) :]
            message.author = User(pk=message.author_id, role=role, first_name=first_name, last_name=last_name)
            message.change = MessageChange.from_db("default", OF_A_CHANGE, change)
            found[conversation, number].append(message)
    return found


def unanswered_since(conversation_pk: int, *, answered: int = 0) -> datetime | None:
    """Return when the first message of the person came that stands and that nothing settles.

    A standing answer settles what came before it, one by e-mail what its author was told of; so does what else ended a
    wait. `answered`: the last message that an answer settles which is being stored.
    """
    standing = Message.objects.filter(conversation=conversation_pk).standing()
    answers = standing.filter(collective=False).exclude(author__role=Role.JOBSEEKER)
    before = answers.aggregate(last=Max(Coalesce("answers_up_to", "number")))["last"] or 0
    settled = WaitEnd.objects.filter(conversation=conversation_pk).aggregate(last=Max("number"))["last"] or 0
    asked = standing.filter(author__role=Role.JOBSEEKER, number__gt=max(answered, before, settled))
    return asked.order_by("number").values_list("created_at", flat=True).first()
