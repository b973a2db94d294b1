"""The browsers in which somebody wants to be told of news, each for as long as the session that asked for it."""

import base64
import binascii
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from py_vapid import Vapid02

from accompaniment.enums import AuditAction
from accompaniment.models import Device, User
from accompaniment.rules.errors import DomainError
from accompaniment.services import audit
from accompaniment.services.account_rows import file_of
from accompaniment.services.sessions import Held, still_belonging

POINT, POINT_BYTES, SECRET_BYTES = b"\x04", 65, 16
"""An uncompressed point of the curve P-256, and the secret of a browser (RFC 8291)."""
MOST_DEVICES = 10
NOT_THIS_DEVICE = "Cet appareil ne peut pas recevoir d'alertes. Vos autres moyens restent les mêmes."


def is_push_open() -> bool:
    """Return whether alerts go to browsers at all."""
    return bool(settings.VAPID_PRIVATE_KEY)


def signer() -> Vapid02:
    """Return what signs for the service."""
    return _signer(settings.VAPID_PRIVATE_KEY)


@lru_cache(maxsize=2)
def _signer(key: str) -> Vapid02:
    return Vapid02.from_string(key)


def public_key() -> str:
    """Return the key by which a browser knows the service, in base64url without padding."""
    point = signer().public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


def is_of_a_push_service(endpoint: str) -> bool:
    """Return whether an address belongs to a push service that the settings name.

    A browser gives this address, and the service posts to it, so any other could be a machine inside our network.
    """
    try:
        to = urlsplit(endpoint)
        place = f"{to.scheme}://{to.netloc}"
    except ValueError:
        return False
    begin, dot, end = place.partition(".")
    return place in settings.PUSH_SERVICES or (bool(dot) and f"{begin[:8]}*.{end}" in settings.PUSH_SERVICES)


def add_device(*, actor: User, session_key: str, endpoint: str, key: str, secret: str) -> None:
    """Tell the actor of news in this browser from now on; the same browser again is the same device.

    Raises DomainError for what no browser gives.
    """
    point = unpacked(key)
    if not is_push_open() or not is_of_a_push_service(endpoint) or len(unpacked(secret)) != SECRET_BYTES:
        raise DomainError(NOT_THIS_DEVICE)
    if len(point) != POINT_BYTES or not point.startswith(POINT):
        raise DomainError(NOT_THIS_DEVICE)
    facts = {"user": actor, "session_key": session_key, "key": key, "secret": secret, "since": timezone.now()}
    with transaction.atomic():
        Device.objects.update_or_create(endpoint=endpoint, defaults=facts)
        old = Device.objects.filter(user=actor).order_by("-since", "-pk").values_list("pk", flat=True)[MOST_DEVICES:]
        Device.objects.filter(pk__in=list(old)).delete()
        audit.record(actor=actor, jobseeker=file_of(actor), action=AuditAction.ACCOUNT, event="device_added")


def drop_device(*, actor: User, endpoint: str) -> None:
    """End the alerts of the actor in this browser."""
    with transaction.atomic():
        if Device.objects.filter(user=actor, endpoint=endpoint).delete()[0]:
            audit.record(actor=actor, jobseeker=file_of(actor), action=AuditAction.ACCOUNT, event="device_dropped")


def devices_of(user: User) -> list[Device]:
    """Return the browsers of an account whose session still opens it, and forget the others."""
    devices = list(Device.objects.filter(user=user).order_by("pk"))
    belonging = still_belonging(held={_held(device) for device in devices}) if devices else frozenset()
    over = [device.pk for device in devices if _held(device) not in belonging]
    if over:
        Device.objects.filter(pk__in=over).delete()
    return [device for device in devices if device.pk not in over]


def with_device(users: Collection[int]) -> set[int]:
    """Return those of these accounts that have a browser to be told in."""
    return set(Device.objects.filter(user__in=users).values_list("user", flat=True)) if is_push_open() else set()


def forget(device: Device) -> None:
    """Forget a browser that the push service does not know any more."""
    Device.objects.filter(pk=device.pk).delete()


def forget_over() -> None:
    """Forget the browsers whose session is gone. Nobody is told there in any case."""
    session = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=timezone.now())
    Device.objects.filter(~Exists(session)).delete()


def unpacked(text: str) -> bytes:
    """Return the bytes of base64url without its padding; nothing if it is none."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _held(device: Device) -> Held:
    return Held(session_key=device.session_key, user_pk=device.user_id)
