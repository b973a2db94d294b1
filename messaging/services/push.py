"""Web push: a sentence for one browser, encrypted for it (RFC 8291) and signed by the service (RFC 8292).

The push service of the browser's maker carries it, and can read nothing of it.
"""

import json
from urllib.parse import urlsplit

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.urls import reverse

from accompaniment.models import Device, Notification
from accompaniment.rules.notices import AT_ONCE_KINDS
from accompaniment.services.devices import forget, is_of_a_push_service, signer, unpacked
from messaging.services.channels import ChannelAwayError
from messaging.services.posts import Answer, post

GONE = frozenset({404, 410})
"""The answers of a push service that mean: this browser is not to be reached any more."""
KEPT = 12 * 60 * 60
"""Seconds for which a push service keeps a sentence for a device that is off. A session lasts as long."""
KEPT_AT_ONCE = 30 * 60
"""The same for a sentence that is of no use later."""


def tell(device: Device, notification: Notification, *, title: str, sentence: str) -> bool:
    """Tell a browser; return False if it is gone, and then forget it. Raises ChannelAwayError."""
    if not is_of_a_push_service(device.endpoint):
        forget(device)
        return False
    told = {"title": title, "body": sentence, "url": address_of(notification), "tag": notification.kind}
    kept = KEPT_AT_ONCE if notification.kind in AT_ONCE_KINDS else KEPT
    answer = _post(device, json.dumps(told).encode(), kept=kept)
    if answer.status in GONE:
        forget(device)
        return False
    if not answer.is_well:
        raise ChannelAwayError(f"HTTP {answer.status}")
    return True


def address_of(notification: Notification) -> str:
    """Return the page that the alert opens: the conversation, if the notification tells of one."""
    conversations = notification.context.get("up_to", {})
    if len(conversations) == 1:
        return reverse("conversation", args=[int(*conversations)])
    return str(notification.context.get("path") or reverse("home"))


def _post(device: Device, content: bytes, *, kept: int) -> Answer:
    to = urlsplit(device.endpoint)
    claims = {"sub": settings.VAPID_SUBJECT, "aud": f"{to.scheme}://{to.netloc}"}
    body = http_ece.encrypt(
        content,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=unpacked(device.key),
        auth_secret=unpacked(device.secret),
        version="aes128gcm",
    )
    headers = {"TTL": str(kept), "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream"}
    return post(
        device.endpoint,
        body,
        {**headers, **signer().sign(claims)},
        timeout=settings.PUSH_TIMEOUT,
    )
