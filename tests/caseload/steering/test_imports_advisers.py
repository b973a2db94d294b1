import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accompaniment.enums import AuditAction, Modality, NotificationKind, Role
from accompaniment.models import Agency, AuditEntry, Jobseeker, Notification, User
from accompaniment.rules.imports.encodings import UnreadableFileError
from accompaniment.rules.imports.outcome import Outcome
from accompaniment.rules.imports.rows import UNKNOWN_AGENCY
from caseload.hooks import arrivals
from caseload.models import Adviser, Capacity, Portfolio
from caseload.rules.adviser_rows import ADVISERS
from caseload.services.steering import adviser_files
from caseload.services.steering.adviser_files import load_advisers
from caseload.services.steering.reference import load_reference
from tests.accompaniment.factories import AgencyFactory, JobseekerFactory, ManagerUserFactory
from tests.accompaniment.files import as_file, pilot_file
from tests.caseload.factories import on_web_track

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def agency() -> Agency:
    return AgencyFactory(code="67482")


def adviser_row(**values: str) -> str:
    row = {
        "email": "aimee.leveque@agence.example",
        "nom": "Lévêque",
        "prenom": "Aimée",
        "code_agence": "67482",
        "portefeuille": "guide_web",
        "quotite": "80",
        **values,
    }
    return ";".join(row[column] for column in ADVISERS.columns)


def load(*rows: str, dry_run: bool = False) -> Outcome:
    return load_advisers(actor=None, source=as_file(*rows, header=ADVISERS.columns), dry_run=dry_run)


def test_the_pilots_advisers_go_in_and_change_nothing_the_second_time() -> None:
    for line in pilot_file("agences").decode("utf-8-sig").splitlines()[1:]:
        AgencyFactory(code=line.split(";")[0])
    first = load_advisers(actor=None, source=io.BytesIO(pilot_file("conseillers")))
    assert (first.rows, first.created, first.rejections.total, first.warnings.total) == (166, 166, 0, 0)
    assert Portfolio.objects.filter(modality=Modality.GUIDE_WEB, capacity=250).count() == 91
    second = load_advisers(actor=None, source=io.BytesIO(pilot_file("conseillers")))
    assert (second.created, second.updated, second.unchanged) == (0, 0, 166)
    assert Notification.objects.count() == AuditEntry.objects.filter(action=AuditAction.ACCOUNT).count() == 166


@pytest.mark.parametrize("others", [2, 60])
def test_a_load_reads_of_the_people_only_whom_its_rows_name(others: int, agency: Agency) -> None:
    """Kind: a load that reads a whole table, so that its cost grows with everybody and not with the file."""
    for number in range(others):
        JobseekerFactory(agency=agency, email=f"personne{number}@courriel.example")
    read: list[int] = []

    def count(execute: Any, sql: str, parameters: Any, many: bool, context: dict[str, Any]) -> Any:
        result = execute(sql, parameters, many, context)
        if "UNION" in sql and Jobseeker._meta.db_table in sql:
            read.append(context["cursor"].rowcount)
        return result

    with connection.execute_wrapper(count):
        outcome = load(adviser_row(), adviser_row(email="personne1@courriel.example", nom="Durand"))
    assert read == [1]
    assert (outcome.created, outcome.rejections.total) == (1, 1)


def test_addresses_are_looked_up_for_each_batch_of_rows(monkeypatch: pytest.MonkeyPatch, agency: Agency) -> None:
    """With batches of one row, the last row is refused as well."""
    monkeypatch.setattr(adviser_files, "ROWS_AT_ONCE", 1)
    JobseekerFactory(agency=agency, email="personne@courriel.example")
    outcome = load(adviser_row(), adviser_row(email="personne@courriel.example", nom="Durand"))
    assert (outcome.created, outcome.rejections.total) == (1, 1)


def test_an_adviser_gets_an_account_to_activate_and_a_portfolio(agency: Agency) -> None:
    actor = ManagerUserFactory()
    load_advisers(actor=actor, source=as_file(adviser_row(), header=ADVISERS.columns))
    adviser = Adviser.objects.get()
    assert (adviser.agency, adviser.working_share) == (agency, 80)
    assert (adviser.user.email, adviser.user.role) == ("aimee.leveque@agence.example", Role.ADVISER)
    assert adviser.user.full_name == "Aimée Lévêque"
    assert not adviser.user.has_usable_password()
    portfolio = Portfolio.objects.get()
    assert (portfolio.adviser, portfolio.agency, portfolio.capacity) == (adviser, agency, 250)
    told = Notification.objects.get()
    assert (told.kind, told.user, told.email) == (NotificationKind.ACCOUNT_ACTIVATION, adviser.user, adviser.user.email)
    assert AuditEntry.objects.get(action=AuditAction.ACCOUNT).actor == actor


def test_the_cap_of_the_agency_goes_before_that_of_the_country(agency: Agency) -> None:
    load_reference()
    Capacity.objects.create(
        modality=Modality.GUIDE_WEB,
        agency=agency,
        value=120,
        starts_on=date(2014, 1, 1),
        reason="Agence en travaux",
        set_by=ManagerUserFactory(),
    )
    load(adviser_row())
    assert Portfolio.objects.get().capacity == 120


def test_an_adviser_may_have_several_portfolios_but_not_one_twice() -> None:
    outcome = load(adviser_row(), adviser_row(portefeuille="suivi"), adviser_row())
    assert outcome.created == 2
    assert outcome.rejections.first[0].reason == "Déjà présent à la ligne 2 du fichier."
    assert Adviser.objects.count() == 1
    assert set(Portfolio.objects.values_list("modality", "capacity")) == {("guide_web", 250), ("suivi", 350)}


def test_a_changed_row_updates_and_portfolios_go_along_with_the_agency() -> None:
    load(adviser_row())
    other = AgencyFactory(code="63113")
    outcome = load(adviser_row(nom="Marie", code_agence="63113", quotite=""))
    assert (outcome.created, outcome.updated) == (0, 1)
    adviser = Adviser.objects.get()
    assert (adviser.user.last_name, adviser.agency, adviser.working_share) == ("Marie", other, 100)
    assert Portfolio.objects.get().agency == other
    assert load(adviser_row(nom="Marie", code_agence="63113", portefeuille="guide", quotite="")).updated == 1
    assert Portfolio.objects.count() == 2
    assert Notification.objects.count() == 1


@pytest.mark.parametrize("people", [0, 1])
def test_who_follows_people_changes_agency_only_after_a_transfer(people: int) -> None:
    """Kind: a file that may do what a manager may not. An adviser who follows people does not change agency."""
    load(adviser_row())
    for _ in range(people):
        on_web_track(Portfolio.objects.get())
    AgencyFactory(code="63113")
    outcome = load(adviser_row(code_agence="63113"))
    assert (outcome.updated, outcome.rejections.total) == ((0, 1) if people else (1, 0))
    assert Adviser.objects.get().agency.code == ("67482" if people else "63113")
    if people:
        assert "suit encore 1 personne de l'agence 67482, qui y reste." in outcome.rejections.first[0].reason


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("email", "", "Valeur obligatoire."),
        ("email", "sans arobase", "Adresse e-mail non valide."),
        ("email", "responsable@region.example", "Cette adresse est déjà celle d'une autre personne."),
        ("email", "personne@courriel.example", "Cette adresse est déjà celle d'une autre personne."),
        ("nom", "", "Valeur obligatoire."),
        ("prenom", "", "Valeur obligatoire."),
        ("code_agence", "99999", UNKNOWN_AGENCY),
        ("portefeuille", "web", "Doit être renforce, guide, guide_web ou suivi."),
        ("quotite", "9", "Doit être un nombre de 10 à 100."),
        ("quotite", "101", "Doit être un nombre de 10 à 100."),
        ("quotite", "٨٠", "Doit être un nombre de 10 à 100."),
    ],
)
def test_a_value_that_fails_rejects_its_row_alone(column: str, value: str, reason: str) -> None:
    ManagerUserFactory(email="responsable@region.example")
    JobseekerFactory(email="personne@courriel.example")
    outcome = load(adviser_row(**{column: value}), adviser_row(email="autre@agence.example"))
    (rejection,) = outcome.rejections.first
    assert (rejection.line, rejection.column, rejection.reason) == (2, column, reason)
    assert Adviser.objects.get().user.email == "autre@agence.example"


def test_one_address_cannot_be_two_people() -> None:
    outcome = load(adviser_row(), adviser_row(portefeuille="guide", prenom="Chantal"))
    assert outcome.rejections.first[0].column == "email"
    assert User.objects.get().first_name == "Aimée"


def test_upper_floors_are_told_of_the_new_advisers_alone() -> None:
    load(adviser_row())
    told: list[Sequence[Adviser]] = []
    arrivals.on_adviser_created.append(told.append)
    try:
        load(adviser_row(quotite="100"), adviser_row(email="autre@agence.example", prenom="Zoé"))
        load(adviser_row(quotite="100"))
    finally:
        arrivals.on_adviser_created.remove(told.append)
    assert [[adviser.user.email for adviser in arrived] for arrived in told] == [["autre@agence.example"]]


def test_a_dry_run_leaves_nothing() -> None:
    assert load(adviser_row(), dry_run=True).created == 1
    assert not User.objects.exists()
    assert not Notification.objects.exists()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=200).map(lambda tail: ";".join(ADVISERS.columns).encode() + b"\n" + tail),
        st.lists(st.text(max_size=8), min_size=6, max_size=6).map(
            lambda cells: (";".join(ADVISERS.columns) + "\n" + ";".join(cells)).encode("utf-8", "replace")
        ),
    )
)
def test_any_bytes_load_in_whole_or_not_at_all(content: bytes) -> None:
    before = Portfolio.objects.count()
    try:
        outcome = load_advisers(actor=None, source=io.BytesIO(content))
    except UnreadableFileError:
        assert Portfolio.objects.count() == before
    else:
        assert outcome.rows == outcome.created + outcome.updated + outcome.unchanged + outcome.rejections.total
        assert Portfolio.objects.count() == before + outcome.created


@pytest.mark.parametrize("name", ["Lévêque", "LEVEQUE"])
def test_a_colleague_under_another_address_is_no_second_adviser(name: str) -> None:
    """Nobody guesses whether two addresses belong to one person, and no second account is made."""
    load(adviser_row())
    outcome = load(adviser_row(email="aimee.martin@agence.example", nom=name))
    (rejection,) = outcome.rejections.first
    assert "sous l'adresse aimee.leveque@agence.example" in rejection.reason
    assert Adviser.objects.count() == 1
    # Once a manager has corrected the address, the row is accepted. Under another name or agency it is somebody else.
    User.objects.filter(email="aimee.leveque@agence.example").update(email="aimee.martin@agence.example")
    assert load(adviser_row(email="aimee.martin@agence.example")).rejections.total == 0
    AgencyFactory(code="67000")
    others = load(
        adviser_row(email="autre@agence.example", prenom="Zoé"),
        adviser_row(email="la@agence.example", code_agence="67000"),
    )
    assert (others.created, others.rejections.total) == (2, 0)
