"""Portefeuille: filters in the URL, needs with their reasons, the downloaded file, and ticked people."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accompaniment.enums import Modality
from accompaniment.models import AuditEntry, ContactPlan, Jobseeker
from accompaniment.reads.contact_plans import plan_states
from accompaniment.services.on_site_requests import ask_on_site
from caseload.models import CaseSummary, Portfolio
from caseload.services.desk.summaries import write_summary
from tests.caseload.factories import CoverFactory, PortfolioFactory, on_web_track, placed
from tests.visio.factories import InterviewFactory, due_obligation
from visio.services.summaries import refresh_summary

pytestmark = pytest.mark.django_db

URL = "/portefeuille/"
NOW = datetime(2026, 3, 4, 13, 0, tzinfo=UTC)  # 14 h in Paris


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def adviser(client: Client, portfolio: Portfolio) -> Client:
    client.force_login(portfolio.adviser.user)
    return client


def person(portfolio: Portfolio, last_name: str, **summary: Any) -> Jobseeker:
    found = on_web_track(portfolio, last_name=last_name)
    if summary:
        write_summary(jobseeker_id=found.pk, **summary)
    return found


def names(client: Client, query: str = "") -> list[str]:
    return [case.last_name for case in client.get(URL + query).context["listing"].cases]


def text(client: Client, query: str = "") -> str:
    return " ".join(unescape(client.get(URL + query).content.decode()).replace("\u00a0", " ").split())


def test_tier_track_and_cover_filter(adviser: Client, portfolio: Portfolio) -> None:
    person(portfolio, "Web")
    placed(PortfolioFactory(adviser=portfolio.adviser, modality=Modality.SUIVI), last_name="Suivi", tier="suivi")
    cover = CoverFactory(colleague=portfolio.adviser, portfolio=PortfolioFactory(agency=portfolio.agency))
    person(cover.portfolio, "Relais")
    assert sorted(names(adviser, "?modalite=suivi")) == ["Suivi"]
    assert sorted(names(adviser, "?modalite=guide")) == ["Relais", "Web"]
    assert sorted(names(adviser, "?parcours=classique")) == ["Suivi"]
    assert sorted(names(adviser, "?suivi=relais")) == ["Relais"]
    assert sorted(names(adviser, "?suivi=moi")) == ["Suivi", "Web"]
    assert sorted(names(adviser, "?suivi=moi&parcours=web")) == ["Web"]
    assert text(adviser).count('">relais</span>') == 1


def test_who_had_no_contact_for_as_many_days_as_one_asks(adviser: Client, portfolio: Portfolio) -> None:
    now = timezone.now()
    person(portfolio, "Vingt", last_contact_at=now - timedelta(days=20))
    person(portfolio, "Quarante", last_contact_at=now - timedelta(days=40))
    person(portfolio, "Hier", last_contact_at=now - timedelta(days=1))
    assert names(adviser, "?sans_contact=15") == ["Quarante", "Vingt"]
    assert names(adviser, "?sans_contact=30") == ["Quarante"]
    # Without a number each person's own plan decides what is long: on the web track every 28 days.
    assert names(adviser, "?besoin=contact") == ["Quarante"]
    assert "Sans contact depuis 40 jours" in text(adviser)
    ContactPlan.objects.update(interval_days=60)
    assert names(adviser, "?besoin=contact") == []


def test_a_plan_to_review_and_a_meeting_asked_for_are_needs(adviser: Client, portfolio: Portfolio) -> None:
    with time_machine.travel(NOW, tick=False):
        review, asking = person(portfolio, "Revoir"), person(portfolio, "Agence")
        person(portfolio, "Calme")
        person(portfolio, "Retard", to_place_by=NOW.date() - timedelta(days=30))
    with time_machine.travel(NOW + timedelta(hours=5), tick=False):
        ask_on_site(actor=asking.user, jobseeker=asking)
        ContactPlan.objects.filter(jobseeker=review).update(
            starts_on=NOW.date() - timedelta(days=2), review_on=NOW.date() - timedelta(days=1)
        )
    with time_machine.travel(NOW + timedelta(hours=6), tick=False):
        assert names(adviser) == ["Agence", "Retard", "Revoir", "Calme"]
        page = text(adviser)
        assert "Entretien en agence demandé depuis 1 h" in page
        assert "Plan de contact à revoir depuis 1 jour" in page
        assert names(adviser, "?besoin=agence") == ["Agence"]
        assert names(adviser, "?besoin=plan") == ["Revoir"]
        assert names(adviser, "?tri=plan")[0] == "Revoir"


def test_today_s_interviews_and_those_to_conclude_are_one_need(adviser: Client, portfolio: Portfolio) -> None:
    with time_machine.travel(NOW, tick=False):
        person(portfolio, "Aujourd", next_interview_at=NOW + timedelta(hours=2))
        person(portfolio, "Conclure", next_interview_at=NOW - timedelta(days=3))
        person(portfolio, "Demain", next_interview_at=NOW + timedelta(days=1))
        assert names(adviser, "?besoin=entretien") == ["Conclure", "Aujourd"]
        counts = {choice.label: choice.count for choice in adviser.get(URL).context["listing"].need_choices}
        assert counts == {"Entretiens du jour et à conclure": 2}
        assert "Entretien aujourd'hui à 16 h" in text(adviser, "?besoin=entretien")


def test_an_overdue_deadline_is_one_of_those_to_place(adviser: Client, portfolio: Portfolio) -> None:
    today = timezone.localdate()
    person(portfolio, "Passee", to_place_by=today - timedelta(days=1))
    person(portfolio, "Venir", to_place_by=today + timedelta(days=1))
    assert names(adviser, "?besoin=echeance") == ["Passee", "Venir"]
    assert names(adviser, "?besoin=depassee") == ["Passee"]
    counts = {choice.label: choice.count for choice in adviser.get(URL).context["listing"].need_choices}
    assert counts == {"Entretiens à fixer": 2, "Échéances dépassées": 1}


def test_the_filters_that_are_on_are_tags_that_take_themselves_away(adviser: Client, portfolio: Portfolio) -> None:
    person(portfolio, "Petit")
    kept = adviser.get(f"{URL}?q=pet&modalite=guide&sans_contact=9&tri=nom").context["listing"].kept
    assert {filter_.label.replace("\u00a0", " "): filter_.address for filter_ in kept} == {
        "« pet »": "?sans_contact=9&modalite=guide&tri=nom",
        "Sans contact depuis 9 jours": "?q=pet&modalite=guide&tri=nom",
        "Guidé": "?q=pet&sans_contact=9&tri=nom",
    }


def test_columns_are_chosen_in_the_address_and_the_name_always_stays(adviser: Client, portfolio: Portfolio) -> None:
    """The address is what one comes back to, and what a saved view keeps."""
    person(portfolio, "Petit")
    assert 'class="case-name"' in text(adviser, "?masquer=nom")
    query = "?tri=contact&masquer=plan&masquer=echeance"
    page, listing = text(adviser, query), adviser.get(URL + query).context["listing"]
    assert [column.label for column in listing.columns] == [
        "Besoin",
        "Nom",
        "Suivi depuis",
        "Dernier contact",
        "Prochain entretien",
    ]
    assert 'data-label="Plan à revoir"' not in page
    assert 'data-label="Prochain entretien"' in page
    assert [(kept.label, kept.address) for kept in listing.kept] == [("2 colonnes masquées", "?tri=contact")]
    assert listing.columns[1].address == "?tri=nom&masquer=echeance&masquer=plan"
    assert not listing.narrowed


@pytest.mark.parametrize("query", ["?sans_contact=0", "?sans_contact=-1", "?sans_contact=1e9", "?modalite=x"])
def test_a_filter_that_does_not_parse_filters_nothing(adviser: Client, portfolio: Portfolio, query: str) -> None:
    person(portfolio, "Petit")
    assert names(adviser, query) == ["Petit"]


def test_a_search_says_who_is_only_spelt_nearly_so_and_shows_them_last(adviser: Client, portfolio: Portfolio) -> None:
    person(portfolio, "Dupont", awaiting_reply_since=timezone.now() - timedelta(days=9))
    person(portfolio, "Dupond")
    assert names(adviser, "?q=dupond") == ["Dupond", "Dupont"]
    page = text(adviser, "?q=dupond")
    assert "2 personnes sur 2, dont 1 à l'orthographe proche" in page
    # Once in a row, beside the mark that the script gives to those whom it shows.
    assert page.count("· orthographe proche</span></span>") == 1


def test_no_result_says_how_to_widen(adviser: Client, portfolio: Portfolio) -> None:
    person(portfolio, "Petit")
    assert "Essayez un seul mot" in text(adviser, "?q=zzzz")
    assert "Retirez un filtre" in text(adviser, "?modalite=renforce")


def test_a_search_as_one_types_leaves_a_short_address(adviser: Client, portfolio: Portfolio) -> None:
    person(portfolio, "Petit")
    answer = adviser.get(f"{URL}?q=pet&besoin=&modalite=&sans_contact=", headers={"HX-Request": "true"})
    assert answer["HX-Replace-Url"] == "/portefeuille/?q=pet"
    assert adviser.get(f"{URL}?q=", headers={"HX-Request": "true"})["HX-Replace-Url"] == "/portefeuille/"


def test_people_named_in_the_address_come_ticked(adviser: Client, portfolio: Portfolio) -> None:
    one, _ = person(portfolio, "Petit"), person(portfolio, "Grand")
    page = adviser.get(f"{URL}?personne={one.pk}&personne=zut").content.decode()
    assert len(re.findall(r'name="personne" [^>]* checked>', page)) == 1
    assert f'value="{one.pk}" aria-label="Sélectionner Petit Alix" checked>' in page


@pytest.mark.parametrize("people", [3, 30])
@pytest.mark.parametrize("query", ["?q=petot&besoin=reponse&modalite=guide&tri=contact", "?sans_contact=10"])
def test_a_filtered_page_costs_as_much_as_the_whole(
    adviser: Client,
    portfolio: Portfolio,
    people: int,
    query: str,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    CoverFactory(portfolio=portfolio)
    for number in range(people):
        on_web_track(portfolio, last_name=f"Petit{number}")
    with django_assert_num_queries(8):  # session, account, adviser, portfolios, covers, people, views, what waits
        adviser.get(URL + query)


class TestDeadlinesToPlace:
    """The panel of the day and the list name the same people."""

    @staticmethod
    def in_panel(client: Client) -> str:
        return " ".join(unescape(client.get(reverse("panel_obligations")).content.decode()).split())

    def test_both_show_who_has_a_deadline_without_an_interview(self, adviser: Client, portfolio: Portfolio) -> None:
        to_place, booked, apart = (person(portfolio, name) for name in ("Placer", "Place", "Apart"))
        for one in (to_place, booked, apart):
            due_obligation(one)
        InterviewFactory(jobseeker=booked, obligation=booked.obligations.get())
        # An interview without an obligation leaves the deadline to place.
        InterviewFactory(jobseeker=apart, starts_at=timezone.now() + timedelta(days=2))
        for one in (to_place, booked, apart):
            refresh_summary(one.pk)
        assert sorted(names(adviser, "?besoin=echeance")) == ["Apart", "Placer"]
        panel = self.in_panel(adviser)
        assert "Entretiens à fixer (2)" in panel
        assert "/portefeuille/?besoin=echeance" in panel
        assert "Place</a>" not in panel

    def test_a_person_with_two_deadlines_counts_once(self, adviser: Client, portfolio: Portfolio) -> None:
        one = person(portfolio, "Deux")
        first = due_obligation(one)
        first.pk = None
        first.period = type(first.period)(first.period.upper, first.period.upper + timedelta(days=28))
        first.due_on = first.period.upper - timedelta(days=1)
        first.save(force_insert=True)
        refresh_summary(one.pk)
        assert names(adviser, "?besoin=echeance") == ["Deux"]
        assert "Entretiens à fixer (1)" in self.in_panel(adviser)

    def test_a_deadline_that_another_plan_waives_leaves_both_at_once(
        self, adviser: Client, portfolio: Portfolio
    ) -> None:
        one = person(portfolio, "Change")
        due_obligation(one)
        refresh_summary(one.pk)
        assert names(adviser, "?besoin=echeance") == ["Change"]
        adviser.post(
            reverse("plan_many"),
            {
                "personne": one.pk,
                "vu": f"{one.pk}:{plan_states([one.pk])[one.pk].token}",
                "contact": "interview-phone",
                "interval_days": 60,
                "reason": "Convenu",
                "review_on": timezone.localdate() + timedelta(days=90),
            },
        )
        assert CaseSummary.objects.get(pk=one.pk).to_place_by is None
        assert names(adviser, "?besoin=echeance") == []
        assert "Entretiens à fixer (" not in self.in_panel(adviser)


class TestExport:
    @staticmethod
    def rows(client: Client, query: str = "") -> list[list[str]]:
        answer = client.get(reverse("my_portfolio_export") + query)
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.content.startswith(b"\xef\xbb\xbf")
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";"))

    def test_the_file_holds_what_the_list_shows_in_its_order(self, adviser: Client, portfolio: Portfolio) -> None:
        person(portfolio, "Ébrard", awaiting_reply_since=timezone.now() - timedelta(hours=31))
        person(portfolio, "Zoe", awaiting_reply_since=timezone.now() - timedelta(hours=2))
        person(portfolio, "Calme")
        header, *lines = self.rows(adviser, "?besoin=reponse&tri=-nom")
        assert header[:4] == ["Besoin", "Nom", "Prénom", "Identifiant"]
        assert [line[1] for line in lines] == ["Zoe", "Ébrard"] == names(adviser, "?besoin=reponse&tri=-nom")
        assert lines[1][0] == "Sans réponse depuis 31 h"

    @pytest.mark.parametrize("name", ["=1+1", "+33", "-2", "@SUM(A1)", "\t=1", "＝1", "＋33", "－2", "＠A1", " =1"])
    def test_no_cell_is_a_formula(self, adviser: Client, portfolio: Portfolio, name: str) -> None:
        person(portfolio, name)
        assert self.rows(adviser)[1][1] == f"'{name}"

    def test_who_took_what_away_is_written_down(self, adviser: Client, portfolio: Portfolio) -> None:
        person(portfolio, "Petit")
        cover = CoverFactory(colleague=portfolio.adviser, portfolio=PortfolioFactory(agency=portfolio.agency))
        away = person(cover.portfolio, "Relais")
        self.rows(adviser, "?q=relais&suivi=relais")
        entries = AuditEntry.objects.filter(action="export", actor=portfolio.adviser.user).order_by("pk")
        assert [(entry.jobseeker, entry.details) for entry in entries] == [
            (None, {"list": "portfolio", "people": 1, "filters": ["q", "suivi"]}),
            (away, {"list": "portfolio"}),
        ]
