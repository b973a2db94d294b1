import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accompaniment.models import Agency, Jobseeker
from tests.accompaniment.factories import AgencyFactory
from tests.accompaniment.files import EXPECTED, as_file, pilot_file, registration

pytestmark = pytest.mark.django_db


@pytest.fixture
def agency() -> Agency:
    return AgencyFactory(code="67482")


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    return tmp_path / "inscriptions.csv"


def run(command: str, path: Path, *options: str) -> str:
    out = StringIO()
    call_command(command, str(path), *options, stdout=out)
    return out.getvalue()


def rejected(path: Path) -> Path:
    return path.with_name(f"{path.name}.rejets.csv")


def test_the_pilot_by_its_commands(tmp_path: Path) -> None:
    for name in ("agences", "inscriptions"):
        (tmp_path / f"{name}.csv").write_bytes(pilot_file(name))
    agencies = json.loads(run("load_agencies", tmp_path / "agences.csv", "--json"))
    assert (agencies["created"], agencies["rejected"]) == (14, 0)
    assert json.loads(run("load_jobseekers", tmp_path / "inscriptions.csv", "--json")) == {
        **EXPECTED,
        "updated": 0,
        "unchanged": 0,
    }
    written = rejected(tmp_path / "inscriptions.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbfidentifiant;")
    assert written.count(b"\r\n") == EXPECTED["rejected"] + 1
    assert not rejected(tmp_path / "agences.csv").exists()


def test_rejected_rows_are_told_written_and_forgotten_once_corrected(agency: Agency, exported: Path) -> None:
    other = registration(agency, identifiant="7654321Z", email="")
    exported.write_bytes(as_file(registration(agency, nom=""), other).read())
    told = run("load_jobseekers", exported)
    assert "Ligne 2, nom «  » : Valeur obligatoire." in told
    assert str(rejected(exported)) in told
    corrected = rejected(exported).read_text(encoding="utf-8-sig")
    assert corrected.splitlines()[1].endswith(";2;nom;Valeur obligatoire.")
    rejected(exported).write_text(corrected.replace("Mme;;", "Mme;Aubrac;"), encoding="cp1252", newline="")
    assert "1 créées" in run("load_jobseekers", rejected(exported))
    exported.write_bytes(as_file(registration(agency)).read())
    assert "Rien n'a changé." in run("load_jobseekers", exported)
    assert not rejected(exported).exists()


def test_a_dry_run_says_so_and_writes_neither_people_nor_rejected_rows(agency: Agency, exported: Path) -> None:
    exported.write_bytes(as_file(registration(agency), registration(agency)).read())
    assert "Essai : rien n'a été écrit." in run("load_jobseekers", exported, "--dry-run")
    assert not Jobseeker.objects.exists()
    assert not rejected(exported).exists()


@pytest.mark.parametrize("content", [None, b"", b"\x00\x01", b"nom;prenom\nAubrac;Alix\n"])
@pytest.mark.parametrize("command", ["load_agencies", "load_advisers", "load_jobseekers"])
def test_a_file_that_cannot_be_read_ends_with_code_2_and_one_sentence(
    tmp_path: Path, command: str, content: bytes | None
) -> None:
    path = tmp_path / "fichier.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError) as refused:
        run(command, path, "--json")
    assert refused.value.returncode == 2
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == ([path] if content is not None else [])


def test_rows_stay_in_when_the_rejected_ones_cannot_be_written(
    agency: Agency, exported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported.write_bytes(as_file(registration(agency), registration(agency)).read())
    rejected(exported).mkdir()
    run("load_jobseekers", exported)
    assert Jobseeker.objects.count() == 1
    assert "n'ont pas pu être écrites" in capsys.readouterr().err


def test_a_file_of_which_nothing_goes_in_ends_with_code_1_and_one_that_is_partly_rejected_with_0(
    agency: Agency, exported: Path
) -> None:
    """Kind: a load that did nothing reports success."""
    wrong = registration(agency, identifiant="7654321Z", nom="", email="")
    exported.write_bytes(as_file(wrong).read())
    with pytest.raises(CommandError, match="Aucune ligne n'est entrée") as nothing:
        run("load_jobseekers", exported)
    assert nothing.value.returncode == 1
    assert rejected(exported).exists()
    exported.write_bytes(as_file(wrong, registration(agency)).read())
    assert "1 créées" in run("load_jobseekers", exported)


@pytest.mark.parametrize("command", ["load_advisers", "load_jobseekers"])
def test_files_that_name_agencies_say_that_those_come_first(tmp_path: Path, command: str) -> None:
    """Kind: files loaded in the wrong order.

    Without any agency the file is refused; if one agency is missing, its rows are.
    """
    path = tmp_path / "fichier.csv"
    path.write_bytes(pilot_file("conseillers" if command == "load_advisers" else "inscriptions"))
    with pytest.raises(CommandError, match="chargez d'abord les agences") as refused:
        run(command, path)
    assert refused.value.returncode == 2
    AgencyFactory(code="ABCDE")
    with pytest.raises(CommandError, match="chargez d'abord les agences") as nothing:
        run(command, path)
    assert nothing.value.returncode == 1
    assert "Agence inconnue\u00a0: chargez d'abord les agences" in rejected(path).read_text(encoding="utf-8-sig")
