"""Every form that carries what its page showed: it is written if that is unchanged, and refused if somebody changed it.

Refused means 409, nothing written, and the typed text in the page; sent again from that page, it is written. A page
without this field, or with a forged one, has shown nothing. It is told that it is not up to date, and not that somebody
changed something.
"""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import Tier
from accompaniment.forms.seen import SeenForm
from accompaniment.models import Accompaniment, ConsentText, ContactPlan, LapseDelay, User
from accompaniment.rules.meanwhile import NOT_SEEN, Shown
from accompaniment.services import action_plan, plans
from accompaniment.services.contact_details import change_details, details_of
from accompaniment.services.enrolments.lapses import set_lapse_delay, shown_delay
from accompaniment.services.enrolments.publishing import publish_consent_text
from accompaniment.services.enrolments.tiers import change_tier
from accompaniment.services.territory import set_agency_opening, set_region_opening
from caseload.forms.file.dossier import DetailsForm, TierChangeForm
from caseload.forms.steering.settings import CONFIRM, PUBLISH, ConsentTextForm, LapseDelayForm, OpeningForm
from tests.accompaniment.factories import AgencyFactory, RegionFactory, reference
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track
from tests.visio.factories import InterviewFactory, bookable_portfolio, noted_absence
from visio.forms import AbsenceDecisionForm, ReportForm
from visio.forms.hours import BookingSettingsForm, DayHoursForm
from visio.models import InterviewEvent, InterviewReport
from visio.reads.hours import hours_of
from visio.rules.slots import BookingRules
from visio.services import room
from visio.services.hours import set_booking, set_day
from visio.services.missed import explain_absence

pytestmark = pytest.mark.django_db


def soon(days: int) -> date:
    return timezone.localdate() + timedelta(days=days)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One form: who sends what and where, what a colleague does meanwhile, and how to read the result."""

    user: User
    address: str
    typed: dict[str, Any]
    in_the_page: str
    """What was typed, as the page with the refusal shows it."""
    meanwhile: Callable[[], Any]
    stands: Callable[[], Any]
    read_at: str = ""
    shows_nothing: bool = False
    """Whether a new page shows nothing, because only the typed text says which row it is about."""


def tier() -> Case:
    portfolio = PortfolioFactory()
    for modality in ("suivi", "renforce"):
        PortfolioFactory(agency=portfolio.agency, adviser=portfolio.adviser, modality=modality)
    person = on_web_track(portfolio)
    address = reverse("person_tier", args=[person.pk])
    return Case(
        user=portfolio.adviser.user,
        address=address,
        read_at=f"{address}?modalite=suivi",
        typed={"tier": "suivi", "reason": "Ma propre raison"},
        in_the_page="Ma propre raison",
        meanwhile=lambda: change_tier(
            actor=portfolio.adviser.user, jobseeker=person, tier=Tier.RENFORCE, reason="Fragilisée"
        ),
        stands=lambda: Accompaniment.objects.current().get(jobseeker=person).tier,
    )


def another_plan(person: Any, actor: User) -> None:
    plans.change_plan(
        actor=actor, jobseeker=person, channel="phone", interval_days=14, reason="Vu à deux", review_on=soon(50)
    )


def plan() -> Case:
    portfolio = PortfolioFactory()
    person = on_web_track(portfolio)
    return Case(
        user=portfolio.adviser.user,
        address=reverse("person_plan", args=[person.pk]),
        typed={
            "decision": "changer",
            "contact": "interview-phone",
            "interval_days": "42",
            "reason": "Ma propre raison",
            "review_on": soon(90).isoformat(),
        },
        in_the_page="Ma propre raison",
        meanwhile=lambda: another_plan(person, portfolio.adviser.user),
        stands=lambda: ContactPlan.objects.current().get(jobseeker=person).interval_days,
    )


def booking_settings() -> Case:
    """The adviser has changed them in another tab."""
    adviser = bookable_portfolio().adviser
    return Case(
        user=adviser.user,
        address=reverse("booking_settings"),
        typed={"horizon_days": "41", "buffer_minutes": "5", "urgent_percent": "20"},
        in_the_page='value="41"',
        meanwhile=lambda: set_booking(actor=adviser.user, adviser=adviser, rules=BookingRules(horizon_days=30)),
        stands=lambda: hours_of(adviser).rules,
    )


def day_hours() -> Case:
    """The adviser has closed the day in another tab."""
    adviser = bookable_portfolio().adviser
    day = soon(7)
    return Case(
        user=adviser.user,
        address=f"{reverse('day_hours')}?jour={day.isoformat()}",
        typed={"begin_0": "10 h 20", "end_0": "11 h 40", "channels_0": ["video"]},
        in_the_page="10 h 20",
        meanwhile=lambda: set_day(actor=adviser.user, adviser=adviser, day=day, stretches=[]),
        stands=lambda: hours_of(adviser).on(day),
    )


def report() -> Case:
    portfolio = PortfolioFactory()
    person = on_web_track(portfolio)
    interview = InterviewFactory(jobseeker=person, adviser=portfolio.adviser)
    room.admit(actor=portfolio.adviser.user, interview=interview)
    return Case(
        user=portfolio.adviser.user,
        address=reverse("interview_report", args=[interview.pk]),
        typed={
            "outcome": "held",
            "conclusions": "Mes propres mots",
            "next_step": "continue",
            "plan": "garder",
            "plan_review_on": soon(60).isoformat(),
        },
        in_the_page="Mes propres mots",
        meanwhile=lambda: another_plan(person, portfolio.adviser.user),
        stands=lambda: InterviewReport.objects.filter(interview=interview).exists(),
    )


def line(kind: str) -> Case:
    portfolio = PortfolioFactory()
    actor = portfolio.adviser.user
    objective = action_plan.add_objective(actor=actor, jobseeker=on_web_track(portfolio), title="Passer le permis")
    if kind == "objective":
        row: Any = objective
        facts: Any = action_plan.ObjectiveFacts(title="D'un collègue", due_on=soon(20))
        change: Any = action_plan.change_objective
    else:
        facts = action_plan.StepFacts(title="D'un collègue", due_on=soon(20))
        row = action_plan.add_step(actor=actor, objective=objective, facts=action_plan.StepFacts(title="S'inscrire"))
        change = action_plan.change_step
    return Case(
        user=actor,
        address=reverse(f"edit_{kind}", args=[row.pk]),
        typed={"title": "De ma main", "due_on": ""},
        in_the_page="De ma main",
        meanwhile=lambda: change(
            actor=actor, facts=facts, seen=action_plan.shown_line(type(row).objects.get(pk=row.pk)).state, **{kind: row}
        ),
        stands=lambda: type(row).objects.values_list("title", "due_on").get(pk=row.pk),
    )


def details() -> Case:
    portfolio = PortfolioFactory()
    person = on_web_track(portfolio, commune="Colmar", phone="+33639980001")
    before = details_of(person)
    return Case(
        user=portfolio.adviser.user,
        address=reverse("edit_details", args=[person.pk]),
        typed={**before, "commune": "Sélestat"},
        in_the_page="Sélestat",
        meanwhile=lambda: change_details(
            actor=portfolio.adviser.user,
            jobseeker=person,
            seen=before,
            typed={"commune": "Mulhouse", "phone": "+33639980002"},
        ),
        stands=lambda: type(person).objects.values_list("commune", "phone").get(pk=person.pk),
    )


def opening(kind: str) -> Case:
    manager = ManagerFactory().user
    region = RegionFactory(web_opens_on=soon(5)) if kind == "agency" else RegionFactory(closed=True)
    place: Any = AgencyFactory(region=region) if kind == "agency" else region
    setting: Any = set_agency_opening if kind == "agency" else set_region_opening
    return Case(
        user=manager,
        address=reverse(f"{kind}_opening", args=[place.code]),
        typed={"web_opens_on": soon(30).isoformat(), "step": CONFIRM},
        in_the_page=soon(30).isoformat(),
        meanwhile=lambda: setting(actor=manager, opens_on=soon(20), **{kind: place}),
        stands=lambda: type(place).objects.get(pk=place.pk).web_opens_on,
    )


def delay() -> Case:
    manager = ManagerFactory().user
    return Case(
        user=manager,
        address=reverse("lapse_delays"),
        typed={"state": "asked", "days": "60", "starts_on": soon(10).isoformat(), "reason": "Ma propre raison"},
        in_the_page="Ma propre raison",
        meanwhile=lambda: set_lapse_delay(
            actor=manager, state="asked", days=45, starts_on=soon(10), reason="D'un collègue"
        ),
        stands=lambda: LapseDelay.objects.filter(starts_on=soon(10)).values_list("days", flat=True).first(),
        shows_nothing=True,
    )


def consent_text() -> Case:
    reference()
    manager = ManagerFactory().user
    return Case(
        user=manager,
        address=reverse("consent_texts"),
        typed={"title": "Titre", "body": "Mes propres mots", "step": PUBLISH},
        in_the_page="Mes propres mots",
        meanwhile=lambda: publish_consent_text(
            actor=manager, title="Titre", body="D'un collègue", needs_acceptance=False, seen=None
        ),
        stands=lambda: ConsentText.objects.latest().body,
    )


def absence() -> Case:
    noted = noted_absence()
    return Case(
        user=noted.adviser.user,
        address=reverse("decide_absence", args=[noted.pk]),
        typed={"decision": "excused", "reason": "Ma propre raison"},
        in_the_page="Ma propre raison",
        meanwhile=lambda: explain_absence(actor=noted.jobseeker.user, interview=noted, text="Mon train."),
        stands=lambda: InterviewEvent.objects.filter(interview=noted).latest("pk").to_state,
    )


CASES: dict[str, Callable[[], Case]] = {
    "day_hours": day_hours,
    "booking_settings": booking_settings,
    "tier": tier,
    "plan": plan,
    "report": report,
    "objective": lambda: line("objective"),
    "step": lambda: line("step"),
    "details": details,
    "region": lambda: opening("region"),
    "agency": lambda: opening("agency"),
    "delay": delay,
    "consent text": consent_text,
    "absence": absence,
}
NOT_UP_TO_DATE = "n'est plus à jour"
SOMEBODY_DID = re.compile(r"entre-temps|pendant que vous écriviez|a changé|a été fixé|vient d'ajouter|depuis que vous")
"""What the page says only where somebody has changed something; who did may be named."""
every_form = pytest.mark.parametrize("name", CASES)


def token_in(response: Any) -> str:
    (token,) = re.findall(r'name="seen" value="([^"]*)"', response.content.decode())
    return html.unescape(token)


def read_in(response: Any) -> str:
    """Return what a person reads of the page itself, without what stands around it."""
    (main,) = re.findall(r"<main.*?</main>", response.content.decode(), re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def opened(client: Client, case: Case) -> str:
    client.force_login(case.user)
    return token_in(client.get(case.read_at or case.address))


@every_form
def test_what_still_stands_is_written(client: Client, name: str) -> None:
    case = CASES[name]()
    before, seen = case.stands(), opened(client, case)
    assert client.post(case.address, {**case.typed, "seen": seen}).status_code == 302
    assert case.stands() != before


@every_form
def test_what_was_changed_meanwhile_is_told_and_written_once_it_was_read(client: Client, name: str) -> None:
    case = CASES[name]()
    seen = opened(client, case)
    case.meanwhile()
    theirs = case.stands()
    told = client.post(case.address, {**case.typed, "seen": seen})
    assert told.status_code == 409
    assert case.in_the_page in html.unescape(told.content.decode())
    assert NOT_UP_TO_DATE not in read_in(told)
    assert case.stands() == theirs
    now = token_in(told)
    assert now != seen
    assert client.post(case.address, {**case.typed, "seen": now}).status_code == 302
    assert case.stands() != theirs


@pytest.mark.parametrize("forged", ["", "x", "eyJ4IjoxfQ~x", "of another kind", "of another row"])
@every_form
def test_a_page_that_has_shown_nothing_of_ours_writes_nothing(client: Client, name: str, forged: str) -> None:
    case = CASES[name]()
    seen = opened(client, case)
    if case.shows_nothing:
        case.meanwhile()
        seen = shown_delay(LapseDelay.objects.get(starts_on=soon(10))).token
    before = case.stands()
    other = Shown("another kind", 1, {"period": "1"}).token
    sent = {"of another kind": other, "of another row": f"{seen[:-1]}{'A' if seen[-1] != 'A' else 'B'}"}
    told = client.post(case.address, {**case.typed, "seen": sent.get(forged, forged)})
    assert told.status_code == 409
    assert case.in_the_page in html.unescape(told.content.decode())
    assert NOT_UP_TO_DATE in read_in(told)
    assert not SOMEBODY_DID.search(read_in(told))
    assert case.stands() == before
    assert client.post(case.address, {**case.typed, "seen": token_in(told)}).status_code == 302


def test_a_token_speaks_of_its_row_alone() -> None:
    mine = Shown("tier", 1, {"period": "7"})
    assert mine.read(mine.token) == {"period": "7"}
    assert Shown("tier", 2, {"period": "7"}).read(mine.token) == NOT_SEEN
    assert Shown("plan", 1, {"period": "7"}).read(mine.token) == NOT_SEEN


def test_a_field_that_only_a_colleague_changed_is_not_taken_back_by_who_comes_second(client: Client) -> None:
    case = details()
    seen = opened(client, case)
    case.meanwhile()
    told = client.post(case.address, {**case.typed, "seen": seen})
    page = html.unescape(told.content.decode())
    (phone,) = re.findall(r'<input[^>]*name="phone"[^>]*>', page)
    assert 'value="+33639980002"' in phone, phone
    again = {**case.typed, "phone": "+33639980002", "seen": token_in(told)}
    assert client.post(case.address, again).status_code == 302
    assert case.stands() == ("Sélestat", "+33639980002")


def test_every_form_of_the_kind_is_walked() -> None:
    """Every form with the field of what was shown is in the table, or is a part of such a form."""

    def below(kind: type[SeenForm]) -> set[str]:
        return {kind.__name__} | {name for one in kind.__subclasses__() for name in below(one)}

    walked = {
        form.__name__
        for form in (
            TierChangeForm,
            DetailsForm,
            OpeningForm,
            LapseDelayForm,
            ConsentTextForm,
            AbsenceDecisionForm,
            ReportForm,
            DayHoursForm,
            BookingSettingsForm,
        )
    }
    walked |= {"PlanDecisionForm", "EditObjectiveForm", "EditStepForm"}
    # tests/caseload/registration/test_corrections.py, tests/messaging/test_changes.py, test_canned_replies.py and
    # test_planned.py
    elsewhere = {"CorrectionForm", "MessageChangeForm", "CannedReplyChangeForm", "PlannedMessageForm"}
    parts = {"SeenForm", "ReachForm"}
    assert below(SeenForm) == walked | elsewhere | parts
