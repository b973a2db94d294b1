"""The day on which the 100 % web track opens in a region, or in an agency on a later day of its own."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.errors import DomainError, NotAllowedNowError
from accompaniment.french import day_in_style
from accompaniment.models import Agency, Enrolment, Region, User
from accompaniment.querysets import EnrolmentQuerySet
from accompaniment.services import audit


@dataclass(frozen=True, slots=True)
class SeenDay:
    """The day, or none, that the actor had before them."""

    day: date | None


class DayChangedMeanwhileError(NotAllowedNowError):
    """Somebody set another day since the actor read it; `current` is that day. Nothing was written."""

    def __init__(self, place: Region | Agency) -> None:
        self.current = place.web_opens_on
        now = f"fixé au {day_in_style(self.current, 'j F Y')}" if self.current else "retiré"
        super().__init__(
            f"{place.name}\u00a0: le jour d'ouverture a été {now} depuis que vous avez ouvert la page. Rien n'a été "
            "enregistré de votre côté. Vérifiez votre saisie, puis envoyez-la de nouveau si elle convient toujours."
        )


def set_region_opening(*, actor: User, region: Region, opens_on: date | None, seen: SeenDay | None = None) -> Region:
    """Open the 100 % web track in a region on a day, or on none (None). The same day again changes nothing.

    Tracks that run go on whatever the day. Raises DayChangedMeanwhileError when the day is not the one `seen` any
    more, DomainError for a day in the past, and when somebody was validated there before that day: what began stays
    open.
    """
    with transaction.atomic():
        locked: Region = Region.objects.select_for_update(of=("self",)).get(pk=region.pk)
        if locked.web_opens_on == opens_on:
            return locked
        _check_seen(locked, seen)
        _check_day(locked, opens_on, validated=Enrolment.objects.filter(jobseeker__agency__departement__region=locked))
        before = locked.web_opens_on
        locked.web_opens_on = opens_on
        locked.save(update_fields=["web_opens_on"])
        audit.record(
            actor=actor, jobseeker=None, action=AuditAction.REGION, region=locked.code, before=before, opens_on=opens_on
        )
        return locked


def set_agency_opening(*, actor: User, agency: Agency, opens_on: date | None, seen: SeenDay | None = None) -> Agency:
    """Open the 100 % web track in an agency on a day of its own, or with its region (None).

    Raises DayChangedMeanwhileError as for a region, DomainError for a day in the past or before the region's, and
    when somebody was validated there before the day on which it would open.
    """
    with transaction.atomic():
        region = Region.objects.select_for_update(of=("self",)).get(departements__agencies=agency.pk)
        locked: Agency = (
            Agency.objects.select_for_update(of=("self",)).select_related("departement__region").get(pk=agency.pk)
        )
        if locked.web_opens_on == opens_on:
            return locked
        _check_seen(locked, seen)
        if opens_on is not None:
            if region.web_opens_on is None:
                raise DomainError(
                    f"La région {region.name} n'a pas de jour d'ouverture\u00a0: il faut d'abord le fixer."
                )
            if opens_on < region.web_opens_on:
                raise DomainError(
                    f"La région {region.name} ouvre le {day_in_style(region.web_opens_on, 'j F Y')}, "
                    "et une agence n'ouvre pas avant sa région. Choisissez ce jour ou un jour suivant."
                )
            _check_day(region, opens_on, validated=Enrolment.objects.filter(jobseeker__agency=locked))
        before = locked.web_opens_on
        locked.web_opens_on = opens_on
        locked.save(update_fields=["web_opens_on"])
        audit.record(
            actor=actor,
            jobseeker=None,
            action=AuditAction.REGION,
            region=region.code,
            agency=locked.code,
            before=before,
            opens_on=opens_on,
        )
        return locked


def _check_seen(place: Region | Agency, seen: SeenDay | None) -> None:
    if seen is not None and place.web_opens_on != seen.day:
        raise DayChangedMeanwhileError(place)


def _check_day(region: Region, opens_on: date | None, *, validated: EnrolmentQuerySet) -> None:
    today = timezone.localdate(timezone=region.zone)
    if opens_on is not None and opens_on < today:
        raise DomainError("Une ouverture ne se fixe pas dans le passé. Choisissez aujourd'hui ou un jour à venir.")
    first = validated.filter(validated_at__isnull=False).order_by("validated_at").first()
    if first is not None and first.validated_at is not None:
        day = first.validated_at.astimezone(region.zone).date()
        if opens_on is None or opens_on > day:
            raise DomainError(
                f"Des adhésions y ont été validées depuis le {day_in_style(day, 'j F Y')}\u00a0: "
                "l'ouverture ne peut plus être repoussée ni retirée."
            )
