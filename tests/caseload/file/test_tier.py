"""The change of tier: its consequences are shown first, and then everything moves in one transaction."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, EnrolmentState, LeavingReason, Modality, NotificationKind, Tier, Track
from accompaniment.models import Accompaniment, AuditEntry, ContactPlan, Enrolment, Jobseeker, Notification
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import of_name
from accompaniment.rules.tracks import tier_of
from accompaniment.services.enrolments.tiers import change_tier, shown_tier
from accompaniment.services.imports import load_jobseekers
from caseload.enums import PlacementEnd
from caseload.models import Placement, Portfolio
from caseload.services.moves.placements import end_placement
from tests.accompaniment.factories import EnrolmentFactory, JobseekerFactory, reference
from tests.accompaniment.files import as_file, registration
from tests.caseload.factories import AdviserFactory, ManagerFactory, PortfolioFactory, on_web_track, placed, validated
from tests.visio.factories import InterviewFactory
from visio.enums import InterviewState

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _reference() -> None:
    reference()


@pytest.fixture
def portfolio() -> Portfolio:
    """The classic guidé portfolio of an adviser who has no other one."""
    return PortfolioFactory(modality=Modality.GUIDE, adviser__user__last_name="Vidal")


def current(person: Jobseeker) -> Accompaniment:
    return Accompaniment.objects.current().get(jobseeker=person)


def where(person: Jobseeker) -> Portfolio | None:
    placement = Placement.objects.open().filter(jobseeker=person).select_related("portfolio").first()
    return placement.portfolio if placement else None


def words(response: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def read(client: Client, person: Jobseeker, tier: str = "suivi") -> str:
    response = client.get(reverse("person_tier", args=[person.pk]), {"modalite": tier})
    assert response.status_code == 200
    return words(response)


def send(client: Client, person: Jobseeker, **facts: Any) -> Any:
    typed = {"seen": shown_tier(current(person)).token, "tier": "suivi", "reason": "Très autonome", **facts}
    return client.post(reverse("person_tier", args=[person.pk]), typed)


def booked(person: Jobseeker) -> Any:
    """Return a future interview with the person's adviser."""
    starts_at = timezone.now() + timedelta(days=5)
    return InterviewFactory(
        jobseeker=person,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
        occupies_until=starts_at + timedelta(minutes=40),
    )


class TestTheService:
    def test_moves_a_classic_placement_into_the_new_modality(self, portfolio: Portfolio) -> None:
        person = placed(portfolio)
        target = PortfolioFactory(agency=portfolio.agency, modality=Modality.SUIVI)
        change_tier(actor=portfolio.adviser.user, jobseeker=person, tier=Tier.SUIVI, reason="Autonome")
        assert where(person) == target
        left = Placement.objects.get(jobseeker=person, portfolio=portfolio)
        assert left.end_reason == PlacementEnd.TIER_CHANGED

    def test_prefers_the_adviser_who_is_there(self, portfolio: Portfolio) -> None:
        person = placed(portfolio)
        PortfolioFactory(agency=portfolio.agency, modality=Modality.SUIVI)
        own = PortfolioFactory(adviser=portfolio.adviser, agency=portfolio.agency, modality=Modality.SUIVI)
        placed(own, tier=Tier.SUIVI)  # now it is not the least loaded one
        change_tier(actor=None, jobseeker=person, tier=Tier.SUIVI, reason="Autonome")
        assert where(person) == own

    @pytest.mark.parametrize("places", [0, 1])
    def test_where_none_has_room_the_person_waits(self, portfolio: Portfolio, places: int) -> None:
        person = placed(portfolio)
        target = PortfolioFactory(agency=portfolio.agency, modality=Modality.SUIVI, capacity=1)
        if not places:
            placed(target, tier=Tier.SUIVI)
        change_tier(actor=None, jobseeker=person, tier=Tier.SUIVI, reason="Autonome")
        assert where(person) == (target if places else None)

    def test_who_is_in_no_portfolio_stays_out(self, portfolio: Portfolio) -> None:
        person = JobseekerFactory(agency=portfolio.agency, tier=Tier.SUIVI)
        change_tier(actor=None, jobseeker=person, tier=Tier.GUIDE, reason="Besoin d'appui")
        assert where(person) is None
        assert current(person).tier == Tier.GUIDE

    def test_tells_the_person_once_in_one_letter(self) -> None:
        person = on_web_track()
        for _ in range(2):
            change_tier(actor=None, jobseeker=person, tier=Tier.SUIVI, reason="Autonome")
        letters = Notification.objects.filter(
            jobseeker=person, kind__in=(NotificationKind.TIER_CHANGED, NotificationKind.TRACK_ENDED)
        )
        letter = letters.get()
        assert letter.kind == NotificationKind.TIER_CHANGED
        assert (letter.context["tier"], letter.context["track_ended"]) == ("suivi", True)
        assert letter.context["reason"].startswith("Autonome")

    def test_without_an_address_nobody_is_written_to(self) -> None:
        person = JobseekerFactory(email=None, phone="")
        change_tier(actor=None, jobseeker=person, tier=Tier.SUIVI, reason="Autonome")
        assert not Notification.objects.exists()
        assert current(person).tier == Tier.SUIVI

    def test_asks_for_a_reason(self) -> None:
        person = JobseekerFactory()
        with pytest.raises(DomainError, match="motif"):
            change_tier(actor=None, jobseeker=person, tier=Tier.SUIVI, reason="  ")
        assert current(person).tier == Tier.GUIDE

    def test_begins_the_plan_of_the_new_modality(self, portfolio: Portfolio) -> None:
        person = placed(portfolio)
        change_tier(actor=None, jobseeker=person, tier=Tier.SUIVI, reason="Autonome")
        assert ContactPlan.objects.current().get(jobseeker=person).interval_days == 90

    @pytest.mark.parametrize("stays", [True, False])
    def test_what_is_booked_stays_with_an_adviser_who_stays(self, portfolio: Portfolio, stays: bool) -> None:
        person = placed(portfolio)
        interview = booked(person)
        adviser = portfolio.adviser if stays else AdviserFactory(agency=portfolio.agency)
        PortfolioFactory(adviser=adviser, agency=portfolio.agency, modality=Modality.SUIVI)
        change_tier(actor=None, jobseeker=person, tier=Tier.SUIVI, reason="Autonome")
        interview.refresh_from_db()
        assert interview.state == (InterviewState.BOOKED if stays else InterviewState.CANCELLED)


class TestThePage:
    def test_offers_the_other_tiers_and_the_history(self, client: Client, portfolio: Portfolio) -> None:
        person = placed(portfolio)
        change_tier(actor=portfolio.adviser.user, jobseeker=person, tier=Tier.RENFORCE, reason="Besoin d'appui")
        client.force_login(ManagerFactory().user)
        response = client.get(reverse("person_tier", args=[person.pk]))
        page = response.content.decode()
        assert 'value="guide"' in page
        assert 'value="suivi"' in page
        assert 'value="renforce"' not in page
        assert "Besoin d'appui" in words(response)
        assert "guidé, parcours classique Inscription" in words(response)
        assert "Confirmer" not in page

    def test_says_first_what_it_entails_for_the_web_track(self, client: Client) -> None:
        web = PortfolioFactory()
        person = on_web_track(web)
        target = PortfolioFactory(agency=web.agency, modality=Modality.SUIVI)
        booked(person)
        client.force_login(web.adviser.user)
        page = read(client, person)
        assert "Son parcours 100 % web prend fin tout de suite" in page
        assert f"rejoint celui {of_name(target.adviser)}, « suivi » (0 / 350)" in page
        assert "1 entretien prévu est annulé" in page
        assert "Son plan de contact devient : un entretien par téléphone tous les 3 mois" in page
        assert current(person).track == Track.WEB

        response = send(client, person)
        assert response.status_code == 302
        assert (current(person).tier, current(person).track) == (Tier.SUIVI, Track.CLASSIC)
        assert where(person) == target
        enrolment = Enrolment.objects.get(jobseeker=person)
        assert (enrolment.state, enrolment.leaving_reason) == (EnrolmentState.ENDED, LeavingReason.TIER_CHANGE)

    def test_says_that_nobody_has_room(self, client: Client, portfolio: Portfolio) -> None:
        person = placed(portfolio)
        client.force_login(portfolio.adviser.user)
        assert "elle passe sur la liste d'attente" in read(client, person)
        response = client.post(
            reverse("person_tier", args=[person.pk]),
            {"seen": shown_tier(current(person)).token, "tier": "suivi", "reason": "Autonome"},
            follow=True,
        )
        # The adviser can no longer see the person, so the message is shown on the list.
        assert response.redirect_chain[-1][0] == reverse("my_portfolio")
        assert "pas de conseiller pour le moment" in words(response)

    @pytest.mark.parametrize(
        ("state", "sentence"),
        [
            ("validated", "validée et pas encore acceptée, est close"),
            ("asked", "reste en attente de l'entretien"),
        ],
    )
    def test_says_what_becomes_of_an_enrolment(self, client: Client, state: str, sentence: str) -> None:
        web = PortfolioFactory()
        if state == "validated":
            person = validated(web).jobseeker
        else:
            person = EnrolmentFactory(jobseeker=JobseekerFactory(agency=web.agency)).jobseeker
        client.force_login(ManagerFactory().user)
        assert sentence in read(client, person)

    def test_asks_for_the_reason_and_keeps_the_choice(self, client: Client, portfolio: Portfolio) -> None:
        person = placed(portfolio)
        client.force_login(portfolio.adviser.user)
        for reason, sentence in (("", "Indiquez le motif"), ("x" * 201, "1 caractère de trop")):
            response = send(client, person, reason=reason)
            assert response.status_code == 422
            assert sentence in words(response)
            assert "Confirmer le passage à « suivi »" in words(response)
        assert current(person).tier == Tier.GUIDE

    def test_a_colleague_s_change_meanwhile_is_told_and_nothing_typed_is_lost(
        self, client: Client, portfolio: Portfolio
    ) -> None:
        person = placed(portfolio)
        seen = shown_tier(current(person)).token
        PortfolioFactory(adviser=portfolio.adviser, agency=portfolio.agency, modality=Modality.RENFORCE)
        colleague = ManagerFactory(user__first_name="Nadia", user__last_name="Roux").user
        change_tier(actor=colleague, jobseeker=person, tier=Tier.RENFORCE, reason="Fragilisée")
        client.force_login(portfolio.adviser.user)
        response = send(client, person, seen=seen, reason="Mon propre motif")
        assert response.status_code == 409
        page = words(response)
        assert "Nadia Roux l'a fixé à : modalité « renforcé »" in page
        assert "Fragilisée" in page
        assert "Mon propre motif" in page
        assert current(person).tier == Tier.RENFORCE
        # Sent again, from a page that shows the new period.
        assert send(client, person, reason="Mon propre motif").status_code == 302
        assert current(person).tier == Tier.SUIVI

    @pytest.mark.parametrize("tier", ["", "autre"])
    def test_a_tier_that_is_none_is_refused(self, client: Client, portfolio: Portfolio, tier: str) -> None:
        person = placed(portfolio)
        client.force_login(portfolio.adviser.user)
        assert "Confirmer" not in read(client, person, tier)
        assert send(client, person, tier=tier).status_code == 422

    def test_read_by_somebody_else_than_the_adviser_leaves_its_row(self, client: Client, portfolio: Portfolio) -> None:
        person = placed(portfolio)
        for user, rows in ((portfolio.adviser.user, 0), (ManagerFactory().user, 1)):
            client.force_login(user)
            read(client, person)
            assert AuditEntry.objects.filter(jobseeker=person, action=AuditAction.READ).count() == rows

    def test_is_linked_from_the_person_s_page(self, client: Client, portfolio: Portfolio) -> None:
        person = placed(portfolio)
        client.force_login(portfolio.adviser.user)
        assert (
            reverse("person_tier", args=[person.pk]) in client.get(reverse("person", args=[person.pk])).content.decode()
        )


class TestByAFile:
    """Kind: a change by an import without the consequences that the same change has by hand."""

    def changed(self, *people: Jobseeker, tier: Tier = Tier.SUIVI) -> None:
        """Load a file that gives these people another tier."""
        for value in ("guide", tier.value):
            rows = [
                registration(
                    one.agency, identifiant=one.identifier, email=one.email or "", volontaire_web="N", modalite=value
                )
                for one in people
            ]
            load_jobseekers(actor=None, source=as_file(*rows))

    def test_it_moves_the_placement_and_tells_all_three(self, portfolio: Portfolio) -> None:
        person = placed(portfolio, identifier="1234567A", email="eloise.aubrac@courriel.example")
        interview = booked(person)
        target = PortfolioFactory(agency=portfolio.agency, modality=Modality.SUIVI)
        self.changed(person)
        assert where(person) == target
        assert Placement.objects.get(portfolio=portfolio).end_reason == PlacementEnd.TIER_CHANGED
        interview.refresh_from_db()
        assert interview.state == InterviewState.CANCELLED
        told = {letter.kind: letter for letter in Notification.objects.all()}
        assert told[NotificationKind.TIER_CHANGED].jobseeker == person
        assert told[NotificationKind.TIER_CHANGED].context["tier"] == "suivi"
        assert told[NotificationKind.PEOPLE_LEFT].user == portfolio.adviser.user
        assert told[NotificationKind.PEOPLE_LEFT].context["lines"][0]["follower"] == target.adviser.user.full_name
        assert told[NotificationKind.PEOPLE_RECEIVED].user == target.adviser.user
        call_command("check_invariants")

    def test_where_none_has_room_the_person_waits_and_the_adviser_reads_so(self, portfolio: Portfolio) -> None:
        person = placed(portfolio, identifier="1234567A", email="eloise.aubrac@courriel.example")
        self.changed(person)
        assert where(person) is None
        assert [one.jobseeker for one in Placement.objects.waiting()] == [person]
        (left,) = Notification.objects.filter(kind=NotificationKind.PEOPLE_LEFT)
        assert left.context["lines"][0]["follower"] == ""

    def test_who_waits_with_the_web_track_is_placed_with_all_portfolios_locked_before(
        self, portfolio: Portfolio
    ) -> None:
        """Kind: a portfolio that is locked late and out of key order. The check of the order refuses it."""
        near, far = portfolio.agency, PortfolioFactory().agency
        people = [on_web_track(PortfolioFactory(agency=agency)) for agency in (near, far)]
        for person in people:
            with transaction.atomic():
                end_placement(actor=None, jobseeker=person, reason=PlacementEnd.LEFT, at=timezone.now())
        there, here = (PortfolioFactory(agency=agency, modality=Modality.SUIVI) for agency in (far, near))
        self.changed(*people)
        assert [where(person) for person in people] == [here, there]
        call_command("check_invariants")

    def test_many_make_one_letter_to_each_adviser_and_never_pass_a_cap(self, portfolio: Portfolio) -> None:
        people = [
            placed(portfolio, identifier=f"123456{number}A", email=f"p{number}@courriel.example") for number in range(4)
        ]
        target = PortfolioFactory(agency=portfolio.agency, modality=Modality.SUIVI, capacity=3)
        self.changed(*people)
        assert [where(person) for person in people].count(target) == 3
        assert Placement.objects.waiting().count() == 1
        (left,) = Notification.objects.filter(kind=NotificationKind.PEOPLE_LEFT)
        assert len(left.context["lines"]) == 4
        (received,) = Notification.objects.filter(kind=NotificationKind.PEOPLE_RECEIVED)
        assert (received.context["received"], received.context["person"]) == (3, "")
        assert received.context["path"] == reverse("my_portfolio")
        assert Notification.objects.filter(kind=NotificationKind.TIER_CHANGED).count() == 4

    def test_who_is_followed_by_nobody_is_told_and_costs_no_statement_of_their_own(self, portfolio: Portfolio) -> None:
        counts = []
        for size in (1, 4):
            people = [JobseekerFactory(agency=portfolio.agency) for _ in range(size)]
            with CaptureQueriesContext(connection) as captured:
                self.changed(*people)
            counts.append(len(captured))
            assert Notification.objects.filter(jobseeker__in=people, kind=NotificationKind.TIER_CHANGED).count() == size
        assert counts[0] == counts[1]

    def test_it_ends_the_web_track_as_a_manager_would(self) -> None:
        """The consequences for the web track are the same, whether a manager or a file changes the tier."""
        traces = []
        for number in range(2):
            web = PortfolioFactory()
            target = PortfolioFactory(agency=web.agency, modality=Modality.SUIVI)
            person = on_web_track(web, identifier=f"123456{number}A", email=f"p{number}@courriel.example")
            interview = booked(person)
            Notification.objects.all().delete()
            before = AuditEntry.objects.latest("pk").pk
            if number:
                self.changed(person)
            else:
                change_tier(actor=None, jobseeker=person, tier=Tier.SUIVI, reason="Autonome")
            interview.refresh_from_db()
            assert (where(person), interview.state) == (target, InterviewState.CANCELLED)
            enrolment = Enrolment.objects.get(jobseeker=person)
            assert (enrolment.state, enrolment.leaving_reason) == (EnrolmentState.ENDED, LeavingReason.TIER_CHANGE)
            assert enrolment.events.latest("pk").to_state == EnrolmentState.ENDED
            assert enrolment.consent.withdrawn_at is not None
            assert (current(person).tier, current(person).track) == (Tier.SUIVI, Track.CLASSIC)
            assert ContactPlan.objects.current().get(jobseeker=person).interval_days == 90
            told = {letter.kind: letter for letter in Notification.objects.all()}
            assert told[NotificationKind.PEOPLE_LEFT].user == web.adviser.user
            assert told[NotificationKind.PEOPLE_RECEIVED].user == target.adviser.user
            facts = told[NotificationKind.TIER_CHANGED].context
            assert (facts["track_ended"], facts["enrolment_lapsed"]) == (True, False)
            written = AuditEntry.objects.filter(jobseeker=person, pk__gt=before)
            traces.append((set(told), sorted(self.of_the_change(row) for row in written)))
        by_hand, by_a_file = traces
        # The file has also corrected the person's own details.
        by_a_file[1].remove((AuditAction.UPDATED, ""))
        assert by_a_file == by_hand
        call_command("check_invariants")

    def of_the_change(self, row: AuditEntry) -> tuple[str, str]:
        event = row.details.get("event", "")
        return row.action, "" if event == "import" else event

    def test_what_was_validated_lapses_and_frees_its_place(self) -> None:
        web = PortfolioFactory()
        person = validated(web, identifier="1234567A", email="eloise.aubrac@courriel.example").jobseeker
        self.changed(person)
        assert Enrolment.objects.get().state == EnrolmentState.LAPSED
        assert where(person) is None
        told = Notification.objects.get(kind=NotificationKind.TIER_CHANGED)
        assert (told.context["track_ended"], told.context["enrolment_lapsed"]) == (False, True)
        call_command("check_invariants")

    def test_an_unchanged_tier_moves_and_tells_nobody(self, portfolio: Portfolio) -> None:
        person = placed(portfolio, identifier="1234567A", email="eloise.aubrac@courriel.example")
        self.changed(person, tier=Tier.GUIDE)
        assert where(person) == portfolio
        assert not Notification.objects.filter(kind__in=("tier_changed", "people_left")).exists()


@pytest.mark.parametrize("modality", [Modality.GUIDE, Modality.SUIVI, Modality.RENFORCE])
def test_a_placement_of_another_tier_is_a_breach_in_every_portfolio(
    modality: Modality, capsys: pytest.CaptureFixture[str]
) -> None:
    person = placed(PortfolioFactory(modality=modality), tier=tier_of(modality))
    call_command("check_invariants")
    other = next(one for one in (Modality.GUIDE, Modality.SUIVI) if one != modality)
    Portfolio.objects.filter(placements__jobseeker=person).update(modality=other)
    with pytest.raises(SystemExit):
        call_command("check_invariants")
    assert "placed_where_the_modality_fits: " in capsys.readouterr().out
