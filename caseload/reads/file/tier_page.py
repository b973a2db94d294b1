"""The page of a change of tier: the person's position, and the consequences of another tier."""

from dataclasses import dataclass
from datetime import datetime

from accompaniment.enums import EnrolmentState, Modality, Tier, Track
from accompaniment.models import Accompaniment, ContactPlan, Enrolment, Jobseeker
from accompaniment.reads.contact_plans import ending_with_the_plan
from accompaniment.reads.standing import foresee_tier_change
from accompaniment.rules.french import NEXT_ONE
from caseload.reads.registration.interviews import default_plan_in_words


@dataclass(frozen=True, slots=True)
class TierPage:
    """The current period, the past ones, and what the chosen tier would change (None: no tier chosen)."""

    person: Jobseeker
    current: Accompaniment
    earlier: list[Accompaniment]
    tier: Tier | None
    consequences: list[str]

    @property
    def choices(self) -> list[Tier]:
        """The tiers that the person does not have."""
        return [tier for tier in Tier if tier != self.current.tier]


def tier_page(person: Jobseeker, *, tier: Tier | None, now: datetime) -> TierPage:
    """Return the page. Choosing the person's present tier counts as choosing none."""
    periods = list(Accompaniment.objects.filter(jobseeker=person).select_related("decided_by").order_by("-started_at"))
    current = periods[0]
    chosen = None if tier == current.tier else tier
    return TierPage(
        person=person,
        current=current,
        earlier=periods[1:],
        tier=chosen,
        consequences=_consequences(person, current, chosen, now) if chosen else [],
    )


def _consequences(person: Jobseeker, current: Accompaniment, tier: Tier, now: datetime) -> list[str]:
    return [
        *_of_the_track(person, current, tier),
        *foresee_tier_change(person, tier),
        *_of_the_plan(person, tier, now),
        "La personne en est prévenue par e-mail."
        if person.email
        else "La personne n'a pas d'adresse e-mail\u00a0: prévenez-la vous-même.",
    ]


def _of_the_track(person: Jobseeker, current: Accompaniment, tier: Tier) -> list[str]:
    if current.track == Track.WEB:
        return [
            (
                "Son parcours 100\u00a0%\u00a0web prend fin tout de suite\u00a0: "
                "il n'existe que dans la modalité «\u00a0guidé\u00a0». Son acceptation est close avec lui."
            )
        ]
    waiting = Enrolment.objects.open().filter(jobseeker=person).first()
    if waiting is None:
        return []
    if waiting.state == EnrolmentState.VALIDATED:
        return ["Sa demande de 100\u00a0%\u00a0web, validée et pas encore acceptée, est close."]
    if tier != Tier.GUIDE:
        return [
            (
                "Sa demande de 100\u00a0%\u00a0web reste en attente de l'entretien d'inscription, "
                "où elle ne pourra être validée que dans la modalité «\u00a0guidé\u00a0»."
            )
        ]
    return []


def _of_the_plan(person: Jobseeker, tier: Tier, now: datetime) -> list[str]:
    sentences = []
    due = ending_with_the_plan([person.pk]).get(person.pk, [])
    if due:
        sentences.append(f"Avec le plan de contact actuel, n'est plus dû\u00a0: {NEXT_ONE.join(due)}.")
    default = default_plan_in_words(Modality(tier), today=now.astimezone(person.agency.zone).date())
    if default:
        sentences.append(f"Son plan de contact devient\u00a0: {default[0].lower()}{default[1:]}.")
    elif ContactPlan.objects.current().filter(jobseeker=person).exists():
        sentences.append("Son plan de contact prend fin\u00a0; cette modalité n'en a pas d'habituel.")
    return sentences
