import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accompaniment.models import Agency, OpeningHours
from accompaniment.rules.imports.encodings import UnreadableFileError
from accompaniment.rules.imports.outcome import Outcome
from accompaniment.rules.imports.rows import AGENCIES
from accompaniment.services.imports import load_agencies
from accompaniment.services.reference import load_reference
from tests.accompaniment.factories import JobseekerFactory
from tests.accompaniment.files import agency_row, as_file

pytestmark = pytest.mark.django_db


def load(*rows: str, dry_run: bool = False) -> Outcome:
    return load_agencies(actor=None, source=as_file(*rows, header=AGENCIES.columns), dry_run=dry_run)


def test_an_agency_goes_in_with_its_opening_hours() -> None:
    assert load(agency_row()).created == 1
    agency = Agency.objects.get(code="67482")
    assert (agency.name, agency.region.name) == ("Strasbourg Meinau", "Alsace")
    assert (agency.address, agency.postal_code, agency.commune) == ("12, rue de la Plaine", "67100", "Strasbourg")
    hours = agency.opening_hours.filter(weekday=0).values_list("opens_at__hour", "closes_at__hour")
    assert list(hours) == [(9, 12), (13, 17)]
    assert set(agency.opening_hours.values_list("weekday", flat=True)) == {0, 1, 2, 3, 4}


def test_loading_again_changes_nothing_and_a_changed_row_updates() -> None:
    load(agency_row())
    OpeningHours.objects.filter(weekday=4).delete()
    Agency.objects.update(phone="+33388123456")
    assert load(agency_row()).unchanged == 1
    outcome = load(agency_row(nom="Strasbourg Neudorf"), agency_row(code="67483"))
    assert (outcome.created, outcome.updated, outcome.unchanged) == (1, 1, 0)
    changed = Agency.objects.get(code="67482")
    assert (changed.name, changed.phone) == ("Strasbourg Neudorf", "+33388123456"), "the file has no telephone column"
    assert not OpeningHours.objects.filter(agency__code="67482", weekday=4).exists()


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("code", "", "Valeur obligatoire."),
        ("code", "6748!", "Doit avoir 5 chiffres ou lettres capitales."),
        ("nom", "", "Valeur obligatoire."),
        ("nom", "A" * 121, "120 caractères au plus."),
        ("departement", "", "Valeur obligatoire."),
        ("departement", "99", "Département inconnu."),
    ],
)
def test_a_mandatory_value_that_fails_rejects_its_row_alone(column: str, value: str, reason: str) -> None:
    outcome = load(agency_row(**{column: value}), agency_row(code="63113"))
    (rejection,) = outcome.rejections.first
    assert (rejection.line, rejection.column, rejection.reason) == (2, column, reason)
    assert list(Agency.objects.values_list("code", flat=True)) == ["63113"]


def test_another_value_that_fails_is_left_empty_with_a_warning() -> None:
    outcome = load(agency_row(code_postal="671", adresse="A" * 201, commune="S" * 81))
    assert outcome.warnings.by_column == {"code_postal": 1, "adresse": 1, "commune": 1}
    agency = Agency.objects.get()
    assert (agency.address, agency.postal_code, agency.commune) == ("", "", "")


@pytest.mark.parametrize("people", [0, 1])
def test_an_agency_with_people_does_not_change_its_region(people: int) -> None:
    """Kind: a wrong file that shows people to the managers of another region."""
    load(agency_row())
    for _ in range(people):
        JobseekerFactory(agency=Agency.objects.get())
    # Another département of the same region is accepted, one of another region is not.
    assert load(agency_row(departement="68")).updated == 1
    outcome = load(agency_row(departement="75", code_postal="75001"))
    assert (outcome.updated, outcome.rejections.total) == ((0, 1) if people else (1, 0))
    assert Agency.objects.get().departement_id == ("68" if people else "75")


def test_a_code_that_comes_twice_is_rejected_the_second_time() -> None:
    outcome = load(agency_row(), agency_row(nom="Autre"))
    assert outcome.created == 1
    assert outcome.rejections.first[0].reason == "Déjà présent à la ligne 2 du fichier."


def test_a_dry_run_leaves_nothing() -> None:
    assert load(agency_row(), dry_run=True).created == 1
    assert not Agency.objects.exists()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=200).map(lambda tail: ";".join(AGENCIES.columns).encode() + b"\n" + tail),
        st.binary(max_size=200),
    )
)
def test_any_bytes_load_in_whole_or_not_at_all(content: bytes) -> None:
    load_reference()
    before = Agency.objects.count()
    try:
        outcome = load_agencies(actor=None, source=io.BytesIO(content))
    except UnreadableFileError:
        assert Agency.objects.count() == before
    else:
        assert outcome.rows == outcome.created + outcome.updated + outcome.unchanged + outcome.rejections.total
        assert Agency.objects.count() == before + outcome.created
