import io
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accompaniment.enums import AuditAction
from accompaniment.models import Agency, AuditEntry, Jobseeker, Region
from caseload.enums import ImportKind, ImportState
from caseload.models import Adviser, ImportRun
from caseload.services.imports import UNEXPECTED, run_import
from tests.accompaniment.factories import AgencyFactory, RegionFactory
from tests.accompaniment.files import EXPECTED, as_file, pilot_file, registration
from tests.caseload.factories import AdviserFactory, ManagerFactory, PortfolioFactory, validated

pytestmark = pytest.mark.django_db


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


def upload(client: Client, kind: ImportKind, content: bytes, name: str = "fichier.csv") -> HttpResponse:
    return client.post(
        reverse("imports"), {"kind": kind, f"{kind}-file": SimpleUploadedFile(name, content)}, follow=True
    )


def text(response: HttpResponse) -> str:
    return " ".join(response.content.decode().replace("\u00a0", " ").replace("&nbsp;", " ").split())


def test_a_manager_loads_the_three_files_of_the_pilot_and_sees_the_result(manager_client: Client) -> None:
    for kind, name in (
        (ImportKind.AGENCIES, "agences"),
        (ImportKind.ADVISERS, "conseillers"),
        (ImportKind.JOBSEEKERS, "inscriptions"),
    ):
        response = upload(manager_client, kind, pilot_file(name), f"{name}.csv")
    run = ImportRun.objects.get(kind=ImportKind.JOBSEEKERS)
    assert response.redirect_chain == [(reverse("import", args=[run.pk]), 302)]
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


def test_a_file_that_changes_nothing_says_so(manager_client: Client, agency: Agency) -> None:
    content = as_file(registration(agency)).read()
    assert "Rien n'a changé" not in text(upload(manager_client, ImportKind.JOBSEEKERS, content)).replace("&#x27;", "'")
    again = text(upload(manager_client, ImportKind.JOBSEEKERS, content)).replace("&#x27;", "'")
    assert "Rien n'a changé" in again
    assert "Télécharger les lignes rejetées" not in again


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Le fichier est vide."),
        (b"PK\x00", "pas un fichier texte"),
        (b"a,b\n1,2\n", "la virgule"),
        (";".join(f"colonne {number:030}" for number in range(30)).encode(), "et 22 autres"),
    ],
)
def test_a_wrong_file_is_told_beside_its_field_and_leaves_only_its_run(
    manager_client: Client, content: bytes, sentence: str
) -> None:
    response = upload(manager_client, ImportKind.JOBSEEKERS, content)
    form = next(form for form in response.context["forms"] if form.errors)
    assert form.kind == ImportKind.JOBSEEKERS
    assert sentence in form.errors["file"][0]
    run = ImportRun.objects.get()
    assert (run.state, run.error) == (ImportState.FAILED, form.errors["file"][0])
    assert not Jobseeker.objects.exists()
    assert "a pas été chargé" in text(manager_client.get(reverse("import", args=[run.pk])))
    assert manager_client.get(reverse("import_rejected_rows", args=[run.pk])).status_code == 404


def test_no_file_is_told_and_leaves_nothing(manager_client: Client) -> None:
    response = manager_client.post(reverse("imports"), {"kind": ImportKind.AGENCIES})
    assert "Choisissez un fichier." in text(response)
    assert not ImportRun.objects.exists()


def test_an_unknown_kind_is_a_bad_request(manager_client: Client) -> None:
    assert manager_client.post(reverse("imports"), {"kind": "autre"}).status_code == 400


def test_an_empty_history_says_what_will_appear(manager_client: Client) -> None:
    assert "Chaque chargement apparaîtra ici" in text(manager_client.get(reverse("imports")))


def test_the_history_reads_no_rows_of_files(
    manager_client: Client, agency: Agency, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    for _ in range(2):
        upload(manager_client, ImportKind.JOBSEEKERS, as_file(registration(agency)).read())
    with django_assert_num_queries(5):
        response = manager_client.get(reverse("imports"))
    assert "rejected_csv" in response.context["page"].object_list[0].get_deferred_fields()


def test_a_regional_manager_sees_no_form_and_may_not_load(regional_client: Client) -> None:
    assert "un responsable du pays entier les charge" in text(regional_client.get(reverse("imports")))
    assert upload(regional_client, ImportKind.AGENCIES, b"").status_code == 403
    assert not ImportRun.objects.exists()


def test_a_run_of_somebody_else_is_not_there_for_a_regional_manager(regional_client: Client, agency: Agency) -> None:
    theirs = run_import(
        actor=ManagerFactory().user,
        kind=ImportKind.JOBSEEKERS,
        filename="f.csv",
        source=as_file(registration(agency, nom="")),
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


def test_an_unexpected_error_is_kept_as_a_run_that_failed() -> None:
    class BrokenFile(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        run_import(actor=ManagerFactory().user, kind=ImportKind.JOBSEEKERS, filename="f.csv", source=BrokenFile(b"x"))
    run = ImportRun.objects.get()
    assert (run.state, run.error) == (ImportState.FAILED, UNEXPECTED)


# --- Regions -------------------------------------------------------------------------------------


def test_the_regions_are_listed_with_their_day_and_their_agencies(manager_client: Client, agency: Agency) -> None:
    RegionFactory(code="74", name="Limousin", closed=True)
    shown = text(manager_client.get(reverse("settings")))
    assert "01/12/2013" in shown
    assert shown.index("Région 42") < shown.index("Limousin")
    assert "Sans date" in shown
    assert reverse("region_opening", args=["42"]) in shown


def test_a_manager_of_the_country_sets_the_day_and_it_is_audited(manager_client: Client) -> None:
    region = RegionFactory(closed=True)
    address = reverse("region_opening", args=[region.code])
    response = manager_client.post(address, {"web_opens_on": "2014-07-01"}, follow=True)
    assert "ouverture du 100 % web le 01/07/2014" in text(response)
    assert Region.objects.get(pk=region.pk).web_opens_on == date(2014, 7, 1)
    entry = AuditEntry.objects.get(action=AuditAction.REGION)
    assert entry.details == {"region": region.code, "before": None, "opens_on": "2014-07-01"}
    manager_client.post(address, {"web_opens_on": "2014-07-01"})
    assert AuditEntry.objects.filter(action=AuditAction.REGION).count() == 1
    manager_client.post(address, {"web_opens_on": ""})
    assert Region.objects.get(pk=region.pk).web_opens_on is None


def test_a_region_cannot_close_behind_those_who_were_validated(manager_client: Client) -> None:
    portfolio = PortfolioFactory()
    region = portfolio.agency.region
    opened = region.web_opens_on
    validated(portfolio)
    address = reverse("region_opening", args=[region.code])
    for later in ("", "2199-01-01"):
        assert "Des adhésions y ont été validées" in text(manager_client.post(address, {"web_opens_on": later}))
    assert Region.objects.get(pk=region.pk).web_opens_on == opened
    manager_client.post(address, {"web_opens_on": "2013-11-01"})
    assert Region.objects.get(pk=region.pk).web_opens_on == date(2013, 11, 1)


def test_a_regional_manager_sees_the_regions_and_sets_no_day(regional_client: Client) -> None:
    region = RegionFactory()
    address = reverse("region_opening", args=[region.code])
    assert address not in text(regional_client.get(reverse("settings")))
    assert regional_client.get(address).status_code == 403
    assert regional_client.post(address, {"web_opens_on": "2014-07-01"}).status_code == 403
