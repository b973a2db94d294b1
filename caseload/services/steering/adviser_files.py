"""Loads `conseillers.csv`: accounts, advisers and their portfolios."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import BinaryIO

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accompaniment.enums import AuditAction, Modality, NotificationKind, Role
from accompaniment.models import Agency, Jobseeker, User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.imports import values
from accompaniment.rules.imports.outcome import Outcome, RejectedRows
from accompaniment.rules.imports.reader import Progress, Reader, SourceRow, reading
from accompaniment.rules.imports.rows import AGENCIES_FIRST, RowRejectedError
from accompaniment.rules.imports.values import InvalidValueError
from accompaniment.services import audit, outbox
from accompaniment.services.imports.transactions import import_transaction
from caseload.hooks.arrivals import on_adviser_created
from caseload.locks import lock_all_advisers, lock_portfolios
from caseload.models import Adviser, Capacity, Portfolio
from caseload.rules.adviser_rows import ADVISERS, AdviserParser, AdviserRow, name_in_agency
from caseload.services.steering.capacities import apply_capacities, capacity_for
from caseload.services.steering.reference import load_reference

ROWS_AT_ONCE = 500
"""The number of rows whose addresses are looked up with one statement."""


@dataclass
class _Known:
    """What exists already, and what this file adds."""

    agencies: dict[str, Agency]
    advisers: dict[str, Adviser]
    portfolios: dict[tuple[int, str], Portfolio]
    caps: dict[tuple[int, str, int], int]

    def cap(self, adviser: Adviser, agency: Agency, modality: Modality, day: date) -> int:
        """Return the cap in force, read once per agency, modality and working share."""
        key = (agency.pk, modality, adviser.working_share)
        if key not in self.caps:
            self.caps[key] = capacity_for(
                agency=agency, modality=modality, day=day, working_share=adviser.working_share
            )
        return self.caps[key]


def load_advisers(
    *, actor: User | None, source: BinaryIO, dry_run: bool = False, progress: Progress | None = None
) -> Outcome:
    """Create the file's advisers, each with an account to activate and a portfolio, and update those with a known
    e-mail.

    Every portfolio gets the present cap for its agency, modality and working share. If an adviser changes agency, the
    portfolios move along. An adviser who follows people cannot change agency (`staff.change_adviser`). A portfolio that
    the file no longer names stays, because it may hold people. Raises UnreadableFileError and DomainError, with nothing
    written.
    """
    with reading(source, ADVISERS, progress) as reader, import_transaction(dry_run=dry_run):
        outcome = Outcome(RejectedRows(reader.columns))
        if not Capacity.objects.exists():
            load_reference()
        known = _known()
        if not known.agencies:
            raise DomainError(AGENCIES_FIRST)
        taken: set[str] = set()
        parser = AdviserParser(
            agencies=frozenset(known.agencies),
            taken=taken,
            known=frozenset(known.advisers),
            colleagues=_colleagues(known),
            following=_following(known),
            warn=outcome.warnings.add,
        )
        rows = list(_accepted(reader, parser, outcome, taken))
        newcomers = _create_advisers(actor, known, rows)
        changed = _update_advisers(actor, known, rows)
        opened = _open_portfolios(known, rows)
        apply_capacities(now=timezone.now(), opened=opened.values())
        for row in rows:
            portfolio = (row.email, row.modality)
            if row.email in newcomers:
                outcome.created += 1
            elif row.email in changed or portfolio in opened:
                outcome.updated += 1
            else:
                outcome.unchanged += 1
        outcome.account_for(reader.rows, accepted=len(rows))
        if newcomers:
            arrived = [known.advisers[email] for email in newcomers]
            for welcome in on_adviser_created:
                welcome(arrived)
    return outcome


def _known() -> _Known:
    # Portfolios before advisers, in the general order of locks.
    portfolios = lock_portfolios(Portfolio.objects.all())
    advisers = lock_all_advisers()
    return _Known(
        agencies={agency.code: agency for agency in Agency.objects.select_related("departement__region")},
        advisers={adviser.user.email: adviser for adviser in advisers},
        portfolios={(portfolio.adviser_id, portfolio.modality): portfolio for portfolio in portfolios},
        caps={},
    )


def _colleagues(known: _Known) -> dict[str, frozenset[str]]:
    """Return the addresses of an agency's advisers by name. Closed accounts are left out."""
    found: dict[str, frozenset[str]] = {}
    for email, adviser in known.advisers.items():
        if adviser.user.is_active:
            name = name_in_agency(adviser.user.last_name, adviser.user.first_name, adviser.agency.code)
            found[name] = found.get(name, frozenset()) | {email}
    return found


def _following(known: _Known) -> dict[str, tuple[str, int]]:
    """Return the agency of each adviser who follows people, and how many."""
    people: Counter[int] = Counter()
    for portfolio in known.portfolios.values():
        people[portfolio.adviser_id] += portfolio.occupied
    return {
        email: (adviser.agency.code, people[adviser.pk])
        for email, adviser in known.advisers.items()
        if people[adviser.pk]
    }


def _addresses_of_others(rows: Iterable[SourceRow]) -> frozenset[str]:
    """Return the addresses of these rows that belong to people who are not advisers."""
    named = set(filter(None, map(_address, rows)))
    accounts = User.objects.filter(adviser=None, email__in=named).values_list("email", flat=True)
    jobseekers = Jobseeker.objects.filter(email__in=named).values_list("email", flat=True)
    return frozenset(accounts.union(jobseekers))


def _address(row: SourceRow) -> str:
    """Return the address of a row; empty if it is invalid, which the parser reports."""
    if row.fault:
        return ""
    try:
        return values.email(row.values[ADVISERS.columns.index("email")])
    except InvalidValueError:
        return ""


def _accepted(reader: Reader, parser: AdviserParser, outcome: Outcome, taken: set[str]) -> Iterator[AdviserRow]:
    """Yield the accepted rows. `taken` is filled for each batch before the parser uses it."""
    rows = iter(reader)
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        taken |= _addresses_of_others(batch)
        for row in batch:
            outcome.rows += 1
            if row.fault:
                outcome.reject_whole(row)
                continue
            try:
                yield parser.parse(row)
            except RowRejectedError as rejection:
                outcome.reject(row, column=rejection.column, value=rejection.value, reason=rejection.reason)


def _create_advisers(actor: User | None, known: _Known, rows: Iterable[AdviserRow]) -> list[str]:
    """Create the new accounts and advisers, and return their addresses."""
    new = {row.email: row for row in rows if row.email not in known.advisers}
    users = User.objects.bulk_create(
        User(
            email=row.email,
            last_name=row.last_name,
            first_name=row.first_name,
            role=Role.ADVISER,
            password=make_password(None),
        )
        for row in new.values()
    )
    advisers = Adviser.objects.bulk_create(
        Adviser(user=user, agency=known.agencies[row.agency], working_share=row.working_share)
        for user, row in zip(users, new.values(), strict=True)
    )
    for adviser in advisers:
        known.advisers[adviser.user.email] = adviser
        outbox.notify(
            key=f"account-activation:{adviser.user_id}",
            kind=NotificationKind.ACCOUNT_ACTIVATION,
            email=adviser.user.email,
            user=adviser.user,
            context={"first_name": adviser.user.first_name},
        )
        audit.record(
            actor=actor, jobseeker=None, action=AuditAction.ACCOUNT, event="adviser_created", user=adviser.user_id
        )
    return list(new)


def _update_advisers(actor: User | None, known: _Known, rows: Iterable[AdviserRow]) -> set[str]:
    """Give known advisers the name, agency and share of the file, and return the addresses of those that changed."""
    users: dict[str, User] = {}
    advisers: dict[str, Adviser] = {}
    for row in rows:
        adviser = known.advisers[row.email]
        user = adviser.user
        agency = known.agencies[row.agency]
        if (user.last_name, user.first_name) != (row.last_name, row.first_name):
            user.last_name, user.first_name = row.last_name, row.first_name
            users[row.email] = user
        if (adviser.agency_id, adviser.working_share) != (agency.pk, row.working_share):
            adviser.agency, adviser.working_share = agency, row.working_share
            advisers[row.email] = adviser
    User.objects.bulk_update(users.values(), ["last_name", "first_name"])
    Adviser.objects.bulk_update(advisers.values(), ["agency", "working_share"])
    changed = users.keys() | advisers.keys()
    moved = []
    for email in sorted(changed):
        adviser = known.advisers[email]
        audit.record(
            actor=actor, jobseeker=None, action=AuditAction.ACCOUNT, event="adviser_updated", user=adviser.user_id
        )
        for portfolio in known.portfolios.values():
            if portfolio.adviser_id == adviser.pk and portfolio.agency_id != adviser.agency_id:
                portfolio.agency_id = adviser.agency_id
                moved.append(portfolio)
    Portfolio.objects.bulk_update(moved, ["agency"])
    return changed


def _open_portfolios(known: _Known, rows: Iterable[AdviserRow]) -> dict[tuple[str, Modality], Portfolio]:
    """Open the new portfolios, and return them by address and modality."""
    now = timezone.now()
    new: dict[tuple[str, Modality], Portfolio] = {}
    for row in rows:
        adviser = known.advisers[row.email]
        agency = known.agencies[row.agency]
        if (adviser.pk, row.modality) not in known.portfolios:
            new[row.email, row.modality] = Portfolio(
                adviser=adviser,
                agency=agency,
                modality=row.modality,
                capacity=known.cap(adviser, agency, row.modality, now.astimezone(agency.zone).date()),
            )
    Portfolio.objects.bulk_create(new.values())
    return new
