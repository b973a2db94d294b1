"""The jobseeker's own pages: the space, the acceptance, leaving, the accompaniment and the data."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
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
)
from accompaniment.models import AuditEntry, Enrolment, Region
from accompaniment.services import audit, journal, plans
from accompaniment.services.enrolments.acceptance import accept_terms, leave_track
from accompaniment.services.enrolments.interview import refuse_enrolment
from accompaniment.services.enrolments.lapses import lapse_if_due
from accompaniment.services.enrolments.tiers import change_tier
from accompaniment.templatetags.french import telephone
from caseload.models import Portfolio
from tests.accompaniment.factories import (
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
from tests.space_page import read, send, whole, words
from visio.services.hours import give_usual_hours

pytestmark = pytest.mark.django_db

PAGES = ("space", "acceptance", "leave_track", "my_accompaniment", "own_data", "space_adviser_panel")


@pytest.fixture
def portfolio() -> Portfolio:
    reference()
    return PortfolioFactory(adviser__user__first_name="Anne", adviser__user__last_name="Vidal")


class TestWhoMayOpen:
    @pytest.mark.parametrize("name", PAGES)
    def test_jobseekers_alone(self, client: Client, portfolio: Portfolio, name: str) -> None:
        read(client, on_web_track(portfolio), name)
        for user in (portfolio.adviser.user, ManagerFactory().user):
            client.force_login(user)
            assert client.get(reverse(name)).status_code == 403

    def test_what_writes_is_posted(self, client: Client, portfolio: Portfolio) -> None:
        client.force_login(on_web_track(portfolio).user)
        assert client.get(reverse("ask_enrolment")).status_code == 405

    def test_each_sees_the_own_file(self, client: Client, portfolio: Portfolio) -> None:
        mine, theirs = on_web_track(portfolio), on_web_track(portfolio)
        page = read(client, mine, "own_data")
        assert mine.identifier in page
        assert theirs.identifier not in page


class TestSpace:
    def test_begins_with_the_acceptance_when_only_that_is_missing(self, client: Client, portfolio: Portfolio) -> None:
        person = validated(portfolio, with_account=True).jobseeker
        assert "Ma prochaine étape Lire et accepter le 100 % web" in whole(client, person)
        accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
        assert "Lire et accepter" not in whole(client, person)

    def test_offers_the_text_while_the_interview_is_awaited(self, client: Client, portfolio: Portfolio) -> None:
        person = JobseekerFactory(agency=portfolio.agency, with_account=True)
        EnrolmentFactory(jobseeker=person)
        assert "Votre demande de 100 % web attend votre entretien d'inscription" in whole(client, person)
        accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
        assert "Vous avez déjà accepté le 100 % web" in whole(client, person)

    def test_has_the_four_ways_to_the_adviser(self, client: Client, portfolio: Portfolio) -> None:
        give_usual_hours([portfolio.adviser])
        page = whole(client, on_web_track(portfolio))
        for way in ("Écrire à mon conseiller", "Demander un appel", "Prendre rendez-vous", "Rendez-vous en agence"):
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
            ends = "Après, il faudra refaire une demande : vos droits ne changent pas."
            assert f"Votre agence a jusqu'au 1er avril inclus pour répondre. {ends}" in whole(client, person)
            validated(portfolio, enrolment=enrolment)
            assert f"Répondez avant la fin du 1er avril. {ends}" in whole(client, person)
            accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
            assert "il faudra refaire une demande" not in whole(client, person)

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
            with transaction.atomic():
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
        said = "Votre accompagnement est « suivi »" if obstacle == "modalite" else "ouvre dans votre région le"
        assert said in page


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
        assert "information donnée à votre inscription" in page
        assert "c'est vous qui l'avez décidé" not in page

    def test_says_what_one_has_decided_oneself(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        leave_track(actor=person.user, jobseeker=person)
        assert "c'est vous qui l'avez décidé" in read(client, person, "my_accompaniment")

    def test_shows_the_obligations(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        assert "Aucun entretien obligatoire prévu." in read(client, person, "my_accompaniment")
        plans.plan_obligations()
        assert "À prévoir" in read(client, person, "my_accompaniment")
        plans.plan_obligations(today=timezone.localdate() + timedelta(days=40))
        with time_machine.travel(timezone.now() + timedelta(days=40)):
            assert "En retard" in read(client, person, "my_accompaniment")

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
            "Entretien d'inscription",
            "Échange de messages",
            "Appel",
            "Entretien Le ",
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
        assert "Vous n'avez pas encore accepté le 100 % web." in read(client, person, "own_data")
        someone = on_web_track(portfolio)
        assert "Version 1, acceptée le" in read(client, someone, "own_data")
        leave_track(actor=someone.user, jobseeker=someone)
        assert ", retirée le" in read(client, someone, "own_data")

    def test_shows_who_opened_and_changed_the_file(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        audit.record_reading(actor=AdviserFactory(user__last_name="Curieux").user, jobseeker=person)
        audit.record(actor=None, jobseeker=person, action=AuditAction.UPDATED, fields=["phone"])
        page = read(client, person, "own_data")
        assert "Claude Curieux (pour votre agence)" in page
        assert "Fiche modifiée : téléphone Action automatique" in page
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
            assert "100\u00a0% web commencé" in shown(query)
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
            AuditEntry(at=timezone.now(), actor=portfolio.adviser.user, jobseeker=person, action=AuditAction.NOTE)
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
