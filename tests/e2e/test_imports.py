"""A manager hands in a file in a real browser. The page shows how it waits, is loaded and ends, without a reload."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accompaniment.enums import Modality, Track
from accompaniment.models import Accompaniment, Jobseeker
from caseload.models import ImportRun
from caseload.services.moves.placements import place
from tests.accompaniment.factories import AgencyFactory, reference
from tests.accompaniment.files import as_file, registration
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track
from tests.caseload.files import kept_files, no_broker
from tests.concurrency.held_imports import somebody_waits_for_the_people, work, writing_held_up
from tests.config.embedded_clients import eventually
from tests.e2e.browser import check_axe, check_fits, forgive, look, step_inside

pytestmark = pytest.mark.e2e

NewPage = Callable[..., Page]
PEOPLE = 1200
MEGABYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def exported(server: object, tmp_path: Path) -> Path:
    """A file of people, three of whom have no name."""
    agency = AgencyFactory(code="67482")
    rows = (
        registration(
            agency,
            identifiant=f"{number:07}A",
            email=f"{number}@courriel.example",
            nom="" if number < 3 else "Aubrac",
        )
        for number in range(PEOPLE)
    )
    path = tmp_path / "inscriptions.csv"
    path.write_bytes(as_file(*rows).read())
    return path


def enter(page: Page) -> None:
    step_inside(page, ManagerFactory().user)
    page.goto("/imports/")


def hand_in(page: Page, path: Path) -> None:
    page.get_by_label("Fichier des inscriptions").set_input_files(path)
    page.get_by_role("button", name="Charger : Inscriptions").click()


def test_a_file_waits_is_loaded_and_tells_its_result_without_a_reload(page: Page, exported: Path) -> None:
    enter(page)
    with no_broker():
        hand_in(page, exported)
        expect(page.get_by_role("heading", name="En attente", exact=True)).to_be_visible()
    look(page)
    with ThreadPoolExecutor(1) as worker:
        with writing_held_up():
            loading = worker.submit(work)
            eventually(somebody_waits_for_the_people)
            expect(page.get_by_role("heading", name="Le chargement est en cours")).to_be_visible()
            expect(page.get_by_role("progressbar")).to_be_visible()
            expect(page.get_by_role("status").filter(has_text="Le chargement est en cours.")).to_be_attached()
            look(page)
        assert loading.result() == 1
    expect(page.get_by_role("heading", name="3 lignes rejetées")).to_be_visible()
    expect(
        page.get_by_role("status").filter(has_text="Le fichier est chargé, avec des lignes rejetées.")
    ).to_be_attached()
    look(page)
    # Kind: a narrow column that breaks its words, beside one with room to spare.
    page.set_viewport_size({"width": 1280, "height": 800})
    assert page.locator(".imports-value").first.bounding_box()["width"] >= 240
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger les lignes rejetées").click()
    corrected = exported.with_name("corrige.csv")
    corrected.write_bytes(download.value.path().read_bytes().replace(b";Mme;;", b";Mme;Aubrac;"))
    page.goto("/imports/")
    hand_in(page, corrected)
    expect(page.get_by_role("heading", name="Volontaires pour le 100")).to_be_visible()
    assert Jobseeker.objects.count() == PEOPLE


def test_a_file_of_another_kind_is_told_beside_its_field(page: Page, exported: Path) -> None:
    enter(page)
    forgive(page, "422")
    picture = exported.with_name("photo.png")
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    hand_in(page, picture)
    expect(page.locator("#id_jobseekers-file_error")).to_contain_text("Ce fichier n'est pas un fichier texte.")
    check_axe(page)
    check_fits(page)
    assert not ImportRun.objects.exists()


def test_a_file_that_is_too_large_is_told_before_it_is_sent(page: Page, exported: Path, settings: Settings) -> None:
    settings.IMPORT_MAXIMUM_MEGABYTES = 1
    enter(page)
    large = exported.with_name("trop.csv")
    large.write_bytes(b"\n" * 2 * MEGABYTE)
    page.get_by_label("Fichier des inscriptions").set_input_files(large)
    refusal = page.locator("form").filter(has_text="Fichier des inscriptions").get_by_text("Le fichier dépasse 1 Mo.")
    expect(refusal).to_be_visible()
    page.get_by_role("button", name="Charger : Inscriptions").click()
    expect(refusal).to_be_focused()
    check_axe(page)
    page.get_by_label("Fichier des inscriptions").set_input_files(exported)
    expect(refusal).to_be_hidden()


def test_a_file_that_is_too_large_is_refused_without_scripts_too(
    new_page: NewPage, exported: Path, settings: Settings
) -> None:
    settings.REQUEST_MAXIMUM_BYTES = MEGABYTE
    page = new_page(java_script_enabled=False)
    forgive(page, "413")
    enter(page)
    large = exported.with_name("trop.csv")
    large.write_bytes(b"\n" * 30 * MEGABYTE)
    hand_in(page, large)
    expect(page.get_by_role("heading", name="Cet envoi est trop volumineux")).to_be_visible()
    page.get_by_role("link", name="Revenir à la page précédente").click()
    expect(page.get_by_role("heading", name="Imports")).to_be_visible()
    assert (ImportRun.objects.count(), kept_files()) == (0, [])


def test_a_file_that_ends_the_web_is_read_first_and_confirmed_by_keyboard(page: Page, tmp_path: Path) -> None:
    reference()
    web = PortfolioFactory(agency=AgencyFactory(code="67482"))
    PortfolioFactory(agency=web.agency, modality=Modality.SUIVI, capacity=1)
    facts = [
        {"identifiant": f"123456{number}A", "email": f"p{number}@courriel.example", "nom": name, "volontaire_web": "N"}
        for number, name in enumerate(("Aubrac", "Baudin-Lefrançois de la Tour d'Auvergne", "Colin", "Durand"))
    ]
    for one in facts[:2]:
        on_web_track(web, identifier=one["identifiant"], email=one["email"])
    path = tmp_path / "inscriptions.csv"
    path.write_bytes(as_file(*(registration(web.agency, **one) for one in facts)).read())
    enter(page)
    hand_in(page, path)
    expect(page.get_by_role("heading", name="Volontaires pour le 100")).to_be_visible()
    neighbour, far = AgencyFactory(departement=web.agency.departement), AgencyFactory()
    with transaction.atomic():
        for number in (2, 3):
            person = Jobseeker.objects.get(identifier=facts[number]["identifiant"])
            place(actor=None, jobseeker=person, portfolio=PortfolioFactory(agency=web.agency, modality=Modality.GUIDE))
    rows = [registration(web.agency, **{**one, "modalite": "suivi"}) for one in facts[:2]]
    rows += [registration(agency, **one) for agency, one in zip((far, neighbour), facts[2:], strict=True)]
    path.write_bytes(as_file(*rows).read())
    page.goto("/imports/")
    hand_in(page, path)
    expect(page.get_by_role("heading", name="Ce fichier change la modalité de 2 personnes")).to_be_visible()
    expect(page.get_by_text("Fin du 100\u00a0% web\u00a0: 2 personnes")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Charger ce fichier").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Accompagnements changés")).to_be_visible()
    expect(page.get_by_role("link", name="Durand Éloïse")).to_be_visible()
    look(page)
    assert Accompaniment.objects.current().filter(track=Track.WEB).count() == 0
