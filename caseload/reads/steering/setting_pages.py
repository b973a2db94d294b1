"""The pages of the settings: caps with their agencies, and the history of changes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet

from accompaniment.enums import Awaited, Modality, SettingEvent
from accompaniment.models import (
    Accompaniment,
    Agency,
    AgencyPhoneChange,
    DelayChange,
    Jobseeker,
    LapseDelay,
    OpeningChange,
    Region,
    User,
)
from accompaniment.models.changes import SettingChange
from accompaniment.models.expressions import alphabetical
from accompaniment.rules.french import day_in_style, days_in_words
from accompaniment.rules.presentation import phone_in_words
from caseload.models import Capacity, CapacityChange
from caseload.reads.steering.figures import regions_of

HISTORY_SHOWN = 30
PEOPLE_SHOWN = 50
"""The most names shown beside the number of people whom an opening makes eligible."""


@dataclass
class CapsOfPlace:
    """The caps of an agency, or of the whole country (None), of one modality."""

    agency: Agency | None
    modality: Modality
    in_force: Capacity | None = None
    to_come: list[Capacity] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Change:
    """A line of the history."""

    at: datetime
    by: str
    what: str
    reason: str = ""


def agencies_of(user: User) -> list[Agency]:
    """Return the agencies that a manager steers, by region and name."""
    return list(
        Agency.objects.filter(departement__region__in=regions_of(user))
        .select_related("departement__region")
        .order_by(alphabetical("departement__region__name"), alphabetical("name"), "pk")
    )


def caps_by_place(user: User, *, now: datetime) -> tuple[list[CapsOfPlace], list[CapsOfPlace]]:
    """Return the caps in force and to come: those of the whole country, then those of agencies."""
    found = Capacity.objects.visible_to(user).select_related("agency__departement__region", "set_by")
    places: dict[tuple[int | None, str], CapsOfPlace] = {
        (None, modality): CapsOfPlace(None, modality) for modality in Modality
    }
    for cap in sorted(found, key=lambda one: one.starts_on):
        place = places.setdefault((cap.agency_id, cap.modality), CapsOfPlace(cap.agency, Modality(cap.modality)))
        if cap.starts_on <= _today(cap.agency, now):
            place.in_force = cap
        else:
            place.to_come.append(cap)
    order = list(Modality)
    own = [place for place in places.values() if place.agency is not None]
    own.sort(key=lambda place: (str(place.agency), place.agency.pk if place.agency else 0, order.index(place.modality)))
    return [place for place in places.values() if place.agency is None], own


def history_of_caps(user: User) -> Iterator[Change]:
    """Return the last changes of caps that the manager may see, newest first."""
    seen = CapacityChange.objects.filter(Q(agency=None) | Q(agency__in=agencies_of(user)))
    for change in _last(seen.select_related("agency")):
        where = change.agency.name if change.agency else "tout le pays"
        value = "celui du pays" if change.value is None else change.value
        what = f"{change.get_modality_display()}, {where}\u00a0: {value} à partir du {_day(change.starts_on)}"
        if change.by_working_share:
            what += ", selon le temps de travail"
        if change.event == SettingEvent.CANCELLED:
            what += " (annulé)"
        yield Change(change.at, _by(change), what, change.reason)


@dataclass(frozen=True, slots=True)
class AgencyOpening:
    """An agency, and how many people may ask for the 100 % web once it is open there."""

    agency: Agency
    people: int
    own_day: date | None = None
    """The agency's own later day, if the day in question does not open it."""


def openings_of(agencies: Iterable[Agency], *, day: date | None = None) -> list[AgencyOpening]:
    """Count for each agency the people whom an opening makes eligible, as of now.

    `day` is a possible day for the region. An agency with its own later day does not open on it.
    """
    places = list(agencies)
    may_ask = Accompaniment.objects.that_may_ask(places).order_by().values_list("jobseeker__agency")
    counted = dict(may_ask.annotate(people=Count("pk")))
    return [
        AgencyOpening(
            agency,
            counted.get(agency.pk, 0),
            own_day=agency.web_opens_on if day and agency.web_opens_on and agency.web_opens_on > day else None,
        )
        for agency in places
    ]


def people_made_eligible(openings: Iterable[AgencyOpening]) -> list[Jobseeker]:
    """Return the first of the people whom an opening makes eligible, by agency and name. Names alone are no reading."""
    opened = [opening.agency for opening in openings if opening.own_day is None]
    found = (
        Accompaniment.objects.that_may_ask(opened)
        .select_related("jobseeker__agency")
        .order_by(
            alphabetical("jobseeker__agency__name"),
            "jobseeker__agency",
            alphabetical("jobseeker__last_name"),
            alphabetical("jobseeker__first_name"),
            "pk",
        )
    )
    return [period.jobseeker for period in found[:PEOPLE_SHOWN]]


def history_of_openings(*, region: Region | None = None) -> Iterator[Change]:
    """Return the last changes of opening days, newest first: everywhere, or in one region with its agencies.

    For one region the telephone numbers of its agencies are included.
    """
    openings = OpeningChange.objects.select_related("region", "agency")
    numbers = AgencyPhoneChange.objects.select_related("agency__departement__region")
    if region is None:
        changes = list(_last(openings))
    else:
        of_numbers = _last(numbers.filter(agency__departement__region=region))
        changes = sorted([*_last(openings.filter(region=region)), *of_numbers], key=lambda one: one.at, reverse=True)
    for change in changes[:HISTORY_SHOWN]:
        if isinstance(change, AgencyPhoneChange):
            where = f"{change.agency.name} ({change.agency.region})"
            yield Change(change.at, _by(change), f"{where}\u00a0: {_number(change.phone)}")
            continue
        where = f"{change.agency.name} ({change.region})" if change.agency else change.region.name
        day = f"ouverture le {_day(change.opens_on)}" if change.opens_on else "jour retiré"
        before = f", auparavant le {_day(change.before)}" if change.before else ""
        yield Change(change.at, _by(change), f"{where}\u00a0: {day}{before}")


def _number(phone: str) -> str:
    return f"téléphone {phone_in_words(phone)}" if phone else "téléphone retiré"


def delays_by_state(*, today: date) -> list[tuple[Awaited, LapseDelay | None, list[LapseDelay]]]:
    """Return the delay in force and the coming ones, for each thing that waits."""
    rows = list(LapseDelay.objects.select_related("set_by").order_by("starts_on"))
    found = []
    for state in Awaited:
        of_state = [delay for delay in rows if delay.state == state]
        begun = [delay for delay in of_state if delay.starts_on <= today]
        found.append((state, begun[-1] if begun else None, [one for one in of_state if one.starts_on > today]))
    return found


def history_of_delays() -> Iterator[Change]:
    """Return the last changes of delays, newest first."""
    for change in _last(DelayChange.objects.all()):
        gone = " (annulé)" if change.event == SettingEvent.CANCELLED else ""
        what = f"{days_in_words(change.days)} à partir du {_day(change.starts_on)}{gone}"
        yield Change(change.at, _by(change), f"{change.get_state_display()}\u00a0: {what}")


def _today(agency: Agency | None, now: datetime) -> date:
    return now.astimezone(agency.zone if agency else ZoneInfo("Europe/Paris")).date()


def _last(changes: QuerySet[Any]) -> Iterable[Any]:
    return changes.select_related("actor").order_by("-at", "-pk")[:HISTORY_SHOWN]


def _day(day: date) -> str:
    return day_in_style(day, "j F Y")


def _by(change: SettingChange) -> str:
    return change.actor.full_name if change.actor else "Le système"
