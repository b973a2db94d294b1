"""The waiting list: a person who leaves and finds no room is seen by the agency, placed from the list, and told."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, Modality, NotificationKind, RefusalReason, Tier
from accompaniment.models import AuditEntry, Enrolment, Jobseeker, Notification
from accompaniment.rules.errors import DomainError
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.enrolments.interview import ask_enrolment, open_registration_interview, refuse_enrolment
from accompaniment.services.enrolments.tiers import change_tier
from caseload.enums import PlacementEnd
from caseload.models import Placement, Portfolio
from caseload.reads.moves.waiting_list import waiting_for
from caseload.services.moves.placements import PortfolioFullError
from caseload.services.moves.waiting_list import place_waiting
from caseload.services.registration.decisions import refuse_at_interview
from tests.accompaniment.factories import AgencyFactory, EnrolmentFactory, JobseekerFactory, RegionFactory, reference
from tests.caseload.factories import (
    AdviserFactory,
    ManagerFactory,
    PortfolioFactory,
    findings,
    on_web_track,
    placed,
    volunteer,
)

pytestmark = pytest.mark.django_db

LIST = "/portefeuilles/liste-d-attente/"


@pytest.fixture
def web() -> Portfolio:
    reference()
    return PortfolioFactory()


@pytest.fixture
def person(web: Portfolio) -> Jobseeker:
    """A person who has left the web track while no classic portfolio has room."""
    with time_machine.travel(timezone.now() - timedelta(days=12)):
        found = on_web_track(web, first_name="Zoé", last_name="Lefèvre")
        leave_track(actor=found.user, jobseeker=found)
    return found


def last(person: Jobseeker) -> Placement:
    return Placement.objects.filter(jobseeker=person).latest("started_at")


def words(response: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def as_manager(client: Client) -> Client:
    client.force_login(ManagerFactory().user)
    return client


class TestWhoWaits:
    def test_is_on_the_list_with_since_when_and_why(self, client: Client, person: Jobseeker) -> None:
        page = words(as_manager(client).get(LIST))
        assert "1 personne sans conseiller" in page
        assert "Zoé Lefèvre" in page
        assert "12 jours" in page
        assert "Fin du parcours" in page
        assert "1 personne attend un conseiller" in words(client.get("/portefeuilles/"))

    def test_who_was_never_placed_or_is_placed_or_has_left_does_not(self, client: Client, web: Portfolio) -> None:
        JobseekerFactory(agency=web.agency)
        on_web_track(web)
        gone = placed(PortfolioFactory(agency=web.agency, modality=Modality.GUIDE))
        Placement.objects.filter(jobseeker=gone).update(ended_at=timezone.now(), end_reason=PlacementEnd.LEFT)
        page = words(as_manager(client).get(LIST))
        assert "Personne n'attend un conseiller." in page

    def test_is_seen_by_the_agency_and_the_region_and_nobody_else(self, web: Portfolio, person: Jobseeker) -> None:
        region = web.agency.departement.region
        colleague, elsewhere = AdviserFactory(agency=web.agency).user, AdviserFactory().user
        same_region = AdviserFactory(agency=AgencyFactory(region=region)).user
        ours, other = ManagerFactory(regions=[region]).user, ManagerFactory(regions=[RegionFactory()]).user
        assert [waiting_for(user).count() for user in (colleague, ours, ManagerFactory().user)] == [1, 1, 1]
        assert [waiting_for(user).count() for user in (elsewhere, same_region, other)] == [0, 0, 0]

    def test_reads_it_in_the_own_space(self, client: Client, person: Jobseeker) -> None:
        client.force_login(person.user)
        page = words(client.get(reverse("space_adviser_panel")))
        assert "En attente d'un conseiller" in page
        assert "attendez un conseiller depuis le" in page

    def test_the_agency_s_advisers_see_them_on_their_day(
        self, client: Client, web: Portfolio, person: Jobseeker
    ) -> None:
        client.force_login(web.adviser.user)
        day = words(client.get("/ma-journee/liste-d-attente/"))
        assert "Liste d'attente (1) Zoé Lefèvre Sans conseiller" in day
        assert "Placer Zoé Lefèvre" in day
        client.force_login(PortfolioFactory().adviser.user)
        assert "Personne de l'agence n'attend" in words(client.get("/ma-journee/liste-d-attente/"))

    def test_the_list_asks_the_same_number_of_queries_at_any_size(
        self, client: Client, web: Portfolio, person: Jobseeker, django_assert_num_queries: Any
    ) -> None:
        as_manager(client)
        for _ in range(2):
            with django_assert_num_queries(
                8
            ):  # session, account, manager, count, people, periods, requests, what waits
                client.get(LIST)
            for _ in range(3):
                other = on_web_track(web)
                leave_track(actor=other.user, jobseeker=other)


class TestPlacing:
    def test_proposes_the_agency_then_the_region_with_gauges(self, client: Client, person: Jobseeker) -> None:
        near = PortfolioFactory(agency=person.agency, modality=Modality.GUIDE)
        far = PortfolioFactory(agency=AgencyFactory(region=person.agency.departement.region), modality=Modality.GUIDE)
        PortfolioFactory(agency=person.agency, modality=Modality.SUIVI)
        full = PortfolioFactory(agency=person.agency, modality=Modality.GUIDE, capacity=1)
        placed(full)
        page = as_manager(client).get(reverse("place_person", args=[person.pk]))
        assert [portfolio.pk for portfolio in page.context["proposals"]] == [near.pk, far.pk]
        assert "0 sur 150" in words(page)
        client.force_login(near.adviser.user)
        page = client.get(reverse("place_person", args=[person.pk]))
        assert [portfolio.pk for portfolio in page.context["proposals"]] == [near.pk]

    def test_moves_the_person_off_the_list_and_tells(self, client: Client, person: Jobseeker) -> None:
        target = PortfolioFactory(agency=person.agency, modality=Modality.GUIDE)
        address = reverse("place_person", args=[person.pk])
        page = words(as_manager(client).post(address, {"portfolio": target.pk}, follow=True))
        assert f"{target.adviser} suit maintenant Zoé Lefèvre" in page
        assert last(person).portfolio == target
        letter = Notification.objects.get(kind=NotificationKind.ADVISER_CHANGED)
        assert (letter.jobseeker, letter.context["adviser"]) == (person, target.adviser.user.full_name)
        assert AuditEntry.objects.filter(jobseeker=person, action=AuditAction.PLACEMENT).count() == 3
        # Another manager opened the list before.
        assert "suit déjà" in words(client.post(address, {"portfolio": target.pk}, follow=True))

    def test_a_portfolio_filled_meanwhile_proposes_the_others(self, client: Client, person: Jobseeker) -> None:
        small = PortfolioFactory(agency=person.agency, modality=Modality.GUIDE, capacity=1)
        other = PortfolioFactory(agency=person.agency, modality=Modality.GUIDE)
        placed(small)
        response = as_manager(client).post(reverse("place_person", args=[person.pk]), {"portfolio": small.pk})
        assert response.status_code == 422
        assert "vient de se remplir" in words(response)
        assert [portfolio.pk for portfolio in response.context["proposals"]] == [other.pk]
        with pytest.raises(PortfolioFullError):
            place_waiting(actor=ManagerFactory().user, jobseeker=person, portfolio=small)
        assert last(person).ended_at is not None

    def test_asks_for_a_choice_and_says_when_nobody_has_room(self, client: Client, person: Jobseeker) -> None:
        address = reverse("place_person", args=[person.pk])
        nobody = words(as_manager(client).get(address))
        assert "Aucun portefeuille n'a de place." in nobody
        assert "Relevez un plafond, invitez un collègue avec un portefeuille « guidé »" in nobody
        PortfolioFactory(agency=person.agency, modality=Modality.GUIDE)
        response = client.post(address, {})
        assert response.status_code == 422
        assert "Choisissez un portefeuille." in words(response)

    @pytest.mark.parametrize("which", ["modality", "region", "agency"])
    def test_the_service_refuses_what_is_not_proposed(self, person: Jobseeker, which: str) -> None:
        near = PortfolioFactory(agency=person.agency, modality=Modality.GUIDE)
        actor = near.adviser.user
        target = {
            "modality": lambda: PortfolioFactory(agency=person.agency, modality=Modality.SUIVI),
            "region": lambda: PortfolioFactory(modality=Modality.GUIDE),
            "agency": lambda: PortfolioFactory(
                agency=AgencyFactory(region=person.agency.departement.region), modality=Modality.GUIDE
            ),
        }[which]()
        with pytest.raises(DomainError, match="proposé"):
            place_waiting(actor=actor, jobseeker=person, portfolio=target)
        place_waiting(actor=actor, jobseeker=person, portfolio=near)
        assert last(person).portfolio == near

    def test_waits_for_the_tier_of_today(self, client: Client, person: Jobseeker) -> None:
        change_tier(actor=None, jobseeker=person, tier=Tier.SUIVI, reason="Autonome")
        target = PortfolioFactory(agency=person.agency, modality=Modality.SUIVI)
        page = as_manager(client).get(reverse("place_person", args=[person.pk]))
        assert [portfolio.pk for portfolio in page.context["proposals"]] == [target.pk]


class TestWhoWasRefused:
    """Kind: a volunteer who is refused and then followed by nobody.

    Such a person has an adviser or stands on the waiting list.
    """

    def refused(self, web: Portfolio, **person: Any) -> Enrolment:
        enrolment = volunteer(web, **person)
        interview = open_registration_interview(actor=web.adviser.user, jobseeker=enrolment.jobseeker)
        return refuse_at_interview(
            actor=web.adviser.user,
            enrolment=enrolment,
            interview=interview,
            findings=findings(),
            reason=RefusalReason.EASE,
            comment="Préfère venir.",
        )

    def test_stands_on_the_list_with_since_when_and_why(self, client: Client, web: Portfolio) -> None:
        with time_machine.travel(timezone.now() - timedelta(days=3)):
            person = self.refused(web, first_name="Zoé", last_name="Lefèvre").jobseeker
        page = words(as_manager(client).get(LIST))
        assert "Zoé Lefèvre" in page
        assert "100 % web refusé" in page.replace("\u00a0", " ")
        assert "3 jours" in page
        client.force_login(web.adviser.user)
        assert "Liste d'attente (1) Zoé Lefèvre" in words(client.get("/ma-journee/liste-d-attente/"))
        target = PortfolioFactory(agency=web.agency, modality=Modality.GUIDE)
        client.post(reverse("place_person", args=[person.pk]), {"portfolio": target.pk})
        assert Placement.objects.open().get(jobseeker=person).portfolio == target
        assert "Personne n'attend un conseiller." in words(client.get(LIST))

    def test_reads_it_in_the_own_space(self, client: Client, web: Portfolio) -> None:
        person = self.refused(web, with_account=True).jobseeker
        client.force_login(person.user)
        assert "attendez un conseiller depuis le" in words(client.get(reverse("space_adviser_panel")))

    def test_who_is_followed_or_asks_again_does_not_stand_there(self, web: Portfolio) -> None:
        kept = placed(PortfolioFactory(agency=web.agency, modality=Modality.GUIDE))
        again = self.refused(web).jobseeker
        assert list(waiting_for(web.adviser.user)) == [again]
        ask_enrolment(actor=web.adviser.user, jobseeker=again, at_interview=True)
        refuse_enrolment(actor=web.adviser.user, enrolment=EnrolmentFactory(jobseeker=kept), reason=RefusalReason.EASE)
        assert not waiting_for(web.adviser.user)

    def test_the_adviser_who_decided_still_sees_the_outcome_and_a_colleague_does_not(
        self, client: Client, web: Portfolio
    ) -> None:
        with time_machine.travel(timezone.now() - timedelta(days=30)):
            enrolment = self.refused(web, first_name="Zoé", last_name="Lefèvre")
        client.force_login(web.adviser.user)
        assert "Ce que vous avez décidé Zoé Lefèvre" in words(client.get(reverse("registrations")))
        outcome = words(client.get(reverse("registration", args=[enrolment.pk])))
        assert "est sur la liste d'attente de l'agence" in outcome
        colleague = PortfolioFactory(agency=web.agency).adviser.user
        client.force_login(colleague)
        assert client.get(reverse("registration", args=[enrolment.pk])).status_code == 404
        assert "Lefèvre" not in words(client.get(reverse("registrations")))

    @pytest.mark.parametrize("page", ["registrations", "record_wish"])
    def test_a_search_says_that_it_was_refused_when_and_by_whom(
        self, client: Client, web: Portfolio, page: str
    ) -> None:
        self.refused(web, first_name="Zoé", last_name="Lefèvre")
        client.force_login(PortfolioFactory(agency=web.agency).adviser.user)
        found = words(client.get(reverse(page), {"q": "lefevre"})).replace("\u00a0", " ")
        assert re.search(rf"100 % web refusé le .* par {web.adviser}\.", found)
        client.force_login(PortfolioFactory().adviser.user)
        assert "Lefèvre" not in words(client.get(reverse(page), {"q": "lefevre"}))
