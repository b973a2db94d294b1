"""Sends one text to several people, as a message in each person's own conversation."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID, uuid5

from django.db import OperationalError

from accompaniment.models import Jobseeker, User
from accompaniment.rules.errors import DomainError
from caseload.services.desk.selections import SOMEBODY_AT_IT
from messaging.services.conversations import open_conversation
from messaging.services.posting import post_message

logger = logging.getLogger(__name__)

NO_ACCOUNT = "Cette personne n'a pas encore de compte\u00a0: elle ne lirait pas ce message. Appelez-la."


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for one person; `why_not` is empty if the message is in the conversation."""

    jobseeker: Jobseeker
    why_not: str = ""


def post_to_each(*, actor: User, jobseekers: Iterable[Jobseeker], batch: UUID, body: str) -> list[Outcome]:
    """Store the text in each person's conversation. If one person cannot be written to, the others still get it.

    The message answers nobody and is no contact, so people who wait for an answer still wait. Each message is a
    transaction of its own. Its client id is derived from `batch` and the person: sending the batch again stores only
    what is missing.
    """
    return [_post_one(actor=actor, jobseeker=each, batch=batch, body=body) for each in jobseekers]


def _post_one(*, actor: User, jobseeker: Jobseeker, batch: UUID, body: str) -> Outcome:
    if jobseeker.user_id is None:
        return Outcome(jobseeker, NO_ACCOUNT)
    try:
        post_message(
            actor=actor,
            conversation=open_conversation(actor=actor, jobseeker=jobseeker),
            client_id=uuid5(batch, str(jobseeker.pk)),
            body=body,
            collective=True,
        )
    except DomainError as refusal:
        return Outcome(jobseeker, refusal.sentence)
    except OperationalError:
        logger.exception("No message to person %s", jobseeker.pk)
        return Outcome(jobseeker, SOMEBODY_AT_IT)
    return Outcome(jobseeker)
