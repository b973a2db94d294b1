"""Two advisers in one registration interview: each is told what the other typed, and nobody loses anything."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accompaniment.enums import Bandwidth, Channel, EnrolmentState, NotificationKind, PreferredHours
from accompaniment.models import Enrolment, Notification, RegistrationInterview
from accompaniment.rules.french import of_name
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.equipment import record_device_check
from accompaniment.services.registration import save_draft
from caseload.forms.registration.drafts import base_in, shown_draft
from caseload.models import Placement, Portfolio
from caseload.services.registration.lapses import lapse_due
from tests.accompaniment.factories import EnrolmentFactory
from tests.caseload.factories import CoverFactory, PortfolioFactory, fill, volunteer
from tests.caseload.registration.page import (
    HTMX,
    address,
    answer_in,
    answers,
    base_of,
    base_on,
    draft,
    kept,
    text_of,
    typed,
)

pytestmark = pytest.mark.django_db


class TestDraft:
    def test_fields_that_only_one_changed_are_merged(
        self, adviser: Client, colleague: Client, portfolio: Portfolio
    ) -> None:
        enrolment = volunteer(portfolio, first_name="Alix")
        base = base_of(adviser, enrolment)
        draft(colleague, enrolment, typed(portfolio, base, situation="De Luc"), **HTMX)
        saved = draft(adviser, enrolment, typed(portfolio, base, notes="D'Anne"), **HTMX)
        assert saved.status_code == 200
        assert "Changé entre-temps par Luc Roy : Situation et projet." in text_of(saved)
        assert answer_in(saved)["news"] == {"situation": "De Luc"}
        assert base_in(answer_in(saved), enrolment)["situation"] == "De Luc"
        assert kept() == {"situation": "De Luc", "notes": "D'Anne"}

    @pytest.mark.parametrize("headers", [HTMX, {}], ids=["by itself", "by the button"])
    def test_of_a_text_that_both_changed_both_are_kept_and_it_is_said(
        self, adviser: Client, colleague: Client, portfolio: Portfolio, headers: dict[str, str]
    ) -> None:
        enrolment = volunteer(portfolio)
        base = base_of(adviser, enrolment)
        draft(colleague, enrolment, typed(portfolio, base, situation="De Luc"))
        saved = draft(adviser, enrolment, typed(portfolio, base, situation="D'Anne", notes="n"), **headers)
        assert kept()["situation"] == "De Luc\n\nD'Anne"
        assert kept()["notes"] == "n"
        told = text_of(saved if headers else adviser.get(saved.url))
        assert "« Situation et projet » : écrit aussi par Luc Roy. Les deux textes sont gardés" in told
        if headers:
            assert saved.status_code == 200
            assert answer_in(saved)["news"] == {"situation": "De Luc\n\nD'Anne"}
            assert answer_in(saved)["sent"] == {"situation": "D'Anne"}

    def test_of_an_answer_that_both_chose_the_first_is_kept_and_both_are_said(
        self, adviser: Client, colleague: Client, portfolio: Portfolio
    ) -> None:
        enrolment = volunteer(portfolio)
        base = base_of(adviser, enrolment)
        draft(colleague, enrolment, typed(portfolio, base, tier="suivi"))
        saved = draft(adviser, enrolment, typed(portfolio, base, tier="renforce"), **HTMX)
        assert kept()["tier"] == "suivi"
        assert "« Modalité » : « Suivi » par Luc Roy, « Renforcé » ici. La première réponse est gardée" in text_of(
            saved
        )
        assert answer_in(saved)["news"] == {"tier": "suivi"}

    def test_sent_again_a_text_is_not_kept_twice(
        self, adviser: Client, colleague: Client, portfolio: Portfolio
    ) -> None:
        enrolment = volunteer(portfolio)
        base = base_of(adviser, enrolment)
        draft(colleague, enrolment, typed(portfolio, base, situation="De Luc"))
        for _ in range(2):
            draft(adviser, enrolment, typed(portfolio, base, situation="D'Anne"), **HTMX)
        assert kept()["situation"] == "De Luc\n\nD'Anne"

    def test_one_s_own_second_window_is_called_so(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        base = base_of(adviser, enrolment)
        draft(adviser, enrolment, typed(portfolio, base, situation="Fenêtre 1"))
        saved = draft(adviser, enrolment, typed(portfolio, base, situation="Fenêtre 2"), **HTMX)
        assert "écrit aussi par vous, plus tôt ou dans une autre fenêtre" in text_of(saved)

    def test_an_untouched_page_changes_nothing(self, adviser: Client, colleague: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        base = base_of(adviser, enrolment)
        draft(colleague, enrolment, typed(portfolio, base, situation="De Luc\r\nligne", tier="suivi", has_webcam="non"))
        before = kept()
        assert draft(adviser, enrolment, typed(portfolio, base), **HTMX).status_code == 200
        assert kept() == before

    def test_the_file_s_facts_stay_beside_what_was_typed(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio, has_webcam=True, bandwidth=Bandwidth.GOOD)
        draft(adviser, enrolment, typed(portfolio, base_of(adviser, enrolment), situation="Peu à peu"))
        base = shown_draft(enrolment, {}).read(base_of(adviser, enrolment))
        assert (base["has_webcam"], base["bandwidth"], base["situation"]) == ("oui", "bon", "Peu à peu")

    @pytest.mark.parametrize("base", ["", "no JSON", "[]", '{"situation": 3}'])
    def test_a_page_that_says_nonsense_is_kept_all_the_same(
        self, adviser: Client, portfolio: Portfolio, base: str
    ) -> None:
        enrolment = volunteer(portfolio)
        assert draft(adviser, enrolment, typed(portfolio, base, situation="Texte")).status_code == 302
        assert kept()["situation"] == "Texte"

    def test_typed_on_while_the_answer_is_under_way(
        self, adviser: Client, colleague: Client, portfolio: Portfolio
    ) -> None:
        """The page then says that it still shows what it had sent: no text is kept twice, and Luc stays the author."""
        enrolment = volunteer(portfolio)
        base = base_of(adviser, enrolment)
        draft(colleague, enrolment, typed(portfolio, base, situation="De Luc", notes="De Luc aussi"))
        first = answer_in(draft(adviser, enrolment, typed(portfolio, base, situation="D'Anne"), **HTMX))
        typed_on = typed(portfolio, first["baseOfSent"], situation="D'Anne, encore")
        saved = draft(adviser, enrolment, typed_on, **HTMX)
        assert kept() == {"situation": "De Luc\n\nD'Anne, encore", "notes": "De Luc aussi"}
        assert answer_in(saved)["news"] == kept()
        assert "écrit aussi par Luc Roy" in text_of(saved)
        assert "Changé entre-temps par Luc Roy : Conclusion de l'entretien." in text_of(saved)

    @pytest.mark.parametrize(
        ("before", "theirs", "mine", "stored", "said"),
        [
            ("", "De Luc", "D'Anne", "De Luc\n\nD'Anne", "écrit aussi par Luc Roy. Les deux textes sont gardés"),
            ("", "De Luc. Et plus.", "De Luc.", "De Luc. Et plus.", "Changé entre-temps par Luc Roy : Situation"),
            ("", "De Luc.", "De Luc. Et plus.", "De Luc. Et plus.", ""),
            ("", "Le même", "Le même", "Le même", ""),
            ("Avant", "", "Avant, et plus", "Avant, et plus", "effacé par Luc Roy, écrit ici. Le texte est gardé"),
            ("Avant", "Avant, et plus", "", "Avant, et plus", "écrit par Luc Roy, effacé ici. Le texte est gardé"),
            ("Avant", "Avant", "D'Anne", "D'Anne", ""),
            ("Avant", "De Luc", "Avant", "De Luc", "Changé entre-temps par Luc Roy : Situation"),
        ],
    )
    def test_what_is_said_of_two_texts_is_what_was_done(
        self,
        adviser: Client,
        colleague: Client,
        portfolio: Portfolio,
        before: str,
        theirs: str,
        mine: str,
        stored: str,
        said: str,
    ) -> None:
        enrolment = volunteer(portfolio)
        draft(adviser, enrolment, typed(portfolio, "", situation=before))
        base = base_of(adviser, enrolment)
        draft(colleague, enrolment, typed(portfolio, base, situation=theirs))
        saved = draft(adviser, enrolment, typed(portfolio, base, situation=mine), **HTMX)
        assert kept().get("situation", "") == stored
        told = text_of(saved)
        assert said in told
        assert ("Luc Roy" in told) is bool(said)
        assert answer_in(saved)["news"] == ({"situation": stored} if said else {})


class TestConclusion:
    def test_what_the_page_does_not_show_yet_comes_first(
        self, adviser: Client, colleague: Client, portfolio: Portfolio
    ) -> None:
        enrolment = volunteer(portfolio)
        base = base_of(adviser, enrolment)
        draft(colleague, enrolment, typed(portfolio, base, bandwidth="aucun"))
        data = {**answers(portfolio), "base": base}
        refused = adviser.post(address(enrolment), data)
        assert refused.status_code == 409
        assert "Changé entre-temps par Luc Roy : Connexion à internet." in text_of(refused)
        assert "Cherche un poste" in text_of(refused)
        assert not Placement.objects.exists()
        # Sent with the state that is shown now, it is a decision.
        data = {**answers(portfolio, bandwidth="aucun"), "base": base_on(refused)}
        assert adviser.post(address(enrolment), data).status_code == 302
        enrolment.refresh_from_db()
        assert enrolment.state == EnrolmentState.VALIDATED

    def test_what_two_wrote_is_read_before_it_is_concluded(
        self, adviser: Client, colleague: Client, portfolio: Portfolio
    ) -> None:
        enrolment = volunteer(portfolio)
        base = base_of(adviser, enrolment)
        draft(colleague, enrolment, typed(portfolio, base, notes="De Luc"))
        data = {**answers(portfolio, notes="D'Anne"), "base": base}
        refused = adviser.post(address(enrolment), data)
        assert refused.status_code == 409
        for part in ("De Luc", "D'Anne", "écrit aussi par Luc Roy"):
            assert part in text_of(refused)
        assert not Placement.objects.exists()
        again = {**answers(portfolio, notes=kept()["notes"]), "base": base_on(refused)}
        assert adviser.post(address(enrolment), again).status_code == 302
        assert RegistrationInterview.objects.get().notes == "De Luc\n\nD'Anne"

    def test_alone_nothing_stands_in_the_way(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        data = {**answers(portfolio), "base": base_of(adviser, enrolment)}
        draft(adviser, enrolment, data)
        assert adviser.post(address(enrolment), data).status_code == 302

    def test_a_portfolio_filled_meanwhile_leaves_the_next_to_be_chosen(
        self, adviser: Client, portfolio: Portfolio
    ) -> None:
        small = PortfolioFactory(agency=portfolio.agency, capacity=1)
        enrolment = volunteer(portfolio)
        base = base_of(adviser, enrolment)
        fill(small, 1)
        refused = adviser.post(address(enrolment), {**answers(small, notes="Tapé longuement."), "base": base})
        assert refused.status_code == 409
        page = refused.content.decode()
        assert f"{of_name(small.adviser.user.full_name)} est complet (1 / 1)" in text_of(refused)
        assert "Tapé longuement." in page
        (tag,) = re.findall(rf'<input[^>]*id="id_portfolio_{portfolio.pk}"[^>]*>', page)
        assert "checked" not in tag
        data = {**answers(portfolio, notes="Tapé longuement."), "base": base_on(refused)}
        assert adviser.post(address(enrolment), data).status_code == 302
        assert Placement.objects.open().get(jobseeker=enrolment.jobseeker).portfolio == portfolio


class TestPage:
    def test_hours_and_channel_go_into_the_file(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        adviser.post(address(enrolment), answers(portfolio, preferred_channel="phone", preferred_hours="matin"))
        person = enrolment.jobseeker
        person.refresh_from_db()
        assert (person.preferred_channel, person.preferred_hours) == (Channel.PHONE, PreferredHours.MORNING)
        assert RegistrationInterview.objects.get().preferred_hours == PreferredHours.MORNING

    def test_the_person_s_own_test_is_shown(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio, with_account=True)
        assert "Pas encore fait." in text_of(adviser.get(address(enrolment)))
        person = enrolment.jobseeker
        record_device_check(
            actor=person.user, jobseeker=person, camera=False, microphone=True, connection=Bandwidth.GOOD
        )
        page = text_of(adviser.get(address(enrolment)))
        assert "pas d'image" in page
        assert "suffisante pour la visio" in page

    def test_the_link_of_the_test_leaves_once_and_nothing_typed_is_lost(
        self, adviser: Client, portfolio: Portfolio
    ) -> None:
        enrolment = volunteer(portfolio, with_account=True)
        assert "Envoyer le lien du test" in text_of(adviser.get(address(enrolment)))
        for said in ("Le lien du test part à", "est déjà parti aujourd'hui"):
            answer = adviser.post(address(enrolment, "registration_device_link"), {"situation": "Tapé"}, follow=True)
            assert said in text_of(answer)
            assert "Tapé" in text_of(answer)
        assert Notification.objects.get(kind=NotificationKind.DEVICE_TEST).email == enrolment.jobseeker.email

    def test_without_an_account_there_is_no_link_to_send(self, adviser: Client, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        page = text_of(adviser.get(address(enrolment)))
        assert "Envoyer le lien du test" not in page
        assert "pas encore de compte" in page
        answer = adviser.post(address(enrolment, "registration_device_link"), {}, follow=True)
        assert "pas encore ouvert son compte" in text_of(answer)

    def test_cover_stands_beside_the_gauge(self, adviser: Client, portfolio: Portfolio) -> None:
        absent = PortfolioFactory(agency=portfolio.agency, capacity=3)
        fill(absent, 3)
        enrolment = volunteer(portfolio)
        assert "en relais" not in text_of(adviser.get(address(enrolment)))
        day = timezone.localdate(timezone=portfolio.agency.zone)
        CoverFactory(portfolio=absent, colleague=portfolio.adviser, starts_on=day, ends_on=day)
        assert "+ 3 en relais" in text_of(adviser.get(address(enrolment)))


def test_a_saved_draft_says_who_typed_what_and_when(portfolio: Portfolio) -> None:
    enrolment = volunteer(portfolio)
    user = portfolio.adviser.user
    interview = save_draft(actor=user, enrolment=enrolment, typed={"notes": "a"}, base={}).interview
    assert interview.touched["notes"]["by"] == user.pk
    later = save_draft(actor=user, enrolment=enrolment, typed={"notes": "a"}, base={"notes": "a"}).interview
    assert later.touched == interview.touched


class TestWhatAScreenReaderHears:
    def test_is_the_news_and_the_refusal_and_not_the_time(
        self, adviser: Client, colleague: Client, portfolio: Portfolio
    ) -> None:
        enrolment = volunteer(portfolio)
        page = adviser.get(address(enrolment)).content.decode()
        assert re.search(r'id="draft-news" role="status">\s*</div>', page)
        base = base_of(adviser, enrolment)
        draft(colleague, enrolment, typed(portfolio, base, situation="De Luc"), **HTMX)
        saved = draft(adviser, enrolment, typed(portfolio, base, notes="D'Anne"), **HTMX).content.decode()
        state, news = saved.split('<div id="draft-news" hx-swap-oob="innerHTML">')
        assert "Enregistré" in state
        assert "Changé entre-temps" not in state
        assert "Enregistré" not in news
        assert "Changé entre-temps par Luc Roy" in news

    def test_a_refusal_has_a_button_that_brings_the_text_back(
        self, adviser: Client, colleague: Client, portfolio: Portfolio
    ) -> None:
        enrolment = volunteer(portfolio)
        colleague.post(address(enrolment), answers(portfolio))
        late = draft(adviser, enrolment, {"notes": "Trop tard"}, **HTMX).content.decode()
        (button,) = re.findall(r"<button[^>]*>", late)
        assert 'type="submit"' in button  # a button of the form itself: the typed text is sent along and comes back
        assert "href" not in late
        assert "Trop tard" in text_of(adviser.post(address(enrolment), {"notes": "Trop tard"}))


class TestARequestThatCloses:
    """The person withdraws, or the time runs out, while the adviser is writing."""

    def withdraw(self, enrolment: Enrolment) -> None:
        leave_track(actor=enrolment.jobseeker.user, jobseeker=enrolment.jobseeker)

    def lapse(self, enrolment: Enrolment) -> None:
        RegistrationInterview.objects.update(saved_at=timezone.now() - timedelta(days=4))
        lapse_due(now=timezone.now() + timedelta(days=31))

    @pytest.mark.parametrize(
        ("close", "title", "came_first", "refusal"),
        [
            ("withdraw", "demande retirée", "La demande a été retirée", "La personne a retiré sa demande."),
            ("lapse", "demande restée sans réponse à temps", "Le délai de la demande", "Le délai de cette demande"),
        ],
    )
    def test_gives_the_text_back_and_says_why(
        self, adviser: Client, portfolio: Portfolio, close: str, title: str, came_first: str, refusal: str
    ) -> None:
        enrolment = volunteer(portfolio, with_account=True)
        draft(adviser, enrolment, answers(portfolio))
        getattr(self, close)(enrolment)
        late = draft(adviser, enrolment, answers(portfolio, notes="Ne pas perdre"), **HTMX)
        assert late.status_code == 409
        assert refusal in text_of(late)
        concluded = adviser.post(address(enrolment), answers(portfolio, notes="Ne pas perdre"))
        assert concluded.status_code == 409
        for words in (title, came_first, "Ne pas perdre"):
            assert words in text_of(concluded)
        assert title in text_of(adviser.get(address(enrolment)))

    def test_leaves_the_situation_to_the_next_one_and_the_identity_to_be_checked(
        self, adviser: Client, portfolio: Portfolio
    ) -> None:
        enrolment = volunteer(portfolio, with_account=True)
        draft(adviser, enrolment, answers(portfolio))
        assert kept()["identity_checked"] == "on"
        self.withdraw(enrolment)
        again = EnrolmentFactory(jobseeker=enrolment.jobseeker)
        page = adviser.get(address(again)).content.decode()
        assert "assistante." in page
        (box,) = re.findall(r"<input[^>]*identity_checked[^>]*>", page)
        assert re.search(r"\schecked\b", box) is None
        assert not {"identity_checked", "track", "portfolio"} & set(kept())

    @pytest.mark.parametrize(("saved_days_ago", "lapses"), [(2, False), (4, True)])
    def test_an_interview_in_progress_does_not_lapse(
        self, portfolio: Portfolio, saved_days_ago: int, lapses: bool
    ) -> None:
        enrolment = volunteer(portfolio)
        now = timezone.now() + timedelta(days=31)
        with time_machine.travel(now - timedelta(days=saved_days_ago)):
            save_draft(actor=portfolio.adviser.user, enrolment=enrolment, typed={"situation": "…"})
        assert lapse_due(now=now) == int(lapses)
        assert lapse_due(now=now + timedelta(days=4)) == int(not lapses)
