"""The jobseeker's own pages: the space, the acceptance, leaving, the accompaniment and the data."""

import html
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accompaniment.enums import (
    AuditAction,
    Channel,
    ContactNature,
    EnrolmentState,
    RefusalReason,
    Tier,
    Track,
)
from accompaniment.models import Accompaniment, AuditEntry, Consent, Enrolment, Jobseeker, Region
from accompaniment.services import audit, journal, plans
from accompaniment.services.enrolments.acceptance import accept_terms, leave_track
from accompaniment.services.enrolments.interview import refuse_enrolment
from accompaniment.services.enrolments.lapses import lapse_if_due
from accompaniment.services.enrolments.tiers import change_tier
from accompaniment.templatetags.french import telephone
from caseload.models import Portfolio
from tests.accompaniment.factories import (
    ConsentTextFactory,
    EnrolmentFactory,
    JobseekerFactory,
    consent_text_in_force,
    lapse_delays,
    reference,
)
from tests.caseload.factories import (
    AdviserFactory,
    CoverFactory,
    ManagerFactory,
    PortfolioFactory,
    on_web_track,
    validated,
)

pytestmark = pytest.mark.django_db

PAGES = ("space", "acceptance", "leave_track", "my_accompaniment", "own_data", "space_adviser_panel")


@pytest.fixture
def portfolio() -> Portfolio:
    reference()
    return PortfolioFactory(adviser__user__first_name="Anne", adviser__user__last_name="Vidal")


def read(client: Client, person: Jobseeker, name: str = "space", **query: Any) -> str:
    """Return what the person reads on a page of hers, in one line."""
    client.force_login(person.user)
    response = client.get(reverse(name), query)
    assert response.status_code == 200
    return words(response)


def words(response: Any) -> str:
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())
    return text.replace("&#x27;", "'")


def send(client: Client, person: Jobseeker, name: str, **answers: Any) -> Any:
    client.force_login(person.user)
    return client.post(reverse(name), answers, follow=True)


def track_of(person: Jobseeker) -> str:
    return Accompaniment.objects.current().get(jobseeker=person).track


class TestWhoMayOpen:
    @pytest.mark.parametrize("name", PAGES)
    def test_jobseekers_alone(self, client: Client, portfolio: Portfolio, name: str) -> None:
        read(client, on_web_track(portfolio), name)
        for user in (portfolio.adviser.user, ManagerFactory().user):
            client.force_login(user)
            assert client.get(reverse(name)).status_code == 403

    @pytest.mark.parametrize("name", ["ask_enrolment", "decline_enrolment"])
    def test_what_writes_is_posted(self, client: Client, portfolio: Portfolio, name: str) -> None:
        client.force_login(on_web_track(portfolio).user)
        assert client.get(reverse(name)).status_code == 405

    def test_each_sees_the_own_file(self, client: Client, portfolio: Portfolio) -> None:
        mine, theirs = on_web_track(portfolio), on_web_track(portfolio)
        page = read(client, mine, "own_data")
        assert mine.identifier in page
        assert theirs.identifier not in page


class TestSpace:
    def test_begins_with_the_acceptance_when_only_that_is_missing(self, client: Client, portfolio: Portfolio) -> None:
        person = validated(portfolio, with_account=True).jobseeker
        assert "À faire maintenant Lire et accepter le 100 % web" in read(client, person)
        accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
        assert "À faire maintenant" not in read(client, person)

    def test_offers_the_text_while_the_interview_is_awaited(self, client: Client, portfolio: Portfolio) -> None:
        person = JobseekerFactory(agency=portfolio.agency, with_account=True)
        EnrolmentFactory(jobseeker=person)
        assert "Elle attend votre entretien d'inscription" in read(client, person)
        accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
        assert "Vous avez déjà accepté le 100 % web" in read(client, person)

    def test_has_the_four_ways_to_the_adviser(self, client: Client, portfolio: Portfolio) -> None:
        page = read(client, on_web_track(portfolio))
        for way in ("Écrire à mon conseiller", "Être rappelé", "Prendre rendez-vous", "Être reçu en agence"):
            assert way in page

    def test_shows_the_track_and_the_way_out(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        assert "Quitter le 100 % web" in read(client, person)
        leave_track(actor=person.user, jobseeker=person)
        page = read(client, person)
        assert "Quitter le 100 % web" not in page
        assert "Demander le 100 % web" in page

    @pytest.mark.parametrize("later", [True, False])
    def test_an_agency_may_open_later_than_its_region(self, client: Client, portfolio: Portfolio, later: bool) -> None:
        agency = portfolio.agency
        agency.web_opens_on = timezone.localdate() + timedelta(days=400 if later else 0)
        agency.save()
        page = read(client, JobseekerFactory(agency=agency, with_account=True))
        assert ("ouvre dans votre agence le" in page) is later
        assert ("Demander le 100 % web" in page) is not later

    def test_says_until_when_the_request_waits_and_for_whom(self, client: Client, portfolio: Portfolio) -> None:
        lapse_delays()
        asked_at = datetime(2026, 3, 2, 10, tzinfo=UTC)
        with time_machine.travel(asked_at):
            person = JobseekerFactory(agency=portfolio.agency, with_account=True)
            enrolment = EnrolmentFactory(jobseeker=person)
            ends = "d'ici au 1er avril, votre demande s'arrête ; vous pourrez la refaire."
            assert f"Sans réponse de votre agence {ends}" in read(client, person)
            validated(portfolio, enrolment=enrolment)
            assert f"Sans réponse de votre part {ends}" in read(client, person)
            accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
            assert "votre demande s'arrête" not in read(client, person)

    @pytest.mark.parametrize("outcome", ["refused", "lapsed"])
    def test_says_what_became_of_the_last_wish_and_lets_ask_again(
        self, client: Client, portfolio: Portfolio, outcome: str
    ) -> None:
        person = JobseekerFactory(agency=portfolio.agency, with_account=True)
        lapse_delays()
        with time_machine.travel(timezone.now() - timedelta(days=40)):
            enrolment = EnrolmentFactory(jobseeker=person)
        if outcome == "refused":
            refuse_enrolment(actor=portfolio.adviser.user, enrolment=enrolment, reason=RefusalReason.NEEDS_ON_SITE)
            sentence = "Votre situation demande des rendez-vous en agence pour le moment."
        else:
            lapse_if_due(enrolment_pk=enrolment.pk, now=timezone.now())
            sentence = "Votre demande de 100 % web n'a pas eu de réponse à temps"
        page = read(client, person)
        assert sentence in page
        assert "Demander le 100 % web" in page

    @pytest.mark.parametrize("obstacle", ["modalite", "region"])
    def test_says_why_one_cannot_ask(self, client: Client, portfolio: Portfolio, obstacle: str) -> None:
        person = JobseekerFactory(
            agency=portfolio.agency, with_account=True, tier=Tier.SUIVI if obstacle == "modalite" else Tier.GUIDE
        )
        if obstacle == "region":
            Region.objects.update(web_opens_on=timezone.localdate() + timedelta(days=400))
        page = read(client, person)
        assert "Demander le 100 % web" not in page
        assert ("La vôtre est « suivi »" if obstacle == "modalite" else "ouvre dans votre région le") in page


class TestAsking:
    def test_records_the_wish_and_leads_to_the_text(self, client: Client, portfolio: Portfolio) -> None:
        person = JobseekerFactory(agency=portfolio.agency, with_account=True)
        page = words(send(client, person, "ask_enrolment"))
        assert "Votre demande de 100 % web est enregistrée." in page
        assert "J'accepte le 100 % web" in page
        assert Enrolment.objects.get().state == EnrolmentState.ASKED

    def test_twice_records_it_once(self, client: Client, portfolio: Portfolio) -> None:
        person = JobseekerFactory(agency=portfolio.agency, with_account=True)
        send(client, person, "ask_enrolment")
        assert "déjà en cours" in words(send(client, person, "ask_enrolment"))
        assert Enrolment.objects.count() == 1

    def test_of_somebody_who_is_not_eligible_says_why(self, client: Client, portfolio: Portfolio) -> None:
        person = JobseekerFactory(agency=portfolio.agency, with_account=True, tier=Tier.SUIVI)
        assert "modalité « guidé »" in words(send(client, person, "ask_enrolment"))
        assert not Enrolment.objects.exists()


class TestAcceptance:
    def test_shows_the_whole_text_and_its_version(self, client: Client, portfolio: Portfolio) -> None:
        text = ConsentTextFactory(body="Premier point.\n\nDernier point.")
        page = read(client, validated(portfolio, with_account=True).jobseeker, "acceptance")
        assert f"Version {text.version}" in page
        assert "Premier point. Dernier point." in page

    def test_starts_the_track_and_is_dated(self, client: Client, portfolio: Portfolio) -> None:
        text = consent_text_in_force()
        with time_machine.travel("2026-03-03T13:32:00Z", tick=True):
            person = validated(portfolio, with_account=True).jobseeker
            page = words(send(client, person, "acceptance", version=text.version, accepted="on"))
        assert f"Version {text.version}, acceptée le 3 mars 2026 à 14 h 32." in page
        assert "Votre suivi 100 % web a commencé le 3 mars 2026." in page
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
        assert "Cochez la case pour accepter." in words(response)
        assert not Consent.objects.exists()
        assert send(client, person, "acceptance", version=version, accepted="on").status_code == 200

    def test_of_a_text_that_changed_meanwhile_shows_the_new_one(self, client: Client, portfolio: Portfolio) -> None:
        person = validated(portfolio, with_account=True).jobseeker
        old = consent_text_in_force().version
        new = ConsentTextFactory(body="Un point nouveau.")
        response = send(client, person, "acceptance", version=old, accepted="on")
        assert response.status_code == 409
        assert "Ce texte a changé depuis." in words(response)
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
            page = words(send(client, person, "acceptance", version=consent_text_in_force().version, accepted="on"))
            assert "Vous avez accepté ce texte" in page
        assert Consent.objects.count() == 1

    def test_is_not_offered_without_a_wish(self, client: Client, portfolio: Portfolio) -> None:
        person = JobseekerFactory(agency=portfolio.agency, with_account=True)
        assert "pas de demande de 100 % web en cours" in read(client, person, "acceptance")

    def test_can_be_declined_at_once(self, client: Client, portfolio: Portfolio) -> None:
        person = validated(portfolio, with_account=True).jobseeker
        assert "votre accompagnement continue sans le 100 % web" in words(send(client, person, "decline_enrolment"))
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

    def test_for_good_is_one_button_and_no_reason(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        assert "Vous avez quitté le 100 % web." in words(send(client, person, "leave_track"))
        assert track_of(person) == Track.CLASSIC
        assert send(client, person, "leave_track").status_code == 200
        assert "Votre suivi n'est pas 100 % web" in read(client, person, "leave_track")


class TestAccompaniment:
    def test_shows_the_plan_in_one_sentence(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        plans.change_plan(
            actor=portfolio.adviser.user,
            jobseeker=person,
            channel=Channel.VIDEO,
            interval_days=28,
            reason="Convenu ensemble",
            review_on=date(timezone.localdate().year + 1, 3, 3),
        )
        page = read(client, person, "my_accompaniment")
        assert (
            f"Un entretien en visio toutes les 4 semaines, à revoir le 3 mars {timezone.localdate().year + 1}." in page
        )
        assert "Convenu ensemble" in page

    def test_shows_every_period_since_the_registration(self, client: Client, portfolio: Portfolio) -> None:
        page = read(client, on_web_track(portfolio), "my_accompaniment")
        assert page.index("», 100 % web") < page.index("suivi habituel")

    def test_says_of_each_period_who_decided_when_and_why(self, client: Client, portfolio: Portfolio) -> None:
        with time_machine.travel(datetime(2026, 3, 2, 10, tzinfo=UTC)):
            person = on_web_track(portfolio)
        with time_machine.travel(datetime(2026, 3, 20, 10, tzinfo=UTC)):
            change_tier(actor=portfolio.adviser.user, jobseeker=person, tier=Tier.RENFORCE, reason="Besoin d'appui")
        page = read(client, person, "my_accompaniment")
        assert f"Depuis le 20 mars 2026 · Besoin d'appui · décidé par {portfolio.adviser} " in page
        begun = f"Votre 100 % web a commencé : {portfolio.adviser} l'a validé et vous l'avez accepté."
        assert f"Du 2 au 20 mars 2026 · {begun}" in page
        assert "repris du fichier des inscriptions" in page
        assert "décidé par vous" not in page

    def test_says_what_one_has_decided_oneself(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        leave_track(actor=person.user, jobseeker=person)
        assert "décidé par vous" in read(client, person, "my_accompaniment")

    def test_shows_the_obligations(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        assert "Aucun entretien obligatoire prévu." in read(client, person, "my_accompaniment")
        plans.plan_obligations()
        assert "À tenir" in read(client, person, "my_accompaniment")
        plans.plan_obligations(today=timezone.localdate() + timedelta(days=40))
        with time_machine.travel(timezone.now() + timedelta(days=40)):
            assert "Date dépassée" in read(client, person, "my_accompaniment")

    def test_shows_the_journal_by_month(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        for nature, channel, days in (
            (ContactNature.MESSAGE, Channel.CHAT, 40),
            (ContactNature.CALLBACK, Channel.PHONE, 80),
            (ContactNature.INTERVIEW, Channel.VIDEO, 120),
        ):
            journal.write_contact(
                jobseeker=person,
                at=timezone.now() - timedelta(days=days),
                channel=channel,
                nature=nature,
                author=portfolio.adviser.user,
                summary="",
                source=f"test:{nature}",
            )
        page = read(client, person, "my_accompaniment")
        order = [
            "Entretien d'inscription et de diagnostic",
            "Échange de messages",
            "Rappel téléphonique",
            "Entretien de suivi",
        ]
        assert sorted(order, key=page.index) == order
        client.force_login(person.user)
        assert client.get(reverse("my_accompaniment")).content.decode().count('class="space-month"') == 4

    def test_asks_the_same_number_of_queries_at_any_size(
        self, client: Client, portfolio: Portfolio, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        person = on_web_track(portfolio)
        plans.plan_obligations()
        client.force_login(person.user)
        with django_assert_max_num_queries(19) as few:
            client.get(reverse("my_accompaniment"))
        for number in range(60):
            journal.write_contact(
                jobseeker=person,
                at=timezone.now(),
                channel=Channel.CHAT,
                nature=ContactNature.MESSAGE,
                author=portfolio.adviser.user,
                summary="",
                source=f"test:{number}",
            )
        plans.plan_obligations(today=timezone.localdate() + timedelta(days=365))
        with django_assert_max_num_queries(len(few)):
            assert "Page 1 sur 2" in client.get(reverse("my_accompaniment")).content.decode()


class TestOwnData:
    def test_shows_what_is_held_and_how_to_correct_it(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        page = read(client, person, "own_data")
        phone = telephone(person.phone).replace("\u00a0", " ")
        for fact in (person.identifier, person.email, phone, person.agency.name, "17 mai 1985", "Une erreur ?"):
            assert fact in page

    def test_shows_every_acceptance_and_its_withdrawal(self, client: Client, portfolio: Portfolio) -> None:
        person = JobseekerFactory(agency=portfolio.agency, with_account=True)
        assert "Vous n'avez rien accepté." in read(client, person, "own_data")
        someone = on_web_track(portfolio)
        assert "Version 1, acceptée le" in read(client, someone, "own_data")
        leave_track(actor=someone.user, jobseeker=someone)
        assert ", retirée le" in read(client, someone, "own_data")

    def test_shows_who_opened_and_changed_the_file(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        audit.record_reading(actor=AdviserFactory(user__last_name="Curieux").user, jobseeker=person)
        audit.record(actor=None, jobseeker=person, action=AuditAction.UPDATED, fields=["phone"])
        page = read(client, person, "own_data")
        assert "Claude Curieux (conseiller de l'agence)" in page
        assert "Fiche modifiée : téléphone Le service, automatiquement" in page
        assert "100 % web commencé Vous" in page

    def test_messages_do_not_drown_the_readings(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        reader = AdviserFactory(user__last_name="Curieux").user
        audit.record_reading(actor=reader, jobseeker=person)
        for number in range(40):
            audit.record(actor=person.user, jobseeker=person, action=AuditAction.MESSAGE, number=number)
        client.force_login(person.user)

        def shown(query: str) -> str:
            return client.get(f"{reverse('own_data')}{query}").content.decode()

        for query in ("", "?voir=sans-messages", "?voir=nonsense"):
            assert "Claude Curieux" in shown(query)
            assert "100 % web commencé" in shown(query)
            assert "Message envoyé" not in shown(query)
        assert "Message envoyé" in shown("?voir=tout")
        assert "Claude Curieux" not in shown("?voir=tout")
        readings = shown("?voir=consultations")
        assert "Claude Curieux" in readings
        assert "100 % web commencé" not in readings

    def test_turns_the_pages_of_a_long_history(
        self, client: Client, portfolio: Portfolio, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        person = on_web_track(portfolio)
        client.force_login(person.user)
        with django_assert_max_num_queries(10) as few:
            client.get(reverse("own_data"))
        AuditEntry.objects.bulk_create(
            AuditEntry(at=timezone.now(), actor=portfolio.adviser.user, jobseeker=person, action=AuditAction.CONTACT)
            for _ in range(60)
        )
        with django_assert_max_num_queries(len(few)):
            assert "Page 1 sur 3" in client.get(reverse("own_data")).content.decode()


class TestAdviserPanel:
    def test_names_who_follows_and_when(self, client: Client, portfolio: Portfolio) -> None:
        page = read(client, on_web_track(portfolio), "space_adviser_panel")
        assert "Anne Vidal" in page
        assert "Du lundi au vendredi : 9 h – 12 h et 13 h – 17 h" in page
        assert "72 heures" in page

    def test_names_who_answers_during_an_absence(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        cover = CoverFactory(portfolio=portfolio, colleague__user__last_name="Relais")
        assert "Claude Relais vous répond" in read(client, person, "space_adviser_panel")
        cover.cancelled_at = timezone.now()
        cover.save()
        assert "Relais" not in read(client, person, "space_adviser_panel")

    def test_says_that_nobody_follows_yet(self, client: Client, portfolio: Portfolio) -> None:
        person = JobseekerFactory(agency=portfolio.agency, with_account=True)
        assert "dès qu'il sera désigné" in read(client, person, "space_adviser_panel")

    def test_is_a_part_of_the_space_and_a_page_without_scripts(self, client: Client, portfolio: Portfolio) -> None:
        client.force_login(on_web_track(portfolio).user)
        part = client.get(reverse("space_adviser_panel"), headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in part
        assert "<html" in client.get(reverse("space_adviser_panel")).content.decode()
