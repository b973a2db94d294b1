import io
import json
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accompaniment.enums import AuditAction, EnrolmentState, Tier, Track
from accompaniment.models import (
    Accompaniment,
    Agency,
    AuditEntry,
    Enrolment,
    EnrolmentEvent,
    Jobseeker,
    SourceRecord,
)
from accompaniment.rules.errors import DomainError
from accompaniment.rules.imports.encodings import UnreadableFileError
from accompaniment.rules.imports.outcome import JobseekerOutcome
from accompaniment.rules.imports.reader import Layout, LostRowsError, reading
from accompaniment.rules.imports.rows import AGENCIES, JOBSEEKERS, UNKNOWN_AGENCY
from accompaniment.services.imports import load_agencies, load_jobseekers, statements
from accompaniment.services.imports.statements import FIND_TOUCHED
from tests.accompaniment.factories import (
    AdviserUserFactory,
    AgencyFactory,
    JobseekerFactory,
    RegionFactory,
    UserFactory,
)
from tests.accompaniment.files import EXPECTED, as_file, load, person, pilot_file, registration

pytestmark = pytest.mark.django_db

COUNTED = (Jobseeker, Accompaniment, Enrolment, EnrolmentEvent, SourceRecord, AuditEntry)


@pytest.fixture
def agency() -> Agency:
    """An agency of a region that opened in December 2013."""
    return AgencyFactory(code="67482", region=RegionFactory(web_opens_on=date(2013, 12, 1)))


def counts() -> list[int]:
    return [model.objects.count() for model in COUNTED]


def only_rejection(outcome: JobseekerOutcome) -> tuple[str, str]:
    (rejection,) = outcome.rejections.first
    return rejection.column, rejection.reason


def only_warning(outcome: JobseekerOutcome) -> tuple[str, str]:
    (warning,) = outcome.warnings.first
    return warning.column, warning.reason


# --- The pilot -----------------------------------------------------------------------------------


def test_the_pilot_gives_what_it_must_and_changes_nothing_the_second_time() -> None:
    load_agencies(actor=None, source=io.BytesIO(pilot_file("agences")))
    first = load_jobseekers(actor=None, source=io.BytesIO(pilot_file("inscriptions")))
    assert first.summary() == {**EXPECTED, "updated": 0, "unchanged": 0}
    assert Enrolment.objects.filter(state=EnrolmentState.ASKED).count() == EXPECTED["enrolment_requests"]
    before = counts()

    second = load_jobseekers(actor=None, source=io.BytesIO(pilot_file("inscriptions")))
    assert second.summary() == {
        **EXPECTED,
        "created": 0,
        "updated": 0,
        "unchanged": EXPECTED["created"],
        "enrolment_requests": 0,
        "not_eligible": {"modalite": 0, "region": 0, "email": 0},
    }
    assert counts() == before

    # No row is lost, and the rejected rows can be loaded again once corrected. A repeated row is now a known person;
    # all other rejected rows fail as before.
    again = load_jobseekers(actor=None, source=io.BytesIO(first.rejected_rows.text.encode()))
    assert again.rows == EXPECTED["rejected"]
    assert again.created == 0
    assert again.rejections.total + again.updated + again.unchanged == again.rows
    assert again.rejections.by_column["identifiant"] == 18
    with connection.cursor() as cursor:
        # The deferred constraint requires a current accompaniment for every person.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(("name", "layout"), [("agences", AGENCIES), ("inscriptions", JOBSEEKERS)])
def test_the_pilot_reads_the_same_in_the_other_encoding_of_the_exports(name: str, layout: Layout) -> None:
    as_utf8 = pilot_file(name)
    as_windows = as_utf8.decode("utf-8-sig").encode("cp1252")
    assert as_windows != as_utf8
    with reading(io.BytesIO(as_utf8), layout) as one, reading(io.BytesIO(as_windows), layout) as other:
        assert list(one) == list(other)


# --- One row -------------------------------------------------------------------------------------


def test_a_person_goes_in_with_everything_that_the_row_says(agency: Agency) -> None:
    actor = AdviserUserFactory()
    outcome = load_jobseekers(actor=actor, source=as_file(registration(agency)))
    assert (outcome.created, outcome.rejections.total, outcome.warnings.total) == (1, 0, 0)
    jobseeker = person()
    assert (jobseeker.civility, jobseeker.last_name, jobseeker.first_name) == ("Mme", "Aubrac", "Éloïse")
    assert (jobseeker.birth_date, jobseeker.registered_on) == (date(1985, 5, 17), date(2014, 2, 3))
    assert (jobseeker.email, jobseeker.phone) == ("eloise.aubrac@courriel.example", "+33199001234")
    assert (jobseeker.postal_code, jobseeker.commune, jobseeker.rome) == ("67000", "Strasbourg", "M1607")
    assert (jobseeker.agency, jobseeker.volunteers) == (agency, True)
    assert (jobseeker.has_webcam, jobseeker.bandwidth, jobseeker.user) == (True, "bon", None)
    period = Accompaniment.objects.get(jobseeker=jobseeker)
    assert (period.tier, period.track, period.decided_by) == (Tier.GUIDE, Track.CLASSIC, actor)
    assert period.started_at == datetime(2014, 2, 2, 23, tzinfo=UTC)
    enrolment = Enrolment.objects.get(jobseeker=jobseeker)
    assert (enrolment.state, enrolment.has_webcam, enrolment.bandwidth) == (EnrolmentState.ASKED, True, "bon")
    assert enrolment.equipment_declared_at is None
    event = EnrolmentEvent.objects.get(enrolment=enrolment)
    assert (event.actor, event.from_state, event.to_state) == (actor, "", EnrolmentState.ASKED)
    entries = AuditEntry.objects.filter(jobseeker=jobseeker, actor=actor).values_list("action", flat=True)
    assert sorted(entries) == [AuditAction.CREATED, AuditAction.ENROLMENT]


def test_the_accompaniment_begins_with_the_day_in_the_agencys_own_zone() -> None:
    reunion = AgencyFactory(code="97411", region=RegionFactory(timezone="Indian/Reunion"))
    load(registration(reunion))
    assert Accompaniment.objects.get(jobseeker=person()).started_at == datetime(2014, 2, 2, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("identifiant", "", "Valeur obligatoire."),
        ("identifiant", "123456A", "Doit avoir 7 chiffres puis une lettre."),
        ("identifiant", "1234567٣", "Doit avoir 7 chiffres puis une lettre."),
        ("nom", "  \u00a0", "Valeur obligatoire."),
        ("nom", "A" * 81, "80 caractères au plus."),
        ("prenom", "-", "Doit contenir au moins une lettre."),
        ("date_naissance", "", "Valeur obligatoire."),
        ("date_naissance", "1985-05-17", "Doit être une date au format JJ/MM/AAAA."),
        ("date_naissance", "31/02/1980", "Cette date n'existe pas."),
        ("date_naissance", "04/02/1998", "La personne doit avoir au moins 16\u00a0ans."),
        ("date_naissance", "01/01/2031", "La personne n'est pas encore née à la date d'inscription."),
        ("date_naissance", "31/12/1899", "Doit être après 1900."),
        ("code_agence", "99999", UNKNOWN_AGENCY),
        ("code_agence", "", "Valeur obligatoire."),
        ("date_inscription", "45/01/2014", "Cette date n'existe pas."),
        ("date_inscription", "01/01/9999", "Cette date est à venir."),
        ("modalite", "autonome", "Doit être renforce, guide ou suivi."),
        ("modalite", "", "Valeur obligatoire."),
    ],
)
def test_a_mandatory_value_that_fails_rejects_its_row_alone(
    agency: Agency, column: str, value: str, reason: str
) -> None:
    right = registration(agency, identifiant="7654321Z", email="")
    outcome = load(registration(agency, **{column: value}), right)
    assert only_rejection(outcome) == (column, reason)
    assert outcome.rejections.first[0].line == 2
    assert list(Jobseeker.objects.values_list("identifier", flat=True)) == ["7654321Z"]


def test_the_first_column_that_fails_is_the_one_that_is_told(agency: Agency) -> None:
    outcome = load(registration(agency, nom="", modalite="", date_naissance="n/c"))
    assert only_rejection(outcome)[0] == "nom"
    assert outcome.rejections.by_column == {"nom": 1}


def test_a_person_who_is_16_on_the_day_of_registration_goes_in(agency: Agency) -> None:
    assert load(registration(agency, date_naissance="03/02/1998")).created == 1


def test_a_registration_of_today_goes_in_and_one_of_tomorrow_does_not(agency: Agency) -> None:
    with time_machine.travel(datetime(2014, 2, 2, 23, 30, tzinfo=UTC), tick=False):
        outcome = load(
            registration(agency),
            registration(agency, identifiant="7654321Z", email="", date_inscription="04/02/2014"),
        )
    assert outcome.created == 1
    assert only_rejection(outcome) == ("date_inscription", "Cette date est à venir.")


def test_an_identifier_that_came_before_in_the_file_is_rejected(agency: Agency) -> None:
    outcome = load(registration(agency, nom=""), registration(agency), registration(agency, identifiant="7654321z"))
    assert outcome.created == 1
    assert [(remark.line, remark.reason) for remark in outcome.rejections.first] == [
        (2, "Valeur obligatoire."),
        (3, "Déjà présent à la ligne 2 du fichier."),
    ]
    assert person("7654321Z")


@pytest.mark.parametrize(
    ("column", "value", "field", "left"),
    [
        ("email", "sans arobase", "email", None),
        ("email", "élo@courriel.example", "email", None),
        ("email", "a" * 250 + "@courriel.example", "email", None),
        ("telephone", "12345", "phone", ""),
        ("telephone", "0", "phone", ""),
        ("civilite", "Maître", "civility", ""),
        ("code_postal", "6700", "postal_code", ""),
        ("commune", "S" * 81, "commune", ""),
        ("volontaire_web", "peut-être", "volunteers", False),
        ("webcam", "?", "has_webcam", None),
        ("debit", "moyen", "bandwidth", ""),
        ("rome", "informatique", "rome", ""),
    ],
)
def test_another_value_that_fails_is_left_empty_with_a_warning(
    agency: Agency, column: str, value: str, field: str, left: object
) -> None:
    outcome = load(registration(agency, **{column: value}))
    assert only_warning(outcome)[0] == column
    assert only_warning(outcome)[1].endswith("Le champ est laissé vide.")
    assert outcome.created == 1
    assert getattr(person(), field) == left


def test_a_rejected_row_gives_no_warning(agency: Agency) -> None:
    outcome = load(registration(agency, email="sans arobase", modalite="autonome"))
    assert (outcome.rejections.total, outcome.warnings.total) == (1, 0)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("01.99.00.12.34", "+33199001234"),
        ("+33 (0)1 99 00 12 34", "+33199001234"),
        ("0262 20 12 34", "+262262201234"),
        ("0590 27 12 34", "+590590271234"),
        ("0696 20 12 34", "+596696201234"),
        ("0639 69 12 34", "+262639691234"),
        ("", ""),
    ],
)
def test_telephone_numbers_are_stored_as_they_are_dialled_from_anywhere(
    agency: Agency, value: str, stored: str
) -> None:
    assert load(registration(agency, telephone=value)).warnings.total == 0
    assert person().phone == stored


# --- E-mail addresses ----------------------------------------------------------------------------


def test_an_address_that_comes_twice_belongs_to_the_first_row_that_goes_in(agency: Agency) -> None:
    outcome = load(
        registration(agency, nom=""),
        registration(agency, identifiant="1111111A", email="Eloise.Aubrac@courriel.example"),
        registration(agency, identifiant="2222222B"),
    )
    assert person("1111111A").email == "eloise.aubrac@courriel.example"
    assert person("2222222B").email is None
    assert outcome.warnings.first[0].line == 4
    assert only_warning(outcome)[0] == "email"


def test_an_address_of_another_person_or_account_stays_theirs(agency: Agency) -> None:
    JobseekerFactory(email="prise@courriel.example")
    AdviserUserFactory(email="agent@agence.example")
    rows = (
        registration(agency, identifiant="1111111A", email="prise@courriel.example"),
        registration(agency, identifiant="2222222B", email="agent@agence.example"),
    )
    outcome = load(*rows)
    assert outcome.warnings.by_column == {"email": 2}
    assert [person("1111111A").email, person("2222222B").email] == [None, None]
    again = load(*rows)
    assert (again.unchanged, again.warnings.total) == (2, 2)
    Jobseeker.objects.filter(email="prise@courriel.example").update(email=None)
    assert load(*rows).updated == 1
    assert person("1111111A").email == "prise@courriel.example"


def test_the_address_of_the_persons_own_account_is_no_other_persons(agency: Agency) -> None:
    load(registration(agency, email=""))
    Jobseeker.objects.update(user=UserFactory(email="eloise.aubrac@courriel.example"))
    assert load(registration(agency)).warnings.total == 0
    assert person().email == "eloise.aubrac@courriel.example"


def test_two_people_can_exchange_their_addresses_in_one_file(agency: Agency) -> None:
    def rows(first: str, second: str) -> tuple[str, str]:
        return (
            registration(agency, identifiant="1111111A", email=first),
            registration(agency, identifiant="2222222B", email=second),
        )

    load(*rows("un@courriel.example", "deux@courriel.example"))
    outcome = load(*rows("deux@courriel.example", "un@courriel.example"))
    assert (outcome.updated, outcome.warnings.total) == (2, 0)
    assert [person("1111111A").email, person("2222222B").email] == ["deux@courriel.example", "un@courriel.example"]


def test_the_holder_of_an_address_keeps_it_against_an_earlier_row(agency: Agency) -> None:
    load(registration(agency, identifiant="2222222B"))
    outcome = load(registration(agency, identifiant="1111111A"), registration(agency, identifiant="2222222B"))
    assert outcome.warnings.first[0].line == 2
    assert person("2222222B").email == "eloise.aubrac@courriel.example"


# --- All or nothing ------------------------------------------------------------------------------


def test_a_dry_run_counts_everything_and_writes_nothing(agency: Agency) -> None:
    before = counts()
    tried = load(registration(agency), registration(agency), dry_run=True)
    assert counts() == before
    assert load(registration(agency), registration(agency)).summary() == tried.summary()
    assert counts() != before


def test_a_row_that_gets_lost_between_the_file_and_the_tables_takes_all_of_them_back(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = counts()
    rows = (registration(agency), registration(agency, identifiant="7654321Z", email=""))
    # Simulates a fault of ours: one row less is copied than was read.
    monkeypatch.setattr(statements, "FIND_TOUCHED", f"DELETE FROM import_incoming WHERE line = 3; {FIND_TOUCHED}")
    with pytest.raises(LostRowsError):
        load(*rows)
    assert counts() == before
    monkeypatch.undo()
    assert load(*rows).created == 2


def test_a_change_of_the_same_people_meanwhile_is_one_sentence_and_writes_nothing(agency: Agency) -> None:
    # A trigger simulates a colleague who takes the address between the check and the write.
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE FUNCTION take_address() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'taken meanwhile' USING ERRCODE = 'unique_violation';
            END $$;
            CREATE TRIGGER take_address BEFORE INSERT ON accompaniment_jobseeker
                FOR EACH ROW EXECUTE FUNCTION take_address();
        """)
    with pytest.raises(DomainError, match="Rien n'a été écrit"):
        load(registration(agency))
    assert not Jobseeker.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER take_address ON accompaniment_jobseeker")
    assert load(registration(agency)).created == 1


def check_consistent(content: bytes) -> None:
    """Load the bytes; check that all rows are counted and written, or one sentence is raised and nothing written."""
    with transaction.atomic():
        before = counts()
        try:
            outcome = load_jobseekers(actor=None, source=io.BytesIO(content))
        except UnreadableFileError:
            assert counts() == before
        else:
            summary = json.loads(json.dumps(outcome.summary()))
            assert summary["rows"] == outcome.created + outcome.updated + outcome.unchanged + summary["rejected"]
            people, periods, enrolments, events, records, _ = (
                after - past for after, past in zip(counts(), before, strict=True)
            )
            assert people == records == outcome.created
            assert periods >= people
            assert enrolments == events == outcome.enrolment_requests
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)


HEADER = ";".join(JOBSEEKERS.columns).encode() + b"\n"
ROWS = st.fixed_dictionaries(
    {
        "identifiant": st.one_of(st.from_regex(r"[0-9]{7}[A-Za-z]", fullmatch=True), st.text(max_size=10)),
        "nom": st.text(max_size=90),
        "prenom": st.text(min_size=1, max_size=5),
        "date_naissance": st.one_of(st.dates().map(lambda day: day.strftime("%d/%m/%Y")), st.just("17/05/1985")),
        "email": st.one_of(st.emails(), st.sampled_from(["a@b.fr", "A@B.fr", "c@d.fr"]), st.text(max_size=20)),
        "telephone": st.text(max_size=30),
        "commune": st.text(max_size=90),
        "date_inscription": st.one_of(st.dates().map(lambda day: day.strftime("%d/%m/%Y")), st.just("03/02/2014")),
        "modalite": st.sampled_from([*Tier.values, "", "autonome"]),
        "volontaire_web": st.sampled_from(["O", "N", "", "?"]),
        "webcam": st.text(max_size=2),
    }
)
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(st.one_of(st.binary(max_size=300), st.binary(max_size=200).map(lambda tail: HEADER + tail)))
def test_any_bytes_load_in_whole_or_not_at_all(agency: Agency, content: bytes) -> None:
    check_consistent(content)


@FUZZ
@given(st.lists(ROWS, max_size=6))
def test_any_values_load_in_whole_or_not_at_all(agency: Agency, rows: list[dict[str, str]]) -> None:
    lines = []
    for values in rows:
        cells = {column: '"' + value.replace('"', '""') + '"' for column, value in values.items()}
        lines.append(registration(agency, **cells))
    check_consistent(HEADER + "\r\n".join(lines).encode("utf-8", "surrogatepass"))
