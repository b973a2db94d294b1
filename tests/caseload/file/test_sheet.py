"""The sheet that sums up a file: what it says, to whom, and which row its reading leaves."""

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, Channel, ContactNature
from accompaniment.models import AuditEntry, Jobseeker
from accompaniment.reads import pdf as paper
from accompaniment.services import action_plan, journal, notes
from accompaniment.services.action_plan import StepFacts
from caseload.models import Portfolio
from tests.caseload.factories import (
    CoverFactory,
    ManagerFactory,
    PortfolioFactory,
    former_adviser,
    on_web_track,
)
from tests.papers import read, words
from tests.visio.factories import InterviewFactory, due_obligation

pytestmark = pytest.mark.django_db

PHONE = "06 39 98 00 01"


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def person(portfolio: Portfolio) -> Jobseeker:
    """A person with something in every part of the file."""
    person = on_web_track(portfolio, first_name="Zoé", last_name="Lefèvre", phone="+33639980001")
    actor = portfolio.adviser.user
    objective = action_plan.add_objective(actor=actor, jobseeker=person, title="Passer le permis")
    action_plan.add_step(actor=actor, objective=objective, facts=StepFacts(title="S'inscrire au code"))
    notes.write_note(actor=actor, jobseeker=person, body="Préfère le matin.")
    withdrawn = notes.write_note(actor=actor, jobseeker=person, body="Note de trop")
    notes.withdraw_note(actor=actor, note=withdrawn)
    journal.write_contact(
        jobseeker=person,
        at=timezone.now(),
        channel=Channel.PHONE,
        nature=ContactNature.CALLBACK,
        author=actor,
        summary="Deux offres à comparer",
        source="test:1",
    )
    InterviewFactory(jobseeker=person, adviser=portfolio.adviser, starts_at=timezone.now() + timedelta(days=3))
    due_obligation(person)
    return person


def ask(client: Client, user: Any, person: Jobseeker) -> Any:
    client.force_login(user)
    return client.get(reverse("person_sheet", args=[person.pk]))


def readings(person: Jobseeker) -> list[tuple[int | None, str]]:
    rows = AuditEntry.objects.filter(jobseeker=person, action=AuditAction.READ).order_by("pk")
    return [(row.actor_id, row.details["part"]) for row in rows]


def test_says_where_the_file_stands(client: Client, portfolio: Portfolio, person: Jobseeker) -> None:
    response = ask(client, portfolio.adviser.user, person)
    pdf = read(response)
    text = words(pdf)
    for part in (
        f"Zoé Lefèvre, identifiant {person.identifier}",
        PHONE,
        "Guidé, 100 % web, depuis le",
        f"{portfolio.adviser}, depuis le",
        f"en visio, avec {portfolio.adviser}",
        "Entretien obligatoire au plus tard le",
        "Un entretien en visio toutes les 4 semaines, à revoir le",
        "Passer le permis",
        "S'inscrire au code",
        "Deux offres à comparer",
        "Préfère le matin.",
    ):
        assert part in text, part
    assert "Note de trop" not in text
    assert readings(person) == []
    assert response["Cache-Control"] == "private, no-store"
    # The same as for every paper of the house: tagged, in French, with a title.
    root = pdf.trailer["/Root"]
    assert (root["/Lang"], bool(root["/MarkInfo"]["/Marked"])) == ("fr", True)
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Fiche de synthèse – Zoé Lefèvre"


def test_who_reads_by_right_gets_it_without_the_contact_details_and_leaves_a_row(
    client: Client, portfolio: Portfolio, person: Jobseeker
) -> None:
    """Kind: details that open on demand only, on a page that gives them by another way."""
    colleague = CoverFactory(portfolio=portfolio).colleague.user
    manager = ManagerFactory(regions=[portfolio.agency.region]).user
    for reader in (colleague, manager):
        text = words(read(ask(client, reader, person)))
        assert "Préfère le matin." in text
        for detail in (PHONE, person.email):
            assert detail not in text
    assert readings(person) == [(colleague.pk, "sheet"), (manager.pk, "sheet")]
    for stranger, status in ((PortfolioFactory().adviser.user, 404), (person.user, 403)):
        assert ask(client, stranger, person).status_code == status
    assert len(readings(person)) == 2


def test_who_may_only_read_is_offered_the_sheet_and_no_act(
    client: Client, portfolio: Portfolio, person: Jobseeker
) -> None:
    """Kind: an act that is offered to somebody whom it refuses."""
    acts = ("Écrire", "Appeler", "Proposer un entretien", "Changer…", "Enregistrer la note", "Revoir le plan")
    client.force_login(portfolio.adviser.user)
    page = client.get(reverse("person", args=[person.pk])).content.decode()
    assert [act for act in acts if act not in page] == []
    client.force_login(former_adviser(person))
    page = client.get(reverse("person", args=[person.pk])).content.decode()
    assert [act for act in acts if act in page] == []
    assert "Fiche de synthèse (PDF)" in page


def test_of_a_file_with_nothing_in_it(client: Client) -> None:
    text = words(read(ask(client, ManagerFactory().user, on_web_track(PortfolioFactory()))))
    for part in ("Pas encore d'objectif fixé avec la personne.", "Aucune note."):
        assert part in text


def test_where_the_system_s_libraries_are_missing_a_page_says_the_same(
    client: Client, portfolio: Portfolio, person: Jobseeker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_pango(name: str) -> Any:
        if name == "weasyprint":
            raise OSError("cannot load library 'pango-1.0-0'")
        return import_module(name)

    monkeypatch.setattr(paper, "import_module", without_pango)
    paper._weasyprint.cache_clear()
    page = ask(client, portfolio.adviser.user, person)
    paper._weasyprint.cache_clear()
    assert page["Content-Type"].startswith("text/html")
    for part in ("Le PDF ne peut pas être fabriqué", "Deux offres à comparer"):
        assert part in page.content.decode()
