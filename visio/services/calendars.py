"""The outside calendar of an adviser. Only its busy times are kept, never what its events say."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accompaniment.models import User
from accompaniment.rules.errors import DomainError, NoRightError
from caseload.locks import lock_advisers
from caseload.models import Adviser
from visio.models import OutsideBusy, OutsideCalendar
from visio.rules.calendars import CalendarError
from visio.services.fetching import host_of
from visio.services.strangers_calendars import read_calendar

READ_EVERY = timedelta(minutes=15)
DAYS_READ = timedelta(days=120)
"""How far ahead busy times are read: as far as a slot can be offered."""
AT_ONCE = 10
"""Calendars that one round reads, within the time of its job if each takes all that it may; the next round goes on."""


def set_calendar(*, actor: User, adviser: Adviser, address: str) -> None:
    """Read the calendar at this address from now on, instead of an earlier one. A worker reads it soon."""
    try:
        host_of(address)
    except CalendarError as error:
        raise DomainError(error.sentence, about="address") from error
    with transaction.atomic():
        own = _own_locked(actor, adviser)
        OutsideCalendar.objects.filter(adviser=own).delete()
        OutsideCalendar.objects.create(adviser=own, address=address, set_at=timezone.now())


def remove_calendar(*, actor: User, adviser: Adviser) -> None:
    """Forget the address, and with it the busy times."""
    with transaction.atomic():
        OutsideCalendar.objects.filter(adviser=_own_locked(actor, adviser)).delete()


def read_calendars() -> int:
    """Read the calendars whose turn it is; return how many were tried. A calendar that fails keeps its busy times."""
    before = timezone.now() - READ_EVERY
    tried = list(
        OutsideCalendar.objects.to_read(before).select_related("adviser__agency__departement__region")[:AT_ONCE]
    )
    for calendar in tried:
        now = timezone.now()
        # Before anything can end this round: the next one begins with another calendar.
        _of(calendar).update(tried_at=now)
        zone = calendar.adviser.agency.zone
        today = now.astimezone(zone).date()
        try:
            times = read_calendar(calendar.address, first=today, last=today + DAYS_READ, zone=zone)
        except CalendarError as error:
            _of(calendar).update(tried_at=now, failure=error.sentence)
        else:
            keep(calendar, times, now=now)
    return len(tried)


def keep(calendar: OutsideCalendar, times: list[tuple[datetime, datetime]], *, now: datetime) -> None:
    """Replace the busy times. Nothing is kept of an address that was changed or removed while it was read."""
    with transaction.atomic():
        lock_advisers([calendar.adviser_id])
        if not _of(calendar).update(tried_at=now, read_at=now, failure=""):
            return
        calendar.busy.all().delete()
        OutsideBusy.objects.bulk_create(
            OutsideBusy(calendar=calendar, starts_at=starts_at, ends_at=ends_at) for starts_at, ends_at in times
        )


def _of(calendar: OutsideCalendar) -> QuerySet[OutsideCalendar]:
    return OutsideCalendar.objects.filter(pk=calendar.pk, address=calendar.address)


def _own_locked(actor: User, adviser: Adviser) -> Adviser:
    own = lock_advisers([adviser.pk])[adviser.pk]
    if own.user_id != actor.pk:
        raise NoRightError("Chaque conseiller règle son propre agenda.")
    return own
