"""Addresses and numbers that reach nobody any more, as the mail server or the SMS gateway answers."""

import logging
from collections.abc import Collection
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


def addresses_work(*, channel: NoticeChannel, addresses: Collection[str]) -> None:
    """Forget the failures of addresses that have just accepted something."""
    DeadAddress.objects.filter(channel=channel, address__in=addresses).delete()


def is_dead(*, channel: NoticeChannel, address: str) -> bool:
    """Return whether the last answer about this address was that it reaches nobody."""
    return bool(dead_among(channel=channel, addresses=[address]))


def dead_among(*, channel: NoticeChannel, addresses: Collection[str]) -> set[str]:
    """Return those of these addresses whose last answer was that they reach nobody."""
    dead = DeadAddress.objects.filter(channel=channel, address__in=addresses)
    return set(dead.values_list("address", flat=True))
