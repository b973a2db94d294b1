"""The acts on the lines of « À traiter »: each opens in place, says its errors there, and leaves the list when done.

Without scripts the same address is a page, which leads on by itself.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.models import ContactPlan, Jobseeker, Obligation
from accompaniment.reads.contact_plans import plan_states
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.on_site_requests import ask_on_site
from caseload.models import Placement, Portfolio
from caseload.views.desk.day import NEEDS
from tests.accompaniment.factories import AgencyFactory
from tests.caseload.factories import PortfolioFactory, on_web_track, volunteer
from tests.messaging.factories import ask, pair, say
from tests.visio.factories import InterviewFactory, bookable_portfolio, due_obligation, first_slots, noted_absence
from visio.models import Interview
from visio.services.interviews import book_interview
from visio.services.missed import explain_absence

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@dataclass(frozen=True)
class Line:
    """A line of the queue: the panel on which it stands, the page of its act, what is refused and what is taken."""

    panel: str
    page: str
    act: str
    refused: dict[str, Any]
    taken: dict[str, Any]
    said: str


@pytest.fixture(autouse=True)
def _a_monday_morning() -> Iterator[None]:
    with time_machine.travel("2026-03-02T07:00:00Z", tick=True):
        yield


@pytest.fixture
def portfolio() -> Portfolio:
    return bookable_portfolio()


def received(portfolio: Portfolio) -> Line:
    person = on_web_track(portfolio)
    asked = ask_on_site(actor=person.user, jobseeker=person)
    typed = {"answer": "Venez mardi à dix heures.", "slot": ""}
    page = reverse("answer_on_site", args=[asked.pk])
    return Line("panel_on_site", page, "Recevoir", {"answer": " "}, typed, f"Votre réponse est envoyée à {person}")


def answered(portfolio: Portfolio) -> Line:
    two = pair(portfolio)
    say(two.conversation, two.person)
    page, client_id = reverse("conversation", args=[two.conversation.pk]), "6f0f4a40-3b7f-4d5b-9a3f-2a9f0a4c1d11"
    return Line(
        "panel_to_answer",
        page,
        "Répondre",
        {"client_id": client_id, "body": ""},
        {"client_id": client_id, "body": "Oui, à demain."},
        f"Votre réponse est envoyée à {two.jobseeker}.",
    )


def called(portfolio: Portfolio) -> Line:
    asked = ask(on_web_track(portfolio))
    page = reverse("callback", args=[asked.pk])
    return Line("panel_callbacks", page, "Appeler", {"outcome": ""}, {"outcome": "Convenu."}, "noté dans le journal")


def invited(portfolio: Portfolio) -> Line:
    person = on_web_track(portfolio)
    due_obligation(person)
    slot = first_slots(person)[0]
    return Line(
        "panel_obligations",
        reverse("book_for", args=[person.pk]),
        "Proposer une date",
        {"channel": "phone", "phone": "12", "slot": ""},
        {"channel": "video", "slot": slot.isoformat()},
        f"{person}. C'est noté : ",
    )


def reviewed(portfolio: Portfolio) -> Line:
    with time_machine.travel(timezone.now() - timedelta(days=20)):
        person = on_web_track(portfolio)
    ContactPlan.objects.filter(jobseeker=person).update(review_on=timezone.localdate())
    seen = plan_states([person.pk])[person.pk].token
    later = (timezone.localdate() + timedelta(days=60)).isoformat()
    return Line(
        "plans_panel",
        reverse("person_plan", args=[person.pk]),
        "Revoir",
        {"seen": seen, "decision": "changer", "reason": "Préfère le téléphone.", "review_on": later},
        {"seen": seen, "decision": "garder", "reason": "", "review_on": later},
        "est gardé.",
    )


def taken_on(portfolio: Portfolio) -> Line:
    person = on_web_track(portfolio)
    leave_track(actor=person.user, jobseeker=person)
    classic = PortfolioFactory(agency=portfolio.agency, modality="guide")
    return Line(
        "waiting_panel",
        reverse("place_person", args=[person.pk]),
        "Placer",
        {"portfolio": ""},
        {"portfolio": classic.pk},
        f"{classic.adviser} suit maintenant {person}.",
    )


LINES = [received, answered, called, invited, reviewed, taken_on]


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode()).replace("\u00a0", " ")


@pytest.fixture(params=LINES, ids=lambda make: make.__name__)
def line(request: pytest.FixtureRequest, client: Client, portfolio: Portfolio) -> Line:
    made: Line = request.param(portfolio)
    client.force_login(portfolio.adviser.user)
    return made


def test_the_act_opens_in_place_and_says_there_what_is_wrong(client: Client, line: Line) -> None:
    """Kind: an act of the queue that leads away from it, or that loses what was typed."""
    lines = text_of(client.get(reverse(line.panel)))
    assert f'href="{line.page}" data-act aria-expanded="false" hx-get="{line.page}"' in lines
    assert f">{line.act}<" in lines
    opened = client.get(line.page, headers=HTMX)
    assert "<html" not in text_of(opened)
    assert "souhaitez-vous" not in text_of(opened), "the adviser answers for the person"
    assert f'hx-post="{line.page}"' in text_of(opened)
    refused = client.post(line.page, line.refused, headers=HTMX)
    assert refused.status_code == 422
    text = text_of(refused)
    assert "<html" not in text
    assert "data-error-summary" in text
    for name, value in line.refused.items():
        if name in ("reason", "phone"):
            assert value in text
    assert f'href="{line.page}"' in text_of(client.get(reverse(line.panel)))
    done = client.post(line.page, line.taken, headers=HTMX)
    assert done.status_code == 200
    assert "data-acted" in text_of(done)
    assert line.said in text_of(done)
    # The line is gone, and so is what it counted.
    panel = client.get(reverse(line.panel))
    assert f'href="{line.page}"' not in text_of(panel)
    assert panel.context["count"] == 0


def test_an_act_whose_answer_was_lost_is_told_in_place_that_it_counted(client: Client, line: Line) -> None:
    """Kind: a second sending that the page answers with nothing."""
    opened = text_of(client.get(line.page, headers=HTMX))
    token = re.search(r'name="once" value="([^"]+)"', opened)
    assert token
    for _ in range(2):
        told = client.post(line.page, {**line.taken, "once": token[1]}, headers=HTMX)
        assert told.status_code == 200
        assert "data-acted" in text_of(told)
    assert client.get(reverse(line.panel)).context["count"] == 0


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["in place", "page"])
def test_a_date_is_proposed_for_what_the_page_showed_and_for_nothing_else(
    client: Client, portfolio: Portfolio, headers: dict[str, str]
) -> None:
    """Kind: an act that turns into another one, because what it was about is done meanwhile."""
    line = invited(portfolio)
    person = Jobseeker.objects.latest("pk")
    [obligation] = Obligation.objects.filter(jobseeker=person)
    client.force_login(portfolio.adviser.user)
    shown = f'name="obligation" value="{obligation.pk}"'
    assert shown in text_of(client.get(line.page, headers=headers))
    own = book_interview(
        actor=person.user,
        jobseeker=person,
        adviser=portfolio.adviser,
        starts_at=first_slots(person)[3],
        channel="phone",
        obligation=obligation,
    )
    late = client.post(line.page, {**line.taken, "obligation": obligation.pk}, headers=headers)
    assert late.status_code == 409
    assert "Cet entretien obligatoire est déjà prévu." in text_of(late)
    assert list(Interview.objects.all()) == [own]
    # A page that shows the second one as voluntary books it.
    assert shown not in text_of(client.get(line.page, headers=headers))
    assert client.post(line.page, line.taken, headers=headers).status_code in (200, 302)
    assert Interview.objects.exclude(pk=own.pk).get().obligation is None


def test_without_scripts_the_same_address_is_a_page_that_leads_on(client: Client, line: Line) -> None:
    opened = client.get(line.page)
    assert "<html" in text_of(opened)
    refused = client.post(line.page, line.refused)
    assert (refused.status_code, "<html" in text_of(refused)) == (422, True)
    assert client.post(line.page, line.taken).status_code == 302
    assert client.get(reverse(line.panel)).context["count"] == 0


def test_an_hour_that_is_taken_meanwhile_is_no_longer_offered_on_the_line(client: Client, portfolio: Portfolio) -> None:
    line = invited(portfolio)
    client.force_login(portfolio.adviser.user)
    invited(portfolio)
    other = Jobseeker.objects.latest("pk")
    client.post(reverse("book_for", args=[other.pk]), line.taken)
    refused = client.post(line.page, line.taken, headers=HTMX)
    assert refused.status_code == 409
    assert "data-error-summary" in text_of(refused)
    assert f'value="{line.taken["slot"]}"' not in text_of(refused)
    assert refused.context["form"]["channel"].value() == "video"
    assert Interview.objects.count() == 1


def test_a_person_who_has_found_a_place_meanwhile_is_said_to_have_one(client: Client, portfolio: Portfolio) -> None:
    line = taken_on(portfolio)
    client.force_login(portfolio.adviser.user)
    assert client.post(line.page, line.taken, headers=HTMX).status_code == 200
    late = client.get(line.page, headers=HTMX)
    assert "data-acted" in text_of(late)
    assert "suit déjà" in text_of(late)
    assert Placement.objects.open().count() == 1


def test_a_full_agency_says_so_on_the_line(client: Client, portfolio: Portfolio) -> None:
    line = taken_on(portfolio)
    Portfolio.objects.filter(pk=line.taken["portfolio"]).update(agency=AgencyFactory())
    client.force_login(portfolio.adviser.user)
    nobody = text_of(client.get(line.page, headers=HTMX))
    assert "Aucun portefeuille n'a de place." in nobody
    # Kind: advice that its reader cannot follow. An adviser raises no cap.
    assert "Relevez" not in nobody
    assert "Votre responsable peut relever un plafond" in nobody


def test_whoever_has_another_appointment_is_said_to_have_one(client: Client, portfolio: Portfolio) -> None:
    """Kind: a second convocation to a person who is coming anyway."""
    line = invited(portfolio)
    client.force_login(portfolio.adviser.user)
    assert "A déjà rendez-vous" not in text_of(client.get(reverse(line.panel)))
    person = Jobseeker.objects.latest("pk")
    InterviewFactory(jobseeker=person, starts_at=first_slots(person)[3])
    assert "A déjà rendez-vous le" in text_of(client.get(reverse(line.panel)))


def test_every_need_has_its_tab_or_stands_among_all() -> None:
    """Absences to decide and the waiting list have no tab of their own: they stand under « Tout », and count there."""
    of_all = {need.key for need in NEEDS if need.tab == "tout"}
    assert of_all == {"absences", "liste-d-attente"}


LEADS_AWAY = "fr-icon-arrow-right-line"


def test_an_act_that_needs_a_page_of_facts_leads_there_and_its_line_says_why(
    client: Client, portfolio: Portfolio
) -> None:
    """Kind: acts that look like those that open on the line, and leave the list without a word."""
    waiting = volunteer(portfolio)
    absence = noted_absence(on_web_track(portfolio))
    explain_absence(actor=absence.jobseeker.user, interview=absence, text="Une panne de métro.")
    client.force_login(portfolio.adviser.user)
    for panel, page, why in (
        ("volunteers_panel", reverse("registration", args=[waiting.pk]), "L'entretien se mène sur sa page."),
        ("panel_absences", reverse("decide_absence", args=[absence.pk]), "se lisent sur sa page."),
    ):
        line = html.unescape(client.get(reverse(panel)).content.decode())
        act = re.search(rf'<a class="([^"]*day-row__act)" href="{page}">', line)
        assert act is not None
        assert LEADS_AWAY in act[1]
        assert line.count(why) == 1
    opens = html.unescape(client.get(reverse("panel_on_site")).content.decode())
    assert LEADS_AWAY not in opens
