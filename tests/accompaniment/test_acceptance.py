"""The text of the 100 % web: read in short and as a whole, accepted, declined, and left again."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import (
    Channel,
    EnrolmentState,
    Track,
)
from accompaniment.models import Consent, Enrolment
from caseload.models import Portfolio
from tests.accompaniment.factories import (
    ConsentTextFactory,
    EnrolmentFactory,
    JobseekerFactory,
    consent_text_in_force,
    reference,
)
from tests.caseload.factories import (
    PortfolioFactory,
    on_web_track,
    validated,
)
from tests.space_page import main_of, read, send, track_of, words
from tests.visio.factories import InterviewFactory
from visio.models import Interview
from visio.services.hours import give_usual_hours

pytestmark = pytest.mark.django_db


@pytest.fixture
def portfolio() -> Portfolio:
    reference()
    return PortfolioFactory(adviser__user__first_name="Anne", adviser__user__last_name="Vidal")


class TestAcceptance:
    def test_shows_the_whole_text_and_its_version(self, client: Client, portfolio: Portfolio) -> None:
        text = ConsentTextFactory(body="Premier point.\n\nDernier point.")
        page = read(client, validated(portfolio, with_account=True).jobseeker, "acceptance")
        assert f"Version {text.version}" in page
        assert "Premier point. Dernier point." in page

    def test_begins_with_five_lines_then_the_whole_text_then_the_decision(
        self, client: Client, portfolio: Portfolio
    ) -> None:
        ConsentTextFactory(body="## Vos droits\n- Premier point.\n\nDernier point.")
        person = validated(portfolio, with_account=True).jobseeker
        client.force_login(person.user)
        page = main_of(client.get(reverse("acceptance")).content.decode())
        headings = re.findall(r"<h([1-6])[^>]*>([^<]+)<", page)
        assert headings[1:] == [("2", "En bref"), ("2", "Le texte entier"), ("3", "Vos droits"), ("2", "Ma décision")]
        in_short = page[page.index("En bref") : page.index("Le texte entier")]
        lines = re.findall(r"<li>([^<]+)</li>", in_short)
        assert len(lines) == 5
        assert all(len(line.split()) <= 20 for line in lines)
        assert "<li>Premier point.</li>" in page

    def test_leads_straight_to_the_first_slot_once_the_track_has_begun(
        self, client: Client, portfolio: Portfolio
    ) -> None:
        """Paired by one fact: whether the adviser has validated the request."""
        give_usual_hours([portfolio.adviser])
        answers = {"version": consent_text_in_force().version, "accepted": "on"}
        begun = send(client, validated(portfolio, with_account=True).jobseeker, "acceptance", **answers)
        assert begun.redirect_chain[-1][0] == reverse("take_interview")
        assert 'name="slot"' in begun.content.decode()
        assert "votre 100 % web a commencé. Choisissez votre premier rendez-vous." in words(begun)
        waiting = EnrolmentFactory(jobseeker=JobseekerFactory(agency=portfolio.agency, with_account=True)).jobseeker
        assert send(client, waiting, "acceptance", **answers).redirect_chain[-1][0] == reverse("acceptance")

    def test_starts_the_track_and_is_dated(self, client: Client, portfolio: Portfolio) -> None:
        text = consent_text_in_force()
        with time_machine.travel("2026-03-03T13:32:00Z", tick=True):
            person = validated(portfolio, with_account=True).jobseeker
            send(client, person, "acceptance", version=text.version, accepted="on")
            page = read(client, person, "acceptance")
        assert f"Version {text.version}, acceptée le 3 mars 2026 à 14 h 32." in page
        assert "Votre 100 % web a commencé le 3 mars 2026." in page
        assert track_of(person) == Track.WEB

    def test_before_the_validation_waits_for_it(self, client: Client, portfolio: Portfolio) -> None:
        person = JobseekerFactory(agency=portfolio.agency, with_account=True)
        enrolment = EnrolmentFactory(jobseeker=person)
        page = words(send(client, person, "acceptance", version=consent_text_in_force().version, accepted="on"))
        assert "commencera quand votre conseiller l'aura validé" in page
        assert track_of(person) == Track.CLASSIC
        validated(portfolio, enrolment=enrolment)
        assert track_of(person) == Track.WEB

    def test_asks_for_the_box(self, client: Client, portfolio: Portfolio) -> None:
        person = validated(portfolio, with_account=True).jobseeker
        version = consent_text_in_force().version
        response = send(client, person, "acceptance", version=version)
        assert response.status_code == 422
        page = response.content.decode()
        assert "Cochez la case pour accepter." in page[page.index('id="decision"') :]
        assert re.search(r'<input[^>]*name="accepted"[^>]*aria-invalid="true"', page)
        assert not Consent.objects.exists()
        assert send(client, person, "acceptance", version=version, accepted="on").status_code == 200

    def test_of_a_text_that_changed_meanwhile_shows_the_new_one(self, client: Client, portfolio: Portfolio) -> None:
        person = validated(portfolio, with_account=True).jobseeker
        old = consent_text_in_force().version
        new = ConsentTextFactory(body="Un point nouveau.")
        response = send(client, person, "acceptance", version=old, accepted="on")
        assert response.status_code == 409
        page = response.content.decode()
        assert "Ce texte a changé depuis." in page[page.index('id="decision"') : page.index('name="accepted"')]
        assert "Un point nouveau." in words(response)
        assert f'name="version" value="{new.version}"' in response.content.decode()
        assert not re.search(r'name="accepted"[^>]*checked', response.content.decode())
        assert not Consent.objects.exists()
        send(client, person, "acceptance", version=new.version, accepted="on")
        assert track_of(person) == Track.WEB

    @pytest.mark.parametrize(("version", "status"), [("99", 404), ("", 422), ("x", 422)])
    def test_of_a_version_that_is_none(self, client: Client, portfolio: Portfolio, version: str, status: int) -> None:
        person = validated(portfolio, with_account=True).jobseeker
        assert send(client, person, "acceptance", version=version, accepted="on").status_code == status

    def test_sent_twice_keeps_the_first_date(self, client: Client, portfolio: Portfolio) -> None:
        person = validated(portfolio, with_account=True).jobseeker
        for _ in range(2):
            send(client, person, "acceptance", version=consent_text_in_force().version, accepted="on")
            assert "Vous avez accepté ce texte" in read(client, person, "acceptance")
        assert Consent.objects.count() == 1

    def test_is_not_offered_without_a_wish(self, client: Client, portfolio: Portfolio) -> None:
        person = JobseekerFactory(agency=portfolio.agency, with_account=True)
        assert "pas de demande de 100 % web en cours" in read(client, person, "acceptance")

    def test_can_be_declined_at_once(self, client: Client, portfolio: Portfolio) -> None:
        person = validated(portfolio, with_account=True).jobseeker
        client.force_login(person.user)
        assert f'href="{reverse("leave_track")}"' in main_of(client.get(reverse("acceptance")).content.decode())
        assert "Vous avez renoncé au 100 % web." in words(send(client, person, "leave_track"))
        assert Enrolment.objects.get().state == EnrolmentState.WITHDRAWN

    def test_says_when_no_text_is_published(self, client: Client) -> None:
        person = JobseekerFactory(with_account=True)
        assert "pas encore publié" in read(client, person, "acceptance")


class TestLeaving:
    def test_says_what_happens_and_shows_both_ways(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        page = read(client, person, "leave_track")
        assert "Une seule fois (retour ponctuel)" in page
        assert "Pour de bon (retour définitif)" in page
        assert track_of(person) == Track.WEB

    def test_names_what_is_cancelled_and_cancels_just_that(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        assert "vous n'avez aucun entretien prévu : rien n'est annulé" in read(client, person, "leave_track")
        for days, channel in ((2, Channel.VIDEO), (3, Channel.ON_SITE)):
            InterviewFactory(jobseeker=person, starts_at=timezone.now() + timedelta(days=days), channel=channel)
        InterviewFactory(jobseeker=person, starts_at=timezone.now() - timedelta(days=2))
        page = read(client, person, "leave_track")
        named = re.findall(r"\w+ \w+ \w+ à [^,]+, ([^,]+), avec Anne Vidal", page)
        assert named == ["en visio", "en agence"]
        send(client, person, "leave_track")
        assert Interview.objects.filter(jobseeker=person, state="cancelled").count() == 2

    def test_a_request_that_has_not_begun_cancels_what_its_validation_booked_and_nothing_else(
        self, client: Client, portfolio: Portfolio
    ) -> None:
        person = validated(portfolio, with_account=True).jobseeker
        InterviewFactory(jobseeker=person, starts_at=timezone.now() + timedelta(days=2))
        assert "un entretien est annulé : " in read(client, person, "leave_track")
        waiting = EnrolmentFactory(jobseeker=JobseekerFactory(agency=portfolio.agency, with_account=True)).jobseeker
        page = read(client, waiting, "leave_track")
        assert "Renoncer au 100 % web" in page
        assert "annulé" not in page

    @pytest.mark.parametrize("begun", [True, False])
    def test_the_strong_button_is_the_one_that_ends_nothing(
        self, client: Client, portfolio: Portfolio, begun: bool
    ) -> None:
        """Kind: an act that cannot be undone, as the strong button of its page."""
        person = on_web_track(portfolio) if begun else validated(portfolio, with_account=True).jobseeker
        client.force_login(person.user)
        page = main_of(client.get(reverse("leave_track")).content.decode())
        strong = re.findall(r'<(\w+) class="fr-btn"[^>]*>([^<]+)<', page)
        assert strong == [("a", "Rendez-vous en agence" if begun else "Garder ma demande")]

    def test_for_good_is_one_button_and_no_reason(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        assert "Vous avez quitté le 100 % web." in words(send(client, person, "leave_track"))
        assert track_of(person) == Track.CLASSIC
        assert send(client, person, "leave_track").status_code == 200
        assert "Votre accompagnement n'est pas 100 % web" in read(client, person, "leave_track")
