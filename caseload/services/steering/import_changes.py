"""What a file of registrations changes for known people: read by a manager before the load, and after it."""

from collections.abc import Iterable
from typing import Any

from django.db.models import F
from django.utils import timezone

from accompaniment.enums import EnrolmentState
from accompaniment.models import Jobseeker, User
from accompaniment.models.expressions import alphabetical
from accompaniment.models.people import JobseekerQuerySet
from accompaniment.reads.contact_plans import ending_with_the_plan
from accompaniment.rules.french import counted, grouped, listed, plural
from accompaniment.rules.imports.outcome import JobseekerOutcome
from accompaniment.services.foreseen import Concerned, Foreseen, names_of
from caseload.hooks.coming import booked
from caseload.models import ImportRun, Placement

CONFIRM = "Charger ce fichier"
KEPT_ELSEWHERE = "kept_elsewhere"
"""The key of `kept_elsewhere` in a file's summary."""


def foresee(outcome: JobseekerOutcome) -> Foreseen:
    """Return whose tier and region a file changes, and whose 100 % web it ends.

    A change of region matters only for people who are followed or have a booking.
    """
    moving = outcome.new_regions & outcome.followed
    people = {**outcome.new_tiers, **dict.fromkeys(moving - outcome.new_tiers.keys(), "")}
    return Foreseen(
        title=_title(tiers=len(outcome.new_tiers), regions=len(moving)),
        sentences=_sentences(outcome),
        confirm=CONFIRM,
        people=list(people),
        parts=_parts(outcome, moving),
        keys=[(pk, tier, outcome.closed.get(pk, ""), pk in moving) for pk, tier in people.items()],
    )


def _title(*, tiers: int, regions: int) -> str:
    changed = [f"la modalité de {counted(tiers, 'une personne')}"] if tiers or not regions else []
    if regions:
        changed.append(f"la région de {counted(regions, 'une personne')} avec un conseiller")
    return f"Ce fichier change {listed(changed)}"


def _sentences(outcome: JobseekerOutcome) -> list[str]:
    followed = len(outcome.followed)
    sentences = []
    if outcome.closed:
        sentences.append(
            "Le 100\u00a0% web n'existe que pour la modalité «\u00a0guidé\u00a0»\u00a0: il prend fin dès le "
            "chargement pour qui en sort. "
            "Si la modalité du fichier est fausse, faites-la d'abord corriger."
        )
    if followed:
        sentences.append(
            f"{grouped(followed)} {plural(followed, 'change,changent')} de portefeuille selon les places, ou "
            f"{plural(followed, 'passe,passent')} sur la liste "
            "d'attente\u00a0; ce qui est prévu avec un conseiller qui ne suit plus est annulé."
        )
    sentences.append("Chaque personne qui a une adresse e-mail en est prévenue, comme les conseillers concernés.")
    return sentences


def _parts(outcome: JobseekerOutcome, moving: set[int]) -> list[Concerned]:
    """Name each person once, with the worst consequence."""
    ended = [pk for pk, state in outcome.closed.items() if state == EnrolmentState.ACTIVE]
    lapsed = [pk for pk, state in outcome.closed.items() if state == EnrolmentState.VALIDATED]
    moving = moving - outcome.closed.keys()
    others = outcome.new_tiers.keys() - outcome.closed.keys() - moving
    found = (
        ("Fin du 100\u00a0% web", ended),
        ("Demande de 100\u00a0% web validée, close avant l'acceptation", lapsed),
        ("Agence dans une autre région", sorted(moving)),
        ("Autre modalité", sorted(others)),
    )
    return [Concerned(title=title, people=people) for title, people in found if people]


def as_json(foreseen: Foreseen) -> dict[str, Any]:
    """Return what is stored while a file waits: the people concerned, without names."""
    return {
        "title": foreseen.title,
        "sentences": foreseen.sentences,
        "people": list(foreseen.people),
        "parts": [{"title": part.title, "people": part.people} for part in foreseen.parts],
        "mark": foreseen.mark,
    }


def foreseen_by(run: ImportRun, *, reader: User) -> Foreseen:
    """Return what a file that waits for its confirmation would do, with the names that the reader may see."""
    facts = run.foreseen
    people = facts["people"]
    ending = [ask(people, timezone.now()) for ask in booked] + [ending_with_the_plan(people)]
    return Foreseen(
        title=facts["title"],
        sentences=facts["sentences"],
        confirm=CONFIRM,
        people=facts["people"],
        parts=[
            Concerned(
                title=part["title"], people=part["people"], names=names_of(part["people"], reader=reader, ending=ending)
            )
            for part in facts.get("parts", [])
        ],
    )


def kept_elsewhere(outcome: JobseekerOutcome) -> list[int]:
    """Return who has moved to another agency of the region and keeps the former adviser until a transfer."""
    return _followed_elsewhere(pk for pk, other_region in outcome.new_agencies.items() if not other_region)


def still_elsewhere(run: ImportRun, *, reader: User) -> JobseekerQuerySet:
    """Return those of them whom the reader may see and whose adviser is still elsewhere, by name."""
    people = _followed_elsewhere(run.summary.get(KEPT_ELSEWHERE, []))
    return (
        Jobseeker.objects.visible_to(reader)
        .filter(pk__in=people)
        .order_by(alphabetical("last_name"), alphabetical("first_name"), "pk")
    )


def _followed_elsewhere(people: Iterable[int]) -> list[int]:
    stays = Placement.objects.open().filter(jobseeker__in=list(people))
    elsewhere = stays.exclude(portfolio__agency=F("jobseeker__agency"))
    return list(elsewhere.order_by("jobseeker").values_list("jobseeker", flat=True))
