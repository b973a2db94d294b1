"""A wrong telephone or e-mail address is corrected at the identity check, before the invitation leaves."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accompaniment.enums import AuditAction, EnrolmentState
from accompaniment.models import (
    AddressChange,
    AuditEntry,
    Enrolment,
    Jobseeker,
    Notification,
    RegistrationInterview,
)
from accompaniment.services.accounts import give_account
from accompaniment.services.contact_details import change_details, details_of, shown_details
from caseload.models import Portfolio
from tests.accompaniment.factories import PASSWORD, JobseekerFactory
from tests.caseload.factories import PortfolioFactory, volunteer
from tests.caseload.registration.page import address, answers, text_of

pytestmark = pytest.mark.django_db

STRANGER = "inconnu@example.org"
RIGHT = "alix@example.org"


@pytest.fixture
def enrolment(portfolio: Portfolio) -> Enrolment:
    return volunteer(portfolio, email=STRANGER, phone="+33639980001")


def sent(enrolment: Enrolment, **typed: str) -> dict[str, str]:
    """Return the correction as the current page sends it, with other words in some fields."""
    person = Jobseeker.objects.get(pk=enrolment.jobseeker_id)
    shown = {"phone": person.phone, "email": person.email or ""}
    return {
        "correction-seen": shown_details(person).token,
        **{f"correction-{name}": value for name, value in {**shown, **typed}.items()},
    }


def correct(client: Client, enrolment: Enrolment, **facts: Any) -> Any:
    return client.post(address(enrolment, "registration_draft"), {"notes": "Ne pas perdre", **facts})


def reached(enrolment: Enrolment) -> tuple[str, str | None]:
    person = Jobseeker.objects.get(pk=enrolment.jobseeker_id)
    return person.phone, person.email


def test_both_are_corrected_audited_and_shown_and_the_draft_is_kept(adviser: Client, enrolment: Enrolment) -> None:
    page = text_of(adviser.get(address(enrolment)))
    assert "06 39 98 00 01" in page
    assert "Corriger l'adresse ou le téléphone" in page
    response = correct(adviser, enrolment, **sent(enrolment, email=" Alix@Example.org", phone="06 12 34 56 78"))
    assert response.status_code == 302
    assert reached(enrolment) == ("+33612345678", RIGHT)
    row = AuditEntry.objects.get(jobseeker=enrolment.jobseeker, action=AuditAction.UPDATED)
    assert row.details["fields"] == ["email", "phone"]
    page = text_of(adviser.get(address(enrolment)))
    assert "06 12 34 56 78" in page
    assert "Les coordonnées sont enregistrées." in page
    assert RegistrationInterview.objects.get().typed == {"notes": "Ne pas perdre"}


def test_untouched_it_writes_nothing(adviser: Client, enrolment: Enrolment) -> None:
    for facts in (sent(enrolment), {}):
        assert correct(adviser, enrolment, **facts).status_code == 302
    assert reached(enrolment) == ("+33639980001", STRANGER)
    assert not AuditEntry.objects.filter(action=AuditAction.UPDATED).exists()


def test_typed_and_concluded_at_once_the_invitation_leaves_for_the_right_address(
    adviser: Client, enrolment: Enrolment, portfolio: Portfolio
) -> None:
    wrong = adviser.post(address(enrolment), {**answers(portfolio), **sent(enrolment, email="alix@")})
    assert wrong.status_code == 422
    assert Enrolment.objects.get(pk=enrolment.pk).state == EnrolmentState.ASKED
    right = adviser.post(address(enrolment), {**answers(portfolio), **sent(enrolment, email=RIGHT)})
    assert right.status_code == 302
    assert Notification.objects.get().email == RIGHT


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"email": "alix@"}, "adresse complète"),
        ({"email": "prise@example.org"}, "celle d'une autre personne"),
        ({"phone": "12"}, "numéro complet"),
    ],
)
def test_what_is_wrong_is_said_and_kept(
    adviser: Client, enrolment: Enrolment, typed: dict[str, str], sentence: str
) -> None:
    JobseekerFactory(email="prise@example.org")
    response = correct(adviser, enrolment, **sent(enrolment, **typed))
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in text_of(response)
    assert all(f'value="{value}"' in page for value in typed.values())
    assert "Ne pas perdre" in page
    assert reached(enrolment) == ("+33639980001", STRANGER)


@pytest.mark.parametrize("opened", [False, True])
def test_the_address_of_an_account_is_corrected_too(adviser: Client, enrolment: Enrolment, opened: bool) -> None:
    """An account that was never opened follows at once; an open one waits for the confirmation from the new mailbox."""
    user = give_account(actor=None, person=enrolment.jobseeker)
    if opened:
        user.set_password(PASSWORD)
        user.save()
    page = text_of(adviser.get(address(enrolment)))
    assert "Corriger l'adresse ou le téléphone" in page
    assert ("se connecte avec" in page) is opened
    assert correct(adviser, enrolment, **sent(enrolment, email=RIGHT)).status_code == 302
    assert reached(enrolment) == ("+33639980001", RIGHT)
    user.refresh_from_db()
    assert user.email == (STRANGER if opened else RIGHT)
    assert AddressChange.objects.filter(user=user, address=RIGHT).exists() is opened


def test_the_second_of_two_is_told_and_loses_nothing(
    adviser: Client, enrolment: Enrolment, portfolio: Portfolio
) -> None:
    mine = sent(enrolment, email=RIGHT)
    base = details_of(enrolment.jobseeker)
    colleague = PortfolioFactory(agency=portfolio.agency).adviser.user
    change_details(
        actor=colleague, jobseeker=enrolment.jobseeker, seen=base, typed={**base, "email": "alice@example.org"}
    )
    refused = correct(adviser, enrolment, **mine)
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Un collègue a écrit «\xa0alice@example.org\xa0» entre-temps." in page.replace("&nbsp;", "\xa0")
    assert f'name="correction-email" value="{RIGHT}"' in page
    assert f'name="correction-seen" value="{shown_details(Jobseeker.objects.get()).token}"' in page
    assert reached(enrolment)[1] == "alice@example.org"
    # Sent again from the page that showed it, the correction is written.
    assert correct(adviser, enrolment, **sent(enrolment, email=RIGHT)).status_code == 302
    assert reached(enrolment)[1] == RIGHT


def test_a_page_that_does_not_say_what_it_showed_is_told_what_stands_and_of_no_colleague(
    adviser: Client, enrolment: Enrolment
) -> None:
    refused = correct(adviser, enrolment, **{**sent(enrolment, email=RIGHT), "correction-seen": "x"})
    page = refused.content.decode().replace("&nbsp;", "\xa0")
    assert refused.status_code == 422
    assert f"Le dossier dit «\xa0{STRANGER}\xa0»." in page
    assert "Un collègue" not in page
    assert "Le dossier dit «\xa0+33" not in page  # the number is the one that stands
    assert "Le dossier dit «\xa00" not in page
    assert f'name="correction-email" value="{RIGHT}"' in page
    assert reached(enrolment)[1] == STRANGER


def test_a_stranger_s_adviser_finds_nothing(client: Client, enrolment: Enrolment) -> None:
    elsewhere = PortfolioFactory()
    volunteer(elsewhere)
    client.force_login(elsewhere.adviser.user)
    assert correct(client, enrolment, **sent(enrolment, email=RIGHT)).status_code == 404
    assert reached(enrolment)[1] == STRANGER


def test_what_keeps_itself_writes_no_half_typed_address(adviser: Client, enrolment: Enrolment) -> None:
    facts = {"notes": "En cours", **sent(enrolment, email=RIGHT)}
    kept = adviser.post(reverse("registration_draft", args=[enrolment.pk]), facts, headers={"HX-Request": "true"})
    assert kept.status_code == 200
    assert reached(enrolment)[1] == STRANGER
