"""The day on which the 100 % web track opens in a region, or in an agency on a later day of its own."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.models import Accompaniment, Agency, Enrolment, OpeningChange, Region, User
from accompaniment.models.enrolment import EnrolmentQuerySet
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import day_in_style
from accompaniment.rules.tracks import opening_day
from accompaniment.services import audit
from accompaniment.services.foreseen import Foreseen, names_of


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


def set_region_opening(
    *, actor: User, region: Region, opens_on: date | None, seen: SeenDay | None = None, shown: str | None = None
) -> Region:
    """Open the 100 % web track in a region on a day, or on none (None). The same day again changes nothing.

    Tracks that run go on whatever the day. `shown`: what the actor has read of whom it concerns (`foreseen`). Raises
    DayChangedMeanwhileError when the day is not the one `seen` any more, DomainError for a day in the past, and when
    somebody was validated there before that day: what began stays open; NotForeseenError where others are concerned
    than those that were shown.
    """
    with transaction.atomic():
        locked: Region = Region.objects.select_for_update(of=("self",)).get(pk=region.pk)
        if locked.web_opens_on == opens_on:
            return locked
        _check_seen(locked, seen)
        _check_day(locked, opens_on, validated=Enrolment.objects.filter(jobseeker__agency__departement__region=locked))
        foresee_opening(actor=actor, place=locked, opens_on=opens_on).check(shown)
        before = locked.web_opens_on
        locked.web_opens_on = opens_on
        locked.save(update_fields=["web_opens_on"])
        OpeningChange.objects.create(at=timezone.now(), actor=actor, region=locked, before=before, opens_on=opens_on)
        audit.record(
            actor=actor, jobseeker=None, action=AuditAction.REGION, region=locked.code, before=before, opens_on=opens_on
        )
        return locked


def set_agency_opening(
    *, actor: User, agency: Agency, opens_on: date | None, seen: SeenDay | None = None, shown: str | None = None
) -> Agency:
    """Open the 100 % web track in an agency on a day of its own, or with its region (None).

    Raises DayChangedMeanwhileError and NotForeseenError as for a region, DomainError for a day in the past or before
    the region's, and when somebody was validated there before the day on which it would open.
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
        foresee_opening(actor=actor, place=locked, opens_on=opens_on).check(shown)
        before = locked.web_opens_on
        locked.web_opens_on = opens_on
        locked.save(update_fields=["web_opens_on"])
        OpeningChange.objects.create(
            at=timezone.now(), actor=actor, region=region, agency=locked, before=before, opens_on=opens_on
        )
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


def foresee_opening(*, actor: User, place: Region | Agency, opens_on: date | None) -> Foreseen:
    """Return whom this day of opening makes eligible, and whose request it puts off; writes nothing."""
    agencies = [place] if isinstance(place, Agency) else list(Agency.objects.opening_with(place, day=opens_on))
    put_off = requests_put_off(place, opens_on=opens_on)
    people = set(Accompaniment.objects.that_may_ask(agencies).values_list("jobseeker", flat=True))
    people |= {enrolment.jobseeker_id for enrolment in put_off}
    return Foreseen(
        title=f"Ouverture du 100\u00a0% web\u00a0: {place.name}",
        sentences=[],
        confirm="Confirmer",
        people=people,
        names=names_of(people, reader=actor),
        keys=[("day", opens_on), *(("request", enrolment.pk) for enrolment in put_off)],
    )


def requests_put_off(place: Region | Agency, *, opens_on: date | None) -> list[Enrolment]:
    """Return by agency and date the requests that wait where this day of opening is later than the present one."""
    agencies = [place] if isinstance(place, Agency) else Agency.objects.filter(departement__region=place)
    region = place.region if isinstance(place, Agency) else place
    later = []
    for agency in agencies:
        before = opening_day(region.web_opens_on, own=agency.web_opens_on)
        if agency == place:
            after = opening_day(region.web_opens_on, own=opens_on)
        else:
            after = opening_day(opens_on, own=agency.web_opens_on)
        if before is not None and (after is None or after > before):
            later.append(agency)
    found = Enrolment.objects.awaiting_decision().filter(jobseeker__agency__in=later)
    return list(found.select_related("jobseeker__agency").order_by("jobseeker__agency__name", "asked_at", "pk"))


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
