"""Links that people ask for without being logged in.

The request does the same for everybody: it stores what was asked. A job finds out later whether there is an account and
which e-mail to send, so that neither the answer nor its duration tells anything. A request in vain leaves nothing.
"""

import logging
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.utils import timezone

from accompaniment.enums import AccessRequestKind
from accompaniment.locks import take_access_request
from accompaniment.models import AccessRequest
from accompaniment.rules.errors import DomainError
from accompaniment.services.accounts import request_first_access, request_password_reset

logger = logging.getLogger(__name__)

AT_ONCE = 500
"""Requests that one run answers at most."""

GIVEN_UP_AFTER = timedelta(hours=1)
"""The age at which a request that cannot be answered is deleted. The person can ask again."""


def ask_for_password(*, email: str) -> None:
    """Store that somebody wants a new password for the account with this address, if there is one."""
    AccessRequest.objects.create(kind=AccessRequestKind.PASSWORD, email=email, asked_at=timezone.now())


def ask_for_first_access(*, identifier: str, email: str) -> None:
    """Store that somebody wants to open the space of this identifier, if the address is that of its file."""
    AccessRequest.objects.create(
        kind=AccessRequestKind.FIRST_ACCESS, identifier=identifier, email=email, asked_at=timezone.now()
    )


def answer_waiting() -> int:
    """Answer requests, oldest first; return how many. A failure does not delay the others."""
    waiting = list(AccessRequest.objects.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    answered = 0
    for pk in waiting:
        try:
            answered += _answer(pk)
        except (DatabaseError, DomainError) as error:
            logger.error("Request %s at an open door was not answered: %s", pk, type(error).__name__)
    AccessRequest.objects.filter(asked_at__lt=timezone.now() - GIVEN_UP_AFTER).delete()
    return answered


def _answer(pk: int) -> bool:
    with transaction.atomic():
        # Another worker that answers it holds this row, and deletes it.
        request = take_access_request(pk)
        if request is None:
            return False
        if request.kind == AccessRequestKind.PASSWORD:
            request_password_reset(email=request.email)
        else:
            request_first_access(identifier=request.identifier, email=request.email)
        request.delete()
    return True
