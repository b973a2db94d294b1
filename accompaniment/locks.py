"""The locks of the ground floor, and the one order in which all floors lock rows.

Each lock has a rank. A transaction locks in the order of the ranks, and the rows of one rank by primary key. If two
transactions want the same rows, one waits, and the database ends neither. Once a person is locked, that person's other
rows may be locked at any time. Every lock needs the transaction of an act; the transaction around a test does not
count.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable
from enum import IntEnum, auto
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connection
from django.db.models import Model, QuerySet
from django.db.transaction import Atomic, TransactionManagementError

from accompaniment.enums import EnrolmentState, NotificationKind
from accompaniment.models import (
    AccessRequest,
    Agency,
    ContactPlan,
    Document,
    Enrolment,
    Jobseeker,
    LapseDelay,
    Note,
    NoticeSettings,
    Notification,
    Objective,
    Obligation,
    OnSiteRequest,
    PlanRequest,
    Region,
    RegistrationInterview,
    Step,
    User,
)

logger = logging.getLogger(__name__)

Row = TypeVar("Row", bound=Model)


class Rank(IntEnum):
    """The order of locks, first to last."""

    IN_HAND = auto()
    """Taken in hand by a worker. Other workers skip such rows."""
    PERSON = auto()
    ACCOUNT = auto()
    REGION = auto()
    """Locked to change its opening day, shared to rely on that day."""
    PORTFOLIO = auto()
    ADVISER = auto()
    AGENCY = auto()
    REST = auto()


IN_NO_ORDER = frozenset({Rank.IN_HAND, Rank.REST})
"""Ranks with several tables, whose rows have no order among them."""


class LocksOutOfOrderError(RuntimeError):
    """A transaction took a lock after one of a higher rank, or two rows of one rank out of key order."""


_held: WeakKeyDictionary[Atomic, dict[Rank, set[tuple[str, Any]]]] = WeakKeyDictionary()
"""The locked rows of each running transaction, by its outermost block: table and key of each row."""


def note(rank: Rank, table: str, keys: Iterable[Any]) -> None:
    """Record that rows were locked.

    Rows that the transaction already holds do not count. A lock out of order raises LocksOutOfOrderError if
    `LOCKS_OUT_OF_ORDER_RAISE` is set; otherwise it is logged, and the act goes on.
    """
    held = _held.setdefault(_transaction(), defaultdict(set))
    new = {(table, key) for key in keys} - held[rank]
    if not new:
        return
    higher = [other.name for other in held if other > rank and held[other]]
    first = min(new)
    against_keys = rank not in IN_NO_ORDER and any(key > first for key in held[rank])
    held[rank] |= new
    if higher or against_keys:
        found = f"{rank.name} {sorted(new)[:5]} locked after {', '.join(higher) or 'a later row of the rank'}"
        if settings.LOCKS_OUT_OF_ORDER_RAISE:
            raise LocksOutOfOrderError(found)
        logger.error("Locks out of order: %s", found, stack_info=True)


def _note_rows(rank: Rank, rows: Iterable[Model]) -> None:
    """Record locked rows, except those of a locked person: nobody else can get as far as these."""
    people = _held.get(_transaction(), {}).get(Rank.PERSON, set())
    person = Jobseeker._meta.db_table
    counted = [row for row in rows if (person, getattr(row, "jobseeker_id", None)) not in people]
    if counted:
        note(rank, counted[0]._meta.db_table, [row.pk for row in counted])


def _transaction() -> Atomic:
    """Return the outermost block of the transaction; the block around a test is skipped."""
    block = next((one for one in connection.atomic_blocks if not vars(one)["_from_testcase"]), None)
    if block is None:
        raise TransactionManagementError("A row is locked in the transaction of an act: use transaction.atomic().")
    return block


def lock_row(rank: Rank, rows: "QuerySet[Row]", *, no_key: bool = False) -> Row:
    """Lock and return the one row; raise DoesNotExist if there is none. Only the modules of locks may call this.

    With `no_key`, other transactions may refer to the row: their foreign keys are checked when they commit.
    """
    found = _locking(rows, no_key=no_key).get()
    _note_rows(rank, [found])
    return found


def lock_first(rank: Rank, rows: "QuerySet[Row]", *, no_key: bool = False, skip_locked: bool = False) -> "Row | None":
    """Lock and return the first row, or None. `skip_locked` skips rows that another transaction has locked."""
    found = _locking(rows, no_key=no_key, skip_locked=skip_locked).first()
    _note_rows(rank, [found] if found is not None else [])
    return found


def lock_rows(rank: Rank, rows: "QuerySet[Row]", *, no_key: bool = False, skip_locked: bool = False) -> "list[Row]":
    """Lock rows in primary-key order and return them. `skip_locked` as in `lock_first`."""
    found = list(_locking(rows, no_key=no_key, skip_locked=skip_locked).order_by("pk"))
    _note_rows(rank, found)
    return found


def lock_few(rank: Rank, rows: "QuerySet[Row]", *, most: int) -> "list[Row]":
    """Lock the first rows in their own order, and return them. Rows that others have locked are skipped."""
    found = list(_locking(rows, no_key=False, skip_locked=True)[:most])
    _note_rows(rank, found)
    return found


def _locking(rows: "QuerySet[Row]", *, no_key: bool, skip_locked: bool = False) -> "QuerySet[Row]":
    _transaction()
    return rows.select_for_update(of=("self",), no_key=no_key, skip_locked=skip_locked)


# --- The person and the account ----------------------------------------------------------------------------------


def lock_jobseeker(pk: int) -> Jobseeker:
    """Lock a person's row. Every service that changes an enrolment, a period or a placement begins with this lock.

    Other transactions may refer to the row. Otherwise a message that has written the person's summary would wait for
    the person, while the holder of the person waits for the summary.
    """
    people = Jobseeker.objects.select_related("agency__departement__region", "user")
    return lock_row(Rank.PERSON, people.filter(pk=pk), no_key=True)


def lock_jobseekers(pks: Iterable[int]) -> None:
    """Lock people; other transactions may refer to them."""
    lock_rows(Rank.PERSON, Jobseeker.objects.filter(pk__in=list(pks)).only("pk"), no_key=True)


def lock_account(pk: int) -> User:
    """Lock an account. A person's file is locked before it."""
    return lock_row(Rank.ACCOUNT, User.objects.filter(pk=pk))


def lock_accounts(accounts: "QuerySet[User]") -> list[User]:
    """Lock accounts; other transactions may refer to them."""
    return lock_rows(Rank.ACCOUNT, accounts, no_key=True)


def lock_notice_settings(user: User) -> NoticeSettings:
    """Lock what an account has chosen to be told."""
    return lock_row(Rank.REST, NoticeSettings.objects.filter(user=user))


# --- Rows of a person who is already locked ----------------------------------------------------------------------


def lock_enrolment(pk: int) -> Enrolment:
    """Lock an enrolment's row."""
    enrolment: Enrolment = lock_row(Rank.REST, Enrolment.objects.filter(pk=pk))
    return enrolment


def lock_open_enrolment(person: Jobseeker) -> Enrolment | None:
    """Lock the person's open enrolment, or return None."""
    return lock_first(Rank.REST, Enrolment.objects.open().filter(jobseeker=person))


def lock_decided_enrolment(person: Jobseeker) -> Enrolment | None:
    """Lock the person's validated or active enrolment, or return None."""
    decided = (EnrolmentState.VALIDATED, EnrolmentState.ACTIVE)
    return lock_first(Rank.REST, Enrolment.objects.filter(jobseeker=person, state__in=decided))


def lock_open_enrolments(people: Collection[int]) -> list[Enrolment]:
    """Lock the open enrolments of these people."""
    return lock_rows(Rank.REST, Enrolment.objects.open().filter(jobseeker__in=people))


def lock_registration_interview(interview: RegistrationInterview) -> None:
    """Lock a registration interview, and read it again."""
    interview.refresh_from_db(from_queryset=_locking(RegistrationInterview.objects.all(), no_key=False))
    _note_rows(Rank.REST, [interview])


def lock_current_plan(person: Jobseeker) -> ContactPlan | None:
    """Lock the person's current contact plan, or return None."""
    return lock_first(Rank.REST, ContactPlan.objects.current().filter(jobseeker=person))


def lock_plan_request(pk: int) -> PlanRequest:
    """Lock a person's request for another contact plan."""
    request: PlanRequest = lock_row(Rank.REST, PlanRequest.objects.filter(pk=pk))
    return request


def lock_obligation(pk: int, *, no_key: bool = False) -> Obligation:
    """Lock an obligation, and load its plan and its agency's region."""
    known = Obligation.objects.select_related("plan", "jobseeker__agency__departement__region")
    obligation: Obligation = lock_row(Rank.REST, known.filter(pk=pk), no_key=no_key)
    return obligation


def lock_on_site_request(pk: int) -> OnSiteRequest:
    """Lock a request for a meeting on site."""
    request: OnSiteRequest = lock_row(Rank.REST, OnSiteRequest.objects.filter(pk=pk))
    return request


def lock_open_on_site_request(person: Jobseeker) -> OnSiteRequest | None:
    """Lock the person's open request for a meeting on site, or return None."""
    return lock_first(Rank.REST, OnSiteRequest.objects.open().filter(jobseeker=person))


def lock_objective(pk: int) -> Objective:
    """Lock an objective of an action plan."""
    return lock_row(Rank.REST, Objective.objects.filter(pk=pk))


def lock_step(pk: int) -> Step:
    """Lock a step of an objective. The objective is locked before."""
    return lock_row(Rank.REST, Step.objects.filter(pk=pk))


def lock_document(pk: int) -> Document:
    """Lock a document of a person's dossier."""
    return lock_row(Rank.REST, Document.objects.select_related("jobseeker").filter(pk=pk))


def lock_note(pk: int) -> Note:
    """Lock a note of the team about a person."""
    return lock_row(Rank.REST, Note.objects.select_related("jobseeker").filter(pk=pk))


# --- Waiting letters and requests --------------------------------------------------------------------------------


def lock_gathering_letter(user: User, kind: NotificationKind, *, begins: str = "") -> Notification | None:
    """Lock an account's first undelivered letter of a kind, to add to its content; return None if there is none.

    `begins`: the beginning of its key.
    """
    gathering = Notification.objects.filter(user=user, kind=kind, key__startswith=begins)
    return lock_first(Rank.REST, gathering.filter(attempts=0, sent_at=None, given_up_at=None).order_by("pk"))


def take_access_request(pk: int) -> AccessRequest | None:
    """Take a request from outside in hand; return None if it is gone or another worker has it."""
    return lock_first(Rank.IN_HAND, AccessRequest.objects.filter(pk=pk), skip_locked=True)


# --- Settings ----------------------------------------------------------------------------------------------------


def lock_lapse_delay(pk: int) -> LapseDelay | None:
    """Lock a delay after which an enrolment lapses; return None if it is gone."""
    return lock_first(Rank.REST, LapseDelay.objects.select_related("set_by").filter(pk=pk))


def lock_region(code: str) -> Region:
    """Lock a region to change its opening day."""
    return lock_row(Rank.REGION, Region.objects.filter(pk=code))


def share_region(code: str) -> None:
    """Keep others from changing the region's opening day during this transaction. Those who share it do not wait."""
    _transaction()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM accompaniment_region WHERE code = %s FOR SHARE", [code])
    note(Rank.REGION, Region._meta.db_table, [code])


def lock_agency(pk: int) -> Agency:
    """Lock an agency. To set its opening day, lock its region first."""
    return lock_row(Rank.AGENCY, Agency.objects.select_related("departement__region").filter(pk=pk))


def lock_agencies() -> list[Agency]:
    """Lock all agencies; other transactions may refer to them."""
    return lock_rows(Rank.AGENCY, Agency.objects.all(), no_key=True)
