"""The locks of the caseload, in the order of `accompaniment.locks`: portfolios, then advisers, then the rest."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.db import connection

from accompaniment.locks import Rank, lock_first, lock_row, lock_rows, note
from caseload.models import Absence, Adviser, Capacity, ImportRun, Placement, Portfolio, Transfer, TransferBatch

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accompaniment.models import Jobseeker


def lock_portfolios(portfolios: "QuerySet[Portfolio]") -> list[Portfolio]:
    """Lock portfolios, so that nobody is placed in them or leaves them. Other transactions may refer to them."""
    return lock_rows(Rank.PORTFOLIO, portfolios, no_key=True)


def lock_advisers(pks: Collection[int]) -> dict[int, Adviser]:
    """Lock advisers by primary key and return them. Those who book with them, or make them a cover, wait."""
    advisers = Adviser.objects.filter(pk__in=pks).select_related("user", "agency__departement__region")
    return {adviser.pk: adviser for adviser in lock_rows(Rank.ADVISER, advisers)}


def lock_all_advisers() -> list[Adviser]:
    """Lock all advisers."""
    return lock_rows(Rank.ADVISER, Adviser.objects.select_related("user", "agency"))


def share_adviser(pk: int) -> None:
    """Keep others from declaring an absence of the adviser during this transaction. Those who share do not wait."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM caseload_adviser WHERE id = %s FOR KEY SHARE", [pk])
    note(Rank.ADVISER, Adviser._meta.db_table, [pk])


def lock_absences(pks: Collection[int]) -> dict[int, Absence]:
    """Lock absences by primary key and return them. Their people, portfolios and advisers are locked before."""
    return {absence.pk: absence for absence in lock_rows(Rank.REST, Absence.objects.filter(pk__in=pks))}


def lock_open_placement(person: "Jobseeker") -> Placement | None:
    """Lock the person's open placement, or return None."""
    return lock_first(Rank.REST, Placement.objects.open().filter(jobseeker=person))


def lock_planned_transfer(transfers: "QuerySet[Transfer]") -> Transfer | None:
    """Lock the first of these transfers that is still planned, or return None."""
    planned = Transfer.objects.planned().filter(pk__in=transfers.values("pk"))
    return lock_first(Rank.REST, planned.select_related("batch__decided_by", "jobseeker"))


def lock_unfinished_batch(pk: int) -> TransferBatch | None:
    """Lock the batch of a transfer of several people; return None once it is finished."""
    return lock_first(Rank.REST, TransferBatch.objects.filter(pk=pk, finished_at=None))


def lock_capacity(pk: int) -> Capacity | None:
    """Lock a cap; return None if it is gone."""
    return lock_first(Rank.REST, Capacity.objects.select_related("agency__departement__region").filter(pk=pk))


def lock_run(pk: int) -> ImportRun:
    """Lock a file that a manager has handed in."""
    run: ImportRun = lock_row(Rank.REST, ImportRun.objects.filter(pk=pk))
    return run
