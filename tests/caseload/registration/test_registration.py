"""« Inscriptions »: the volunteers who wait, and their registration interview from beginning to decision."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accompaniment.enums import AuditAction, EnrolmentState, NotificationKind, RefusalReason, Tier, Track
from accompaniment.models import (
    Accompaniment,
    AuditEntry,
    Contact,
    Enrolment,
    Jobseeker,
    LapseDelay,
    Notification,
    RegistrationInterview,
)
from accompaniment.rules.audit_words import audit_in_words
from accompaniment.services.enrolments.acceptance import accept_terms
from accompaniment.services.registration import save_draft
from caseload.models import Placement, Portfolio
from messaging.services.delivery import letter_for
from tests.accompaniment.factories import (
    AgencyFactory,
    ConsentTextFactory,
    DepartementFactory,
    EnrolmentFactory,
    JobseekerFactory,
    RegionFactory,
    consent_text_in_force,
    lapse_delays,
    reference,
)
from tests.caseload.factories import (
    AdviserFactory,
    ManagerFactory,
    PortfolioFactory,
    fill,
    on_web_track,
    placed,
    validated,
    volunteer,
)

pytestmark = pytest.mark.django_db

LIST_QUERIES = 8
"""Session, account, adviser, portfolio, how many wait, the page of them, until when, own refusals; nothing per row."""
PANEL_QUERIES = 7
"""Session, account, adviser, portfolios, covers, the first of them, until when; nothing per row."""


@pytest.fixture
def portfolio() -> Portfolio:
    reference()
    return PortfolioFactory()


@pytest.fixture
def adviser(client: Client, portfolio: Portfolio) -> Client:
    client.force_login(portfolio.adviser.user)
    return client


def address(enrolment: Enrolment, name: str = "registration") -> str:
    return reverse(name, args=[enrolment.pk])


def answers(into: Portfolio | None = None, **differing: Any) -> dict[str, Any]:
    """Return a whole page's answers that validate; `differing` replaces some, None leaves one out."""
    answered = {
        "identity_checked": "on",
        "situation": "Cherche un poste d'assistante.",
        "has_webcam": "oui",
        "bandwidth": "bon",
        "at_ease": "oui",
        "preferred_channel": "video",
        "tier": "guide",
        "track": "web",
        "portfolio": into.pk if into else None,
        "refusal_reason": None,
        "comment": "",
        "notes": "",
        **differing,
    }
    return {name: value for name, value in answered.items() if value is not None}


def refusing(**differing: Any) -> dict[str, Any]:
    return answers(**{"track": "classique", "refusal_reason": RefusalReason.EASE, **differing})


def text_of(response: Any) -> str:
    """Return what a person reads of a page, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


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


class TestDraft:
    def test_a_save_begins_the_interview_and_says_when(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        with time_machine.travel("2026-03-03T13:32:00Z", tick=True):
            adviser.force_login(portfolio.adviser.user)
            response = adviser.post(
                address(enrolment, "registration_draft"), {"situation": "Che"}, headers={"HX-Request": "true"}
            )
            assert "Enregistré à 14 h 32" in text_of(response)
        assert RegistrationInterview.objects.get().typed == {"situation": "Che"}

    def test_everything_typed_is_there_again(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        other = PortfolioFactory(agency=portfolio.agency)
        typed = answers(other, tier="suivi", has_webcam="non", situation="À moitié tap", notes="n", comment="c")
        response = adviser.post(address(enrolment, "registration_draft"), typed)
        assert response.status_code == 302
        page = adviser.get(address(enrolment)).content.decode()
        for value in ("À moitié tap", ">\nn</textarea>", ">\nc</textarea>"):
            assert value in page
        for checked in ('value="suivi"', 'name="has_webcam" value="non"', f'id="id_portfolio_{other.pk}"'):
            (tag,) = [tag for tag in re.findall(r"<input[^>]*>", page) if checked in re.sub(r"\s+", " ", tag)]
            assert "checked" in tag

    def test_without_a_script_the_button_leads_back(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        assert adviser.post(address(enrolment, "registration_draft"), {}).headers["Location"] == address(enrolment)

    def test_after_the_decision_is_refused_and_shows_it(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = validated(portfolio)
        late = adviser.post(address(enrolment, "registration_draft"), {"notes": "tard"}, headers={"HX-Request": "true"})
        assert late.status_code == 409
        assert "déjà été traitée" in text_of(late)
        assert adviser.post(address(enrolment, "registration_draft"), {}).headers["Location"] == address(enrolment)

    def test_after_a_colleague_s_decision_gives_the_text_back(self, client: Client, portfolio: Portfolio) -> None:
        enrolment = validated(portfolio)
        client.force_login(PortfolioFactory(agency=portfolio.agency).adviser.user)
        for name in ("registration", "registration_draft", "registration_email", "registration_device_link"):
            late = client.post(address(enrolment, name), answers(portfolio, situation="Écrit longuement."))
            assert late.status_code == 409
            assert "a été prise pendant que vous écriviez" in text_of(late)
            assert "Écrit longuement." in text_of(late)

    def test_is_never_written_by_a_get(self, adviser: Client, portfolio: Portfolio) -> None:
        assert adviser.get(address(volunteer(portfolio), "registration_draft")).status_code == 405


class TestValidating:
    def test_places_invites_and_says_so(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio, first_name="Alix", last_name="Petit")
        response = adviser.post(address(enrolment), answers(portfolio), follow=True)
        page = text_of(response)
        assert "Alix Petit : 100 % web validé" in page
        assert portfolio.adviser.user.full_name in page
        assert "1 / 250" in page
        assert f"Part maintenant à {enrolment.jobseeker.email}" in page
        enrolment.refresh_from_db()
        assert enrolment.state == EnrolmentState.VALIDATED
        assert Placement.objects.open().get(jobseeker=enrolment.jobseeker).portfolio == portfolio
        assert Notification.objects.get(jobseeker=enrolment.jobseeker).kind == NotificationKind.INVITATION
        interview = RegistrationInterview.objects.get()
        assert (interview.situation, interview.typed) == ("Cherche un poste d'assistante.", {})

    def test_starts_at_once_what_was_accepted_before(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio, with_account=True)
        person = enrolment.jobseeker
        accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
        assert "commence tout de suite" in text_of(adviser.get(address(enrolment)))
        page = text_of(adviser.post(address(enrolment), answers(portfolio), follow=True))
        assert "Commencé le" in page
        assert Accompaniment.objects.current().get(jobseeker=person).track == Track.WEB

    def test_an_acceptance_of_an_older_text_starts_nothing(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio, with_account=True)
        person = enrolment.jobseeker
        accept_terms(actor=person.user, jobseeker=person, text=consent_text_in_force())
        ConsentTextFactory()
        assert "quand la personne a accepté, pas avant" in text_of(adviser.get(address(enrolment)))
        page = text_of(adviser.post(address(enrolment), answers(portfolio), follow=True))
        assert "En attente de l'acceptation" in page

    def test_sent_twice_counts_once(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        for _ in range(2):
            response = adviser.post(address(enrolment), answers(portfolio), follow=True)
            assert response.status_code == 200
            assert "100 % web validé" in text_of(response)
        assert Contact.objects.count() == Notification.objects.count() == 1
        assert not RegistrationInterview.objects.filter(concluded_at=None).exists()

    def test_then_a_refusal_by_a_colleague_shows_what_stands(self, client: Client, portfolio: Portfolio) -> None:
        enrolment = validated(portfolio)
        client.force_login(PortfolioFactory(agency=portfolio.agency).adviser.user)
        page = text_of(client.post(address(enrolment), refusing(), follow=True))
        assert "100 % web validé" in page
        assert portfolio.adviser.user.full_name in page

    def test_into_a_portfolio_that_was_filled_meanwhile_leaves_the_next_to_be_chosen(
        self, adviser: Client, portfolio: Portfolio
    ) -> None:
        full, next_one = (PortfolioFactory(agency=portfolio.agency, capacity=n) for n in (1, 3))
        fill(full, 1)
        fill(portfolio, 2)
        enrolment = volunteer(portfolio)
        response = adviser.post(address(enrolment), answers(full, situation="Écrit longuement."))
        page = response.content.decode()
        assert response.status_code == 409
        assert "est complet (1 / 1)" in page
        assert "Écrit longuement." in page
        assert f'id="id_portfolio_{full.pk}"' not in page
        assert f'id="id_portfolio_{next_one.pk}"' in page
        assert not re.findall(r'<input[^>]*name="portfolio"[^>]*\bchecked\b[^>]*>', page)
        assert "Choisissez un portefeuille dans la partie 5" in text_of(response)
        assert Enrolment.objects.get(pk=enrolment.pk).state == EnrolmentState.ASKED
        assert (
            RegistrationInterview.objects.get(jobseeker=enrolment.jobseeker).typed["situation"] == "Écrit longuement."
        )
        again = adviser.post(address(enrolment), answers(next_one, situation="Écrit longuement."))
        assert again.status_code == 302
        assert Placement.objects.open().get(jobseeker=enrolment.jobseeker).portfolio == next_one

    def test_with_no_room_anywhere_says_whom_to_tell(self, adviser: Client, portfolio: Portfolio) -> None:
        Portfolio.objects.filter(pk=portfolio.pk).update(capacity=1)
        enrolment = volunteer(portfolio)
        fill(portfolio, 1)
        response = adviser.post(address(enrolment), answers(portfolio))
        assert response.status_code == 422
        assert "Prévenez votre responsable" in text_of(response)

    def test_outside_the_region_is_no_proposal(self, adviser: Client, portfolio: Portfolio) -> None:
        elsewhere = PortfolioFactory()
        enrolment = volunteer(portfolio)
        response = adviser.post(address(enrolment), answers(elsewhere))
        assert response.status_code == 422
        assert "Choisissez l'un des portefeuilles proposés." in response.content.decode().replace("&#x27;", "'")

    def test_proposes_the_own_agency_first_the_least_loaded_first(self, adviser: Client, portfolio: Portfolio) -> None:
        fill(portfolio, 1)
        neighbour = PortfolioFactory(agency=AgencyFactory(departement=portfolio.agency.departement))
        empty = PortfolioFactory(agency=portfolio.agency)
        page = adviser.get(address(volunteer(portfolio))).content.decode()
        found = [int(key) for key in re.findall(r'id="id_portfolio_(\d+)"', page)]
        assert found == [empty.pk, portfolio.pk, neighbour.pk]

    def test_moves_a_person_out_of_the_classic_portfolio(self, adviser: Client, portfolio: Portfolio) -> None:
        classic = PortfolioFactory(agency=portfolio.agency, modality="guide")
        person = placed(classic)
        adviser.post(address(EnrolmentFactory(jobseeker=person)), answers(portfolio))
        assert Placement.objects.open().get(jobseeker=person).portfolio == portfolio
        classic.refresh_from_db()
        assert classic.occupied == 0


class TestRefusing:
    def test_has_a_reason_that_the_person_gets(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        page = text_of(adviser.post(address(enrolment), refusing(comment="Préfère venir."), follow=True))
        assert "100 % web refusé" in page
        assert "Aisance numérique insuffisante" in page
        enrolment.refresh_from_db()
        assert (enrolment.state, enrolment.comment) == (EnrolmentState.REFUSED, "Préfère venir.")
        assert enrolment.interview is not None
        assert Notification.objects.get().kind == NotificationKind.ENROLMENT_REFUSED

    def test_with_another_tier_changes_it(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        adviser.post(address(enrolment), refusing(tier="suivi", refusal_reason=RefusalReason.TIER))
        assert Accompaniment.objects.current().get(jobseeker=enrolment.jobseeker).tier == Tier.SUIVI
        enrolment.refresh_from_db()
        assert enrolment.state == EnrolmentState.REFUSED

    def test_of_who_wants_it_no_more_is_a_withdrawal(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio, with_account=True)
        page = text_of(adviser.post(address(enrolment), refusing(refusal_reason="not_wanted"), follow=True))
        assert "demande retirée à l'entretien" in page
        enrolment.refresh_from_db()
        assert (enrolment.state, enrolment.refusal_reason) == (EnrolmentState.WITHDRAWN, "")
        assert enrolment.closed_by == portfolio.adviser.user
        letter = letter_for(Notification.objects.get(jobseeker=enrolment.jobseeker))
        assert f"vous avez dit à {portfolio.adviser.user.full_name} ne plus souhaiter" in letter.body
        assert "n'a pas été retenue" not in letter.body
        person = Client()
        person.force_login(enrolment.jobseeker.user)
        space = text_of(person.get(reverse("space")))
        assert "comme vous l'avez souhaité à l'entretien" in space
        assert "refusée" not in space

    def test_without_an_address_says_that_no_email_leaves(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        Jobseeker.objects.filter(pk=enrolment.jobseeker_id).update(email=None)
        page = text_of(adviser.post(address(enrolment), refusing(), follow=True))
        assert "Aucun e-mail, faute d'adresse" in page.replace("&#x27;", "'")


class TestWhatWasWrittenDown:
    """Nothing of the interview is for the drawer: the team reads all of it, the person what she declared."""

    WRITTEN = {
        "situation": "Assistante depuis dix ans.",
        "notes": "Reprendre le CV ensemble.",
        "at_ease": "non",
        "preferred_hours": "matin",
    }

    def person_page(self, client: Client, enrolment: Enrolment) -> str:
        return text_of(client.get(reverse("person", args=[enrolment.jobseeker_id])))

    def test_is_on_the_person_s_page_and_in_the_timeline(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        outcome = text_of(adviser.post(address(enrolment), answers(portfolio, **self.WRITTEN), follow=True))
        page = self.person_page(adviser, enrolment)
        for text in (outcome, page):
            assert "Assistante depuis dix ans." in text
            assert "À l'aise avec les outils numériques Non" in text
            assert "Heures préférées Le matin" in text
            assert f"Mené par {portfolio.adviser.user.full_name}" in text
        assert outcome.count("Reprendre le CV ensemble.") == 1
        assert page.count("Reprendre le CV ensemble.") == 2  # in its block, and in the timeline

    def test_of_a_refusal_has_its_precision(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = EnrolmentFactory(jobseeker=placed(PortfolioFactory(adviser=portfolio.adviser, modality="guide")))
        refused = refusing(comment="Préfère venir.", **self.WRITTEN)
        assert "Préfère venir." in text_of(adviser.post(address(enrolment), refused, follow=True))
        assert "Précision sur la décision Préfère venir." in self.person_page(adviser, enrolment)

    def test_in_part_is_the_person_s_to_read(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio, with_account=True)
        own = Client()
        own.force_login(enrolment.jobseeker.user)
        assert "Vous n'avez pas encore eu d'entretien d'inscription" in text_of(own.get(reverse("own_data")))
        adviser.post(address(enrolment), answers(portfolio, **self.WRITTEN))
        page = text_of(own.get(reverse("own_data")))
        for declared in ("Assistante depuis dix ans.", "Heures préférées Le matin", portfolio.adviser.user.full_name):
            assert declared in page
        for name in ("own_data", "my_accompaniment", "space"):
            assert "Reprendre le CV" not in text_of(own.get(reverse(name)))


class TestErrors:
    @pytest.mark.parametrize(
        ("answer", "sentence"),
        [
            ({"identity_checked": None}, "Vérifiez une pièce d'identité"),
            ({"has_webcam": None}, "Dites si la personne dispose d'une webcam"),
            ({"bandwidth": None}, "Choisissez la qualité de la connexion"),
            ({"at_ease": None}, "à l'aise avec les outils numériques."),
            ({"tier": None}, "Choisissez une modalité."),
            ({"track": None}, "si elle confirme son souhait"),
            ({"portfolio": None}, "Choisissez le portefeuille où la personne sera suivie."),
            ({"portfolio": "x"}, "Choisissez l'un des portefeuilles proposés."),
            ({"tier": "suivi"}, "Le 100 % web demande la modalité « guidé »"),
            ({"track": "classique"}, "Choisissez le motif"),
            ({"track": "classique", "refusal_reason": "tier"}, "La modalité choisie est « guidé »"),
        ],
    )
    def test_say_what_to_do_and_keep_everything(
        self, adviser: Client, portfolio: Portfolio, answer: dict[str, Any], sentence: str
    ) -> None:
        enrolment = volunteer(portfolio)
        response = adviser.post(address(enrolment), answers(portfolio, situation="Ne pas perdre", **answer))
        page = response.content.decode().replace("&#x27;", "'")
        assert response.status_code == 422
        assert sentence in page
        assert "Ne pas perdre" in page
        assert Enrolment.objects.get().state == EnrolmentState.ASKED
        assert adviser.post(address(enrolment), answers(portfolio)).status_code == 302

    @pytest.mark.parametrize(
        ("opens_in", "sentence"), [(None, "pas encore de date d'ouverture"), (10, "le 100 % web y ouvre le")]
    )
    def test_a_closed_region_disables_the_web_track(
        self, adviser: Client, portfolio: Portfolio, opens_in: int | None, sentence: str
    ) -> None:
        enrolment = volunteer(portfolio)
        region = portfolio.agency.departement.region
        region.web_opens_on = None if opens_in is None else timezone.localdate() + timedelta(days=opens_in)
        region.save()
        page = adviser.get(address(enrolment)).content.decode().replace("&#x27;", "'")
        (web,) = re.findall(r'<input[^>]*id="id_track_web"[^>]*>', page)
        assert "disabled" in web
        assert sentence in page
        assert adviser.post(address(enrolment), answers(portfolio)).status_code == 422
        assert adviser.post(address(enrolment), refusing()).status_code == 302


class TestEmail:
    @pytest.fixture
    def enrolment(self, portfolio: Portfolio) -> Enrolment:
        waiting = volunteer(portfolio)
        Jobseeker.objects.filter(pk=waiting.jobseeker_id).update(email=None)
        return waiting

    def test_missing_disables_the_web_track(self, adviser: Client, enrolment: Enrolment) -> None:
        page = adviser.get(address(enrolment)).content.decode().replace("&#x27;", "'")
        assert "n'a pas d'adresse e-mail" in page

    def test_is_added_and_what_was_typed_is_kept(self, adviser: Client, enrolment: Enrolment) -> None:
        response = adviser.post(
            address(enrolment, "registration_email"),
            {"email": "Alix@example.org", "situation": "En cours"},
            follow=True,
        )
        page = response.content.decode()
        assert "alix@example.org" in page
        assert "En cours" in page
        assert AuditEntry.objects.filter(action=AuditAction.UPDATED).count() == 1

    @pytest.mark.parametrize(
        ("email", "sentence"),
        [("", "Écrivez l'adresse"), ("alix@", "adresse complète"), ("prise@example.org", "autre personne")],
    )
    def test_that_is_wrong_says_why_and_keeps_it(
        self, adviser: Client, enrolment: Enrolment, email: str, sentence: str
    ) -> None:
        JobseekerFactory(email="prise@example.org")
        response = adviser.post(
            address(enrolment, "registration_email"), {"email": email, "situation": "Ne pas perdre"}
        )
        page = response.content.decode().replace("&#x27;", "'")
        assert response.status_code == 422
        assert sentence in page
        assert "Ne pas perdre" in page
        assert f'value="{email}"' in page

    def test_can_be_written_with_the_conclusion(
        self, adviser: Client, enrolment: Enrolment, portfolio: Portfolio
    ) -> None:
        wrong = adviser.post(address(enrolment), answers(portfolio, email="alix@"))
        assert wrong.status_code == 422
        assert adviser.post(address(enrolment), answers(portfolio, email="alix@example.org")).status_code == 302
        assert Notification.objects.get().email == "alix@example.org"

    def test_of_somebody_on_the_web_track_is_not_asked_for(self, adviser: Client, portfolio: Portfolio) -> None:
        on_web_track(portfolio)
        page = adviser.get(address(volunteer(portfolio))).content.decode()
        assert 'name="email"' not in page


def test_regions_do_not_leak_into_each_other(adviser: Client, portfolio: Portfolio) -> None:
    """A portfolio of another département of the same region is proposed, one of another region is not."""
    region = portfolio.agency.departement.region
    same = PortfolioFactory(agency=AgencyFactory(departement=DepartementFactory(region=region)))
    other = PortfolioFactory(agency=AgencyFactory(region=RegionFactory()))
    page = adviser.get(address(volunteer(portfolio))).content.decode()
    assert f'id="id_portfolio_{same.pk}"' in page
    assert f'id="id_portfolio_{other.pk}"' not in page
