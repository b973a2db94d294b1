"""The people for whom an adviser can record a wish: people of the agency without an open request."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Subquery, Value
from django.db.models.functions import Concat

from accompaniment.enums import Tier
from accompaniment.models import Accompaniment, Enrolment, Jobseeker
from accompaniment.rules.french import day_in_words
from accompaniment.rules.tracks import not_eligible_reasons
from caseload.models import Adviser
from caseload.reads.registration.interviews import decision_in_words

FOUND_AT_MOST = 10
"""The most people shown. More matches need a more precise search, because each person shown counts as read."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person who was found, and what prevents the 100 % web track today."""

    person: Jobseeker
    obstacle: str
    """Why the wish cannot be recorded today; empty if it can."""
    to_settle: list[str]
    """What the interview must settle before a validation."""
    before: str
    """The outcome of the last request; empty for a person who never asked."""


def candidates(adviser: Adviser, words: str, *, now: datetime) -> list[Candidate]:
    """Return the people who match, in two statements at most. One result too many shows that there are more."""
    if not words:
        return []
    open_one = Enrolment.objects.open().filter(jobseeker=OuterRef("pk"))
    last = Enrolment.objects.filter(jobseeker=OuterRef("pk")).order_by("-closed_at", "-pk")
    people = list(
        Jobseeker.objects.filter(~Exists(open_one), agency=adviser.agency_id)
        .matching(words)
        .annotate(
            last_state=Subquery(last.values("state")[:1]),
            last_closed_at=Subquery(last.values("closed_at")[:1]),
            last_closed_by=Subquery(
                last.values(name=Concat("closed_by__first_name", Value(" "), "closed_by__last_name"))[:1]
            ),
        )
        .select_related("agency__departement__region")[: FOUND_AT_MOST + 1]
    )
    tiers = dict(Accompaniment.objects.current().filter(jobseeker__in=people).values_list("jobseeker_id", "tier"))
    return [_candidate(person, Tier(tiers[person.pk]), now) for person in people]


def _candidate(person: Any, tier: Tier, now: datetime) -> Candidate:
    agency = person.agency
    today = now.astimezone(agency.zone).date()
    opens_on = agency.web_opening_day
    reasons = not_eligible_reasons(tier=tier, opens_on=opens_on, day=today, email=person.email)
    obstacle = ""
    if "region" in reasons:
        when = (
            f"n'y ouvre que le {day_in_words(opens_on, today=today)}"
            if opens_on
            else "n'y a pas encore de date d'ouverture"
        )
        obstacle = f"{agency.name}\u00a0: le 100\u00a0%\u00a0web {when}."
    to_settle = []
    if "modalite" in reasons:
        now_in = f"Sa modalité est «\u00a0{tier.label.lower()}\u00a0»"
        to_settle.append(f"{now_in}\u00a0: il faut «\u00a0guidé\u00a0», à décider pendant l'entretien.")
    if "email" in reasons:
        to_settle.append("Pas d'adresse e-mail\u00a0: à noter pendant l'entretien.")
    return Candidate(
        person=person,
        obstacle=obstacle,
        to_settle=to_settle,
        before=decision_in_words(
            person.last_state, person.last_closed_at, (person.last_closed_by or "").strip(), person=person, now=now
        ),
    )
