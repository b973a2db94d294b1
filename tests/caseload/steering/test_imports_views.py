import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accompaniment.enums import AuditAction
from accompaniment.models import Agency, AuditEntry, Jobseeker
from caseload.enums import ImportKind, ImportState
from caseload.jobs import forget_rejected_rows, load_files
from caseload.models import Adviser, ImportRun
from tests.accompaniment.factories import AgencyFactory, RegionFactory
from tests.accompaniment.files import EXPECTED, as_file, pilot_file, registration
from tests.caseload.factories import AdviserFactory, ManagerFactory
from tests.caseload.files import kept_files, loading_elsewhere, no_broker
from tests.space_page import words_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def agency() -> Agency:
    return AgencyFactory(code="67482", region=RegionFactory(code="42", web_opens_on=date(2013, 12, 1)))


@pytest.fixture
def manager_client(client: Client) -> Client:
    client.force_login(ManagerFactory().user)
    return client


@pytest.fixture
def regional_client(client: Client) -> Client:
    client.force_login(ManagerFactory(regions=[RegionFactory()]).user)
    return client


Upload = Callable[..., HttpResponse]


@pytest.fixture
def upload(django_capture_on_commit_callbacks: Any) -> Upload:
    """Hand in a file, let a worker load it, and return the page after the redirect."""

    def hand_in(client: Client, kind: ImportKind, content: bytes, name: str = "fichier.csv") -> HttpResponse:
        with django_capture_on_commit_callbacks(execute=True):
            response = client.post(
                reverse("imports"), {"kind": kind, f"{kind}-file": SimpleUploadedFile(name, content)}
            )
        return client.get(response["Location"]) if response.status_code == 302 else response

    return hand_in


def text(response: HttpResponse) -> str:
    return " ".join(response.content.decode().replace("\u00a0", " ").replace("&nbsp;", " ").split())


def test_a_manager_loads_the_three_files_of_the_pilot_and_sees_the_result(
    manager_client: Client, upload: Upload
) -> None:
    for kind, name in (
        (ImportKind.AGENCIES, "agences"),
        (ImportKind.ADVISERS, "conseillers"),
        (ImportKind.JOBSEEKERS, "inscriptions"),
    ):
        response = upload(manager_client, kind, pilot_file(name), f"{name}.csv")
    run = ImportRun.objects.get(kind=ImportKind.JOBSEEKERS)
    assert response.request["PATH_INFO"] == reverse("import", args=[run.pk])
    assert not run.source
    assert run.summary == {**EXPECTED, "updated": 0, "unchanged": 0}
    shown = text(response)
    assert "226 lignes rejetées" in shown
    assert "Les 200 premières sur 226." in shown
    assert shown.count('<th scope="row">') == 200 + 200
    assert '<td class="desk-figures-table__text">prenom</td>' in shown
    assert (Agency.objects.count(), Adviser.objects.count(), Jobseeker.objects.count()) == (14, 166, 11774)
    assert AuditEntry.objects.filter(action=AuditAction.CREATED).first().actor == run.uploaded_by

    download = manager_client.get(reverse("import_rejected_rows", args=[run.pk]))
    assert download["Content-Disposition"] == 'attachment; filename="inscriptions.csv.rejets.csv"'
    assert download.content.startswith(b"\xef\xbb\xbfidentifiant;")
    assert download.content.count(b"\r\n") == 227

    history = text(manager_client.get(reverse("imports")))
    assert history.index("inscriptions.csv") < history.index("conseillers.csv") < history.index("agences.csv")


def test_a_file_that_changes_nothing_says_so(manager_client: Client, upload: Upload, agency: Agency) -> None:
    content = as_file(registration(agency)).read()
    assert "Rien n'a changé" not in text(upload(manager_client, ImportKind.JOBSEEKERS, content)).replace("&#x27;", "'")
    again = text(upload(manager_client, ImportKind.JOBSEEKERS, content)).replace("&#x27;", "'")
    assert "Rien n'a changé" in again
    assert "Télécharger les lignes rejetées" not in again


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Le fichier est vide."),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "pas un fichier texte"),
        (b"PK\x03\x04\x14\x00\x06\x00", "un classeur"),
        ("identifiant;nom\r\n".encode("utf-16"), "UTF-16"),
        (b"a,b\n1,2\n", "la virgule"),
        (b"identifiant;nom\n1234567A;Aubrac\n", "En-tête attendu : identifiant;civilite;nom;"),
        (";".join(f"colonne {number:030}" for number in range(30)).encode(), "et 22 autres"),
        (b"email;nom;prenom;code_agence;portefeuille;quotite\na@b.example;A;B;1;guide;100\n", "« Conseillers »"),
        (as_file().read(), "aucune ligne après son en-tête"),
    ],
)
def test_a_wrong_file_is_told_beside_its_field_and_leaves_nothing(
    manager_client: Client, upload: Upload, content: bytes, sentence: str
) -> None:
    response = upload(manager_client, ImportKind.JOBSEEKERS, content)
    assert response.status_code == 422
    form = next(form for form in response.context["forms"] if form.errors)
    assert form.kind == ImportKind.JOBSEEKERS
    assert sentence in form.errors["file"][0].replace("\u00a0", " ")
    assert not ImportRun.objects.exists()
    assert kept_files() == []


def test_a_file_past_the_limit_is_refused_and_one_below_goes_in(
    manager_client: Client, upload: Upload, agency: Agency, settings: Settings
) -> None:
    settings.IMPORT_MAXIMUM_MEGABYTES = 1
    content = as_file(registration(agency)).read()
    large = content + b"\r\n" * (512 * 1024)
    response = upload(manager_client, ImportKind.JOBSEEKERS, large)
    assert response.status_code == 422
    assert "dépasse 1 Mo" in text(response)
    assert not ImportRun.objects.exists()
    assert kept_files() == []
    assert upload(manager_client, ImportKind.JOBSEEKERS, large[: 1024 * 1024]).status_code == 200
    assert ImportRun.objects.get().state == ImportState.DONE


def test_no_file_is_told_and_leaves_nothing(manager_client: Client) -> None:
    response = manager_client.post(reverse("imports"), {"kind": ImportKind.AGENCIES})
    assert "Choisissez un fichier." in text(response)
    assert not ImportRun.objects.exists()


def test_an_unknown_kind_is_a_bad_request(manager_client: Client) -> None:
    assert manager_client.post(reverse("imports"), {"kind": "autre"}).status_code == 400


def test_an_empty_history_says_what_will_appear(manager_client: Client) -> None:
    assert "Chaque chargement apparaîtra ici" in text(manager_client.get(reverse("imports")))


def test_the_history_reads_no_rows_of_files(
    manager_client: Client, upload: Upload, agency: Agency, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    for _ in range(2):
        upload(manager_client, ImportKind.JOBSEEKERS, as_file(registration(agency)).read())
    with django_assert_num_queries(7):
        response = manager_client.get(reverse("imports"))
    assert "rejected_csv" in response.context["page"].object_list[0].get_deferred_fields()


def test_a_regional_manager_sees_no_form_and_may_not_load(regional_client: Client, upload: Upload) -> None:
    assert "un responsable du pays entier les charge" in text(regional_client.get(reverse("imports")))
    assert upload(regional_client, ImportKind.AGENCIES, b"").status_code == 403
    assert not ImportRun.objects.exists()


def test_a_run_of_somebody_else_is_not_there_for_a_regional_manager(regional_client: Client) -> None:
    theirs = ImportRun.objects.create(
        kind=ImportKind.JOBSEEKERS,
        filename="f.csv",
        uploaded_by=ManagerFactory().user,
        started_at=timezone.now(),
        finished_at=timezone.now(),
        state=ImportState.DONE,
        rejected_csv="identifiant",
    )
    own = ImportRun.objects.create(
        kind=ImportKind.AGENCIES,
        filename="g.csv",
        uploaded_by_id=regional_client.session["_auth_user_id"],
        started_at=theirs.started_at,
    )
    assert regional_client.get(reverse("import", args=[theirs.pk])).status_code == 404
    assert regional_client.get(reverse("import_rejected_rows", args=[theirs.pk])).status_code == 404
    assert regional_client.get(reverse("import", args=[own.pk])).status_code == 200


@pytest.mark.parametrize("name", ["imports", "settings"])
def test_advisers_have_no_right_here(client: Client, name: str) -> None:
    client.force_login(AdviserFactory().user)
    assert client.get(reverse(name)).status_code == 403


def test_two_files_of_one_minute_read_differently(manager_client: Client) -> None:
    """Kind: links to different places that have one name, out of their row."""
    now = timezone.now()
    for name in ("matin.csv", "soir.csv"):
        ImportRun.objects.create(
            kind=ImportKind.JOBSEEKERS,
            filename=name,
            uploaded_by_id=manager_client.session["_auth_user_id"],
            started_at=now,
            state=ImportState.WAITING,
        )
    page = manager_client.get(reverse("imports")).content.decode()
    names = [words_of(link) for link in re.findall(r"<th scope=\"row\"><a[^>]*>.*?</a>", page)]
    assert ["matin.csv" in name or "soir.csv" in name for name in names] == [True, True]
    assert len(set(names)) == 2


# --- While it is loaded ----------------------------------------------------------------------------


def unfinished(client: Client, state: ImportState, *, done: int = 0) -> str:
    """Return the URL of a file that is not loaded yet."""
    run = ImportRun.objects.create(
        kind=ImportKind.JOBSEEKERS,
        filename="inscriptions.csv",
        uploaded_by_id=client.session["_auth_user_id"],
        started_at=timezone.now(),
        state=state,
        bytes_total=1000,
        bytes_done=done,
    )
    return reverse("import", args=[run.pk])


def test_a_file_waits_for_the_worker_and_says_so(manager_client: Client) -> None:
    address = unfinished(manager_client, ImportState.WAITING)
    shown = text(manager_client.get(address))
    assert "Le chargement commencera tout seul" in shown
    assert f'hx-get="{address}?vu=waiting"' in shown
    assert "En attente" in text(manager_client.get(reverse("imports")))


def test_a_file_that_is_loaded_shows_how_far_and_one_whose_worker_died_says_so(manager_client: Client) -> None:
    address = unfinished(manager_client, ImportState.RUNNING, done=400)
    interrupted = text(manager_client.get(address))
    assert "s&#x27;est interrompu" in interrupted or "s'est interrompu" in interrupted
    with loading_elsewhere():
        shown = text(manager_client.get(address))
        assert "Lecture du fichier : 40 %." in shown
        assert '<progress class="imports-progress" max="100" value="40"' in shown
        waiting = text(manager_client.get(unfinished(manager_client, ImportState.WAITING)))
        assert "Un autre fichier est en cours de chargement" in waiting


def test_the_part_that_is_asked_for_again_stops_asking_and_says_aloud_what_changed(manager_client: Client) -> None:
    address = unfinished(manager_client, ImportState.RUNNING)
    headers = {"HX-Request": "true"}
    part = manager_client.get(f"{address}?vu=running", headers=headers)
    assert "<html" not in text(part)
    assert part["Vary"].count("HX-Request") == 1
    assert "hx-swap-oob" not in text(part)
    now = timezone.now()
    ImportRun.objects.update(state=ImportState.FAILED, finished_at=now, error="Le fichier est vide.")
    part = manager_client.get(f"{address}?vu=running", headers=headers)
    assert "hx-get" not in text(part)
    assert 'id="import-annonce" hx-swap-oob="innerHTML">Le fichier n' in text(part)


def test_the_same_form_sent_twice_is_one_file(
    manager_client: Client, agency: Agency, django_capture_on_commit_callbacks: Any
) -> None:
    token = re.search(r'name="once" value="([^"]+)"', manager_client.get(reverse("imports")).content.decode())
    assert token is not None
    answers = []
    for _ in range(2):
        file = SimpleUploadedFile("f.csv", as_file(registration(agency)).read())
        with django_capture_on_commit_callbacks(execute=True):
            answers.append(
                manager_client.post(
                    reverse("imports"), {"kind": "jobseekers", "jobseekers-file": file, "once": token[1]}
                )
            )
    assert answers[0]["Location"] == answers[1]["Location"]
    assert ImportRun.objects.count() == 1


def test_without_a_broker_the_file_waits(
    manager_client: Client, agency: Agency, settings: Settings, django_capture_on_commit_callbacks: Any
) -> None:
    content = as_file(registration(agency)).read()
    with no_broker(), django_capture_on_commit_callbacks(execute=True):
        response = manager_client.post(
            reverse("imports"), {"kind": "jobseekers", "jobseekers-file": SimpleUploadedFile("f.csv", content)}
        )
    shown = text(manager_client.get(response["Location"]))
    assert "Le chargement commencera tout seul" in shown
    load_files()
    assert "En attente" not in text(manager_client.get(response["Location"]))
    assert Jobseeker.objects.count() == 1


def events(run: ImportRun) -> list[tuple[str, str]]:
    rows = AuditEntry.objects.filter(action=AuditAction.IMPORT, details__run=run.pk).order_by("pk")
    return [(row.actor.email, row.details["event"]) for row in rows]


def test_what_is_done_with_a_file_and_read_of_it_leaves_its_rows(
    client: Client, upload: Upload, agency: Agency
) -> None:
    manager, other = ManagerFactory().user, ManagerFactory().user
    client.force_login(manager)
    upload(client, ImportKind.JOBSEEKERS, as_file(registration(agency), registration(agency, nom="")).read())
    run = ImportRun.objects.get()
    loaded = [(manager.email, event) for event in ("received", "done", "values_shown")]
    assert events(run) == loaded
    client.force_login(other)
    for _ in range(2):
        client.get(reverse("import", args=[run.pk]))
    client.get(reverse("import_rejected_rows", args=[run.pk]))
    assert events(run) == [*loaded, (other.email, "values_shown"), (other.email, "rejected_rows_taken")]


def test_what_rejected_rows_said_is_forgotten_after_ninety_days_and_the_counts_stay(
    manager_client: Client, upload: Upload, agency: Agency
) -> None:
    upload(manager_client, ImportKind.JOBSEEKERS, as_file(registration(agency), registration(agency, nom="")).read())
    run = ImportRun.objects.get()
    address = reverse("import", args=[run.pk])
    finished = run.finished_at
    assert finished is not None
    with time_machine.travel(finished + timedelta(days=89), tick=False):
        manager_client.force_login(ManagerFactory().user)
        assert forget_rejected_rows() == 0
        assert "Télécharger les lignes rejetées" in text(manager_client.get(address))
    with time_machine.travel(finished + timedelta(days=90), tick=False):
        manager_client.force_login(ManagerFactory().user)
        assert [forget_rejected_rows() for _ in range(2)] == [1, 0]
        page = text(manager_client.get(address))
        assert manager_client.get(reverse("import_rejected_rows", args=[run.pk])).status_code == 404
    assert "Ces lignes ne sont plus gardées" in page
    assert "Télécharger les lignes rejetées" not in page
    assert "1 ligne rejetée" in page
    run.refresh_from_db()
    assert (run.rejected_csv, run.rejected_rows, run.summary["rejected"]) == ("", [], 1)


# --- Success is only reported if something was done ---------------------------------------------------------------


def state_shown(response: HttpResponse) -> str:
    badge = re.search(r"fr-badge--(success|warning|error|info) [^>]*>([^<]*)<", response.content.decode())
    assert badge
    return f"{badge[1]}: {badge[2]}"


def test_a_file_of_which_nothing_went_in_is_no_success_and_says_what_to_do(
    manager_client: Client, upload: Upload, agency: Agency
) -> None:
    wrong = registration(agency, identifiant="7654321Z", nom="", email="")
    nothing = text(upload(manager_client, ImportKind.JOBSEEKERS, as_file(wrong).read())).replace("&#x27;", "'")
    assert "Aucune ligne n'est entrée" in nothing
    assert "Corrigez-la, puis chargez de nouveau le fichier." in nothing
    assert "Rien n'a changé" not in nothing
    assert "les autres lignes sont déjà entrées" not in nothing
    assert state_shown(manager_client.get(reverse("imports"))) == "error: Rien n'est entré"

    partly = text(upload(manager_client, ImportKind.JOBSEEKERS, as_file(wrong, registration(agency)).read()))
    assert "1 ligne sur 2 n'est pas entrée." in partly.replace("&#x27;", "'")
    assert state_shown(manager_client.get(reverse("imports"))) == "warning: Terminé, avec des lignes rejetées"

    upload(manager_client, ImportKind.JOBSEEKERS, as_file(registration(agency)).read())
    assert state_shown(manager_client.get(reverse("imports"))) == "success: Terminé"


def test_rows_of_unknown_agencies_say_that_the_agencies_come_first(
    manager_client: Client, upload: Upload, agency: Agency
) -> None:
    rows = as_file(registration(agency, code_agence="99999")).read()
    shown = text(upload(manager_client, ImportKind.JOBSEEKERS, rows)).replace("&#x27;", "'")
    assert "chargez d'abord les agences, puis les lignes rejetées." in shown
    assert "Agence inconnue : chargez d'abord les agences" in shown


def test_without_any_agency_the_other_files_are_refused_until_one_is_on_its_way(
    manager_client: Client, upload: Upload
) -> None:
    assert "chargez d'abord les agences" in text(manager_client.get(reverse("imports"))).replace("&#x27;", "'")
    refused = upload(manager_client, ImportKind.ADVISERS, pilot_file("conseillers"))
    assert refused.status_code == 422
    form = next(form for form in refused.context["forms"] if form.errors)
    assert "chargez d'abord les agences" in form.errors["file"][0]
    with loading_elsewhere():
        upload(manager_client, ImportKind.AGENCIES, pilot_file("agences"))
        assert upload(manager_client, ImportKind.ADVISERS, pilot_file("conseillers")).status_code == 200
