"""Credentials for the TURN relay that expire (coturn's `static-auth-secret` scheme)."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

TURN_LIFETIME = timedelta(hours=2)
"""Longer than a room stays open. A connection that stands is not cut when the credentials expire."""


@dataclass(frozen=True)
class Relay:
    """The addresses of the relays and the shared secret; all may be empty."""

    stun_urls: Sequence[str]
    turn_urls: Sequence[str]
    secret: str


def turn_login(*, secret: str, name: str, expires_at: datetime) -> tuple[str, str]:
    """Return user name and password: `expiry:name` and the base64 of its HMAC-SHA1 under the shared secret."""
    username = f"{int(expires_at.timestamp())}:{name}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()


def ice_servers(*, relay: Relay, name: str, now: datetime) -> list[dict[str, Any]]:
    """Return the `iceServers` for one person's RTCPeerConnection; empty without relays."""
    servers: list[dict[str, Any]] = []
    if relay.stun_urls:
        servers.append({"urls": list(relay.stun_urls)})
    if relay.turn_urls and relay.secret:
        username, credential = turn_login(secret=relay.secret, name=name, expires_at=now + TURN_LIFETIME)
        servers.append({"urls": list(relay.turn_urls), "username": username, "credential": credential})
    return servers
