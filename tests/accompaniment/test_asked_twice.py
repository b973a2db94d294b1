"""Asking twice says since when the first request stands. A request made by one click can be taken back."""

import pytest
from django.test import Client
from django.urls import reverse

from accompaniment.enums import EnrolmentState
from accompaniment.models import AuditEntry, Enrolment, Jobseeker, PlanRequest
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services.enrolments.interview import ask_enrolment
from accompaniment.services.plan_reviews import answer_plan_request, ask_plan_change, withdraw_plan_request
from tests.accompaniment.factories import AdviserUserFactory, JobseekerFactory
from tests.caseload.factories import PortfolioFactory, follower, on_web_track

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Jobseeker:
    return JobseekerFactory(with_account=True)


@pytest.mark.parametrize(
    ("by_person", "said"),
    [
        (True, "Votre demande de 100\u00a0% web est déjà en cours, depuis le "),
        (False, "Une adhésion est déjà en cours"),
    ],
)
def test_a_second_request_for_the_web_track_says_since_when_the_first_stands(
    person: Jobseeker, by_person: bool, said: str
) -> None:
    actor = person.user if by_person else None
    ask_enrolment(actor=actor, jobseeker=person)
    with pytest.raises(NotAllowedNowError, match=f"{said}.*depuis le|{said}"):
        ask_enrolment(actor=actor, jobseeker=person)
    assert Enrolment.objects.filter(jobseeker=person).count() == 1


def test_a_second_wish_for_another_plan_says_since_when_the_first_stands(person: Jobseeker) -> None:
    ask_plan_change(actor=person.user, jobseeker=person, comment="Moins souvent")
    with pytest.raises(NotAllowedNowError, match="déjà transmise, depuis le "):
        ask_plan_change(actor=person.user, jobseeker=person, comment="Moins souvent")
    assert PlanRequest.objects.filter(jobseeker=person).count() == 1


def test_a_request_for_the_web_track_is_taken_back_where_it_is_read(client: Client, person: Jobseeker) -> None:
    client.force_login(person.user)
    assert "Retirer ma demande" not in client.get(reverse("panel_next_step")).content.decode()
    ask_enrolment(actor=person.user, jobseeker=person)
    assert "Retirer ma demande" in client.get(reverse("panel_next_step")).content.decode()

    client.post(reverse("leave_track"))

    assert Enrolment.objects.get(jobseeker=person).state == EnrolmentState.WITHDRAWN
    assert AuditEntry.objects.filter(jobseeker=person, actor=person.user, action="enrolment").count() == 2
    assert "Retirer ma demande" not in client.get(reverse("panel_next_step")).content.decode()


class TestAWishForAnotherPlan:
    @pytest.fixture
    def person(self) -> Jobseeker:
        return on_web_track(PortfolioFactory())

    @pytest.fixture
    def wish(self, person: Jobseeker) -> PlanRequest:
        return ask_plan_change(actor=person.user, jobseeker=person, comment="Moins souvent")

    @pytest.mark.parametrize("page", ["my_accompaniment", "ask_plan_change"])
    def test_is_taken_back_where_it_is_read(
        self, client: Client, person: Jobseeker, wish: PlanRequest, page: str
    ) -> None:
        client.force_login(person.user)
        address = reverse("withdraw_plan_wish", args=[wish.pk])
        assert address in client.get(reverse(page)).content.decode()
        answer = client.post(address, follow=True).content.decode()
        assert "Votre demande est retirée." in answer
        assert address not in answer
        assert "Demander un autre rythme" in answer
        wish.refresh_from_db()
        assert (wish.withdrawn_by, wish.answered_at) == (person.user, None)
        entry = AuditEntry.objects.filter(jobseeker=person, action="contact_plan").latest("pk")
        assert (entry.details["event"], entry.actor) == ("change_withdrawn", person.user)
        assert ask_plan_change(actor=person.user, jobseeker=person, comment="Plus souvent") != wish

    def test_once_answered_it_stays(self, person: Jobseeker, wish: PlanRequest) -> None:
        answer_plan_request(actor=follower(person), request=wish, accepted=False, answer="Restons-en là.")
        with pytest.raises(NotAllowedNowError, match="déjà répondu"):
            withdraw_plan_request(actor=person.user, request=wish)

    def test_once_taken_back_nobody_answers_or_takes_it_back_again(self, person: Jobseeker, wish: PlanRequest) -> None:
        withdraw_plan_request(actor=person.user, request=wish)
        with pytest.raises(NotAllowedNowError, match="a retiré sa demande"):
            answer_plan_request(actor=follower(person), request=wish, accepted=True, answer="Oui.")
        with pytest.raises(NotAllowedNowError, match="déjà retirée"):
            withdraw_plan_request(actor=person.user, request=wish)

    def test_nobody_else_takes_it_back(self, wish: PlanRequest) -> None:
        with pytest.raises(DomainError, match="elle-même"):
            withdraw_plan_request(actor=AdviserUserFactory(), request=wish)
        assert PlanRequest.objects.open().get() == wish
