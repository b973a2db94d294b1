"""Requests for a meeting on site, and who sees and answers them: there is always somebody."""

import html
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import BoundedAct, Channel, NotificationKind
from accompaniment.forms.tokens import new_token
from accompaniment.models import ActBound, AuditEntry, Jobseeker, Notification, OnSiteRequest, SentForm, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import since_in_words
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.on_site_requests import answer_on_site, ask_on_site, withdraw_on_site
from caseload.models import Portfolio
from caseload.reads.desk.on_site_requests import requests_answered_by, requests_seen_by
from tests.accompaniment.factories import AgencyFactory, JobseekerFactory, RegionFactory
from tests.caseload.factories import AdviserFactory, CoverFactory, ManagerFactory, PortfolioFactory, on_web_track
from tests.visio.factories import bookable_portfolio, first_slots
from visio.models import Interview
from visio.services.errors import SlotTakenError
from visio.services.interviews import book_interview
from visio.services.on_site_answers import receive_on_site

pytestmark = pytest.mark.django_db

PANEL = "/agenda/panneau/en-agence/"
LIST = "/demandes-en-agence/"


@pytest.fixture
def portfolio() -> Portfolio:
    return bookable_portfolio()


@pytest.fixture
def person(portfolio: Portfolio) -> Jobseeker:
    return on_web_track(portfolio)


@pytest.fixture
def alone(portfolio: Portfolio) -> Jobseeker:
    """A person who has left the track while no classic portfolio has room, and asks for a meeting on site."""
    found = on_web_track(portfolio, first_name="Zoé", last_name="Lefèvre")
    leave_track(actor=found.user, jobseeker=found)
    ask_on_site(actor=found.user, jobseeker=found)
    return found


def as_(client: Client, user: User | None) -> Client:
    assert user is not None
    client.force_login(user)
    return client


def texts(response: Any) -> str:
    return html.unescape(response.content.decode()).replace("\u00a0", " ")


def words(response: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def answer_to(request: OnSiteRequest) -> str:
    return reverse("answer_on_site", args=[request.pk])


class TestAsking:
    def test_one_button_asks_and_asking_again_shows_the_open_request(self, client: Client, person: Jobseeker) -> None:
        as_(client, person.user).post("/etre-recu/", {"comment": "Le matin"})
        client.post("/etre-recu/", {"comment": "Encore"})
        client.post("/etre-recu/", {})  # a form without a comment keeps the old comment
        request = OnSiteRequest.objects.get(jobseeker=person)
        assert request.comment == "Encore"
        page = texts(client.get("/etre-recu/"))
        assert "Votre demande est en cours" in page
        assert "Changer ma précision" in page
        events = AuditEntry.objects.filter(jobseeker=person, action="on_site_request").order_by("pk")
        assert [row.details["event"] for row in events] == ["asked", "commented"]

    def test_words_that_are_taken_back_are_gone(self, client: Client, person: Jobseeker) -> None:
        as_(client, person.user).post("/etre-recu/", {"comment": "Le matin"})
        page = words(client.post("/etre-recu/", {"comment": ""}, follow=True))
        assert OnSiteRequest.objects.get(jobseeker=person).comment == ""
        assert "Votre précision est retirée." in page
        assert "Votre précision est enregistrée." in words(
            client.post("/etre-recu/", {"comment": "Le soir"}, follow=True)
        )

    def test_says_that_the_track_goes_on_to_who_is_on_it(
        self, client: Client, person: Jobseeker, alone: Jobseeker
    ) -> None:
        sentence = "Votre accompagnement 100 % web continue."
        assert sentence in texts(as_(client, person.user).get("/etre-recu/"))
        assert sentence not in texts(as_(client, alone.user).get("/etre-recu/"))


class TestTakingBack:
    """A request sent by one click can be taken back until it is answered, and does not prevent another one."""

    def test_it_is_taken_back_where_it_is_read_and_asked_anew(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        as_(client, person.user).post("/etre-recu/", {"comment": "Le matin"})
        request = OnSiteRequest.objects.get()
        address = reverse("withdraw_on_site", args=[request.pk])
        assert address in texts(client.get("/etre-recu/"))
        page = texts(client.post(address, follow=True))
        assert "Votre demande est retirée." in page
        assert "Demander un rendez-vous" in page
        assert address not in page
        request.refresh_from_db()
        assert (request.withdrawn_by, request.answered_at) == (person.user, None)
        events = AuditEntry.objects.filter(jobseeker=person, action="on_site_request").order_by("pk")
        assert [(row.details["event"], row.actor) for row in events] == [
            ("asked", person.user),
            ("withdrawn", person.user),
        ]
        # The adviser no longer sees the request among the open ones, and reads its end in the file.
        as_(client, portfolio.adviser.user)
        assert person.full_name not in texts(client.get(PANEL))
        assert "Demande d'entretien en agence retirée" in texts(client.get(reverse("person", args=[person.pk])))
        as_(client, person.user).post("/etre-recu/", {"comment": ""})
        assert OnSiteRequest.objects.open().get(jobseeker=person) != request

    def test_asking_twice_says_since_when_the_first_stands(self, client: Client, person: Jobseeker) -> None:
        now = timezone.now()
        asked = ask_on_site(actor=person.user, jobseeker=person, comment="Le matin")
        with time_machine.travel(now + timedelta(days=3)):
            as_(client, person.user)
            page = texts(client.post("/etre-recu/", {"comment": "Le matin"}, follow=True))
        since = since_in_words(asked.asked_at, zone=person.agency.zone, now=now + timedelta(days=3))
        assert f"Votre demande est déjà en cours, {since}." in page

    def test_once_answered_it_stays(self, client: Client, portfolio: Portfolio, person: Jobseeker) -> None:
        request = ask_on_site(actor=person.user, jobseeker=person)
        answer_on_site(actor=portfolio.adviser.user, request=request, answer="Lundi.")
        page = texts(as_(client, person.user).post(reverse("withdraw_on_site", args=[request.pk]), follow=True))
        assert "Votre agence a déjà répondu" in page
        request.refresh_from_db()
        assert request.withdrawn_at is None

    def test_who_was_answering_reads_that_it_was_taken_back_beside_what_was_typed(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        request = ask_on_site(actor=person.user, jobseeker=person)
        withdraw_on_site(actor=person.user, request=request)
        response = as_(client, portfolio.adviser.user).post(answer_to(request), {"answer": "Mardi à 10 h."})
        assert response.status_code == 409
        page = texts(response)
        assert "La personne a retiré sa demande" in page
        assert "Mardi à 10 h." in page
        assert "Envoyer la réponse" not in page
        with pytest.raises(NotAllowedNowError, match="a retiré sa demande"):
            receive_on_site(actor=portfolio.adviser.user, request=request, starts_at=first_slots(person)[0])
        assert not Interview.objects.exists()

    def test_nobody_else_takes_it_back(self, portfolio: Portfolio, person: Jobseeker) -> None:
        request = ask_on_site(actor=person.user, jobseeker=person)
        with pytest.raises(DomainError, match="elle-même"):
            withdraw_on_site(actor=portfolio.adviser.user, request=request)
        assert OnSiteRequest.objects.open().get() == request

    def test_the_bound_keeps_what_stands_and_never_refuses_to_ask(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        """Taking back and changing are limited. A meeting on site can always be asked for (invariant 8)."""
        most = 2
        ActBound.objects.filter(act=BoundedAct.ON_SITE_CHANGES).update(most=most)
        as_(client, person.user)
        for _ in range(most):
            client.post("/etre-recu/", {"comment": "Le matin"})
            client.post(reverse("withdraw_on_site", args=[OnSiteRequest.objects.open().get().pk]))
        assert client.post("/etre-recu/", {"comment": "Le matin"}).status_code == 302
        standing = OnSiteRequest.objects.open().get()
        sentence = "Vous avez changé ou retiré cette demande 2 fois en 24 heures. Elle reste en cours"
        refused = client.post("/etre-recu/", {"comment": "Le soir"})
        assert refused.status_code == 409
        assert sentence in texts(refused)
        address = reverse("withdraw_on_site", args=[standing.pk])
        assert sentence in texts(client.post(address, follow=True))
        standing.refresh_from_db()
        assert (standing.comment, standing.withdrawn_at) == ("Le matin", None)
        # Once the request is answered, a new one can be made as before.
        answer_on_site(actor=portfolio.adviser.user, request=standing, answer="Lundi.")
        assert client.post("/etre-recu/", {"comment": "Le soir"}).status_code == 302
        assert OnSiteRequest.objects.open().get().comment == "Le soir"


class TestWhoAnswers:
    def test_the_adviser_answers_and_the_person_reads_it(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        as_(client, person.user).post("/etre-recu/", {})
        request = OnSiteRequest.objects.get(jobseeker=person)
        as_(client, portfolio.adviser.user)
        assert person.full_name in texts(client.get(PANEL))
        client.post(answer_to(request), {"answer": "Mardi à 10 h, à l'agence."})
        assert person.full_name not in texts(client.get(PANEL))
        assert "Mardi à 10 h" in texts(as_(client, person.user).get("/etre-recu/"))
        letter = Notification.objects.get(kind=NotificationKind.ON_SITE_ANSWERED)
        assert (letter.jobseeker, letter.context["path"]) == (person, "/etre-recu/")
        assert "Mardi" not in str(letter.context)

    def test_the_adviser_answers_on_the_line_of_a_list(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        """A page asks for a part of itself, and is never answered with another whole page."""
        request = ask_on_site(actor=person.user, jobseeker=person)
        as_(client, portfolio.adviser.user)
        opened = client.get(answer_to(request), headers={"HX-Request": "true"})
        refused = client.post(answer_to(request), {"answer": " "}, headers={"HX-Request": "true"})
        assert (refused.status_code, OnSiteRequest.objects.get().answered_at) == (422, None)
        typed = {"answer": "Mardi à 10 h."}
        done = client.post(answer_to(request), typed, headers={"HX-Request": "true"})
        assert f"Votre réponse est envoyée à {person}" in texts(done)
        assert OnSiteRequest.objects.get().answer == "Mardi à 10 h."
        late = client.post(answer_to(request), {"answer": "Ou mercredi."}, headers={"HX-Request": "true"})
        assert late.status_code == 409
        assert "Ou mercredi." in texts(late)
        for answer in (opened, refused, done, late):
            assert "<html" not in texts(answer)

    def test_the_adviser_reads_how_long_the_person_has_waited(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        OnSiteRequest.objects.create(jobseeker=person, asked_at=timezone.now() - timedelta(hours=31))
        as_(client, portfolio.adviser.user)
        assert "depuis 31 h" in texts(client.get(PANEL))
        request = OnSiteRequest.objects.get()
        answer = client.post(answer_to(request), {"answer": "Mardi."}, follow=True)
        assert "31 h après sa demande" in texts(answer)

    def test_of_a_person_who_is_followed_only_who_follows_or_covers(
        self, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        ask_on_site(actor=person.user, jobseeker=person)
        region = portfolio.agency.departement.region
        cover = CoverFactory(portfolio=portfolio)
        answering = [portfolio.adviser.user, cover.colleague.user]
        others = [
            AdviserFactory(agency=portfolio.agency).user,
            AdviserFactory(agency=AgencyFactory(region=region)).user,
            ManagerFactory(regions=[region]).user,
            ManagerFactory().user,
            ManagerFactory(regions=[RegionFactory()]).user,
        ]
        assert [requests_answered_by(user).count() for user in answering] == [1, 1]
        assert [requests_answered_by(user).count() for user in others] == [0] * 5
        # Managers see the request without being the ones who answer.
        assert [requests_seen_by(user).count() for user in others] == [0, 0, 1, 1, 0]

    def test_of_a_person_whom_nobody_follows_the_agency_and_the_region(
        self, portfolio: Portfolio, alone: Jobseeker
    ) -> None:
        region = portfolio.agency.departement.region
        # Strangers whose own person is in the same state.
        far = PortfolioFactory()
        theirs = on_web_track(far)
        leave_track(actor=theirs.user, jobseeker=theirs)
        ask_on_site(actor=theirs.user, jobseeker=theirs)
        answering = [
            portfolio.adviser.user,
            AdviserFactory(agency=portfolio.agency).user,
            ManagerFactory(regions=[region]).user,
        ]
        others = [
            AdviserFactory(agency=AgencyFactory(region=region)).user,
            far.adviser.user,
            ManagerFactory(regions=[far.agency.departement.region]).user,
        ]
        mine = OnSiteRequest.objects.get(jobseeker=alone)
        assert [list(requests_answered_by(user)) for user in answering] == [[mine]] * 3
        assert [mine in requests_seen_by(user) for user in others] == [False] * 3
        assert requests_answered_by(ManagerFactory().user).count() == 2

    def test_who_was_never_placed_is_answered_too(self, client: Client, portfolio: Portfolio) -> None:
        new = JobseekerFactory(agency=portfolio.agency, with_account=True)
        as_(client, new.user).post("/etre-recu/", {})
        assert new.full_name in texts(as_(client, portfolio.adviser.user).get(PANEL))

    @pytest.mark.parametrize("who", ["colleague", "manager"])
    def test_a_person_whom_nobody_follows_is_answered(
        self, client: Client, portfolio: Portfolio, alone: Jobseeker, who: str
    ) -> None:
        user = (
            AdviserFactory(agency=portfolio.agency).user
            if who == "colleague"
            else ManagerFactory(regions=[portfolio.agency.departement.region]).user
        )
        page = texts(as_(client, user).get(LIST))
        assert "Zoé Lefèvre" in page
        assert "l'agence lui répond" in page
        # Advisers cannot open the file of a person without an adviser, so there is no link to it.
        assert (reverse("person", args=[alone.pk]) in page) is (who == "manager")
        request = OnSiteRequest.objects.get(jobseeker=alone)
        response = client.post(answer_to(request), {"answer": "Jeudi.", "back": LIST})
        assert response.url == LIST
        assert "Jeudi." in texts(as_(client, alone.user).get("/etre-recu/"))

    def test_an_adviser_of_others_cannot_answer(self, client: Client, person: Jobseeker, alone: Jobseeker) -> None:
        ask_on_site(actor=person.user, jobseeker=person)
        as_(client, PortfolioFactory().adviser.user)
        for request in OnSiteRequest.objects.all():
            assert client.post(answer_to(request), {"answer": "Non"}).status_code == 404

    def test_a_manager_does_not_answer_in_place_of_who_follows(self, client: Client, person: Jobseeker) -> None:
        request = ask_on_site(actor=person.user, jobseeker=person)
        as_(client, ManagerFactory().user)
        assert client.post(answer_to(request), {"answer": "Non"}).status_code == 403
        page = texts(client.get(LIST))
        assert person.full_name in page
        assert "Envoyer la réponse" not in page

    def test_the_waiting_list_says_who_asks(self, client: Client, portfolio: Portfolio, alone: Jobseeker) -> None:
        request = OnSiteRequest.objects.get(jobseeker=alone)
        page = as_(client, portfolio.adviser.user).get("/portefeuilles/liste-d-attente/")
        assert "Demande à être reçu en agence depuis" in texts(page)
        assert answer_to(request) in texts(page)
        answer_on_site(actor=portfolio.adviser.user, request=request, answer="Jeudi.")
        page = client.get("/portefeuilles/liste-d-attente/")
        assert alone.full_name in texts(page)
        assert answer_to(request) not in texts(page)


class TestTheList:
    def test_oldest_first_with_those_past_72_hours_marked(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        now, old = timezone.now(), on_web_track(portfolio)
        OnSiteRequest.objects.create(jobseeker=person, asked_at=now - timedelta(hours=71))
        OnSiteRequest.objects.create(jobseeker=old, asked_at=now - timedelta(hours=73))
        page = words(as_(client, ManagerFactory().user).get(LIST))
        assert page.index(old.full_name) < page.index("72 h dépassées") < page.index(person.full_name)
        assert page.count("72 h dépassées") == 1
        assert "2 demandes sans réponse" in page

    def test_says_what_will_come(self, client: Client, portfolio: Portfolio) -> None:
        assert "Personne n'attend d'être reçu en agence." in words(as_(client, portfolio.adviser.user).get(LIST))

    @pytest.mark.parametrize("size", [1, 4])
    def test_costs_the_same_at_any_size(
        self, client: Client, portfolio: Portfolio, django_assert_num_queries: Any, size: int
    ) -> None:
        for _ in range(size):
            followed = on_web_track(portfolio)
            ask_on_site(actor=followed.user, jobseeker=followed)
        as_(client, ManagerFactory(regions=[portfolio.agency.departement.region]).user)
        # Session, account, manager, the region's count and page, the advisers, what waits.
        with django_assert_num_queries(7):
            client.get(LIST)


class TestThePersonPage:
    def test_the_form_stands_first_and_leads_back(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        address, panel = (reverse(name, args=[person.pk]) for name in ("person", "panel_person_on_site"))
        as_(client, portfolio.adviser.user)
        page = texts(client.get(address))
        interviews = reverse("panel_person_interviews", args=[person.pk])
        assert page.index(f'hx-get="{panel}"') < page.index(f'hx-get="{interviews}"')
        assert not texts(client.get(panel)).strip()
        request = ask_on_site(actor=person.user, jobseeker=person)
        shown = client.get(panel, headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{address}"})
        assert f'name="back" value="{address}"' in texts(shown)
        assert client.post(answer_to(request), {"answer": "Jeudi.", "back": address}).url == address

    @pytest.mark.parametrize("back", ["https://ailleurs.example/", "//ailleurs.example/", "javascript:alert(1)", ""])
    def test_leads_to_no_other_site(self, client: Client, portfolio: Portfolio, person: Jobseeker, back: str) -> None:
        request = ask_on_site(actor=person.user, jobseeker=person)
        as_(client, portfolio.adviser.user)
        assert client.post(answer_to(request), {"answer": "Jeudi.", "back": back}).url == LIST

    def test_a_manager_sees_no_form_for_who_is_followed(self, client: Client, person: Jobseeker) -> None:
        ask_on_site(actor=person.user, jobseeker=person)
        panel = reverse("panel_person_on_site", args=[person.pk])
        assert not texts(as_(client, ManagerFactory().user).get(panel)).strip()


class TestARefusedAnswer:
    def test_an_empty_one_says_so_on_the_form(self, client: Client, portfolio: Portfolio, person: Jobseeker) -> None:
        request = ask_on_site(actor=person.user, jobseeker=person, comment="Le matin")
        response = as_(client, portfolio.adviser.user).post(answer_to(request), {"answer": ""})
        assert response.status_code == 422
        assert "Le matin" in texts(response)
        assert "Envoyer la réponse" in texts(response)

    def test_what_a_colleague_answered_meanwhile_stands_beside_what_was_typed(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        request = ask_on_site(actor=person.user, jobseeker=person)
        colleague = CoverFactory(portfolio=portfolio).colleague
        answer_on_site(actor=colleague.user, request=request, answer="Lundi à 9 h.")
        token = new_token(portfolio.adviser.user)
        response = as_(client, portfolio.adviser.user).post(
            answer_to(request), {"once": token, "answer": "Mardi à 10 h."}
        )
        assert response.status_code == 409
        page = texts(response)
        assert "Lundi à 9 h." in page
        assert str(colleague) in page
        assert "Mardi à 10 h." in page
        assert not SentForm.objects.exists()
        request.refresh_from_db()
        assert request.answer == "Lundi à 9 h."

    @pytest.mark.parametrize(("letters", "status"), [(997, 302), (998, 422)])
    def test_the_end_of_a_line_counts_once_as_in_the_browser(
        self, client: Client, portfolio: Portfolio, person: Jobseeker, letters: int, status: int
    ) -> None:
        request = ask_on_site(actor=person.user, jobseeker=person)
        typed = "x\r\n\r\n" + "y" * letters
        response = as_(client, portfolio.adviser.user).post(answer_to(request), {"answer": typed})
        assert response.status_code == status
        request.refresh_from_db()
        assert request.answer == ("x\n\n" + "y" * letters if status == 302 else "")


class TestAMeetingIsBooked:
    def slots(self, client: Client, request: OnSiteRequest) -> list[str]:
        page = client.get(answer_to(request)).content.decode()
        return re.findall(r'<option value="(20[^"]+)"', page)

    def test_with_the_answer_the_convocation_leaves(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        request = ask_on_site(actor=person.user, jobseeker=person)
        as_(client, portfolio.adviser.user)
        slot = self.slots(client, request)[3]
        assert client.post(answer_to(request), {"slot": slot, "answer": "Apportez votre CV."}).status_code == 302
        meeting = Interview.objects.get(jobseeker=person)
        assert (meeting.channel, meeting.starts_at.isoformat()) == (Channel.ON_SITE, slot)
        assert meeting.adviser == portfolio.adviser
        request.refresh_from_db()
        assert request.answer.startswith(f"{portfolio.adviser} vous reçoit le ")
        assert request.answer.endswith("\nApportez votre CV.")
        kinds = set(Notification.objects.filter(jobseeker=person).values_list("kind", flat=True))
        assert {NotificationKind.ON_SITE_ANSWERED, NotificationKind.INTERVIEW_BOOKED} <= kinds
        assert "en agence" in texts(as_(client, person.user).get("/mes-entretiens/")).lower()

    def test_without_words_the_day_and_the_hour_are_the_answer(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        request = ask_on_site(actor=person.user, jobseeker=person)
        as_(client, portfolio.adviser.user)
        assert client.post(answer_to(request), {"slot": "", "answer": ""}).status_code == 422
        assert client.post(answer_to(request), {"slot": self.slots(client, request)[0]}).status_code == 302
        request.refresh_from_db()
        assert portfolio.agency.name in request.answer

    def test_a_slot_that_has_gone_books_and_answers_nothing_and_keeps_the_words(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        request = ask_on_site(actor=person.user, jobseeker=person)
        as_(client, portfolio.adviser.user)
        slot = self.slots(client, request)[0]
        other = on_web_track(portfolio)
        book_interview(
            actor=other.user,
            jobseeker=other,
            adviser=portfolio.adviser,
            starts_at=datetime.fromisoformat(slot),
            channel=Channel.VIDEO,
        )
        response = client.post(answer_to(request), {"slot": slot, "answer": "Apportez votre CV."})
        assert response.status_code == 422
        assert "n'est plus proposé" in texts(response)
        assert "Apportez votre CV." in texts(response)
        with pytest.raises(SlotTakenError):
            receive_on_site(actor=portfolio.adviser.user, request=request, starts_at=datetime.fromisoformat(slot))
        request.refresh_from_db()
        assert request.answered_at is None
        assert not Interview.objects.filter(jobseeker=person).exists()

    def test_a_request_answered_meanwhile_books_nothing(self, portfolio: Portfolio, person: Jobseeker) -> None:
        request = ask_on_site(actor=person.user, jobseeker=person)
        answer_on_site(actor=portfolio.adviser.user, request=request, answer="Lundi.")
        with pytest.raises(NotAllowedNowError):
            receive_on_site(actor=portfolio.adviser.user, request=request, starts_at=first_slots(person)[0])
        assert not Interview.objects.exists()

    def test_somebody_whom_nobody_follows_is_answered_in_words(
        self, client: Client, portfolio: Portfolio, alone: Jobseeker
    ) -> None:
        request = OnSiteRequest.objects.get(jobseeker=alone)
        as_(client, portfolio.adviser.user)
        assert self.slots(client, request) == []
        assert client.post(answer_to(request), {"answer": "Jeudi."}).status_code == 302
