"""Small files as people and spreadsheets make them, one for each kind of fault, through the real commands."""

import csv
import json
import shutil
import unicodedata
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accompaniment.models import Agency, Departement, Jobseeker
from accompaniment.services.reference import load_reference
from tests.accompaniment.factories import AgencyFactory

pytestmark = pytest.mark.django_db

CASES = Path(__file__).resolve().parent.parent / "data" / "cases"


@pytest.fixture(autouse=True)
def agencies() -> None:
    load_reference()
    for code, departement in (("67451", "67"), ("97405", "974"), ("06188", "06")):
        AgencyFactory(code=code, departement=Departement.objects.get(code=departement))


def load(tmp_path: Path, name: str, command: str = "load_jobseekers") -> dict[str, int]:
    """Load a case and return its summary; the rejected rows are in `rejected`."""
    path = tmp_path / name
    shutil.copy(CASES / name, path)
    out = StringIO()
    call_command(command, str(path), "--json", stdout=out)
    summary: dict[str, int] = json.loads(out.getvalue())
    assert summary["rows"] == sum(summary[key] for key in ("created", "updated", "unchanged", "rejected"))
    return summary


def rejected(tmp_path: Path, name: str) -> list[dict[str, str]]:
    text = (tmp_path / f"{name}.rejets.csv").read_text(encoding="utf-8-sig")
    return list(csv.DictReader(text.splitlines(), delimiter=";"))


def names() -> set[str]:
    return {f"{person.first_name} {person.last_name}" for person in Jobseeker.objects.all()}


@pytest.mark.parametrize("name", ["01-mixed-encodings-no-bom.csv", "02-mixed-encodings-bom.csv"])
def test_one_wrong_byte_rejects_its_row_and_the_others_keep_their_accents(tmp_path: Path, name: str) -> None:
    summary = load(tmp_path, name)
    assert (summary["created"], summary["rejected"]) == (2, 1)
    assert names() == {"Zoé Lévêque", "Hélène Guérin"}
    (row,) = rejected(tmp_path, name)
    assert (row["ligne"], row["colonne"]) == ("4", "nom")
    assert "octet E4, sans doute «\u00a0ä\u00a0»" in row["motif"]


def test_mac_roman_is_refused_in_one_sentence_that_says_which_encodings_are_read(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="en UTF-8 ou en Windows-1252") as refused:
        load(tmp_path, "04-macroman.csv")
    assert refused.value.returncode == 2
    assert not Jobseeker.objects.exists()


def test_invisible_characters_are_taken_away_before_anything_is_checked_or_stored(tmp_path: Path) -> None:
    summary = load(tmp_path, "06-invisible-characters.csv")
    assert (summary["created"], summary["warnings"]) == (6, 0)
    assert names() == {"Léa Martin", "Léo Bernard", "Anne Dubois", "Paul Thomas", "Lina Robert", "Omar Petit"}
    assert Jobseeker.objects.get(identifier="9100501A")
    assert Jobseeker.objects.get(identifier="9100505E").email == "lina.robert@exemple.example"


def test_decomposed_accents_are_stored_composed_and_the_same_person_composed_changes_nothing(tmp_path: Path) -> None:
    name = "07-decomposed-accents.csv"
    assert load(tmp_path, name)["created"] == 1
    assert names() == {"Zoé Lévêque-Noël"}
    composed = tmp_path / "composed.csv"
    composed.write_text(unicodedata.normalize("NFC", (CASES / name).read_text("utf-8")), "utf-8")
    out = StringIO()
    call_command("load_jobseekers", str(composed), "--json", stdout=out)
    assert json.loads(out.getvalue())["unchanged"] == 1


def test_every_number_that_a_person_would_recognise_goes_in(tmp_path: Path) -> None:
    summary = load(tmp_path, "08-telephones.csv")
    assert (summary["created"], summary["rejected"]) == (30, 0)
    numbers = {person.first_name: person.phone for person in Jobseeker.objects.all()}
    reunion, mobile, guiana = "+262692123456", "+33612345678", "+594694201234"
    assert numbers == {
        **dict.fromkeys(("N00", "N01", "N02", "N03", "N04"), reunion),
        **dict.fromkeys(("N05", "N06", "N07", "N08", "N09", "N10", "N11", "N12"), mobile),
        **dict.fromkeys(("N13", "N22"), guiana),
        **dict.fromkeys(("N15", "N16", "N18", "N19", "N20", "N25", "N26", "N27", "N28"), mobile),
        **dict.fromkeys(("N14", "N17"), "+590690123456"),
        "N21": "+594594301234",
        "N23": "+262639123456",
        "N24": "+33144556677",
        "N29": "",
    }
    # Two numbers (N10, N27), scientific notation (N12), words beside the number (N20), a missing digit (N29).
    assert summary["warnings"] == 5


def test_zeros_that_a_spreadsheet_dropped_are_put_back_where_one_code_fits(tmp_path: Path) -> None:
    assert load(tmp_path, "09-excel-leading-zeros.csv")["warnings"] == 2
    person = Jobseeker.objects.get()
    assert (person.agency.code, person.postal_code) == ("06188", "06000")


def test_a_code_that_fits_none_without_its_zero_is_rejected_and_the_sentence_says_what_happened(
    tmp_path: Path,
) -> None:
    Agency.objects.filter(code="06188").update(code="06189")
    name = "09-excel-leading-zeros.csv"
    with pytest.raises(CommandError) as nothing:
        load(tmp_path, name)
    assert nothing.value.returncode == 1
    (row,) = rejected(tmp_path, name)
    assert row["motif"].startswith("Un tableur a sans doute retiré le zéro de tête")
    assert not Jobseeker.objects.exists()


def test_agencies_without_their_zeros_are_updated_if_they_are_known_and_rejected_if_not(tmp_path: Path) -> None:
    name = "09b-agences-excel-leading-zeros.csv"
    with pytest.raises(CommandError, match="Aucune ligne n'est entrée"):
        load(tmp_path, name, "load_agencies")
    assert rejected(tmp_path, name)[0]["motif"].startswith("Un tableur a sans doute retiré le zéro de tête")
    AgencyFactory(code="01053", departement=Departement.objects.get(code="67"))
    summary = load(tmp_path, name, "load_agencies")
    assert (summary["updated"], summary["warnings"]) == (1, 3)
    agency = Agency.objects.get(code="01053")
    assert (agency.departement_id, agency.postal_code) == ("01", "01000")


@pytest.mark.parametrize(
    ("name", "created"),
    [
        ("11-excel-sep-line.csv", 1),
        ("12-excel-drops-trailing-separators.csv", 2),
        ("13-dos-end-of-file.csv", 1),
        ("26-very-long-name.csv", 1),
        ("28-double-bom.csv", 1),
    ],
)
def test_headers_and_endings_as_spreadsheets_write_them_are_read(tmp_path: Path, name: str, created: int) -> None:
    summary = load(tmp_path, name)
    assert (summary["rows"], summary["created"], summary["warnings"]) == (created, created, 0)


def test_a_quotation_mark_that_swallows_rows_loses_none_and_says_where_it_began(tmp_path: Path) -> None:
    name = "15-quote-swallows-rows.csv"
    summary = load(tmp_path, name)
    assert (summary["rows"], summary["created"]) == (4, 2)
    assert names() == {"Nina Colin", "Eva Colin"}
    assert [row["ligne"] for row in rejected(tmp_path, name)] == ["2", "5"]
    assert "à la ligne 2" in rejected(tmp_path, name)[1]["motif"]


def test_names_of_every_kind_are_kept_to_the_letter(tmp_path: Path) -> None:
    name = "17-names.csv"
    rows = list(csv.reader((CASES / name).read_text("utf-8-sig").splitlines(), delimiter=";"))[1:]
    summary = load(tmp_path, name)
    # A name without a letter in the last or the first name is refused, because nobody could be called by it.
    nameless = {"9101611L", "9101612M", "9101613N"}
    assert {row["identifiant"] for row in rejected(tmp_path, name)} == nameless
    assert (summary["rows"], summary["created"]) == (20, 17)
    for identifier, _, last_name, first_name, *_ in rows:
        if identifier not in nameless:
            person = Jobseeker.objects.get(identifier=identifier)
            assert (person.last_name, person.first_name) == (last_name, first_name.replace("\u00a0", " "))
