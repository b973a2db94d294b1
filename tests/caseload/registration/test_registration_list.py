"""The list of volunteers of an agency, and who may open a registration."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accompaniment.enums import AuditAction, EnrolmentState
from accompaniment.models import (
    AuditEntry,
    Enrolment,
    LapseDelay,
    RegistrationInterview,
)
from accompaniment.rules.audit_words import audit_in_words
from accompaniment.services.registration import save_draft
from caseload.models import Portfolio
from tests.accompaniment.factories import (
    EnrolmentFactory,
    JobseekerFactory,
    lapse_delays,
)
from tests.caseload.factories import (
    AdviserFactory,
    ManagerFactory,
    PortfolioFactory,
    validated,
    volunteer,
)
from tests.caseload.registration.page import address, answers, text_of

pytestmark = pytest.mark.django_db


LIST_QUERIES = 9
"""Session, account, adviser, portfolio, waiting count, one page, deadlines, own refusals, what waits in all; nothing
per row."""


PANEL_QUERIES = 7
"""Session, account, adviser, portfolios, covers, the first volunteers, deadlines; nothing per row."""


class TestList:
    def test_shows_those_of_the_agency_the_longest_wait_first(self, adviser: Client, portfolio: Portfolio) -> None:
        recent, old = volunteer(portfolio, last_name="Récente"), volunteer(portfolio, last_name="Ancienne")
        Enrolment.objects.filter(pk=old.pk).update(asked_at=timezone.now() - timedelta(days=9))
        elsewhere = EnrolmentFactory(jobseeker=JobseekerFactory(last_name="Ailleurs"))
        validated(portfolio, last_name="Décidée")
        page = adviser.get(reverse("registrations")).content.decode()
        assert page.index("Ancienne") < page.index("Récente")
        assert address(recent) in page
        assert old.jobseeker.identifier in page
        assert elsewhere.jobseeker.last_name not in page
        assert "Décidée" not in page

    def test_says_whose_interview_has_begun(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        assert "Entretien commencé" not in adviser.get(reverse("registrations")).content.decode()
        save_draft(actor=portfolio.adviser.user, enrolment=enrolment, typed={"situation": "…"})
        assert "Entretien commencé" in adviser.get(reverse("registrations")).content.decode()

    @pytest.mark.parametrize("words", ["hélène", "HELENE", "Dupré", "dupre hel", "1234567"])
    def test_finds_by_name_or_identifier(self, adviser: Client, portfolio: Portfolio, words: str) -> None:
        volunteer(portfolio, first_name="Hélène", last_name="Dupré", identifier="1234567X")
        volunteer(portfolio, first_name="Ali", last_name="Martin")
        page = text_of(adviser.get(reverse("registrations"), {"q": words}))
        assert "Hélène Dupré" in page
        assert "Ali Martin" not in page
        assert "1 résultat pour" in page

    def test_searches_as_one_types(self, adviser: Client, portfolio: Portfolio) -> None:
        volunteer(portfolio, last_name="Dupré")
        part = adviser.get(reverse("registrations"), {"q": "dup"}, headers={"HX-Request": "true"}).content.decode()
        assert "Dupré" in part
        assert "<html" not in part
        restored = adviser.get(
            reverse("registrations"),
            headers={"HX-Request": "true", "HX-History-Restore-Request": "true"},
        )
        assert "<html" in restored.content.decode()

    def test_says_that_nobody_waits_or_that_nothing_fits(self, adviser: Client, portfolio: Portfolio) -> None:
        assert "Personne n'attend." in adviser.get(reverse("registrations")).content.decode()
        volunteer(portfolio)
        assert "Aucun volontaire ne correspond." in adviser.get(reverse("registrations"), {"q": "zzz"}).content.decode()

    def test_without_a_web_portfolio_is_empty_and_says_why(self, client: Client, portfolio: Portfolio) -> None:
        volunteer(portfolio, last_name="Dupré")
        classic = PortfolioFactory(adviser=AdviserFactory(agency=portfolio.agency), modality="guide")
        client.force_login(classic.adviser.user)
        page = client.get(reverse("registrations")).content.decode()
        assert "pas de portefeuille 100 % web" in page
        assert "Dupré" not in page

    @pytest.mark.parametrize(
        ("days", "words"),
        [(0, "expire dans 30 jours"), (28, "expire dans 2 jours"), (29, "expire demain soir"), (30, "expire ce soir")],
    )
    def test_says_when_a_request_lapses_on_the_panel_too(
        self, client: Client, portfolio: Portfolio, days: int, words: str
    ) -> None:
        lapse_delays()
        asked_at = datetime(2026, 3, 2, 10, tzinfo=UTC)
        with time_machine.travel(asked_at):
            volunteer(portfolio)
        with time_machine.travel(asked_at + timedelta(days=days)):
            client.force_login(portfolio.adviser.user)
            for name in ("registrations", "volunteers_panel"):
                assert words in text_of(client.get(reverse(name)))
            LapseDelay.objects.all().delete()
            for name in ("registrations", "volunteers_panel"):
                assert "expire" not in text_of(client.get(reverse(name)))

    def test_the_panel_asks_the_same_number_of_queries_at_any_size(
        self, adviser: Client, portfolio: Portfolio, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for people in (1, 3):
            for _ in range(people):
                volunteer(portfolio)
            with django_assert_num_queries(PANEL_QUERIES):
                adviser.get(reverse("volunteers_panel"))

    def test_asks_the_same_number_of_queries_at_any_size(
        self, adviser: Client, portfolio: Portfolio, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        volunteer(portfolio)
        with django_assert_num_queries(LIST_QUERIES):
            adviser.get(reverse("registrations"))
        for _ in range(59):
            volunteer(portfolio)
        with django_assert_num_queries(LIST_QUERIES):
            page = adviser.get(reverse("registrations")).content.decode()
        assert "Page 1 sur 2" in page
        assert "Page 2 sur 2" in adviser.get(reverse("registrations"), {"page": "9"}).content.decode()


class TestWhoMayOpen:
    def test_the_agency_s_web_advisers_alone(self, client: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        colleague = PortfolioFactory(agency=portfolio.agency).adviser
        classic = PortfolioFactory(adviser=AdviserFactory(agency=portfolio.agency), modality="guide").adviser
        stranger = PortfolioFactory().adviser
        for user, status in (
            (portfolio.adviser.user, 200),
            (colleague.user, 200),
            (classic.user, 404),
            (stranger.user, 404),
            (ManagerFactory().user, 403),
            (JobseekerFactory(with_account=True).user, 403),
        ):
            client.force_login(user)
            assert client.get(address(enrolment)).status_code == status
        client.force_login(stranger.user)
        for name in ("registration", "registration_draft", "registration_email"):
            assert client.post(address(enrolment, name), answers(portfolio)).status_code == 404
        assert Enrolment.objects.get().state == EnrolmentState.ASKED

    def test_a_decision_can_be_looked_at_for_a_day(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = validated(portfolio)
        assert adviser.get(address(enrolment)).status_code == 200
        with time_machine.travel(timezone.now() + timedelta(hours=25)):
            adviser.force_login(portfolio.adviser.user)
            assert adviser.get(address(enrolment)).status_code == 404

    def test_a_reading_by_somebody_who_does_not_follow_leaves_its_row(
        self, adviser: Client, portfolio: Portfolio
    ) -> None:
        enrolment = volunteer(portfolio)
        for _ in range(2):
            adviser.get(address(enrolment))
        row = AuditEntry.objects.get(jobseeker=enrolment.jobseeker, action=AuditAction.READ)
        assert row.actor == portfolio.adviser.user

    def test_a_reading_of_the_decision_leaves_its_row_too(self, client: Client, portfolio: Portfolio) -> None:
        enrolment = validated(portfolio)
        colleague = PortfolioFactory(agency=portfolio.agency).adviser.user
        for user in (colleague, portfolio.adviser.user):
            client.force_login(user)
            assert client.get(address(enrolment)).status_code == 200
        row = AuditEntry.objects.get(jobseeker=enrolment.jobseeker, action=AuditAction.READ)
        assert (row.actor, audit_in_words(row.action, row.details)) == (colleague, "Entretien d'inscription consulté")

    def test_no_track_is_chosen_beforehand(self, adviser: Client, portfolio: Portfolio) -> None:
        page = adviser.get(address(volunteer(portfolio))).content.decode()
        tracks = re.findall(r'<input[^>]*name="track"[^>]*>', page)
        assert len(tracks) == 2
        assert not any(re.search(r"\schecked\b", track) for track in tracks)
        assert "confirme-t-elle son souhait" in page

    def test_looking_begins_no_interview(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        assert "Commencer l'entretien" in adviser.get(address(enrolment)).content.decode()
        assert not RegistrationInterview.objects.exists()
