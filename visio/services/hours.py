"""Working hours of advisers. Each act locks the adviser, so that a booking at the same time comes before or after it.

What is booked stays, whatever the new hours are. `reads.hours_page` names it.
"""

from collections.abc import Sequence
from datetime import date, time

from django.db import transaction
from django.utils import timezone

from accompaniment.models import User
from accompaniment.rules.errors import DomainError, NoRightError
from accompaniment.rules.meanwhile import State, check_seen
from accompaniment.rules.public_holidays import is_public_holiday
from caseload.locks import lock_advisers
from caseload.models import Adviser
from visio.models import BookingSettings, DayHours, WorkingHours
from visio.reads.hours import hours_of, shown_hours, shown_settings
from visio.rules.slots import BookingRules, Stretch, obstacle_among

OWN_HOURS_ONLY = "Chaque conseiller règle ses propres horaires."

CHANGED = (
    "Vos horaires ont changé depuis l'ouverture de cette page, par exemple dans un autre onglet. Rien n'a été "
    "enregistré. Vérifiez-les, puis enregistrez de nouveau."
)

USUAL_DAYS = range(5)
USUAL_STRETCHES = ((time(9), time(12)), (time(13), time(17)))


def give_usual_hours(advisers: Sequence[Adviser]) -> None:
    """Give new advisers the working hours Monday to Friday, 9 to 12 and 13 to 17. Existing hours are kept."""
    settled = set(WorkingHours.objects.filter(adviser__in=advisers).values_list("adviser", flat=True))
    WorkingHours.objects.bulk_create(
        [
            WorkingHours(adviser=adviser, weekday=weekday, starts_at=starts_at, ends_at=ends_at)
            for adviser in advisers
            if adviser.pk not in settled
            for weekday in USUAL_DAYS
            for starts_at, ends_at in USUAL_STRETCHES
        ]
    )


def set_weekday(
    *, actor: User, adviser: Adviser, day: date, stretches: Sequence[Stretch], seen: State | None = None
) -> None:
    """Set the hours of every weekday like `day`; none closes it. The day itself has them too from now on.

    Other days that have hours of their own keep them.
    """
    with transaction.atomic():
        own = _own_locked(actor, adviser, day=day, stretches=stretches, seen=seen)
        WorkingHours.objects.filter(adviser=own, weekday=day.weekday()).delete()
        DayHours.objects.filter(adviser=own, day=day).delete()
        WorkingHours.objects.bulk_create(
            [
                WorkingHours(
                    adviser=own,
                    weekday=day.weekday(),
                    starts_at=one.starts_at,
                    ends_at=one.ends_at,
                    channels=sorted(one.channels),
                )
                for one in stretches
            ]
        )


def set_day(
    *, actor: User, adviser: Adviser, day: date, stretches: Sequence[Stretch], seen: State | None = None
) -> None:
    """Set the hours of one day, which count instead of the weekday's; none closes the day."""
    with transaction.atomic():
        own = _own_locked(actor, adviser, day=day, stretches=stretches, seen=seen)
        if stretches and is_public_holiday(day, own.agency.departement.holidays_subdivision):
            raise DomainError("Ce jour est férié\u00a0: l'agence est fermée.")
        DayHours.objects.filter(adviser=own, day=day).delete()
        DayHours.objects.bulk_create(
            [
                DayHours(
                    adviser=own,
                    day=day,
                    starts_at=one.starts_at,
                    ends_at=one.ends_at,
                    channels=sorted(one.channels),
                )
                for one in stretches
            ]
            or [DayHours(adviser=own, day=day)]
        )


def follow_the_week(*, actor: User, adviser: Adviser, day: date, seen: State | None = None) -> None:
    """Give a day the hours of its weekday again."""
    with transaction.atomic():
        own = _own_locked(actor, adviser, day=day, stretches=(), seen=seen)
        DayHours.objects.filter(adviser=own, day=day).delete()


def set_booking(*, actor: User, adviser: Adviser, rules: BookingRules, seen: State | None = None) -> None:
    """Set how the adviser can be booked from now on. What is booked keeps its hours and its buffer."""
    with transaction.atomic():
        own = lock_advisers([adviser.pk])[adviser.pk]
        if own.user_id != actor.pk:
            raise NoRightError(OWN_HOURS_ONLY)
        check_seen(seen, shown_settings(own, hours_of(own).rules), CHANGED)
        BookingSettings.objects.update_or_create(
            adviser=own,
            defaults={
                "horizon_days": rules.horizon_days,
                "buffer_minutes": rules.buffer_minutes,
                "urgent_percent": rules.urgent_percent,
            },
        )


def _own_locked(
    actor: User, adviser: Adviser, *, day: date, stretches: Sequence[Stretch], seen: State | None
) -> Adviser:
    """Return the locked adviser, who is the actor, once the stretches are possible and the page was up to date."""
    own = lock_advisers([adviser.pk])[adviser.pk]
    if own.user_id != actor.pk:
        raise NoRightError(OWN_HOURS_ONLY)
    if day < timezone.now().astimezone(own.agency.zone).date():
        raise DomainError("Ce jour est passé. Choisissez un jour à venir.")
    obstacle = obstacle_among(stretches)
    if obstacle is not None:
        raise DomainError(obstacle)
    check_seen(seen, shown_hours(own, day, hours_of(own)), CHANGED)
    return own
