"""A person's file: who can open it, what it shows, and which readings leave an audit row."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accompaniment.enums import AuditAction, Channel, ContactNature, Tier
from accompaniment.models import AuditEntry, Jobseeker
from accompaniment.services import journal
from accompaniment.services.action_plan import StepFacts, add_objective, add_step
from accompaniment.services.enrolments.tiers import change_tier
from accompaniment.services.notes import write_note
from accompaniment.services.plan_reviews import ask_plan_change
from caseload.models import Portfolio
from caseload.services.desk.summaries import write_summary
from tests.accompaniment.factories import JobseekerFactory, reference
from tests.caseload.factories import CoverFactory, ManagerFactory, PortfolioFactory, on_web_track, validated

pytestmark = pytest.mark.django_db

PHONE = "06 39 98 00 01"
STATEMENTS = 20
"""What the whole page may ask of the database. Its panels ask by themselves."""


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def person(portfolio: Portfolio) -> Jobseeker:
    return on_web_track(portfolio, phone="+33639980001")


def address(person: Jobseeker) -> str:
    return f"/personnes/{person.pk}/"


def readings(person: Jobseeker) -> list[tuple[int, str]]:
    return [
        (entry.actor_id, entry.details["part"])
        for entry in AuditEntry.objects.filter(jobseeker=person, action=AuditAction.READ).order_by("pk")
    ]


def test_the_adviser_reads_the_whole_file_and_leaves_no_row(
    client: Client, portfolio: Portfolio, person: Jobseeker
) -> None:
    client.force_login(portfolio.adviser.user)
    page = client.get(address(person))
    text = page.content.decode()
    assert page.status_code == 200
    for part in (person.full_name, person.identifier, PHONE, person.email, "(vous)", "version 1", "Guidé", "100 % web"):
        assert part in text.replace("\u00a0", " ")
    assert readings(person) == []


def test_the_history_says_of_each_period_who_decided_when_and_why(client: Client, portfolio: Portfolio) -> None:
    reference()
    with time_machine.travel(datetime(2026, 3, 2, 10, tzinfo=UTC)):
        person = on_web_track(portfolio)
    manager = ManagerFactory(regions=[portfolio.agency.region]).user
    with time_machine.travel(datetime(2026, 3, 20, 10, tzinfo=UTC)):
        change_tier(actor=manager, jobseeker=person, tier=Tier.RENFORCE, reason="Besoin d'appui")
    client.force_login(manager)
    page = html.unescape(re.sub(r"<[^>]+>", " ", client.get(address(person)).content.decode()))
    page = " ".join(page[page.index("Modalité et parcours") :].split())
    assert f"Renforcé, classique, depuis le 20 mars 2026 Besoin d'appui · {manager.full_name} " in page
    web = "Guidé, 100 % web, du 2 au 20 mars 2026 Adhésion validée et acceptée"
    assert f"{web} · {portfolio.adviser} " in page
    assert "2 mars 2026 Inscription · import" in page


def test_the_plan_is_one_sentence(client: Client, portfolio: Portfolio, person: Jobseeker) -> None:
    client.force_login(portfolio.adviser.user)
    text = client.get(address(person)).content.decode().replace("\u00a0", " ")
    assert "Un entretien en visio toutes les 4 semaines, à revoir le " in text


def test_outside_the_perimeter_the_person_is_not_there(client: Client, portfolio: Portfolio, person: Jobseeker) -> None:
    for stranger in (
        PortfolioFactory(agency=portfolio.agency).adviser.user,
        ManagerFactory(regions=[PortfolioFactory().agency.region]).user,
    ):
        client.force_login(stranger)
        assert client.get(address(person)).status_code == 404
        assert client.post(f"{address(person)}coordonnees/").status_code == 404
    assert readings(person) == []
    client.force_login(ManagerFactory(regions=[portfolio.agency.region]).user)
    assert client.get(address(person)).status_code == 200


def test_a_jobseeker_has_no_right_to_the_page_of_staff(client: Client, person: Jobseeker) -> None:
    client.force_login(person.user)
    assert client.get(address(person)).status_code == 403


def test_a_manager_s_reading_leaves_one_row_for_one_reading(
    client: Client, portfolio: Portfolio, person: Jobseeker
) -> None:
    manager = ManagerFactory(regions=[portfolio.agency.region]).user
    client.force_login(manager)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client.get(address(person))
        clock.shift(timedelta(minutes=9))
        client.get(address(person))
        assert readings(person) == [(manager.pk, "file")]
        clock.shift(timedelta(minutes=2))
        client.get(address(person))
        assert readings(person) == [(manager.pk, "file")] * 2


def test_contact_details_open_on_demand_and_leave_their_own_row(
    client: Client, portfolio: Portfolio, person: Jobseeker
) -> None:
    cover = CoverFactory(portfolio=portfolio)
    colleague = cover.colleague.user
    client.force_login(colleague)
    closed = client.get(address(person)).content.decode()
    assert PHONE not in closed
    assert person.email not in closed
    opened = client.post(f"{address(person)}coordonnees/")
    assert PHONE in opened.content.decode()
    assert "<h1" in opened.content.decode()
    assert readings(person) == [(colleague.pk, "file"), (colleague.pk, "contact_details")]
    part = client.post(f"{address(person)}coordonnees/", headers={"HX-Request": "true"}).content.decode()
    assert PHONE in part
    assert "<h1" not in part


def test_contact_details_are_not_opened_by_a_mere_link(client: Client, portfolio: Portfolio, person: Jobseeker) -> None:
    client.force_login(portfolio.adviser.user)
    assert client.get(f"{address(person)}coordonnees/").status_code == 405


def test_the_timeline_goes_by_month_newest_first(client: Client, portfolio: Portfolio) -> None:
    with time_machine.travel("2026-03-20T10:00:00+01:00", tick=False):
        person = on_web_track(portfolio, since=timezone.now() - timedelta(days=40))
        for day, summary in ((1, "Premier point"), (45, "Tout premier point")):
            journal.write_contact(
                jobseeker=person,
                at=timezone.now() - timedelta(days=day),
                channel=Channel.VIDEO,
                nature=ContactNature.INTERVIEW,
                author=portfolio.adviser.user,
                summary=summary,
                source=f"test:{day}",
            )
        client.force_login(portfolio.adviser.user)
        page = client.get(address(person))
    months = page.context["timeline"].months
    assert [month.label for month in months] == ["Mars 2026", "Février 2026"]
    text = page.content.decode()
    assert text.index("Premier point") < text.index("Tout premier point")
    assert text.index("Adhésion validée et acceptée") < text.index("Premier point")


@pytest.mark.parametrize("lines", [1, 60])
@pytest.mark.parametrize("role", ["adviser", "colleague", "manager"])
def test_the_page_takes_as_few_statements_for_a_long_file_as_for_a_short_one(
    client: Client, portfolio: Portfolio, person: Jobseeker, django_assert_max_num_queries: Any, role: str, lines: int
) -> None:
    adviser = portfolio.adviser.user
    cover = CoverFactory(portfolio=portfolio)
    readers = {"adviser": adviser, "colleague": cover.colleague.user, "manager": ManagerFactory().user}
    for number in range(lines):
        write_note(actor=adviser, jobseeker=person, body=f"note {number}")
        contact = {"nature": ContactNature.MESSAGE, "channel": Channel.CHAT, "author": adviser}
        journal.write_contact(jobseeker=person, at=timezone.now(), source=f"test:{number}", **contact)
    for number in range(1 + lines // 10):
        objective = add_objective(actor=adviser, jobseeker=person, title=f"objectif {number}")
        add_step(actor=adviser, objective=objective, facts=StepFacts(title="étape"))
    client.force_login(readers[role])
    # The first reading of somebody else leaves its row.
    client.get(address(person))
    for query in ("", "?fil=notes", "?avant=2026-03-01T00:00:00Z"):
        with django_assert_max_num_queries(STATEMENTS):
            client.get(address(person) + query)


def test_who_has_not_accepted_is_awaited_since_the_validation(client: Client, portfolio: Portfolio) -> None:
    waiting = validated(portfolio).jobseeker
    client.force_login(portfolio.adviser.user)
    text = client.get(address(waiting)).content.decode()
    assert "En attente d'acceptation" in text
    assert "Attendue depuis le" in text


def test_a_person_without_portfolio_plan_or_contact_has_a_page(client: Client) -> None:
    lonely = JobseekerFactory(phone="", email=None)
    client.force_login(ManagerFactory().user)
    text = client.get(address(lonely)).content.decode()
    assert "en attente d'un portefeuille" in text
    opened = client.post(f"{address(lonely)}coordonnees/").content.decode()
    assert opened.count("Non renseigné") == 2


def test_a_cover_is_named_to_both(client: Client, portfolio: Portfolio, person: Jobseeker) -> None:
    cover = CoverFactory(portfolio=portfolio)
    for reader in (portfolio.adviser.user, cover.colleague.user):
        client.force_login(reader)
        assert f"Relais&nbsp;: {cover.colleague}" in client.get(address(person)).content.decode()


def test_what_the_person_waits_for_leads_to_where_it_is_done(
    client: Client, portfolio: Portfolio, person: Jobseeker
) -> None:
    now = timezone.now()
    ask_plan_change(actor=person.user, jobseeker=person, comment="Moins souvent")
    write_summary(jobseeker_id=person.pk, awaiting_reply_since=now, callback_due_at=now, next_interview_at=now)
    client.force_login(portfolio.adviser.user)
    page = client.get(address(person)).content.decode()
    for target in (
        f"/rappels/#rappel-{person.pk}",
        f"/messagerie/avec/{person.pk}/",
        f"/personnes/{person.pk}/plan/",
        "#panneau-entretiens",
    ):
        assert any(f'href="{target}"' in part for part in page.split("<li>") if 'class="desk-need' in part), target
    client.force_login(ManagerFactory().user)
    assert '<a class="desk-need' not in client.get(address(person)).content.decode()


def test_preferences_and_commune_are_on_the_page(client: Client, portfolio: Portfolio, person: Jobseeker) -> None:
    client.force_login(portfolio.adviser.user)
    assert "<dt>Préfère</dt><dd>" in client.get(address(person)).content.decode()
    Jobseeker.objects.filter(pk=person.pk).update(preferred_channel="phone", preferred_hours="matin")
    page = client.get(address(person)).content.decode()
    assert "<dt>Préfère</dt><dd>Téléphone, le matin</dd>" in page
    assert "<dt>Commune</dt><dd>67000 Strasbourg</dd>" in page
    Jobseeker.objects.filter(pk=person.pk).update(preferred_channel="", preferred_hours="")
    assert "<dt>Préfère</dt>" not in client.get(address(person)).content.decode()
