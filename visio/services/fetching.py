"""Reads a file from an address that an adviser typed, without letting that address lead into our own network.

Every host is resolved here, and the connection goes to the address that was checked, so a name that changes its
address in between reaches nothing private. Each redirection is checked in the same way.
"""

import http.client
import socket
import ssl
from ipaddress import IPv6Network, ip_address
from time import monotonic
from urllib.parse import urljoin, urlsplit

from visio.rules.calendars import CalendarError

MOST_BYTES = 2 * 1024 * 1024
MOST_SECONDS = 10.0
"""For the whole reading, redirections included."""
MOST_REDIRECTIONS = 3
CHUNK = 64 * 1024

ONLY_HTTPS = "Écrivez une adresse qui commence par https://."
NOT_PUBLIC = "Cette adresse n'est pas publique\u00a0: elle ne peut pas être lue."
NOT_REACHED = "L'agenda n'a pas pu être lu\u00a0: son serveur ne répond pas."
TOO_LARGE = "L'agenda est trop gros pour être lu\u00a0: 2\u00a0Mo au plus."
TOO_SLOW = "L'agenda n'a pas pu être lu en dix secondes."
PUBLIC_IPV6 = IPv6Network("2000::/3")
"""Global unicast (RFC 4291). Others may lead into our network, such as those that a gateway translates (RFC 6052)."""
REDIRECTIONS = {301, 302, 303, 307, 308}


def fetch(address: str) -> bytes:
    """Return the content at an https address. Raises CalendarError with what is wrong."""
    until = monotonic() + MOST_SECONDS
    for _ in range(MOST_REDIRECTIONS + 1):
        status, location, content = _ask(address, until)
        if status == http.client.OK:
            return content
        if status not in REDIRECTIONS or not location:
            raise CalendarError(f"L'agenda n'a pas pu être lu\u00a0: son serveur répond {status}.")
        address = urljoin(address, location)
    raise CalendarError(NOT_REACHED)


def host_of(address: str) -> tuple[str, int]:
    """Return host and port of an https address; CalendarError for any other address, or one with a password."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port or 443
    except ValueError as error:
        raise CalendarError(ONLY_HTTPS) from error
    if parts.scheme != "https" or not host or parts.username is not None:
        raise CalendarError(ONLY_HTTPS)
    return host, port


def public_address(host: str, port: int) -> str:
    """Return an IP address of a host; CalendarError unless all of its addresses are public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CalendarError(NOT_REACHED) from error
    addresses = [str(one[4][0]).partition("%")[0] for one in found]
    if not addresses or not all(_is_public(address) for address in addresses):
        raise CalendarError(NOT_PUBLIC)
    return addresses[0]


def _is_public(text: str) -> bool:
    address = ip_address(text)
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if inner is not None and not inner.is_global:
        return False
    if address.version == 6 and address not in PUBLIC_IPV6:
        return False
    return address.is_global and not address.is_multicast


def _ask(address: str, until: float) -> tuple[int, str, bytes]:
    host, port = host_of(address)
    connection = http.client.HTTPSConnection(host, port)
    try:
        reached = socket.create_connection((public_address(host, port), port), timeout=_left(until))
        tls = ssl.create_default_context().wrap_socket(reached, server_hostname=host)
        connection.sock = tls
        parts = urlsplit(address)
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request("GET", path, headers={"Accept": "text/calendar", "Accept-Encoding": "identity"})
        response = connection.getresponse()
        return response.status, response.getheader("Location", ""), _body(tls, response, until)
    except TimeoutError as error:
        raise CalendarError(TOO_SLOW) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CalendarError(NOT_REACHED) from error
    finally:
        connection.close()


def _body(reached: ssl.SSLSocket, response: http.client.HTTPResponse, until: float) -> bytes:
    content = b""
    while True:
        reached.settimeout(_left(until))
        part = response.read1(CHUNK)
        if not part:
            return content
        content += part
        if len(content) > MOST_BYTES:
            raise CalendarError(TOO_LARGE)


def _left(until: float) -> float:
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError
    return left
