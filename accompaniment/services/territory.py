"""The opening day of the 100 % web track in a region, or a later one of an agency."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.locks import lock_agency, lock_region
from accompaniment.models import Accompaniment, Agency, Enrolment, OpeningChange, Region, User
from accompaniment.models.enrolment import EnrolmentQuerySet
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import day_in_style
from accompaniment.rules.meanwhile import Shown, State, check_seen
from accompaniment.rules.tracks import opening_day
from accompaniment.services import audit
from accompaniment.services.foreseen import Foreseen, names_of
from accompaniment.services.rights import check_steers, check_steers_country


def shown_opening(place: Region | Agency) -> Shown:
    """Return what a page shows of a region or an agency: its own opening day, or none."""
    own = place.web_opens_on.isoformat() if place.web_opens_on else ""
    return Shown(type(place).__name__, place.pk, {"web_opens_on": own})


def set_region_opening(
    *, actor: User, region: Region, opens_on: date | None, seen: State | None = None, shown: str | None = None
) -> Region:
    """Open the 100 % web track in a region on a day, or remove its opening day (None).

    The same day again changes nothing, and running tracks go on in any case. `shown`: what the actor has read about the
    people concerned (`foreseen`). Raises ChangedMeanwhileError if the day is no longer the one `seen`; DomainError for
    a day in the past, or if somebody was validated there before that day, because what has begun stays open;
    NotForeseenError if the people concerned differ from those shown.
    """
    with transaction.atomic():
        locked = lock_region(region.pk)
        check_steers_country(actor)
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
    *, actor: User, agency: Agency, opens_on: date | None, seen: State | None = None, shown: str | None = None
) -> Agency:
    """Open the 100 % web track in an agency on its own day, or together with its region (None).

    Raises ChangedMeanwhileError and NotForeseenError as for a region, DomainError for a day in the past or before the
    region's, or if somebody was validated there before the new opening.
    """
    with transaction.atomic():
        region = lock_region(Region.objects.values_list("pk", flat=True).get(departements__agencies=agency.pk))
        check_steers(actor, region.pk)
        locked = lock_agency(agency.pk)
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
    """Return the people whom this opening day makes eligible, and those whose request it postpones; writes nothing."""
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
    """Return the waiting requests that this opening day postpones, by agency and date."""
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


def _check_seen(place: Region | Agency, seen: State | None) -> None:
    now = f"fixé au {day_in_style(place.web_opens_on, 'j F Y')}" if place.web_opens_on else "retiré"
    check_seen(
        seen,
        shown_opening(place),
        f"{place.name}\u00a0: le jour d'ouverture a été {now} depuis que vous avez ouvert la page. Rien n'a été "
        "enregistré de votre côté. Vérifiez votre saisie, puis envoyez-la de nouveau si elle convient toujours.",
    )


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
