"""The TURN relay: log-ins that expire (coturn's `static-auth-secret` scheme), and the configuration of its server."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

TURN_LIFETIME = timedelta(minutes=10)
"""How long a log-in may begin a way through the relay. A way that stands is not cut when its log-in expires."""

RENEWED_AFTER = TURN_LIFETIME / 2
"""An open room gets a new log-in after this time, so that a restart in the middle of a call has a valid one."""


@dataclass(frozen=True)
class Relay:
    """The addresses of the relays and the shared secret; all may be empty."""

    stun_urls: Sequence[str]
    turn_urls: Sequence[str]
    secret: str

    @property
    def is_there(self) -> bool:
        """Return whether sound and pictures can go through a relay."""
        return bool(self.turn_urls and self.secret)


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
    if relay.is_there:
        username, credential = turn_login(secret=relay.secret, name=name, expires_at=now + TURN_LIFETIME)
        servers.append({"urls": list(relay.turn_urls), "username": username, "credential": credential})
    return servers


# --- The server ---------------------------------------------------------------------------------------------------

DENIED_PEERS = (
    # IPv4, from the registry of special-purpose addresses (IANA, RFC 6890).
    ("0.0.0.0", "0.255.255.255"),  # noqa: S104  (a range that is refused)
    ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("169.254.0.0", "169.254.255.255"),
    ("172.16.0.0", "172.31.255.255"),
    ("192.0.0.0", "192.0.0.255"),
    ("192.0.2.0", "192.0.2.255"),
    ("192.88.99.0", "192.88.99.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("198.18.0.0", "198.19.255.255"),
    ("198.51.100.0", "198.51.100.255"),
    ("203.0.113.0", "203.0.113.255"),
    ("224.0.0.0", "255.255.255.255"),
    # The metadata service of a large hoster, which is at a public address.
    ("168.63.129.16", "168.63.129.16"),
    # IPv6. Those that carry an IPv4 address are refused as a whole: IPv4-compatible, IPv4-mapped (::ffff:0:0/96, which
    # coturn before 4.9.0 does not compare with the ranges of IPv4: CVE-2026-27624), translated, and 6to4.
    ("::", "::ffff:ffff"),
    ("::ffff:0:0", "::ffff:ffff:ffff"),
    ("::ffff:0:0:0", "::ffff:0:ffff:ffff"),
    ("64:ff9b::", "64:ff9b::ffff:ffff"),
    ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("100::", "100::ffff:ffff:ffff:ffff"),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("fe80::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
)
"""First and last address of each range to which the relay sends nothing: what a person's browser never has."""

CONFIGURATION = """\
# For coturn. Made by `manage.py coturn_config`: make it again rather than edit it. It holds a secret.
listening-port={port}
tls-listening-port={tls_port}
{addresses}min-port=49152
max-port=65535
realm={realm}
fingerprint

# Only log-ins that the service has signed, for one person and one interview. There are no other users.
use-auth-secret
static-auth-secret={secret}
stale-nonce=600

# One person has one call: three ways to the relay, and the ones that a restart leaves behind.
user-quota=24
total-quota=4800
# Bytes a second, of each way through the relay: 4 Mbit/s.
max-bps=500000

# TLS on a port that firewalls let through.
cert={certificate}
pkey={key}
no-tlsv1
no-tlsv1_1

# Nothing but the relay for pictures and sound.
no-cli
no-tcp-relay
no-multicast-peers
no-software-attribute
no-stun-backward-compatibility
response-origin-only-with-rfc5780
log-file=stdout
simple-log

# Where the relay never sends anything.
{denied}
"""


def coturn_configuration(
    *, secret: str, realm: str, certificate: str, key: str, port: int, tls_port: int, addresses: Sequence[str] = ()
) -> str:
    """Return the file `turnserver.conf`; `addresses`: where coturn listens and relays, as coturn names it.

    An address is `public` or, behind a translation of addresses, `public/private`. Without any, coturn uses all
    addresses of its machine.
    """
    lines = []
    for address in addresses:
        own = address.partition("/")[2] or address
        lines += [f"listening-ip={own}", f"relay-ip={own}"]
        if own != address:
            lines.append(f"external-ip={address}")
    return CONFIGURATION.format(
        secret=secret,
        realm=realm,
        certificate=certificate,
        key=key,
        port=port,
        tls_port=tls_port,
        addresses="".join(f"{line}\n" for line in lines),
        denied="\n".join(f"denied-peer-ip={first}-{last}" for first, last in DENIED_PEERS),
    )
