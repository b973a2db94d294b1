"""New versions of the text to accept: who is asked again, what stays valid meanwhile, and what is kept."""

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accompaniment.enums import AuditAction, EnrolmentState, NotificationKind, Track
from accompaniment.models import Accompaniment, AuditEntry, Consent, ConsentText, Enrolment, Jobseeker, Notification
from accompaniment.reads.invariants import GROUND_CHECKS
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services.enrolments.acceptance import accept_terms, leave_track
from accompaniment.services.enrolments.publishing import publish_consent_text, shown_version
from caseload.models import Portfolio
from messaging.services import delivery
from tests.accompaniment.factories import JobseekerFactory, consent_text_in_force, reference
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track, validated, volunteer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _reference_and_invariants() -> Any:
    reference()
    yield
    assert [breach for check in GROUND_CHECKS for breach in check()] == []


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


def publish(*, needs_acceptance: bool = True, body: str = "Un point nouveau.", **facts: Any) -> ConsentText:
    last = ConsentText.objects.latest()
    return publish_consent_text(
        **{
            "actor": ManagerFactory().user,
            "title": last.title,
            "body": body,
            "needs_acceptance": needs_acceptance,
            "seen": shown_version(last).state,
            **facts,
        }
    )


def accept(person: Jobseeker) -> Consent:
    return accept_terms(actor=person.user, jobseeker=person, text=ConsentText.objects.latest())


def standing(person: Jobseeker) -> Consent:
    return Consent.objects.get(jobseeker=person, withdrawn_at=None)


def read(client: Client, person: Jobseeker, name: str = "space") -> str:
    client.force_login(person.user)
    page = client.get(reverse(name)).content.decode()
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


BAND = "Le texte du 100 % web a changé."


class TestPublishing:
    def test_numbers_the_next_version_and_leaves_its_row(self) -> None:
        before = ConsentText.objects.latest().version
        text = publish()
        assert (text.version, ConsentText.objects.latest()) == (before + 1, text)
        row = AuditEntry.objects.get(action=AuditAction.CONSENT, jobseeker=None)
        assert (row.details["version"], row.details["asked"]) == (text.version, 0)

    @pytest.mark.parametrize(
        ("facts", "sentence"), [({"title": " "}, "titre"), ({"title": "x" * 121}, "titre"), ({"body": " "}, "texte")]
    )
    def test_refuses_an_empty_text(self, facts: dict[str, Any], sentence: str) -> None:
        with pytest.raises(DomainError, match=sentence):
            publish(**facts)
        assert ConsentText.objects.count() == 1

    def test_refuses_the_text_that_is_in_force(self) -> None:
        with pytest.raises(DomainError, match="en vigueur"):
            publish(body=ConsentText.objects.latest().body)

    def test_after_another_one_meanwhile_is_refused(self) -> None:
        last = ConsentText.objects.latest()
        publish(body="De quelqu'un d'autre.")
        with pytest.raises(NotAllowedNowError, match="entre-temps"):
            publish(seen=shown_version(last).state)
        assert publish().version == last.version + 2


class TestAVersionToAccept:
    def test_asks_everybody_on_the_track_once_and_the_track_goes_on(self, portfolio: Portfolio) -> None:
        person, left = on_web_track(portfolio), on_web_track(portfolio)
        leave_track(actor=left.user, jobseeker=left)
        text = publish()
        letter = Notification.objects.get(kind=NotificationKind.ACCEPTANCE_ASKED)
        assert letter.jobseeker == person
        assert "continue dans tous les cas" in delivery.letter_for(letter).body
        assert Accompaniment.objects.current().get(jobseeker=person).track == Track.WEB
        assert standing(person).text != text

    def test_is_accepted_anew_and_closes_the_old_acceptance(self, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        old = standing(person)
        text = publish()
        new = accept(person)
        old.refresh_from_db()
        assert (new.text, old.withdrawn_at) == (text, new.accepted_at)
        enrolment = Enrolment.objects.get(jobseeker=person)
        # The acceptance with which the track began stays as its proof.
        assert (enrolment.state, enrolment.consent) == (EnrolmentState.ACTIVE, old)
        assert accept(person) == new

    def test_shows_on_every_page_until_it_is_accepted(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        assert BAND not in read(client, person)
        publish()
        for name in ("space", "own_data", "my_accompaniment", "my_interviews"):
            assert BAND in read(client, person, name)
        page = read(client, person, "acceptance")
        assert "Ce texte a changé depuis votre acceptation" in page
        assert "J'accepte la nouvelle version" in page
        response = client.post(
            reverse("acceptance"), {"version": ConsentText.objects.latest().version, "accepted": "on"}
        )
        assert response.status_code == 302
        assert BAND not in read(client, person)
        assert "Vous avez accepté ce texte" in read(client, person, "acceptance")

    def test_is_asked_of_who_has_accepted_and_waits(self, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio, with_account=True)
        person = enrolment.jobseeker
        accept(person)
        publish()
        letter = Notification.objects.get(kind=NotificationKind.ACCEPTANCE_ASKED)
        assert "pourra commencer" in delivery.letter_for(letter).body
        assert validated(portfolio, enrolment=enrolment).state == EnrolmentState.VALIDATED
        accept(person)
        assert Accompaniment.objects.current().get(jobseeker=person).track == Track.WEB


class TestAVersionThatNeedsNone:
    def test_leaves_everything_as_it_is(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        before = standing(person)
        publish(needs_acceptance=False)
        assert standing(person) == before
        assert not Notification.objects.filter(kind=NotificationKind.ACCEPTANCE_ASKED).exists()
        assert BAND not in read(client, person)
        page = read(client, person, "acceptance")
        assert f"Vous avez accepté la version {before.text.version}" in page
        assert "Votre accord reste valable" in page
        assert "Un point nouveau." in page

    def test_lets_an_earlier_acceptance_start_the_track(self, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio, with_account=True)
        accept(enrolment.jobseeker)
        publish(needs_acceptance=False)
        assert validated(portfolio, enrolment=enrolment).state == EnrolmentState.ACTIVE

    def test_after_one_that_has_to_be_accepted_does_not_hide_it(self, client: Client, portfolio: Portfolio) -> None:
        person = on_web_track(portfolio)
        publish()
        publish(needs_acceptance=False, body="Une virgule.")
        assert BAND in read(client, person)
        accept(person)
        assert BAND not in read(client, person)


def test_what_was_shown_is_kept_to_the_letter(client: Client, portfolio: Portfolio) -> None:
    body = "Premier point & autre chose.\n\n- Un\n- Deux"
    publish(body=body)
    person = validated(portfolio, with_account=True).jobseeker
    page = read(client, person, "acceptance")
    consent = accept(person)
    assert body in consent.shown
    for line in filter(None, consent.shown.splitlines()):
        assert line.removeprefix("- ").replace("\u00a0", " ") in page  # on the page, a dash is a list item
    assert "J'ai lu ce texte" in consent.shown
    assert f"Version {consent.text.version}, publiée le" in consent.shown


def test_a_wish_is_given_up_from_every_page_before_the_track_runs(client: Client, portfolio: Portfolio) -> None:
    asked = volunteer(portfolio, with_account=True).jobseeker
    accepted = validated(portfolio, with_account=True).jobseeker
    none = JobseekerFactory(agency=portfolio.agency, with_account=True)
    assert "Renoncer au 100 % web" not in read(client, none, "own_data")
    for person in (asked, accepted):
        for name in ("space", "own_data", "my_interviews", "accessibility"):
            assert "Renoncer au 100 % web" in read(client, person, name)
        page = read(client, person, "leave_track")
        assert "n'a pas commencé" in page
        assert "vos entretiens déjà prévus" not in page
        done = html.unescape(client.post(reverse("leave_track"), follow=True).content.decode()).replace("\u00a0", " ")
        assert "Vous avez renoncé au 100 % web." in done
        assert "Renoncer au 100 % web" not in read(client, person, "own_data")


def test_the_frame_offers_what_the_person_may_do(client: Client, portfolio: Portfolio) -> None:
    person = on_web_track(portfolio)
    for name in ("space", "own_data", "my_interviews", "accessibility"):
        page = read(client, person, name)
        assert "Rendez-vous en agence" in page
        assert "Quitter le 100 % web" in page
    client.post(reverse("ask_on_site"))
    assert "Rendez-vous en agence : demandé" in read(client, person, "own_data")
    client.post(reverse("leave_track"))
    assert "Quitter le 100 % web" not in read(client, person, "own_data")
    assert consent_text_in_force().version == 1
    client.force_login(portfolio.adviser.user)
    assert "Rendez-vous en agence" not in client.get(reverse("accessibility")).content.decode()
