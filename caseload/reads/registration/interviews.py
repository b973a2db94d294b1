"""What the pages of the registration interview show."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef

from accompaniment.enums import Bandwidth, EnrolmentState, Modality
from accompaniment.models import DeviceCheck, Enrolment, Jobseeker, RegistrationInterview
from accompaniment.models.enrolment import EnrolmentQuerySet
from accompaniment.reads.contact_plans import default_plan
from accompaniment.reads.waiting_times import time_left
from accompaniment.rules.french import day_in_words, days_in_words
from accompaniment.rules.presentation import contact_plan_in_words
from caseload.enums import YesNo
from caseload.models import Adviser, Placement, Portfolio

DECISION_SHOWN_FOR = timedelta(days=1)
"""How long the agency's advisers see a settled enrolment. Afterwards only their perimeter counts."""

DECISIONS_SHOWN = 10
CLOSED_IN_WORDS = {
    EnrolmentState.REFUSED: "100\u00a0% web refusé",
    EnrolmentState.WITHDRAWN: "Demande de 100\u00a0% web retirée",
    EnrolmentState.LAPSED: "Demande de 100\u00a0% web close faute de réponse",
    EnrolmentState.ENDED: "100\u00a0% web terminé",
}


def registrations_of(adviser: Adviser, now: datetime) -> EnrolmentQuerySet:
    """Return the enrolments of the adviser's agency that wait or were settled within the last day.

    An adviser always sees the outcome of their own refusals, but not the file: a person whom nobody follows is in
    nobody's perimeter.
    """
    of_agency: EnrolmentQuerySet = Enrolment.objects.filter(jobseeker__agency=adviser.agency_id)
    return (
        of_agency.filter(state=EnrolmentState.ASKED)
        | of_agency.settled_after(now - DECISION_SHOWN_FOR)
        | of_agency.not_taken_on().filter(closed_by=adviser.user_id)
    ).select_related("jobseeker__agency__departement__region", "jobseeker__user", "validated_by", "closed_by")


def waiting_registrations(adviser: Adviser, words: str) -> EnrolmentQuerySet:
    """Return the volunteers who wait in the adviser's agency, longest wait first, and whether their interview has
    begun.
    """
    return volunteers_of(adviser).matching(words).with_interview_begun()


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A request that was not granted: the decision, and the person's present adviser."""

    enrolment: Enrolment
    said: str
    stands: str


def not_taken_on(adviser: Adviser, words: str, *, now: datetime) -> list[Decision]:
    """Return the latest requests that were not granted: the adviser's own decisions, or the agency's that match
    `words`.

    A person who has asked again is among those who wait. Two statements.
    """
    asks_again = Enrolment.objects.open().filter(jobseeker=OuterRef("jobseeker"))
    found = Enrolment.objects.not_taken_on().filter(~Exists(asks_again), jobseeker__agency=adviser.agency_id)
    found = found.matching(words) if words else found.filter(closed_by=adviser.user_id)
    shown = list(
        found.select_related("jobseeker__agency__departement__region", "closed_by").order_by("-closed_at", "-pk")[
            :DECISIONS_SHOWN
        ]
    )
    followed = {
        placement.jobseeker_id: str(placement.portfolio.adviser)
        for placement in Placement.objects.open()
        .filter(jobseeker__in=[enrolment.jobseeker_id for enrolment in shown])
        .select_related("portfolio__adviser__user")
    }
    return [
        Decision(
            enrolment=enrolment,
            said=decision_in_words(
                enrolment.state,
                enrolment.closed_at,
                enrolment.closed_by.full_name if enrolment.closed_by else "",
                person=enrolment.jobseeker,
                now=now,
            ),
            stands=f"Suivi par {followed[enrolment.jobseeker_id]}"
            if enrolment.jobseeker_id in followed
            else "Attend un conseiller",
        )
        for enrolment in shown
    ]


def decision_in_words(state: str, at: datetime | None, by: str, *, person: Jobseeker, now: datetime) -> str:
    """Return how a request was closed, on which day in the agency's zone, and who refused it, if anybody."""
    if at is None or state not in CLOSED_IN_WORDS:
        return ""
    zone = person.agency.zone
    day = day_in_words(at.astimezone(zone).date(), today=now.astimezone(zone).date())
    who = f" par {by}" if by and state == EnrolmentState.REFUSED else ""
    return f"{CLOSED_IN_WORDS[EnrolmentState(state)]} le {day}{who}."


def with_time_left(waiting: Iterable[Enrolment], now: datetime) -> list[tuple[Enrolment, str]]:
    """Return each enrolment with « expire dans 3 jours »: one statement for all, none for an empty list."""
    shown = list(waiting)
    left = time_left(now=now, only=[enrolment.pk for enrolment in shown]) if shown else {}
    return [
        (enrolment, time_left_in_words(left[enrolment.pk].days) if enrolment.pk in left else "") for enrolment in shown
    ]


def time_left_in_words(days: int) -> str:
    """Return how many days are left, including the last one, in words."""
    if days < 0:
        return "délai passé"
    if days == 0:
        return "expire ce soir"
    return "expire demain soir" if days == 1 else f"expire dans {days_in_words(days)}"


def obstacle_to_web(*, person: Jobseeker, proposals: list[Portfolio], today: date) -> str:
    """Return for the adviser why the web track cannot be chosen today, with any tier; empty if it can."""
    region, opens_on = person.agency.region, person.agency.web_opening_day
    if opens_on is None:
        return f"Région {region.name}\u00a0: le 100\u00a0% web n'y a pas encore de date d'ouverture."
    if opens_on > today:
        day = day_in_words(opens_on, today=today)
        place = f"Région {region.name}" if opens_on == region.web_opens_on else person.agency.name
        return f"{place}\u00a0: le 100\u00a0% web y ouvre le {day}."
    if not person.email:
        return "La personne n'a pas d'adresse e-mail\u00a0: ajoutez-la dans la partie 1."
    if not proposals:
        return (
            "Aucun portefeuille «\u00a0guidé 100\u00a0% web\u00a0» de la région n'a de place. "
            "Prévenez votre responsable."
        )
    return ""


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A doubt about the web track, which forbids nothing. It applies while `field` has `value`."""

    field: str
    """Empty if no answer on the page changes it."""
    value: str
    sentence: str
    holds: bool


def doubts_about_web(answer: Callable[[str], str], check: DeviceCheck | None) -> list[Doubt]:
    """Return the doubts that the adviser should weigh, from the answers so far and the person's own device test."""
    doubts = [
        Doubt(field=field, value=value, sentence=sentence, holds=answer(field) == value)
        for field, value, sentence in (
            ("has_webcam", YesNo.NO, "elle ne dispose pas d'une webcam et d'un micro"),
            ("bandwidth", Bandwidth.NONE, "elle n'a pas d'accès à internet"),
            ("at_ease", YesNo.NO, "elle n'est pas à l'aise avec les outils numériques"),
        )
    ]
    if check is not None and not check.carries_video:
        sentence = "son test du matériel a trouvé un problème, décrit dans la partie 3"
        doubts.append(Doubt(field="", value="", sentence=sentence, holds=True))
    return doubts


def default_plan_in_words(modality: Modality, *, today: date) -> str:
    """Return the sentence of the default contact plan of a modality today; empty if it has none."""
    default = default_plan(modality=modality, day=today)
    if default is None:
        return ""
    return contact_plan_in_words(
        channel=default.channel,
        interval_days=default.interval_days,
        review_on=today + timedelta(days=default.review_after_days),
        today=today,
    )


def interview_in_progress(person: Jobseeker) -> RegistrationInterview | None:
    """Return the person's registration interview in progress, if there is one."""
    return (
        RegistrationInterview.objects.filter(jobseeker=person, concluded_at=None).select_related("conducted_by").first()
    )


def volunteers_of(adviser: Adviser) -> EnrolmentQuerySet:
    """Return the enrolments that wait for their registration interview in the adviser's agency, oldest first."""
    volunteers: EnrolmentQuerySet = (
        Enrolment.objects.awaiting_decision()
        .filter(jobseeker__agency=adviser.agency_id)
        .select_related("jobseeker__agency")
    )
    return volunteers
