"""The one throttle of the service: so many times for one address, or from one place, within a time.

It counts in PostgreSQL, in one statement. So it holds for all processes, without Redis, and for concurrent requests.
The counted address or place is stored as a keyed digest, and deleted when its time is over.
"""

from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accompaniment.models import Tally

COUNT = """
INSERT INTO accompaniment_tally AS tally (kind, digest, began_at, ends_at, count) VALUES (%s, %s, %s, %s, 1)
ON CONFLICT (kind, digest) DO UPDATE SET
  count = CASE WHEN tally.ends_at <= excluded.began_at THEN 1 ELSE tally.count + 1 END,
  began_at = CASE WHEN tally.ends_at <= excluded.began_at THEN excluded.began_at ELSE tally.began_at END,
  ends_at = CASE WHEN tally.ends_at <= excluded.began_at THEN excluded.ends_at ELSE tally.ends_at END
RETURNING count
"""

V6_NETWORK = 64
"""Bits of an IPv6 address that belong to one subscriber."""


def allows(*counted: tuple[str, str]) -> bool:
    """Count once more for each (bound, subject), and return whether all counts stay within `settings.BOUNDS`.

    All are counted, even if one is exceeded, so that every answer takes the same work.
    """
    within = [_count(bound, whose) <= settings.BOUNDS[bound][0] for bound, whose in counted]
    return all(within)


def take_back(*counted: tuple[str, str]) -> None:
    """Undo a count for something that turned out to be harmless."""
    for bound, whose in counted:
        Tally.objects.filter(kind=bound, digest=_digest(bound, whose), count__gt=0).update(count=F("count") - 1)


def knows(bound: str, whose: str) -> bool:
    """Return whether something was counted for this subject within its time, without counting."""
    return Tally.objects.filter(kind=bound, digest=_digest(bound, whose), ends_at__gt=timezone.now()).exists()


def wait_of(bound: str) -> timedelta:
    """Return the time after which a bound starts again."""
    return timedelta(seconds=int(settings.BOUNDS[bound][1]))


def place_of(request: HttpRequest) -> str:
    """Return the place of a request: its IPv4 address, or the subscriber's network of an IPv6 address."""
    text = str(request.META.get("REMOTE_ADDR", ""))
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    shift = 128 - V6_NETWORK
    return str(IPv6Address(int(address) >> shift << shift))


def kept() -> timedelta:
    """Return the longest time for which a count is stored."""
    return timedelta(seconds=max(seconds for _, seconds in settings.BOUNDS.values()))


def forget_old(*, now: datetime) -> int:
    """Delete old counts, and wrong passwords that no longer lock anything; return how many.

    Axes itself deletes the latter only when somebody types the next wrong password.
    """
    tallies = Tally.objects.filter(ends_at__lte=now).delete()[0]
    attempts: int = AccessAttempt.objects.filter(attempt_time__lt=now - get_cool_off()).delete()[0]
    return tallies + attempts


def _count(bound: str, whose: str) -> int:
    now = timezone.now()
    ends_at = now + timedelta(seconds=settings.BOUNDS[bound][1])
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [bound, _digest(bound, whose), now, ends_at])
        (count,) = cursor.fetchone()
    return int(count)


def _digest(bound: str, whose: str) -> str:
    return salted_hmac(f"throttle.{bound}", whose.strip().lower(), algorithm="sha256").hexdigest()
