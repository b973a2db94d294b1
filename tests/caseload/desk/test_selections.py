"""One contact plan for all people ticked in the list, and saved views of the list."""

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.models import ContactPlan, Jobseeker, Notification
from accompaniment.reads.contact_plans import plan_states
from accompaniment.services.plans import change_plan
from caseload.models import Portfolio, SavedView
from caseload.services.desk.saved_views import MOST_VIEWS, save_view
from tests.accompaniment.factories import AgencyFactory, RegionFactory
from tests.caseload.factories import CoverFactory, PortfolioFactory, on_web_track

pytestmark = pytest.mark.django_db


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def adviser(client: Client, portfolio: Portfolio) -> Client:
    client.force_login(portfolio.adviser.user)
    return client


def typed(*people: Jobseeker, **facts: Any) -> dict[str, Any]:
    return {
        "personne": [person.pk for person in people],
        "vu": [f"{pk}:{shown.token}" for pk, shown in plan_states([person.pk for person in people]).items()],
        "contact": "interview-phone",
        "interval_days": "60",
        "reason": "Convenu avec chacun",
        "review_on": (timezone.localdate() + timedelta(days=90)).isoformat(),
        **facts,
    }


def said(answer: HttpResponse) -> str:
    return " ".join(unescape(answer.content.decode()).replace("\u00a0", " ").split())


def plan(person: Jobseeker) -> tuple[str, int]:
    current = ContactPlan.objects.current().get(jobseeker=person)
    return current.channel, current.interval_days


class TestPlans:
    url = "/portefeuille/plan/"

    def test_each_gets_the_plan_and_is_told(self, adviser: Client, portfolio: Portfolio) -> None:
        one, two, other = (on_web_track(portfolio) for _ in range(3))
        assert "2 personnes" in said(adviser.get(self.url, {"personne": [one.pk, two.pk]}))
        answer = adviser.post(self.url, typed(one, two))
        assert "Plan de contact changé pour 2 personnes" in said(answer)
        assert [plan(person) for person in (one, two, other)] == [("phone", 60), ("phone", 60), ("video", 28)]
        assert Notification.objects.filter(kind="plan_changed").count() == 2

    def test_sending_twice_changes_it_once(self, adviser: Client, portfolio: Portfolio) -> None:
        one = on_web_track(portfolio)
        for _ in range(2):
            assert "changé pour 1 personne" in said(adviser.post(self.url, typed(one)))
        assert ContactPlan.objects.filter(jobseeker=one, interval_days=60).count() == 1
        adviser.post(self.url, typed(one, reason="Autre motif"))
        assert ContactPlan.objects.filter(jobseeker=one, interval_days=60).count() == 2

    def test_what_a_colleague_set_meanwhile_is_not_overwritten(self, adviser: Client, portfolio: Portfolio) -> None:
        one, two = (on_web_track(portfolio) for _ in range(2))
        page = adviser.get(self.url, {"personne": [one.pk, two.pk]})
        seen = page.context["seen"]
        assert all(f'name="vu" value="{state}"' in page.content.decode() for state in seen)
        change_plan(
            actor=portfolio.adviser.user,
            jobseeker=one,
            channel="on_site",
            interval_days=14,
            reason="Décidé hier",
            review_on=timezone.localdate() + timedelta(days=50),
        )
        answer = said(adviser.post(self.url, typed(one, two, vu=seen)))
        assert "a changé entre-temps" in answer
        assert [plan(person) for person in (one, two)] == [("on_site", 14), ("phone", 60)]

    @pytest.mark.parametrize("token", ["", "x"])
    def test_a_page_that_has_shown_nothing_of_a_plan_is_told_so_and_not_that_it_was_changed(
        self, adviser: Client, portfolio: Portfolio, token: str
    ) -> None:
        person = on_web_track(portfolio)
        before = plan(person)
        answer = said(adviser.post(self.url, typed(person, vu=[f"{person.pk}:{token}"])))
        assert "La page n'était plus à jour" in answer
        assert "entre-temps" not in answer
        assert plan(person) == before

    def test_who_is_in_no_portfolio_of_mine_stays_as_they_are(self, adviser: Client, portfolio: Portfolio) -> None:
        mine, elsewhere = on_web_track(portfolio), on_web_track(PortfolioFactory(agency=portfolio.agency))
        answer = said(adviser.post(self.url, typed(mine, elsewhere)))
        assert "1 personne de votre sélection n'est plus dans vos portefeuilles" in answer
        assert elsewhere.last_name not in answer
        assert [plan(mine), plan(elsewhere)] == [("phone", 60), ("video", 28)]

    def test_who_is_covered_counts_as_mine(self, adviser: Client, portfolio: Portfolio) -> None:
        cover = CoverFactory(colleague=portfolio.adviser, portfolio=PortfolioFactory(agency=portfolio.agency))
        away = on_web_track(cover.portfolio)
        adviser.post(self.url, typed(away))
        assert plan(away) == ("phone", 60)

    def test_what_was_set_today_with_the_same_words_stands(self, adviser: Client, portfolio: Portfolio) -> None:
        one, two = on_web_track(portfolio), on_web_track(portfolio)
        adviser.post(self.url, typed(one))
        before = ContactPlan.objects.current().get(jobseeker=one).pk
        adviser.post(self.url, typed(one, two))
        assert ContactPlan.objects.current().get(jobseeker=one).pk == before
        assert plan(two) == ("phone", 60)

    def test_one_who_cannot_does_not_stop_the_others(self, adviser: Client, portfolio: Portfolio) -> None:
        """In the person's zone it is already tomorrow, so that day is no longer in the future."""
        overseas = AgencyFactory(region=RegionFactory(timezone="Indian/Reunion"))
        with time_machine.travel(datetime(2026, 3, 4, 22, 30, tzinfo=UTC), tick=False):  # 23 h 30 in Paris
            one, two, three = (on_web_track(portfolio) for _ in range(3))
            Jobseeker.objects.filter(pk=two.pk).update(agency=overseas)
            answer = adviser.post(self.url, typed(one, two, three, review_on="2026-03-05"))
        assert [outcome.jobseeker for outcome in answer.context["not_done"]] == [two]
        assert "date de révision à venir" in said(answer)
        assert answer.context["done"] == [one, three]
        assert [plan(person) for person in (one, two, three)] == [("phone", 60), ("video", 28), ("phone", 60)]

    def test_when_no_plan_could_be_changed_the_page_says_no_success(
        self, adviser: Client, portfolio: Portfolio
    ) -> None:
        """Kind: a page that reports success although nothing was done."""
        overseas = AgencyFactory(region=RegionFactory(timezone="Indian/Reunion"))
        with time_machine.travel(datetime(2026, 3, 4, 22, 30, tzinfo=UTC), tick=False):
            one, two = on_web_track(portfolio), on_web_track(portfolio)
            Jobseeker.objects.filter(pk=two.pk).update(agency=overseas)
            nothing = said(adviser.post(self.url, typed(two, review_on="2026-03-05")))
            changed = said(adviser.post(self.url, typed(one, two, review_on="2026-03-05")))
        assert "Aucun plan de contact n'est changé" in nothing.replace("&#x27;", "'")
        assert "Plan de contact changé pour" not in nothing
        assert "Plan de contact changé pour 1 personne" in changed

    @pytest.mark.parametrize(
        ("facts", "sentence"),
        [
            ({"reason": ""}, "Indiquez le motif"),
            ({"review_on": "2001-01-01"}, "date de révision à venir"),
            ({"review_on": ""}, "Indiquez quand revoir"),
        ],
    )
    def test_a_form_that_is_not_right_keeps_what_was_typed(
        self, adviser: Client, portfolio: Portfolio, facts: dict[str, str], sentence: str
    ) -> None:
        one = on_web_track(portfolio)
        answer = adviser.post(self.url, typed(one, **facts))
        assert answer.status_code == 422
        assert sentence in said(answer)
        assert f'name="personne" value="{one.pk}"' in answer.content.decode()
        assert plan(one) == ("video", 28)

    def test_without_a_selection_it_says_how_to_make_one(self, adviser: Client) -> None:
        assert "Cochez des personnes" in said(adviser.get(self.url))
        assert adviser.post(self.url, typed()).status_code == 422


class TestSavedViews:
    url = "/portefeuille/vues/"

    def test_the_list_as_it_is_gets_a_name_and_comes_back(self, adviser: Client, portfolio: Portfolio) -> None:
        on_web_track(portfolio)
        answer = adviser.post(f"{self.url}?besoin=reponse&x=1&tri=-nom&modalite=zut", {"name": "À répondre"})
        assert answer["Location"] == "/portefeuille/?besoin=reponse&tri=-nom"
        assert SavedView.objects.get().query == "besoin=reponse&tri=-nom"
        page = adviser.get("/portefeuille/").content.decode()
        assert 'href="/portefeuille/?besoin=reponse&amp;tri=-nom"><bdi>À répondre</bdi></a>' in page

    def test_a_name_is_needed_and_is_taken_once(self, adviser: Client) -> None:
        assert adviser.post(f"{self.url}?tri=nom", {"name": " "}).status_code == 422
        adviser.post(f"{self.url}?tri=nom", {"name": "Nom"})
        again = adviser.post(f"{self.url}?tri=-nom", {"name": "Nom"})
        assert again.status_code == 409
        assert "porte déjà ce nom" in said(again)
        assert SavedView.objects.get().query == "tri=nom"

    def test_a_view_is_renamed_and_deleted_by_its_owner(self, adviser: Client, portfolio: Portfolio) -> None:
        view = save_view(actor=portfolio.adviser.user, name="Un", query="tri=nom")
        save_view(actor=portfolio.adviser.user, name="Deux", query="tri=nom")
        assert adviser.post(f"{self.url}{view.pk}/", {"name": "Deux"}).status_code == 409
        adviser.post(f"{self.url}{view.pk}/", {"name": "Trois"})
        assert sorted(SavedView.objects.values_list("name", flat=True)) == ["Deux", "Trois"]
        adviser.post(f"{self.url}{view.pk}/supprimer/")
        assert SavedView.objects.get().name == "Deux"

    def test_a_colleague_has_views_of_their_own(self, client: Client, portfolio: Portfolio) -> None:
        view = save_view(actor=portfolio.adviser.user, name="Un", query="tri=nom")
        client.force_login(PortfolioFactory(agency=portfolio.agency).adviser.user)
        assert client.post(f"{self.url}{view.pk}/supprimer/").status_code == 404
        assert "Un</a>" not in client.get(self.url).content.decode()
        client.post(f"{self.url}?tri=nom", {"name": "Un"})
        assert SavedView.objects.filter(name="Un").count() == 2

    def test_there_is_an_end_to_views_and_to_their_length(self, adviser: Client, portfolio: Portfolio) -> None:
        fits = adviser.post(self.url + "?q=" + "%C3%A9" * 80, {"name": "x"})
        assert fits.status_code == 302
        long = adviser.post(self.url + "?q=" + "%F0%9F%98%80" * 80, {"name": "Longue"})
        assert long.status_code == 409
        assert "trop longue" in said(long)
        SavedView.objects.all().delete()
        for number in range(MOST_VIEWS):
            save_view(actor=portfolio.adviser.user, name=str(number), query="tri=nom")
        full = adviser.post(f"{self.url}?tri=nom", {"name": "Une de trop"})
        assert full.status_code == 409
        assert SavedView.objects.count() == MOST_VIEWS

    def test_an_empty_page_says_how_to_fill_it(self, adviser: Client) -> None:
        assert "Enregistrer cette vue" in said(adviser.get(reverse("saved_views")))
