"""Correcting a person's contact details, alone and at the same time as a colleague."""

from typing import Any

import pytest
from django.test import Client

from accompaniment.enums import AuditAction
from accompaniment.models import AddressChange, AuditEntry, Jobseeker
from accompaniment.rules.errors import DomainError
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from accompaniment.services.contact_details import change_details, details_of, shown_details
from caseload.forms.file.dossier import CorrectionForm, DetailsForm
from caseload.models import Portfolio
from tests.accompaniment.factories import AgencyFactory, JobseekerFactory
from tests.caseload.factories import PortfolioFactory, follower, on_web_track

pytestmark = pytest.mark.django_db


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def person(portfolio: Portfolio) -> Jobseeker:
    return on_web_track(portfolio, phone="+33639980001", commune="Colmar", postal_code="68000")


def sent(person: Jobseeker, **typed: str) -> dict[str, Any]:
    """Return the form as the current page would send it, with other words in some fields."""
    return {"seen": shown_details(person).token, **details_of(person), **typed}


def test_the_adviser_corrects_them_and_the_change_is_audited(
    client: Client, portfolio: Portfolio, person: Jobseeker
) -> None:
    client.force_login(portfolio.adviser.user)
    address = f"/personnes/{person.pk}/coordonnees/modifier/"
    assert address in client.get(f"/personnes/{person.pk}/").content.decode()
    response = client.post(address, sent(person, phone="06 12 34 56 78", preferred_hours="matin"))
    assert response.status_code == 302
    person.refresh_from_db()
    assert (person.phone, person.preferred_hours) == ("+33612345678", "matin")
    entry = AuditEntry.objects.filter(jobseeker=person, action=AuditAction.UPDATED).latest("at")
    assert entry.details["fields"] == ["phone", "preferred_hours"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"phone": "12"}, "Écrivez un numéro complet"),
        ({"postal_code": "6800"}, "Un code postal a cinq chiffres."),
        ({"preferred_channel": "pigeon"}, "pigeon"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    client: Client, portfolio: Portfolio, person: Jobseeker, wrong: dict[str, str], sentence: str
) -> None:
    client.force_login(portfolio.adviser.user)
    response = client.post(f"/personnes/{person.pk}/coordonnees/modifier/", sent(person, commune="Mulhouse", **wrong))
    assert response.status_code == 422
    assert sentence in response.content.decode()
    person.refresh_from_db()
    assert person.commune == "Colmar"


def test_two_who_change_different_fields_both_keep_theirs(
    client: Client, portfolio: Portfolio, person: Jobseeker
) -> None:
    mine = sent(person, phone="06 12 34 56 78")
    change_details(
        actor=portfolio.adviser.user,
        jobseeker=person,
        seen=details_of(person),
        typed={**details_of(person), "commune": "Mulhouse"},
    )
    client.force_login(portfolio.adviser.user)
    assert client.post(f"/personnes/{person.pk}/coordonnees/modifier/", mine).status_code == 302
    person.refresh_from_db()
    assert (person.phone, person.commune) == ("+33612345678", "Mulhouse")


def test_the_second_who_changes_the_same_field_is_told_and_loses_nothing(
    client: Client, portfolio: Portfolio, person: Jobseeker
) -> None:
    mine = sent(person, commune="Sélestat")
    change_details(
        actor=portfolio.adviser.user,
        jobseeker=person,
        seen=details_of(person),
        typed={**details_of(person), "commune": "Mulhouse"},
    )
    client.force_login(portfolio.adviser.user)
    response = client.post(f"/personnes/{person.pk}/coordonnees/modifier/", mine)
    page = response.content.decode()
    assert response.status_code == 409
    assert "Un collègue a changé la même information" in page
    assert "Commune&nbsp;: Mulhouse" in page
    assert 'value="Sélestat"' in page
    person.refresh_from_db()
    assert person.commune == "Mulhouse"
    again = sent(person, commune="Sélestat")
    assert client.post(f"/personnes/{person.pk}/coordonnees/modifier/", again).status_code == 302
    person.refresh_from_db()
    assert person.commune == "Sélestat"


def test_without_the_base_the_second_would_overwrite_the_first(portfolio: Portfolio, person: Jobseeker) -> None:
    """The control: a form that claims to show the present state is believed."""
    before = details_of(person)
    change_details(actor=portfolio.adviser.user, jobseeker=person, seen=before, typed={**before, "commune": "Mulhouse"})
    second = {**before, "commune": "Sélestat"}
    with pytest.raises(ChangedMeanwhileError):
        change_details(actor=portfolio.adviser.user, jobseeker=person, seen=before, typed=second)
    person.refresh_from_db()
    change_details(actor=portfolio.adviser.user, jobseeker=person, seen=details_of(person), typed=second)
    person.refresh_from_db()
    assert person.commune == "Sélestat"


def test_an_address_that_opens_the_account_is_corrected_and_the_form_says_what_follows(
    client: Client, portfolio: Portfolio, person: Jobseeker
) -> None:
    client.force_login(portfolio.adviser.user)
    address = f"/personnes/{person.pk}/coordonnees/modifier/"
    assert f"se connecte avec {person.user.email}" in client.get(address).content.decode()
    assert client.post(address, sent(person, email="autre@exemple.fr")).status_code == 302
    person.refresh_from_db()
    assert person.email == "autre@exemple.fr"
    assert AddressChange.objects.get(user=person.user_id).address == "autre@exemple.fr"


def test_an_address_that_is_another_s_stays(portfolio: Portfolio, person: Jobseeker) -> None:
    without = JobseekerFactory(agency=portfolio.agency, email=None)
    base = details_of(without)
    with pytest.raises(DomainError, match="une autre personne"):
        change_details(
            actor=follower(without), jobseeker=without, seen=base, typed={**base, "email": str(person.email)}
        )
    change_details(actor=follower(without), jobseeker=without, seen=base, typed={**base, "email": "neuve@exemple.fr"})
    without.refresh_from_db()
    assert without.email == "neuve@exemple.fr"


@pytest.mark.parametrize(
    ("departement", "written", "number"),
    [
        ("974", "0692 12 34 56", "+262692123456"),
        ("974", "692 12 34 56", "+262692123456"),
        ("974", "00 262 692 12 34 56", "+262692123456"),
        ("972", "0696 12 34 56", "+596696123456"),
        ("972", "(596) 696 12 34 56", "+596696123456"),
        ("975", "55 12 34", "+508551234"),
        ("975", "0508 55 12 34", "+508551234"),
        ("68", "06 12 34 56 78", "+33612345678"),
    ],
)
@pytest.mark.parametrize("correction", [False, True], ids=["details", "identity check"])
def test_a_number_is_read_as_it_is_dialled_where_the_agency_is(
    departement: str, written: str, number: str, correction: bool
) -> None:
    """Staff may write a number in every form that the person's own forms and the imports accept."""
    person = JobseekerFactory(agency=AgencyFactory(departement__code=departement))
    if correction:
        form: CorrectionForm | DetailsForm = CorrectionForm({"correction-phone": written}, person=person)
    else:
        form = DetailsForm({"phone": written}, person=person)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["phone"] == number


def test_what_is_dialled_only_there_is_no_number_elsewhere() -> None:
    person = JobseekerFactory(agency=AgencyFactory(departement__code="68"))
    assert not DetailsForm({"phone": "55 12 34"}, person=person).is_valid()
