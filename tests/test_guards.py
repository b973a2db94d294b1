"""Tables of history: each is declared, each declared guard exists and acts, and no table can be forgotten."""

from collections.abc import Iterable, Iterator

import pytest
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import IntegrityError, connection, models, transaction
from django.test.utils import isolate_apps

from accompaniment.models.guards import AppendOnly
from accompaniment.reads.invariants import GUARDS_IN_PLACE, declared_guards, guards_are_in_place, rows

pytestmark = pytest.mark.django_db

OURS = ("accompaniment", "caseload", "messaging", "visio")
NAMED_LIKE_HISTORY = ("Event", "Entry", "Transition", "History", "Log", "Review", "Report", "Delivery")

CHANGED = {
    "accompaniment.Accompaniment": "ended_at",
    "accompaniment.ActivationLink": "used_at",
    "accompaniment.AddressChange": "digest",
    "accompaniment.Agency": "name",
    "accompaniment.Consent": "withdrawn_at",
    "accompaniment.ContactPlan": "ended_on",
    "accompaniment.DeadAddress": "times",
    "accompaniment.Departement": "region",
    "accompaniment.Document": "removed_at",
    "accompaniment.Enrolment": "state",
    "accompaniment.JobRun": "succeeded_at",
    "accompaniment.Jobseeker": "email",
    "accompaniment.Note": "withdrawn_at",
    "accompaniment.NoticeSettings": "switched_off",
    "accompaniment.Notification": "sent_at",
    "accompaniment.Objective": "closed_at",
    "accompaniment.Obligation": "state",
    "accompaniment.OnSiteRequest": "answered_at",
    "accompaniment.PlanDefault": "interval_days",
    "accompaniment.PlanRequest": "answered_at",
    "accompaniment.Region": "web_opens_on",
    "accompaniment.RegistrationInterview": "typed",
    "accompaniment.SentForm": "answer",
    "accompaniment.Setback": "failures",
    "accompaniment.SourceRecord": "loaded_at",
    "accompaniment.Step": "done_at",
    "accompaniment.Tally": "count",
    "accompaniment.User": "password",
    "caseload.Absence": "ends_on",
    "caseload.Adviser": "agency",
    "caseload.CaseSummary": "last_contact_at",
    "caseload.Cover": "cancelled_at",
    "caseload.ImportRun": "state",
    "caseload.Manager": "whole_country",
    "caseload.Placement": "ended_at",
    "caseload.Portfolio": "occupied",
    "caseload.ReadingRight": "ends_at",
    "caseload.Transfer": "state",
    "caseload.TransferBatch": "finished_at",
    "messaging.Alert": "sent_at",
    "messaging.Attachment": "state",
    "messaging.CallbackRequest": "state",
    "messaging.CannedReply": "body",
    "messaging.Conversation": "last_number",
    "messaging.DispatchRecipient": "sent_at",
    "messaging.MessageSearch": "words",
    "messaging.PlannedMessage": "body",
    "messaging.ReadMark": "number",
    "messaging.Reminder": "due_at",
    "messaging.SmsDay": "parts",
    "messaging.ToldMark": "number",
    "messaging.UnreadRound": "message",
    "visio.BookingSettings": "urgent_percent",
    "visio.CalendarFeed": "digest",
    "visio.Interview": "state",
    "visio.OutsideCalendar": "read_at",
}
"""Models whose rows change, each with a field that changes."""
DELETED = {
    "accompaniment.AccessRequest",
    "accompaniment.ActBound",
    "accompaniment.Device",
    "accompaniment.LapseDelay",
    "accompaniment.OpeningHours",
    "caseload.Capacity",
    "caseload.SavedView",
    "messaging.CallbackWindow",
    "messaging.DemonstrationEmail",
    "messaging.MessageStep",
    "visio.DayHours",
    "visio.OutsideBusy",
    "visio.WorkingHours",
}
"""Models whose rows do not change, but are removed or replaced."""

HISTORIES = [model for model in apps.get_models() if issubclass(model, AppendOnly)]


def forgotten(candidates: Iterable[type[models.Model]]) -> list[str]:
    """Return the models that look like history, by name or because their rows never change, and are not declared so."""
    return sorted(
        model._meta.label
        for model in candidates
        if not issubclass(model, AppendOnly)
        and (model.__name__.endswith(NAMED_LIKE_HISTORY) or model._meta.label not in {*CHANGED, *DELETED})
    )


def test_no_table_of_history_forgets_to_say_so() -> None:
    """A new model is declared `AppendOnly`, or listed above with the field that changes."""
    ours = [model for model in apps.get_models() if model._meta.app_label in OURS]
    assert forgotten(ours) == []
    labels = {model._meta.label for model in ours if not issubclass(model, AppendOnly)}
    assert {*CHANGED, *DELETED} == labels


@pytest.mark.parametrize("label", CHANGED)
def test_what_changes_is_a_field(label: str) -> None:
    try:
        apps.get_model(label)._meta.get_field(CHANGED[label])
    except FieldDoesNotExist as error:
        pytest.fail(str(error))


@pytest.mark.parametrize("name", ["PhoneEvent", "Whereabouts"])
@isolate_apps("visio")
def test_a_new_model_that_forgets_is_found(name: str) -> None:
    """By its name, or because nobody has listed what changes."""
    meta = type("Meta", (), {"app_label": "visio"})
    undeclared = type(name, (models.Model,), {"__module__": __name__, "Meta": meta})
    assert forgotten([undeclared]) == [f"visio.{name}"]
    declared = type(name + "Kept", (AppendOnly,), {"__module__": __name__, "Meta": meta})
    assert forgotten([declared]) == []


def test_the_database_has_the_triggers_that_are_declared_and_no_other() -> None:
    assert set(rows(GUARDS_IN_PLACE)) == declared_guards()
    assert list(guards_are_in_place()) == []


@pytest.mark.parametrize(
    "away",
    ["DROP TRIGGER {0} ON {1}", "ALTER TABLE {1} DISABLE TRIGGER {0}", "ALTER TABLE {1} ENABLE REPLICA TRIGGER {0}"],
)
@pytest.mark.parametrize(("table", "trigger", "events"), sorted(declared_guards()))
def test_each_guard_that_is_away_is_found(table: str, trigger: str, events: str, away: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(away.format(trigger, table))
    (breach,) = guards_are_in_place()
    assert breach == f"the trigger {trigger} of {table} is missing, disabled, or does not act on {events}"


def test_a_guard_that_acts_on_less_is_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER append_only ON visio_interviewreport")
        cursor.execute(
            "CREATE TRIGGER append_only BEFORE UPDATE ON visio_interviewreport "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    assert len(list(guards_are_in_place())) == 1


@pytest.fixture
def row(model: type[AppendOnly]) -> Iterator[str]:
    """Insert one row of any content into the table; all of it is rolled back."""
    table = model._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('c', 'n') "
            "AND conkey <> ARRAY[(SELECT attnum FROM pg_attribute WHERE attrelid = conrelid AND attidentity <> '')]",
            [table],
        )
        for (constraint,) in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{constraint}"')
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f"INSERT INTO {table} DEFAULT VALUES")
        cursor.execute("SET LOCAL session_replication_role = origin")
        yield table
        transaction.set_rollback(True)


@pytest.mark.parametrize("model", HISTORIES, ids=lambda model: model._meta.label)
class TestHistory:
    def refused(self, statement: str, event: str) -> None:
        with (
            pytest.raises(IntegrityError, match=f"append-only: {event} refused"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

    def test_no_row_is_changed_or_deleted_and_the_table_is_not_emptied(self, row: str) -> None:
        self.refused(f"UPDATE {row} SET id = id", "UPDATE")
        self.refused(f"DELETE FROM {row}", "DELETE")
        self.refused(f"TRUNCATE {row} CASCADE", "TRUNCATE")

    def test_only_the_guards_refuse_it(self, row: str) -> None:
        """The control: without the guards all three succeed."""
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {row} DISABLE TRIGGER append_only, DISABLE TRIGGER never_truncated")
            cursor.execute(f"UPDATE {row} SET id = id")
            assert cursor.rowcount == 1
            cursor.execute(f"DELETE FROM {row}")
            assert cursor.rowcount == 1
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(f"TRUNCATE {row} CASCADE")
