"""« Inscriptions »: the registration interview, from its beginning to the decision."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, EnrolmentState, NotificationKind, RefusalReason, Tier, Track
from accompaniment.models import (
    Accompaniment,
    AuditEntry,
    Contact,
    Enrolment,
    Jobseeker,
    Notification,
    RegistrationInterview,
)
from accompaniment.services.enrolments.acceptance import accept_terms
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
)
from tests.caseload.factories import (
    PortfolioFactory,
    fill,
    on_web_track,
    placed,
    validated,
    volunteer,
)
from tests.caseload.registration.page import address, answers, base_on, refusing, text_of

pytestmark = pytest.mark.django_db


class TestOutcome:
    def test_leads_to_what_comes_next_for_who_follows_the_person(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment, other = volunteer(portfolio), volunteer(portfolio)
        person = enrolment.jobseeker
        adviser.post(address(enrolment), answers(portfolio))
        page = adviser.get(address(enrolment)).content.decode()
        for name in ("person", "book_for", "conversation_with"):
            assert f'href="{reverse(name, args=[person.pk])}"' in page, name
        assert f'href="{address(other)}">Volontaire suivant' in page

    def test_of_a_refusal_and_the_last_volunteer_leads_back_to_the_list(
        self, adviser: Client, portfolio: Portfolio
    ) -> None:
        """Nobody follows the person: each of these pages would be refused."""
        enrolment = volunteer(portfolio)
        adviser.post(address(enrolment), refusing())
        page = adviser.get(address(enrolment)).content.decode()
        for name in ("person", "book_for", "conversation_with"):
            assert f'href="{reverse(name, args=[enrolment.jobseeker_id])}"' not in page, name
        assert "Volontaire suivant" not in page
        assert "Revenir aux inscriptions" in page


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
        again = adviser.post(
            address(enrolment), answers(next_one, situation="Écrit longuement.", base=base_on(response))
        )
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
    """Kind: findings that nobody can read afterwards.

    The team reads all of them, and the person reads their own declarations.
    """

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
        assert page.count("Reprendre le CV ensemble.") == 2  # in its block and in the timeline

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
        page = response.content.decode().replace("&#x27;", "'").replace("\u00a0", " ")
        assert response.status_code == 422
        assert sentence in page
        assert "Ne pas perdre" in page
        assert Enrolment.objects.get().state == EnrolmentState.ASKED
        assert adviser.post(address(enrolment), answers(portfolio, base=base_on(response))).status_code == 302

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
        page = adviser.get(address(enrolment)).content.decode().replace("&#x27;", "'").replace("\u00a0", " ")
        (web,) = re.findall(r'<input[^>]*id="id_track_web"[^>]*>', page)
        assert "disabled" in web
        assert sentence in page
        closed = adviser.post(address(enrolment), answers(portfolio))
        assert closed.status_code == 422
        assert adviser.post(address(enrolment), refusing(base=base_on(closed))).status_code == 302


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
        page = response.content.decode().replace("&#x27;", "'").replace("\u00a0", " ")
        assert response.status_code == 422
        assert sentence in page
        assert "Ne pas perdre" in page
        assert f'value="{email}"' in page

    def test_can_be_written_with_the_conclusion(
        self, adviser: Client, enrolment: Enrolment, portfolio: Portfolio
    ) -> None:
        wrong = adviser.post(address(enrolment), answers(portfolio, email="alix@"))
        assert wrong.status_code == 422
        right = answers(portfolio, email="alix@example.org", base=base_on(wrong))
        assert adviser.post(address(enrolment), right).status_code == 302
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
