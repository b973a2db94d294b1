"""Carry out planned transfers: one transaction per person.

Lock order: the person, then both portfolios in primary-key order, then everything else. A transfer is carried out once,
however many workers run and however late.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from celery import current_app
from django.db import OperationalError, transaction
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError
from psycopg.errors import DeadlockDetected

from accompaniment.enums import AuditAction, Modality, NotificationKind
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Jobseeker
from accompaniment.services import audit, outbox, setbacks
from caseload.enums import CarriedAlong, PlacementEnd, TransferObstacle, TransferState
from caseload.hooks.handover import Along, Carried, Handover, carry_along
from caseload.locks import lock_planned_transfer, lock_portfolios, lock_unfinished_batch
from caseload.models import Manager, Placement, Portfolio, ReadingRight, Transfer, TransferBatch
from caseload.reads.moves.places import modalities_of
from caseload.reads.moves.transfer_reports import is_due
from caseload.rules.portfolio import Obstacle
from caseload.services.moves import placements
from caseload.services.moves.placements import NobodyAnswersError, PortfolioFullError

logger = logging.getLogger(__name__)

JOB = "caseload.jobs.carry_out_transfers"
READING_RIGHT_LASTS = timedelta(days=30)
TRIES = 3
"""How often a move is repeated after a deadlock with another transaction."""


class _ElsewhereError(Exception):
    """This portfolio cannot take the person; another one of the batch may."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.code)
        self.obstacle = obstacle


def why_not_there(*, person: Jobseeker, modality: Modality, target: Portfolio) -> Obstacle | None:
    """Return why a portfolio does not suit this person, apart from room and absences; None if it does."""
    there = {"portfolios": [target.pk]}
    if not target.adviser.user.is_active:
        return Obstacle(TransferObstacle.ACCOUNT_CLOSED, there)
    if target.modality != modality:
        return Obstacle(TransferObstacle.OTHER_MODALITY, {**there, "modality": modality})
    if target.agency.departement.region_id != person.agency.departement.region_id:
        return Obstacle(TransferObstacle.OTHER_REGION, there)
    return None


def carry_out(transfer: Transfer) -> None:
    """Move the person of a planned transfer, or record why not. A settled transfer is left alone.

    If the announced portfolio cannot take the person, the others of the batch are tried, the least loaded first.
    """
    refused: Obstacle | None = None
    for target in _targets(transfer):
        try:
            _try(transfer, target)
        except (PortfolioFullError, NobodyAnswersError, _ElsewhereError) as error:
            refused = refused or error.obstacle
        else:
            return
    if refused is not None:
        _give_up(transfer, refused)


def try_out(transfer: Transfer, *, now: datetime) -> None:
    """Carry a transfer out. If it fails for any reason, it stays planned, and a job tries it again.

    Nothing of a failed transfer is written, and it delays nobody else. Its author can cancel it meanwhile.
    """
    setbacks.try_one(job=JOB, row=transfer.pk, act=lambda _: _carried_out(transfer), now=now)


def _carried_out(transfer: Transfer) -> bool:
    carry_out(transfer)
    return True


def _finished(batch: TransferBatch) -> bool:
    finish(batch)
    return True


def finish(batch: TransferBatch) -> None:
    """Tell each receiving adviser, once, when all people of the batch are settled."""
    with transaction.atomic():
        locked = lock_unfinished_batch(batch.pk)
        if locked is None or locked.transfers.planned().exists():
            return
        received = (
            Portfolio.objects.filter(transfers_in__batch=locked, transfers_in__state=TransferState.DONE)
            .annotate(received=Count("transfers_in"))
            .select_related("adviser__user")
            .order_by("pk")
        )
        for portfolio in received:
            user = portfolio.adviser.user
            outbox.notify(
                key=f"people-received:{locked.pk}:{portfolio.pk}",
                kind=NotificationKind.PEOPLE_RECEIVED,
                email=user.email,
                user=user,
                context={
                    "first_name": user.first_name,
                    "received": portfolio.received,
                    "person": "",
                    "modality": portfolio.get_modality_display(),
                    "reason": locked.reason,
                    "path": reverse("transfer", args=[locked.pk]),
                },
            )
        locked.finished_at = timezone.now()
        locked.save(update_fields=["finished_at"])


def call_a_worker() -> None:
    """Ask a worker to carry out what is due. If no broker answers, the next scheduled round does it."""
    try:
        current_app.tasks[JOB].apply_async(retry=False)
    except BrokerError as error:
        logger.warning("no broker to carry out transfers: %s", error)


def carry_out_due(*, now: datetime) -> int:
    """Carry out the transfers whose day has come in the agency that the person leaves; return how many.

    A transfer that fails stays planned, delays nobody else, and waits longer each time.
    """
    last_day_anywhere = now.date() + timedelta(days=1)
    due = {
        transfer.pk: transfer
        for transfer in Transfer.objects.planned()
        .filter(batch__due_on__lte=last_day_anywhere)
        .select_related("batch", "source__agency__departement__region")
        .order_by("pk")
        if is_due(transfer, now)
    }
    done = setbacks.try_each(job=JOB, due=due, act=lambda pk: _carried_out(due[pk]), now=now)
    unfinished = TransferBatch.objects.filter(finished_at=None, due_on__lte=last_day_anywhere).order_by("pk")
    batches = {batch.pk: batch for batch in unfinished}
    setbacks.try_each(job=f"{JOB}.finish", due=batches, act=lambda pk: _finished(batches[pk]), now=now)
    return done


def _targets(transfer: Transfer) -> Iterator[int]:
    """Yield the announced portfolio, then the batch's others by their present load."""
    announced = transfer.target_id
    if announced is None:
        return
    yield announced
    yield from (
        Portfolio.objects.of_open_accounts()
        .filter(pk__in=transfer.batch.targets.values("pk"))
        .exclude(pk__in=(announced, transfer.source_id))
        .least_filled_first()
        .values_list("pk", flat=True)
    )


def _try(transfer: Transfer, target: int) -> None:
    for left in reversed(range(TRIES)):
        try:
            _move(transfer, target)
        except OperationalError as error:
            if not left or not isinstance(error.__cause__, DeadlockDetected):
                raise
        else:
            return


def _move(head: Transfer, target_pk: int) -> None:
    with transaction.atomic():
        person = lock_jobseeker(head.jobseeker_id)
        portfolios = _locked_portfolios(head.source_id, target_pk)
        transfer = lock_planned_transfer(Transfer.objects.filter(pk=head.pk))
        if transfer is None:
            return
        source, target = portfolios[head.source_id], portfolios[target_pk]
        standing = Placement.objects.open().filter(jobseeker=person).first()
        if standing is None or standing.portfolio_id != source.pk:
            _close(transfer, TransferState.NOT_DONE, why_not=Obstacle(TransferObstacle.GONE))
            return
        obstacle = why_not_there(person=person, modality=modalities_of([person])[person.pk], target=target)
        if obstacle is not None:
            raise _ElsewhereError(obstacle)
        _change_placement(transfer, person=person, source=source, target=target)


def _change_placement(transfer: Transfer, *, person: Jobseeker, source: Portfolio, target: Portfolio) -> None:
    """Move the person and everything that moves along. The person and both portfolios are locked."""
    batch, now = transfer.batch, timezone.now()
    actor = batch.decided_by
    # Ended first, so that ending the placement finds no planned transfer to void.
    transfer.target = target
    _close(transfer, TransferState.DONE)
    placements.end_placement(actor=actor, jobseeker=person, reason=PlacementEnd.TRANSFERRED, at=now)
    placements.place(actor=actor, jobseeker=person, portfolio=target)
    if source.adviser_id != target.adviser_id:
        carried = carry_along(
            Handover(jobseeker=person, source=source.adviser, target=target.adviser, actor=actor, at=now)
        )
        if batch.keep_reading and Manager.objects.filter(user=actor).exists():
            ReadingRight.objects.create(
                adviser=source.adviser,
                jobseeker=person,
                starts_at=now,
                ends_at=now + READING_RIGHT_LASTS,
                granted_by=actor,
            )
        _tell(transfer, person=person, target=target, carried=carried)
    audit.record(
        actor=actor,
        jobseeker=person,
        action=AuditAction.TRANSFER,
        event="done",
        batch=batch.pk,
        source=source.pk,
        target=target.pk,
        former=source.adviser.user.full_name,
        adviser=target.adviser.user.full_name,
        keep_reading=batch.keep_reading,
    )


def _tell(transfer: Transfer, *, person: Jobseeker, target: Portfolio, carried: Carried) -> None:
    told = outbox.notify_jobseeker(
        key=f"adviser-changed:{transfer.pk}",
        kind=NotificationKind.ADVISER_CHANGED,
        jobseeker=person,
        context={
            "first_name": person.first_name,
            "adviser": target.adviser.user,
            "first": False,
            "agency": target.agency.name,
            "carried": carried.person,
            "path": reverse("space"),
        },
    )
    left = [] if told else [Along(CarriedAlong.NO_ADDRESS)]
    transfer.carried = [along.stored() for along in (*carried.report, *left)]
    transfer.save(update_fields=["carried"])


def _give_up(head: Transfer, refused: Obstacle) -> None:
    with transaction.atomic():
        lock_jobseeker(head.jobseeker_id)
        transfer = lock_planned_transfer(Transfer.objects.filter(pk=head.pk))
        if transfer is not None:
            _close(transfer, TransferState.NOT_DONE, why_not=refused)


def _close(transfer: Transfer, state: TransferState, *, why_not: Obstacle | None = None) -> None:
    transfer.state = state
    transfer.finished_at = timezone.now()
    if why_not is not None:
        transfer.why_not, transfer.why_not_facts = why_not.code, why_not.facts
    transfer.save(update_fields=["state", "finished_at", "why_not", "why_not_facts", "target"])
    if state == TransferState.NOT_DONE:
        audit.record(
            actor=transfer.batch.decided_by,
            jobseeker=transfer.jobseeker,
            action=AuditAction.TRANSFER,
            event="not_done",
            batch=transfer.batch_id,
        )


def _locked_portfolios(*pks: int) -> dict[int, Portfolio]:
    wanted = Portfolio.objects.filter(pk__in=pks).select_related(
        "agency__departement__region", "adviser__user", "adviser__agency__departement__region"
    )
    return {portfolio.pk: portfolio for portfolio in lock_portfolios(wanted)}
