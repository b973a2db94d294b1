"""The certificate of an acceptance: its content, who gets it, and what replaces the PDF where it cannot be made."""

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.models import AuditEntry, Consent, ConsentText, Jobseeker
from accompaniment.reads import pdf as paper
from accompaniment.services.enrolments.acceptance import accept_terms, leave_track
from tests.accompaniment.factories import ConsentTextFactory
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track
from tests.papers import read, words

pytestmark = pytest.mark.django_db

BODY = "Vos entretiens se tiennent à distance.\n\nVOS DROITS\n- Arrêtez « quand vous voulez ».\n- C'est gratuit."


@pytest.fixture
def person() -> Jobseeker:
    ConsentTextFactory(title="Votre accompagnement 100 % web", body=BODY)
    with time_machine.travel(datetime(2026, 3, 3, 13, 32, tzinfo=UTC), tick=True):
        return on_web_track(first_name="Zoé", last_name="Lefèvre")


def ask(client: Client, user: Any, consent: Consent) -> Any:
    client.force_login(user)
    return client.get(reverse("certificate", args=[consent.pk]))


def test_says_who_accepted_which_text_and_when(client: Client, person: Jobseeker) -> None:
    consent = Consent.objects.get(jobseeker=person)
    response = ask(client, person.user, consent)
    text = words(read(response))
    for part in (
        "Attestation d'acceptation",
        f"ACC-{consent.pk:08d}",
        f"Zoé Lefèvre, identifiant {person.identifier}",
        f"Votre accompagnement 100 % web, version {consent.text.version}",
        "3 mars 2026 à 14 h 32",
        "L'acceptation est en vigueur.",
        "Ce que la personne a lu et accepté",
        "Arrêtez « quand vous voulez ».",
        "J'ai lu ce texte et j'accepte un suivi 100 % web.",
    ):
        assert part in text, part
    assert f'filename="attestation-{person.identifier}-v{consent.text.version}.pdf"' in response["Content-Disposition"]
    assert response["Cache-Control"] == "private, no-store"


def test_is_accessible(client: Client, person: Jobseeker) -> None:
    pdf = read(ask(client, person.user, Consent.objects.get(jobseeker=person)))
    root = pdf.trailer["/Root"]
    assert root["/Lang"] == "fr"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert "/StructTreeRoot" in root
    assert pdf.metadata is not None
    assert pdf.metadata.title == f"Attestation d'acceptation ACC-{Consent.objects.get().pk:08d}"
    assert b"pdfuaid" in root["/Metadata"].get_data()
    fonts = {
        font["/BaseFont"]
        for page in pdf.pages
        for font in (f.get_object() for f in page["/Resources"]["/Font"].values())
    }
    assert all("Marianne" in name for name in fonts), fonts


def test_of_an_acceptance_that_was_followed_or_ended(client: Client, person: Jobseeker) -> None:
    old = Consent.objects.get(jobseeker=person)
    ConsentTextFactory()
    new = accept_terms(actor=person.user, jobseeker=person, text=ConsentText.objects.latest())
    assert f"par l'acceptation de la version {new.text.version}" in words(read(ask(client, person.user, old)))
    leave_track(actor=person.user, jobseeker=person)
    assert "L'acceptation a pris fin le" in words(read(ask(client, person.user, new)))
    client.force_login(person.user)
    page = client.get(reverse("own_data")).content.decode()
    assert f"par la version {new.text.version}" in page
    assert "retirée le" in page


def test_without_what_was_shown_gives_the_published_version(client: Client, person: Jobseeker) -> None:
    first = Consent.objects.get()
    first.withdrawn_at = timezone.now()
    first.save(update_fields=["withdrawn_at"])
    early = Consent.objects.create(jobseeker=person, text=first.text, accepted_at=timezone.now(), shown="")
    text = words(read(ask(client, person.user, early)))
    assert "Le texte de cette version" in text
    assert "C'est gratuit." in text


def test_read_by_the_staff_leaves_its_row_and_strangers_find_nothing(client: Client, person: Jobseeker) -> None:
    consent = Consent.objects.get(jobseeker=person)
    ask(client, person.user, consent)
    assert not AuditEntry.objects.filter(jobseeker=person, action=AuditAction.READ).exists()
    manager = ManagerFactory().user
    assert ask(client, manager, consent).status_code == 200
    row = AuditEntry.objects.get(jobseeker=person, action=AuditAction.READ)
    assert (row.actor, row.details["part"]) == (manager, "certificate")
    for stranger in (on_web_track().user, PortfolioFactory().adviser.user):
        assert ask(client, stranger, consent).status_code == 404


def test_where_the_system_s_libraries_are_missing_a_page_says_the_same(
    client: Client, person: Jobseeker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_pango(name: str) -> Any:
        if name == "weasyprint":
            raise OSError("cannot load library 'pango-1.0-0'")
        return import_module(name)

    monkeypatch.setattr(paper, "import_module", without_pango)
    paper._weasyprint.cache_clear()
    page = ask(client, person.user, Consent.objects.get(jobseeker=person))
    paper._weasyprint.cache_clear()
    assert page["Content-Type"].startswith("text/html")
    content = page.content.decode()
    assert "Le PDF ne peut pas être fabriqué" in content
    assert f"ACC-{Consent.objects.get().pk:08d}" in content
    assert "C&#x27;est gratuit." in content
