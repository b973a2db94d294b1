"""Loads `inscriptions.csv`: rows are validated as they are read, copied, and then written with set-based SQL."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO

from django.db import connection
from django.utils import timezone

from accompaniment.enums import AuditAction, EnrolmentState, NotificationKind, Tier
from accompaniment.locks import Rank, lock_open_enrolments, note
from accompaniment.models import Accompaniment, Agency, Jobseeker, User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.imports.outcome import JobseekerOutcome, RejectedRows, Remark
from accompaniment.rules.imports.reader import Progress, Reader, reading
from accompaniment.rules.imports.rows import (
    AGENCIES_FIRST,
    JOBSEEKERS,
    JobseekerParser,
    JobseekerRow,
    KnownAgency,
    RowRejectedError,
)
from accompaniment.rules.presentation import TIERS_TO_YOU
from accompaniment.rules.tracks import NOT_ELIGIBLE_SENTENCES
from accompaniment.services import audit, plans
from accompaniment.services.addresses import follow_file
from accompaniment.services.enrolments.states import end_what_hangs_on_the_track
from accompaniment.services.enrolments.tiers import close_with_the_tier, follow_tier_change, hold_for_tier_changes
from accompaniment.services.imports import statements
from accompaniment.services.imports.transactions import import_transaction, refresh_statistics

PEOPLE_TABLES = ("accompaniment_jobseeker", "accompaniment_accompaniment")
OTHER_TABLES = (
    "accompaniment_sourcerecord",
    "accompaniment_enrolment",
    "accompaniment_enrolmentevent",
    "accompaniment_auditentry",
)


def load_jobseekers(
    *, actor: User | None, source: BinaryIO, dry_run: bool = False, progress: Progress | None = None
) -> JobseekerOutcome:
    """Create the file's people and update those with a known identifier, in one transaction.

    - A value changes only if it differs from the one last loaded (`SourceRecord`). So decisions and corrections made
      here stay, and loading a file again changes nothing.
    - A new tier ends the current period and begins another one now, with all consequences of a change of tier: the
      placement, the plan and bookings follow, and the person and the advisers are told. A validated or running 100 %
      web track ends, as in `enrolments.change_tier`.
    - A followed person who moves to an agency of another region leaves the portfolio in the same way.
    - An e-mail address that belongs to somebody else is left out, with a warning. The account follows a new address
      (`addresses.follow_file`).
    - New volunteers, and those whose row has changed, get a pending enrolment if they never had one and are eligible on
      the day of registration.

    Raises UnreadableFileError for a file that cannot be read, DomainError if no agency is known or people have changed
    meanwhile, with nothing written.
    """
    now = timezone.now()
    with reading(source, JOBSEEKERS, progress) as reader, import_transaction(dry_run=dry_run):
        outcome = JobseekerOutcome(RejectedRows(reader.columns))
        outcome.tiers.update(dict.fromkeys(Tier.values, 0))
        outcome.not_eligible.update(dict.fromkeys(NOT_ELIGIBLE_SENTENCES, 0))
        _copy(reader, outcome, now)
        _run(statements.FIND_TOUCHED)
        note(Rank.PERSON, Jobseeker._meta.db_table, [pk for (pk,) in _rows(statements.LOCK_TOUCHED)])
        _keep_emails_single(outcome)
        _run(statements.FORGET_UNCHANGED)
        # Both look at the people's former state, before anything is written.
        _run(statements.FIND_UPDATES)
        _run(statements.FIND_TIER_CHANGES)
        outcome.new_tiers.update(_rows(statements.NEW_TIERS))
        outcome.closed.update(_rows(statements.CLOSED_WITH_THE_TIER))
        agencies = _rows(statements.NEW_AGENCIES)
        outcome.new_agencies.update((pk, other_region) for pk, _, other_region in agencies)
        changes = {pk: Tier(tier) for pk, tier, other_region in agencies if other_region}
        changes |= {pk: Tier(tier) for pk, tier in outcome.new_tiers.items()}
        ((outcome.updated,),) = _rows(statements.COUNT_UPDATED)
        _update(actor, now)
        _change_accompaniments(actor, outcome, changes)
        outcome.created = _create(actor, now)
        ((accepted,),) = _rows(statements.COUNT_INCOMING)
        outcome.unchanged = accepted - outcome.created - outcome.updated
        outcome.account_for(reader.rows, accepted=accepted)
        written = outcome.created + outcome.updated
        refresh_statistics(written=written, tables=PEOPLE_TABLES)
        _run(statements.REMEMBER, {"now": now})
        _enrol(actor, now, outcome)
        refresh_statistics(written=written, tables=OTHER_TABLES)
    return outcome


def _copy(reader: Reader, outcome: JobseekerOutcome, now: datetime) -> None:
    """Validate each row as it is read, and copy the accepted ones."""
    agencies = {
        agency.code: KnownAgency(
            pk=agency.pk, today=now.astimezone(agency.zone).date(), departement=agency.departement_id
        )
        for agency in Agency.objects.select_related("departement__region")
    }
    if not agencies:
        raise DomainError(AGENCIES_FIRST)
    parser = JobseekerParser(agencies, today=timezone.localdate(now), warn=outcome.warnings.add)
    _run(statements.PREPARE)
    with connection.cursor() as cursor, cursor.copy(statements.COPY_INCOMING) as copy:
        for row in _accepted(reader, parser, outcome):
            copy.write_row(row)


def _accepted(reader: Reader, parser: JobseekerParser, outcome: JobseekerOutcome) -> Iterator[JobseekerRow]:
    for row in reader:
        outcome.rows += 1
        if row.fault:
            outcome.reject_whole(row)
            continue
        try:
            parsed = parser.parse(row)
        except RowRejectedError as rejection:
            outcome.reject(row, column=rejection.column, value=rejection.value, reason=rejection.reason)
            continue
        outcome.tiers[parsed.tier] += 1
        yield parsed


def _keep_emails_single(outcome: JobseekerOutcome) -> None:
    """Leave out each address that another person, account or earlier row has."""
    _run(statements.FIND_REFUSED_EMAILS)
    for line, email in sorted(_rows(statements.REFUSE_EMAILS)):
        outcome.warnings.add(
            Remark(line, "email", email, "Cette adresse est déjà celle d'une autre personne. Le champ est laissé vide.")
        )


def _update(actor: User | None, now: datetime) -> None:
    _run(statements.KEEP_ADDRESSES)
    _run(statements.FREE_EMAILS)
    _run(statements.UPDATE_PEOPLE, {"now": now})
    audit.record_each(actor=actor, action=AuditAction.UPDATED, at=now, people=statements.UPDATED_PEOPLE)
    _follow_addresses(actor)


def _change_accompaniments(actor: User | None, outcome: JobseekerOutcome, changes: Mapping[int, Tier]) -> None:
    """Apply the new tiers and regions, with set-based SQL where possible.

    Only people on the web track, in a portfolio, with a plan or with a booking are handled one by one. `changes`: of
    `hold_for_tier_changes`.
    """
    # Later than anything that happened to these people while the file was read. They are locked since then.
    at = timezone.now()
    outcome.followed.update(hold_for_tier_changes(changes))
    followed = sorted(outcome.followed | outcome.closed.keys())
    people = Jobseeker.objects.select_related("agency__departement__region", "user").in_bulk(followed)
    for enrolment in lock_open_enrolments(outcome.closed):
        close_with_the_tier(enrolment, person=people[enrolment.jobseeker_id], actor=actor, at=at)
    _run(statements.CHANGE_TIERS, {"now": at, "actor": actor.pk if actor else None})
    audit.record_each(actor=actor, action=AuditAction.ACCOMPANIMENT, at=at, people=statements.CHANGED_TIERS)
    # People who came from a file have no plan before their first interview here, so there are few of these.
    planned = Accompaniment.objects.filter(pk__in=[pk for (pk,) in _rows(statements.CHANGED_WITH_PLAN)])
    for period in planned.select_related("jobseeker__agency__departement__region").order_by("jobseeker_id"):
        plans.begin_default_plan(actor=actor, jobseeker=period.jobseeker, tier=period.tier, track=period.track, at=at)
    for pk in followed:
        if pk in outcome.closed:
            end_what_hangs_on_the_track(people[pk], actor, at)
        follow_tier_change(people[pk], actor=actor, at=at)
    labels = {tier.value: tier.label.lower() for tier in Tier}
    _run(
        statements.TELL_NEW_TIERS,
        {
            "now": at,
            "kind": NotificationKind.TIER_CHANGED,
            "labels": json.dumps(labels, ensure_ascii=False),
            "told": json.dumps(TIERS_TO_YOU, ensure_ascii=False),
            "active": EnrolmentState.ACTIVE,
            "validated": EnrolmentState.VALIDATED,
        },
    )


def _follow_addresses(actor: User | None) -> None:
    """Let accounts and waiting e-mails follow new addresses. Few people of a file have one."""
    before = dict(_rows(statements.CHANGED_ADDRESSES))
    # The people are locked. Their accounts are locked one by one, in the order of their own keys.
    for person in Jobseeker.objects.filter(pk__in=before).order_by("user_id", "pk"):
        follow_file(actor=actor, person=person, before=before[person.pk])


def _create(actor: User | None, now: datetime) -> int:
    created = _run(statements.CREATE_PEOPLE, {"now": now})
    _run(statements.BEGIN_ACCOMPANIMENTS, {"actor": actor.pk if actor else None})
    audit.record_each(actor=actor, action=AuditAction.CREATED, at=now, people=statements.CREATED_PEOPLE)
    return created


def _enrol(actor: User | None, now: datetime, outcome: JobseekerOutcome) -> None:
    _run(statements.FIND_VOLUNTEERS)
    for reason, count in _rows(statements.COUNT_NOT_ELIGIBLE):
        outcome.not_eligible[reason] += count
    outcome.enrolment_requests = _run(statements.ENROL, {"now": now, "actor": actor.pk if actor else None})
    audit.record_each(actor=actor, action=AuditAction.ENROLMENT, at=now, people=statements.ENROLLED_PEOPLE)


def _run(statement: str, parameters: dict[str, Any] | None = None) -> int:
    """Execute our own SQL and return how many rows its first statement wrote."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def _rows(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
