"""The one writer of a process: it stores the messages of all its sockets, those that wait together in one batch."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.db import InterfaceError, OperationalError

from accompaniment.rules.errors import DomainError
from messaging.consumers.folds import Fold
from messaging.consumers.sessions import in_thread
from messaging.models import Message
from messaging.services.posting import Draft, post_messages

BATCH = 100
"""The most messages of one transaction."""

LINGERS = 0.5
"""Seconds after a message for which the writer keeps its connection. In a lively chat the next one comes sooner."""

_thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
_writer: Fold[Draft, Message] = Fold(partial(post_messages, waits=False), threads=_thread, most=BATCH, lingers=LINGERS)


async def post(draft: Draft) -> Message:
    """Store a message together with those that wait, and return it.

    If somebody else has its conversation in hand, or the batch failed, the message is tried alone. So nobody waits
    for another person's conversation, and a message that cannot be stored fails alone. Raises DomainError as
    `post_message` does, and DatabaseError if the database does not answer.
    """
    try:
        return await _writer.ask(draft)
    except DomainError:
        raise
    except Exception as error:
        if _is_away(error):
            raise
    (outcome,) = await in_thread(post_messages, drafts=[draft])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _is_away(error: Exception) -> bool:
    """Return whether the database did not answer. An error of a statement has a code of the SQL standard."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    code = getattr(error.__cause__, "sqlstate", None)
    return code is None or code.startswith(("08", "57P"))
