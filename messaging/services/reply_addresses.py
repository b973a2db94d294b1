"""Addresses of the service that stand for one reader and one conversation, or for one letter.

They are the address to which a notification of messages is answered, and the return address of each letter, to which
mail servers send back what they could not deliver. Both are signed and end after `REPLY_ADDRESS_DAYS`, so nobody can
guess one, and an old letter opens nothing. Mail servers may change the case of an address and allow 64 characters
before the @, so the local part has 60 small letters and digits at most. Empty `REPLY_DOMAIN`: there are none.
"""

import base64
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

REPLY, RETURN = "reponse-", "retour-"
"""How the local part of each kind begins."""
FIRST_DAY = date(2020, 1, 1)
DAY_BYTES, KEY_BYTES, NUMBER_BYTES, SIGNATURE_BYTES = 2, 5, 4, 16
LENGTH = DAY_BYTES + 2 * KEY_BYTES
"""Bytes of what an address says, without a number and its signature."""


class ForgedAddressError(Exception):
    """The service has never made this address."""


class ExpiredAddressError(Exception):
    """The service made this address too long ago."""


@dataclass(frozen=True, kw_only=True)
class ReplyAddress:
    """Where the answer of one account for one conversation arrives."""

    user_pk: int
    conversation_pk: int
    up_to: int | None = None
    """The last message that its letter tells of. Letters of an earlier release do not say it."""


@dataclass(frozen=True, kw_only=True)
class ReturnAddress:
    """Where one letter comes back."""

    notification_pk: int


def has_door() -> bool:
    """Return whether e-mails to the service arrive at all."""
    return bool(settings.REPLY_DOMAIN)


def reply_address(*, user_pk: int, conversation_pk: int, up_to: int, now: datetime) -> str:
    """Return the address to which this account answers the messages up to a number of this conversation."""
    return _made(REPLY, user_pk, conversation_pk, up_to.to_bytes(NUMBER_BYTES), now=now)


def return_address(*, notification_pk: int, now: datetime) -> str:
    """Return the address to which mail servers send this letter back."""
    return _made(RETURN, notification_pk, 0, now=now)


def read_address(address: str, *, now: datetime) -> ReplyAddress | ReturnAddress:
    """Return what an address stands for. Raises ForgedAddressError or ExpiredAddressError."""
    local, _, domain = address.strip().strip("<>").lower().rpartition("@")
    begin = next((one for one in (REPLY, RETURN) if local.startswith(one)), None)
    if begin is None or not has_door() or domain != settings.REPLY_DOMAIN.lower():
        raise ForgedAddressError
    code = local.removeprefix(begin).upper()
    try:
        packed = base64.b32decode(code + "=" * (-len(code) % 8))
    except ValueError as error:
        raise ForgedAddressError from error
    content, signature = packed[:-SIGNATURE_BYTES], packed[-SIGNATURE_BYTES:]
    lengths = {LENGTH, LENGTH + NUMBER_BYTES} if begin == REPLY else {LENGTH}
    if len(content) not in lengths or not any(
        constant_time_compare(signature, _signature(begin, content, secret))
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ):
        raise ForgedAddressError
    ends = (0, DAY_BYTES, DAY_BYTES + KEY_BYTES, LENGTH)
    day, first, second = (int.from_bytes(content[start:end]) for start, end in pairwise(ends))
    up_to = int.from_bytes(content[LENGTH:]) if len(content) > LENGTH else None
    if now.astimezone(UTC).date() > FIRST_DAY + timedelta(days=day):
        raise ExpiredAddressError
    if begin == RETURN:
        return ReturnAddress(notification_pk=first)
    return ReplyAddress(user_pk=first, conversation_pk=second, up_to=up_to)


def _made(begin: str, first: int, second: int, more: bytes = b"", *, now: datetime) -> str:
    last_day = now.astimezone(UTC).date() + timedelta(days=settings.REPLY_ADDRESS_DAYS)
    day = (last_day - FIRST_DAY).days.to_bytes(DAY_BYTES)
    content = day + first.to_bytes(KEY_BYTES) + second.to_bytes(KEY_BYTES) + more
    packed = content + _signature(begin, content, settings.SECRET_KEY)
    local = begin + base64.b32encode(packed).decode().rstrip("=").lower()
    return f"{local}@{settings.REPLY_DOMAIN.lower()}"


def _signature(begin: str, content: bytes, secret: str | bytes) -> bytes:
    return salted_hmac(f"messaging.reply_addresses.{begin}", content, secret=secret, algorithm="sha256").digest()[
        :SIGNATURE_BYTES
    ]
