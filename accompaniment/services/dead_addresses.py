"""Addresses and numbers that reach nobody any more, as the mail server or the SMS gateway answers."""

import logging
from datetime import datetime

from django.db.models import F

from accompaniment.enums import NoticeChannel
from accompaniment.models import DeadAddress

logger = logging.getLogger(__name__)


def address_failed(*, channel: NoticeChannel, address: str, reason: str, at: datetime) -> None:
    """Note that nobody is reached at an address: the other side refused it for good, or a letter came back.

    Only for failures of the address itself. A full mailbox, or a server that wants no mail of ours, is none. Runs in
    the caller's transaction. Several workers may note the same address at once.
    """
    values = {"last_at": at, "reason": " ".join(reason.split())[:200]}
    dead, is_new = DeadAddress.objects.get_or_create(channel=channel, address=address, defaults={**values, "since": at})
    if is_new:
        logger.info("An address of the channel %s reaches nobody (row %s)", channel, dead.pk)
    else:
        DeadAddress.objects.filter(pk=dead.pk).update(**values, times=F("times") + 1)


def address_works(*, channel: NoticeChannel, address: str) -> None:
    """Forget the failures of an address that has just accepted something."""
    DeadAddress.objects.filter(channel=channel, address=address).delete()


def is_dead(*, channel: NoticeChannel, address: str) -> bool:
    """Return whether the last answer about this address was that it reaches nobody."""
    return DeadAddress.objects.filter(channel=channel, address=address).exists()
