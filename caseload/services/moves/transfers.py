"""Decides that people change portfolio for good: now or on a day, into one portfolio or several.

A manager may decide for the people and portfolios of the manager's regions. An adviser may decide for the people of
their own portfolios, to colleagues of the same agency. Only a manager can let the former adviser go on reading. There
is always a reason. The decision is one transaction. Then each person moves in a separate one (`services.moves`), so
that a person who cannot move delays nobody, and the report names them.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, Modality
from accompaniment.locks import lock_jobseekers
from accompaniment.models import Jobseeker, User
from accompaniment.rules.errors import DomainError, NoRightError, NotAllowedNowError
from accompaniment.rules.french import counted, plural
from accompaniment.services import audit
from accompaniment.services.foreseen import Foreseen, names_of
from accompaniment.services.rights import account_open
from caseload.enums import TransferObstacle, TransferState
from caseload.hooks.coming import booked
from caseload.models import Placement, Portfolio, Transfer, TransferBatch
from caseload.models.transfers import TransferQuerySet
from caseload.reads.moves.places import modalities_of, unanswered_on
from caseload.reads.moves.transfer_reports import is_due
from caseload.rules.portfolio import Load, Obstacle, spread
from caseload.services.moves import carrying_out as moves
from caseload.services.moves import placements


class TargetsFullError(DomainError):
    """Nobody can be moved because the chosen portfolios are full. Others may have room."""

    def __init__(self) -> None:
        super().__init__(
            "Les portefeuilles choisis sont complets, ou viennent de se remplir. Choisissez parmi ceux qui ont de la "
            "place, ou indiquez un jour à venir.",
            about="targets",
        )


def transfer_people(
    *,
    actor: User,
    people: Iterable[Placement],
    targets: Iterable[Portfolio],
    reason: str,
    due_on: date | None = None,
    keep_reading: bool = False,
    token: UUID | None = None,
    wait_for: int | None = None,
) -> TransferBatch:
    """Decide the transfer of people, identified by the placements that were seen, and carry out what is due.

    `due_on` is a day in the agency that they leave; None: at once. The same decision with the same `token` is done once
    and returns the same batch; another decision is a new act. `wait_for`: how many people are moved before this
    returns; a worker moves the others in the background; None: everybody. The batch names those who cannot be moved,
    with the reason. Raises TargetsFullError if there is no place at all, DomainError for a decision without a right,
    reason, valid day or people, with nothing written.
    """
    seen, chosen = [placement.pk for placement in people], [portfolio.pk for portfolio in targets]
    return _transfer(
        actor=actor,
        people=seen,
        targets=chosen,
        reason=reason,
        due_on=due_on,
        keep_reading=keep_reading,
        token=_key(token, sorted(seen), sorted(chosen), reason, due_on, keep_reading),
        replaces_planned=False,
        wait_for=wait_for,
    )


def move_everybody(
    *,
    actor: User,
    portfolio: Portfolio,
    targets: Iterable[Portfolio],
    reason: str,
    due_on: date | None = None,
    keep_reading: bool = False,
    token: UUID | None = None,
    wait_for: int | None = None,
    shown: str | None = None,
) -> TransferBatch:
    """Transfer everybody who is in a portfolio now, to the least loaded target first.

    Transfers already planned for them are cancelled, because this decision replaces them. The portfolio need not be
    empty afterwards: the batch names those who did not move. `token`, `wait_for` and errors: as `transfer_people`, also
    for an empty portfolio. Raises NotForeseenError if the moves differ from those `shown`.
    """
    chosen = [target.pk for target in targets]
    return _transfer(
        actor=actor,
        people=list(Placement.objects.open().filter(portfolio=portfolio).values_list("pk", flat=True)),
        targets=chosen,
        reason=reason,
        due_on=due_on,
        keep_reading=keep_reading,
        token=_key(token, portfolio.pk, sorted(chosen), reason, due_on, keep_reading),
        replaces_planned=True,
        wait_for=wait_for,
        shown=shown,
    )


def cancel_transfers(*, actor: User, batch: TransferBatch, only: Collection[Transfer] | None = None) -> int:
    """Cancel the planned transfers of a batch that the actor may decide about; return how many.

    `only`: only these transfers. The right belongs to each row: an adviser can cancel their own decisions, a manager
    transfers of people in the manager's regions. All others stay. Raises DomainError if the actor has a right to none
    of them, NotAllowedNowError if nothing is left to cancel.
    """
    with transaction.atomic():
        rows = Transfer.objects.decided_over_by(actor).filter(account_open(actor), batch=batch)
        if only is not None:
            rows = rows.filter(pk__in=[transfer.pk for transfer in only])
        if not rows.exists():
            raise NoRightError("Seule la personne qui a décidé ce transfert, ou un responsable, peut l'annuler.")
        lock_jobseekers(rows.planned().values_list("jobseeker_id", flat=True))
        cancelled = _cancel(rows.planned(), actor=actor, at=timezone.now())
        if not cancelled:
            raise NotAllowedNowError("Il n'y a plus rien à annuler\u00a0: ce transfert a déjà été traité.")
    moves.finish(batch)
    return cancelled


def foresee(
    *, actor: User, people: Iterable[Placement], targets: Iterable[Portfolio], due_on: date | None
) -> list[Transfer]:
    """Return what `transfer_people` would write, one unsaved row per person, by name. Writes nothing."""
    now = timezone.now()
    seen = _with_people([placement.pk for placement in people])
    chosen = _checked_targets(actor, [portfolio.pk for portfolio in targets])
    return _rows(actor, seen, chosen, due_on=_checked_day(due_on, seen, now=now), now=now)


def may_decide(actor: User, placement: Placement) -> bool:
    """Return whether the actor may decide about this person's transfer: a manager, or the person's own adviser."""
    decides: bool = actor.is_manager or placement.portfolio.adviser.user_id == actor.pk
    return decides


def _key(token: UUID | None, *decision: object) -> UUID | None:
    """Return the key of this decision: the form's token together with all choices."""
    return uuid5(token, repr(decision)) if token else None


def _transfer(
    *,
    actor: User,
    people: Sequence[int],
    targets: Sequence[int],
    reason: str,
    due_on: date | None,
    keep_reading: bool,
    token: UUID | None,
    replaces_planned: bool,
    wait_for: int | None,
    shown: str | None = None,
) -> TransferBatch:
    with transaction.atomic():
        seen = _locked_with_people(people)
        now = timezone.now()
        standing = TransferBatch.objects.filter(token=token).first() if token else None
        if standing is not None:
            return standing
        chosen = _checked_targets(actor, targets)
        _check_people(actor, seen)
        _check_words(actor, reason=reason, keep_reading=keep_reading)
        batch = TransferBatch.objects.create(
            decided_by=actor,
            decided_at=now,
            due_on=_checked_day(due_on, seen, now=now),
            reason=reason.strip(),
            keep_reading=keep_reading,
            token=token,
        )
        batch.targets.set(chosen)
        if replaces_planned:
            of_them = Transfer.objects.planned().filter(jobseeker__in=[placement.jobseeker_id for placement in seen])
            _cancel(of_them, actor=actor, at=now)
        _plan(batch, seen, chosen, now=now)
        if shown is not None:
            _foreseen(batch).check(shown)
    planned = batch.transfers.planned().select_related("batch", "source__agency__departement__region")
    due = [transfer for transfer in planned.order_by("pk") if is_due(transfer, now)]
    for transfer in due[:wait_for]:
        moves.try_out(transfer, now=now)
    if len(due[:wait_for]) < len(due):
        transaction.on_commit(moves.call_a_worker)
    moves.finish(batch)
    return batch


def _foreseen(batch: TransferBatch) -> Foreseen:
    """Return the consequences of a decision that was just written: who goes where, and who stays."""
    rows = list(batch.transfers.select_related("target__adviser__user").order_by("pk"))
    received = Counter(str(row.target.adviser) for row in rows if row.target is not None)
    staying = sum(row.target is None for row in rows)
    people = [row.jobseeker_id for row in rows]
    sentences = [f"{adviser} reçoit {counted(count, 'une personne')}." for adviser, count in sorted(received.items())]
    if staying:
        sentences.append(
            f"{counted(staying, 'une personne')} ne {plural(staying, 'change,changent')} pas, faute de place."
        )
    sentences += [
        "Les rappels et la conversation suivent.",
        "Un entretien prévu suit si le conseiller est libre à la même heure\u00a0; sinon il est annulé.",
        "Chaque personne apprend par e-mail qui la suit désormais.",
    ]
    return Foreseen(
        title="Transférer tout le portefeuille",
        sentences=sentences,
        confirm="Transférer",
        people=people,
        names=names_of(people, reader=batch.decided_by, ending=[ask(people, timezone.now()) for ask in booked]),
        keys=[("target", row.jobseeker_id, row.target_id) for row in rows],
    )


def _locked_with_people(placements: Sequence[int]) -> list[Placement]:
    """Lock the people of these placements, then read the placements as they are now."""
    lock_jobseekers(Placement.objects.filter(pk__in=placements).values_list("jobseeker_id", flat=True))
    return _with_people(placements)


def _with_people(placements: Sequence[int]) -> list[Placement]:
    return list(
        Placement.objects.filter(pk__in=placements)
        .select_related("portfolio__adviser__user", "portfolio__agency__departement__region", "jobseeker__agency")
        .select_related("jobseeker__agency__departement")
        .order_by("jobseeker__last_name", "jobseeker__first_name", "pk")
    )


def _checked_targets(actor: User, targets: Sequence[int]) -> list[Portfolio]:
    chosen = list(
        Portfolio.objects.filter(pk__in=targets).select_related("adviser__user", "agency__departement").order_by("pk")
    )
    if not chosen:
        raise DomainError("Choisissez au moins un portefeuille.", about="targets")
    allowed = Portfolio.objects.open_to_transfers_of(actor).filter(pk__in=targets)
    if allowed.count() != len(chosen):
        where = "de vos régions" if actor.is_manager else "de votre agence"
        raise DomainError(f"Choisissez des portefeuilles {where}.", about="targets")
    return chosen


def _check_people(actor: User, seen: Sequence[Placement]) -> None:
    if not seen:
        raise DomainError("Choisissez au moins une personne.")
    people = {placement.jobseeker_id for placement in seen if placement.ended_at is None}
    if Jobseeker.objects.visible_to(actor).filter(account_open(actor), pk__in=people).count() != len(people):
        raise NoRightError("Vous ne pouvez transférer que des personnes que vous suivez ou de vos régions.")


def _check_words(actor: User, *, reason: str, keep_reading: bool) -> None:
    if not reason.strip():
        raise DomainError("Indiquez le motif de ce transfert.", about="reason")
    if keep_reading and not actor.is_manager:
        raise DomainError("Seul un responsable peut laisser la lecture à l'ancien conseiller.", about="keep_reading")


def _checked_day(due_on: date | None, seen: Sequence[Placement], *, now: datetime) -> date:
    today = now.astimezone(seen[0].portfolio.agency.zone).date()
    if due_on is None:
        return today
    if due_on < today:
        raise DomainError(
            "Un transfert ne se fait pas dans le passé. Choisissez aujourd'hui ou une date à venir.", about="due_on"
        )
    return due_on


def _plan(batch: TransferBatch, seen: Sequence[Placement], targets: Sequence[Portfolio], *, now: datetime) -> None:
    """Write one row per person: the target, or the reason against moving.

    Raises TargetsFullError if there is no place at all.
    """
    rows = _rows(batch.decided_by, seen, targets, due_on=batch.due_on, now=now)
    if all(row.target_id is None for row in rows) and any(row.why_not == TransferObstacle.FULL for row in rows):
        raise TargetsFullError
    for row in rows:
        row.batch = batch
        if row.target_id is None:
            row.state, row.finished_at = TransferState.NOT_DONE, now
    Transfer.objects.bulk_create(rows)
    for row in rows:
        if row.state == TransferState.NOT_DONE or not is_due(row, now):
            _audit(row, actor=batch.decided_by, event=row.state)


def _rows(
    actor: User, seen: Sequence[Placement], targets: Sequence[Portfolio], *, due_on: date, now: datetime
) -> list[Transfer]:
    """Return an unsaved row per placement: the target by the present loads, or the reason against moving."""
    modalities = modalities_of(placement.jobseeker for placement in seen)
    planned = set(
        Transfer.objects.planned()
        .filter(jobseeker__in=[placement.jobseeker_id for placement in seen])
        .values_list("jobseeker_id", flat=True)
    )
    obstacles = _Obstacles(targets, day=due_on, today=now.astimezone(seen[0].portfolio.agency.zone).date())
    rows = []
    for placement in seen:
        row = Transfer(jobseeker=placement.jobseeker, source=placement.portfolio)
        modality = modalities[placement.jobseeker_id]
        found = _why_not(actor, placement, modality=modality, planned=planned, targets=targets, obstacles=obstacles)
        if found is not None:
            row.why_not, row.why_not_facts = found.code, found.facts
        rows.append(row)
    at_once = any(due_on <= now.astimezone(row.source.agency.zone).date() for row in rows)
    _give_targets([row for row in rows if not row.why_not], modalities, targets, obstacles, at_once=at_once)
    return rows


class _Obstacles:
    """The reasons against portfolios on the day of the transfer; absences are read once."""

    def __init__(self, targets: Sequence[Portfolio], *, day: date, today: date) -> None:
        self._today = today
        self._away = unanswered_on(targets, day)

    def between(self, person: Jobseeker, modality: Modality, target: Portfolio) -> Obstacle | None:
        """Return the obstacle between the person and the portfolio, apart from room."""
        if (until := self._away.get(target.pk)) is not None:
            return placements.NobodyAnswersError(target, until=until, today=self._today).obstacle
        return moves.why_not_there(person=person, modality=modality, target=target)


def _why_not(
    actor: User,
    placement: Placement,
    *,
    modality: Modality,
    planned: Collection[int],
    targets: Sequence[Portfolio],
    obstacles: "_Obstacles",
) -> Obstacle | None:
    """Return why this decision cannot move the person, apart from room; None if it can."""
    if placement.ended_at is not None:
        return Obstacle(TransferObstacle.GONE)
    if not may_decide(actor, placement):
        return Obstacle(TransferObstacle.NOT_YOURS)
    if placement.jobseeker_id in planned:
        return Obstacle(TransferObstacle.ALREADY_PLANNED)
    others = [target for target in targets if target.pk != placement.portfolio_id]
    if not others:
        return Obstacle(TransferObstacle.ALREADY_THERE)
    found = [obstacles.between(placement.jobseeker, modality, target) for target in others]
    return None if None in found else found[0]


def _give_targets(
    rows: Sequence[Transfer],
    modalities: dict[int, Modality],
    targets: Sequence[Portfolio],
    obstacles: "_Obstacles",
    *,
    at_once: bool,
) -> None:
    by_pk = {target.pk: target for target in targets}
    fitting = [
        [
            target.pk
            for target in targets
            if target.pk != row.source_id
            and obstacles.between(row.jobseeker, modalities[row.jobseeker_id], target) is None
        ]
        for row in rows
    ]
    loads = [Load(target.pk, target.occupied, target.capacity) for target in targets]
    for row, portfolios, pk in zip(rows, fitting, spread(fitting, loads, past_the_cap=not at_once), strict=True):
        if pk is not None:
            row.target = by_pk[pk]
        else:
            row.why_not, row.why_not_facts = TransferObstacle.FULL, {"portfolios": portfolios}


def _cancel(planned: TransferQuerySet, *, actor: User, at: datetime) -> int:
    """Cancel planned transfers; their people are locked."""
    transfers = list(planned.select_related("jobseeker"))
    for transfer in transfers:
        transfer.state, transfer.finished_at = TransferState.CANCELLED, at
    Transfer.objects.bulk_update(transfers, ["state", "finished_at"])
    for transfer in transfers:
        _audit(transfer, actor=actor, event="cancelled")
    return len(transfers)


def _audit(transfer: Transfer, *, actor: User, event: str) -> None:
    audit.record(
        actor=actor,
        jobseeker=transfer.jobseeker,
        action=AuditAction.TRANSFER,
        event=event,
        batch=transfer.batch_id,
        target=transfer.target_id,
    )
