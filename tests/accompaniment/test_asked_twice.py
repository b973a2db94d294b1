"""Asking twice says that it stands, and since when; a wish that was sent by a click can be taken back."""

import pytest
from django.test import Client
from django.urls import reverse

from accompaniment.enums import EnrolmentState
from accompaniment.errors import NotAllowedNowError
from accompaniment.models import AuditEntry, Enrolment, Jobseeker, PlanRequest
from accompaniment.services.enrolments import ask_enrolment
from accompaniment.services.plan_reviews import ask_plan_change
from tests.accompaniment.factories import JobseekerFactory

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
    assert "Retirer ma demande" not in client.get(reverse("space")).content.decode()
    ask_enrolment(actor=person.user, jobseeker=person)
    assert "Retirer ma demande" in client.get(reverse("space")).content.decode()

    client.post(reverse("decline_enrolment"))

    assert Enrolment.objects.get(jobseeker=person).state == EnrolmentState.WITHDRAWN
    assert AuditEntry.objects.filter(jobseeker=person, actor=person.user, action="enrolment").count() == 2
    assert "Retirer ma demande" not in client.get(reverse("space")).content.decode()
