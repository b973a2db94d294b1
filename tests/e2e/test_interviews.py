"""Choosing a slot, asking for a meeting on site, and the adviser's agenda, in a real browser and by keyboard."""

import re
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import expect

from accompaniment.models import Jobseeker
from accompaniment.rules.french import of_name
from accompaniment.services.plans import plan_obligations
from caseload.models import Portfolio
from tests.caseload.factories import on_web_track
from tests.e2e.browser import forgive, look, step_inside, tick
from tests.visio.factories import InterviewFactory, bookable_portfolio, follower
from visio.models import Interview
from visio.services.interviews import book_interview

pytestmark = pytest.mark.e2e


@pytest.fixture
def portfolio(server: Any) -> Portfolio:
    return bookable_portfolio()


@pytest.fixture
def person(portfolio: Portfolio) -> Jobseeker:
    person = on_web_track(portfolio)
    plan_obligations()
    return person


def test_a_slot_is_chosen_by_keyboard_on_a_phone(new_page: Any, person: Jobseeker) -> None:
    page = new_page(width=390, height=844)
    step_inside(page, person.user)
    page.goto("/mes-entretiens/")
    look(page, [390])
    page.get_by_role("link", name="Choisir un créneau").click()
    expect(page.get_by_role("radio", name="Par téléphone")).to_be_attached()
    look(page, [390])
    page.get_by_role("radio", name="Par téléphone").focus()
    page.keyboard.press("Space")
    book = page.locator(".slot-submit button")
    expect(book).to_have_text("Réserver ce créneau")
    slot = page.locator("input[name=slot]").nth(1)
    slot.focus()
    page.keyboard.press("Space")
    chosen = slot.get_attribute("data-words")
    expect(book).to_have_text(f"Réserver {chosen}, par téléphone")

    # The days that follow come in place: what was chosen stays, and reading goes on with the first of them.
    later = page.get_by_role("link", name="Voir les jours suivants")
    later.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-first-day]")).to_be_focused()
    expect(later).to_have_count(0)
    expect(slot).to_be_checked()
    expect(book).to_have_text(f"Réserver {chosen}, par téléphone")
    look(page, [390])
    slot = page.locator("#jours-suivants input[name=slot]").first
    wanted = slot.get_attribute("value")
    slot.focus()
    page.keyboard.press("Space")
    expect(book).to_have_text(f"Réserver {slot.get_attribute('data-words')}, par téléphone")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts").filter(has_text="C'est noté")).to_be_visible()
    expect(page.get_by_role("link", name="Déplacer")).to_be_visible()
    look(page, [390])
    assert Interview.objects.get(jobseeker=person).starts_at.isoformat() == wanted


def test_of_two_who_see_one_slot_the_slower_is_shown_the_next_ones(
    new_page: Any, portfolio: Portfolio, person: Jobseeker
) -> None:
    page = new_page()
    step_inside(page, person.user)
    page.goto(f"/mes-entretiens/choisir/{person.obligations.get().pk}/")
    slots = page.locator("input[name=slot]")
    slot, following = (slots.nth(number).get_attribute("value") or "" for number in range(2))
    tick(page.get_by_role("radio", name="En agence"))
    tick(page.locator(f"input[value='{slot}']"))
    faster, starts_at = on_web_track(portfolio), datetime.fromisoformat(slot)
    book_interview(actor=faster.user, jobseeker=faster, adviser=follower(faster), starts_at=starts_at, channel="video")

    forgive(page, "409")
    page.get_by_role("button", name=re.compile("^Réserver .* en agence$")).click()

    expect(page.get_by_role("alert")).to_contain_text("Ce créneau vient d'être pris")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.locator(f"input[value='{slot}']")).to_be_disabled()
    expect(page.get_by_role("radio", name="En agence")).to_be_checked()
    look(page)
    instead = page.get_by_role("alert").get_by_role("button").first
    expect(instead).to_have_text(re.compile("^Réserver .*, en agence$"))
    tick(page.get_by_role("radio", name="En visio"))
    expect(instead).to_have_text(re.compile("^Réserver .*, en visio$"))
    instead.press("Enter")
    expect(page).to_have_url(re.compile("/mes-entretiens/$"))
    booked = Interview.objects.get(jobseeker=person)
    assert (booked.starts_at.isoformat(), booked.channel) == (following, "video")


def test_a_meeting_on_site_is_asked_for_and_answered(new_page: Any, portfolio: Portfolio, person: Jobseeker) -> None:
    jobseeker, adviser = new_page(width=390, height=844), new_page()
    step_inside(jobseeker, person.user)
    jobseeker.goto("/etre-recu/")
    look(jobseeker, [390])
    jobseeker.get_by_role("button", name="Demander un rendez-vous", exact=True).click()
    expect(jobseeker.get_by_text("Votre demande est en cours")).to_be_visible()

    step_inside(adviser, portfolio.adviser.user)
    adviser.goto("/agenda/")
    adviser.get_by_role("link", name="1 demande d'entretien en agence").click()
    adviser.get_by_text(re.compile("^Répondre")).click()
    adviser.get_by_label("Votre réponse").fill("Mardi à 10 h, à l'agence.")
    look(adviser)
    adviser.get_by_role("button", name="Envoyer la réponse").click()
    expect(adviser.get_by_text("Personne n'attend d'être reçu en agence.")).to_be_visible()

    jobseeker.reload()
    expect(jobseeker.get_by_text("Mardi à 10 h, à l'agence.")).to_be_visible()


def test_the_agenda_and_the_band_lead_to_the_room(new_page: Any, portfolio: Portfolio, person: Jobseeker) -> None:
    interview = InterviewFactory(jobseeker=person)
    for width in (1280, 390):
        page = new_page(width=width, height=844)
        step_inside(page, portfolio.adviser.user)
        page.goto("/agenda/")
        expect(
            page.get_by_role("region", name="Entretien qui approche").get_by_role("link", name="Rejoindre")
        ).to_be_visible()
        look(page, [width])
        page.get_by_role("link", name=f"Conclure l'entretien {of_name(person.full_name)}").click()
        expect(page.get_by_label("Ce qui n'a pas fonctionné")).to_be_hidden()
        look(page, [width])
        page.get_by_role("navigation", name="Menu principal").get_by_role("link", name="Agenda").or_(
            page.get_by_role("main").get_by_role("link", name="Agenda")
        ).last.click()
        page.get_by_role("link", name=f"Rejoindre l'entretien {of_name(person.full_name)}").click()
        expect(page).to_have_url(re.compile(f"/visio/{interview.token}/"))
