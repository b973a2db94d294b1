"""A manager in a real browser: invites a colleague, opens an agency, hands a portfolio over and closes an account."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accompaniment.rules.french import day_in_style
from caseload.models import Placement
from tests.accompaniment.factories import AgencyFactory, RegionFactory
from tests.caseload.factories import CapacityFactory, ManagerFactory, PortfolioFactory, on_web_track
from tests.e2e.browser import forgive, look, step_inside, tick

pytestmark = pytest.mark.e2e

NewPage = Callable[..., Page]
LONG = "Agence de Saint-Rémy-en-Bouzemont-Saint-Genest-et-Isson, quartier de l'Ancienne Gare"


def test_settles_the_house(page: Page) -> None:
    CapacityFactory(value=250)
    region = RegionFactory()
    agency = AgencyFactory(region=region, name=LONG)
    leaving, receiving = PortfolioFactory(agency=agency), PortfolioFactory(agency=agency)
    person = on_web_track(leaving)
    step_inside(page, ManagerFactory().user)

    page.goto("/reglages/plafonds/")
    look(page)
    page.goto("/reglages/delais/")
    look(page)
    page.goto(f"/reglages/regions/{region.code}/agences/")
    look(page)
    page.goto("/equipes/inviter/")
    look(page)
    tick(page.get_by_role("radio", name="Conseiller"))
    page.get_by_label("Prénom").fill("Maëlle")
    page.get_by_label("Nom", exact=True).fill("Dupont")
    page.get_by_label("Adresse e-mail").fill("maelle.dupont@exemple.fr")
    page.get_by_label("Agence").select_option(agency.code)
    page.get_by_role("button", name="Envoyer l'invitation").click()
    expect(page.get_by_text("Invitation envoyée")).to_be_visible()
    look(page)

    page.goto(f"/equipes/{leaving.adviser.user_id}/")
    look(page)
    tick(page.get_by_role("checkbox", name=str(receiving.adviser)))
    page.get_by_label("Motif").fill("Départ")
    forgive(page, "409")  # the page asks for a confirmation first
    page.get_by_role("button", name="Transférer tout le portefeuille").click()
    expect(page.get_by_text("1 personne concernée")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Transférer", exact=True).click()
    page.wait_for_url("**/transferts/*/")
    assert Placement.objects.open().get(jobseeker=person).portfolio == receiving
    page.goto(f"/equipes/{leaving.adviser.user_id}/")
    page.get_by_role("button", name="Fermer le compte").click()
    expect(page.get_by_text("Personne ne peut se connecter")).to_be_visible()
    look(page)


def test_opens_an_agency_after_a_look(new_page: NewPage) -> None:
    agency = AgencyFactory(name=LONG)
    day = timezone.localdate() + timedelta(days=20)
    page = new_page(width=390)
    step_inside(page, ManagerFactory(regions=[agency.region]).user)
    page.goto(f"/reglages/agences/{agency.code}/")
    page.get_by_label("Jour d'ouverture").fill(day.isoformat())
    page.get_by_role("button", name="Voir qui est concerné").click()
    expect(page.get_by_text("Aucune personne ne pourra demander")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Confirmer").click()
    expect(page.get_by_text(" ".join(day_in_style(day, "j F Y").split())).first).to_be_visible()
    agency.refresh_from_db()
    assert agency.web_opens_on == day
