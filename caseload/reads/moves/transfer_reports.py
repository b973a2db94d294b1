"""Transfers as pages show them: the report of a batch, and the history. Each takes a fixed number of queries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from accompaniment.enums import Modality
from accompaniment.models import Jobseeker, User
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.french import day_in_words, listed, moment_there, of_name
from caseload.enums import CarriedAlong, PlacementEnd, TransferObstacle, TransferState
from caseload.hooks.coming import booked
from caseload.models import CaseSummary, Placement, Portfolio, ReadingRight, Transfer, TransferBatch
from caseload.models.transfers import TransferBatchQuerySet
from caseload.reads.desk.cases import situations_of
from caseload.reads.moves.places import modalities_of
from caseload.rules.portfolio import WHY_NOT, Need, needs_of


@dataclass(frozen=True, slots=True)
class Line:
    """One person of the report.

    `readable`: the reader may open the file, so needs and moved things are shown. `visible`: the reader may also act on
    it.
    """

    transfer: Transfer
    visible: bool
    readable: bool
    needs: list[Need]
    why: str
    """Why the person was not moved; empty if they were."""

    @property
    def carried(self) -> list[str]:
        """What moved along, and what is left to do, in sentences."""
        return [carried_in_words(along, self.transfer) for along in self.transfer.carried]

    @property
    def summary(self) -> CaseSummary:
        return _summary(self.transfer.jobseeker)

    @property
    def zones(self) -> tuple[ZoneInfo]:
        """The clock of the person's agency."""
        return (self.transfer.jobseeker.agency.zone,)

    @property
    def interview_to_conclude(self) -> bool:
        return any(need.says_to_conclude for need in self.needs)


@dataclass(frozen=True, slots=True)
class Remaining:
    """People who were not moved for the same reason."""

    why: str
    lines: list[Line]

    @property
    def again(self) -> str:
        """The query of the page that proposes other portfolios for the people whom the reader may see."""
        return urlencode([("personne", line.transfer.jobseeker_id) for line in self.lines if line.visible])


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a batch, limited to what its reader may see."""

    batch: TransferBatch
    done: list[Line]
    running: list[Line]
    """Due and unfinished: a worker is moving these people."""
    planned: list[Line]
    not_done: list[Line]
    cancelled: list[Line]
    targets: list[Portfolio]
    may_cancel: bool
    decides: bool

    @property
    def remaining(self) -> list[Remaining]:
        """The people who were not moved, by reason."""
        groups: dict[str, Remaining] = {}
        for line in self.not_done:
            groups.setdefault(line.why, Remaining(why=line.why, lines=[])).lines.append(line)
        return list(groups.values())


@dataclass(frozen=True, slots=True)
class Leaving:
    """One person before a transfer, and what will move along as far as the reader may see it."""

    placement: Placement
    visible: bool
    needs: list[Need]

    @property
    def summary(self) -> CaseSummary:
        return _summary(self.placement.jobseeker)


@dataclass(frozen=True, slots=True)
class GoingAlong:
    """How many interviews move with the people, and how many of them have a call-back or a message that does."""

    interviews: int
    callbacks: int
    replies: int


@dataclass(frozen=True, slots=True)
class Share:
    """The people who would go to one portfolio, and its new load."""

    portfolio: Portfolio
    people: list[Jobseeker]

    @property
    def occupied(self) -> int:
        return self.portfolio.occupied + len(self.people)


def leaving(placements: Iterable[Placement], *, reader: User, now: datetime) -> list[Leaving]:
    """Return the people with their needs; load `jobseeker__summary` and the agency's region.

    A person who now has another adviser, and whom the reader may no longer see, is shown by name only.
    """
    seen = list(placements)
    visible = _visible(reader, [placement.jobseeker_id for placement in seen])
    needs = _needs([placement.jobseeker for placement in seen if placement.jobseeker_id in visible], now)
    return [
        Leaving(
            placement=placement,
            visible=placement.jobseeker_id in visible,
            needs=needs.get(placement.jobseeker_id, []),
        )
        for placement in seen
    ]


def going_along(people: Iterable[Leaving], *, now: datetime) -> GoingAlong:
    """Count what will move along with these people. An interview that has already begun stays where it is.

    The summary knows one interview of a person, and one that is to be concluded hides those that come.
    """
    summaries = [one.summary for one in people if one.visible]
    visible = [summary.jobseeker_id for summary in summaries]
    found = [ask(visible, now) for ask in booked]
    return GoingAlong(
        interviews=sum(len(words) for part in found for words in part.values()),
        callbacks=sum(summary.callback_due_at is not None for summary in summaries),
        replies=sum(summary.awaiting_reply_since is not None for summary in summaries),
    )


def proposed_targets(actor: User, placements: Sequence[Placement]) -> list[Portfolio]:
    """Return the portfolios to which these people can move: first those of their agencies, then the region's, least
    loaded first.

    Only portfolios of a needed modality, into which the actor may transfer. Those whose adviser is away today come
    last. Full ones are included, for a transfer on a later day; `with_room` removes them.
    """
    sources = {placement.portfolio_id for placement in placements}
    agencies = {placement.portfolio.agency_id for placement in placements}
    found = (
        Portfolio.objects.open_to_transfers_of(actor)
        .with_people_in_cover(timezone.now())
        .with_presence(timezone.localdate())
        .filter(
            modality__in=set(modalities_of(placement.jobseeker for placement in placements).values()),
            agency__departement__region__in={
                placement.jobseeker.agency.departement.region_id for placement in placements
            },
            adviser__user__is_active=True,
        )
        .exclude(pk__in=sources if len(sources) == 1 else ())
        .select_related("adviser__user", "agency")
    )
    return sorted(
        found,
        key=lambda portfolio: (
            portfolio.away_until is not None,
            portfolio.adviser.user.never_opened,
            portfolio.agency_id not in agencies,
            portfolio.occupied / max(portfolio.capacity, 1),
            portfolio.pk,
        ),
    )


def with_room(proposals: Iterable[Portfolio]) -> list[Portfolio]:
    """Keep the portfolios that have room today, and whose adviser or a colleague is there."""
    return [one for one in proposals if one.places_left > 0 and (one.away_until is None or one.relayed)]


def shares_of(rows: Iterable[Transfer]) -> list[Share]:
    """Group planned transfers by their target portfolio."""
    shares: dict[int, Share] = {}
    for row in rows:
        if row.target is not None:
            shares.setdefault(row.target.pk, Share(portfolio=row.target, people=[])).people.append(row.jobseeker)
    return sorted(shares.values(), key=lambda share: str(share.portfolio.adviser))


def report_of(batch: TransferBatch, *, reader: User, now: datetime) -> Report:
    """Return the report with the rows that the reader may see, and whether the reader can still cancel some of it."""
    own = Transfer.objects.decided_over_by(reader).filter(batch=batch)
    transfers = list(
        Transfer.objects.shown_to(reader)
        .filter(batch=batch)
        .annotate(decides=Exists(own.filter(pk=OuterRef("pk"))))
        .select_related(
            "jobseeker__summary",
            "jobseeker__agency__departement__region",
            "batch",
            "source__adviser__user",
            "source__agency__departement__region",
            "target__adviser__user",
            "target__adviser__agency__departement__region",
        )
        .order_by("jobseeker__last_name", "jobseeker__first_name", "pk")
    )
    people = [transfer.jobseeker_id for transfer in transfers]
    visible = _visible(reader, people)
    readable = set(Jobseeker.objects.readable_by(reader).filter(pk__in=people).values_list("pk", flat=True))
    needs = _needs([transfer.jobseeker for transfer in transfers if transfer.jobseeker_id in readable], now)
    lines: dict[TransferState, list[Line]] = {state: [] for state in TransferState}
    for transfer, why in zip(transfers, why_not_in_words(transfers), strict=True):
        lines[TransferState(transfer.state)].append(
            Line(
                transfer=transfer,
                visible=transfer.jobseeker_id in visible,
                readable=transfer.jobseeker_id in readable,
                needs=needs.get(transfer.jobseeker_id, []),
                why=why,
            )
        )
    planned = [line for line in lines[TransferState.PLANNED] if not is_due(line.transfer, now)]
    decides = any(transfer.decides for transfer in transfers)
    return Report(
        batch=batch,
        done=sorted(lines[TransferState.DONE], key=_due_first),
        running=[line for line in lines[TransferState.PLANNED] if is_due(line.transfer, now)],
        planned=planned,
        not_done=lines[TransferState.NOT_DONE],
        cancelled=lines[TransferState.CANCELLED],
        targets=_targets(batch, transfers, reader) if decides else [],
        may_cancel=decides,
        decides=decides,
    )


def _targets(batch: TransferBatch, transfers: Iterable[Transfer], reader: User) -> list[Portfolio]:
    """Return the chosen portfolios that the reader could choose too, and the targets of the people shown."""
    reached = {transfer.target_id for transfer in transfers if transfer.target_id}
    known = Portfolio.objects.open_to_transfers_of(reader).values("pk")
    found = batch.targets.filter(Q(pk__in=known) | Q(pk__in=reached))
    return list(found.select_related("adviser__user", "agency").order_by("pk"))


def history_of(reader: User) -> TransferBatchQuerySet:
    """Return the batches that the reader may see, newest first.

    Each has the number of visible people who moved, wait, and did not move.
    """
    mine = Q(transfers__in=Transfer.objects.shown_to(reader).values("pk"))
    counted = {state.value: Count("transfers", filter=mine & Q(transfers__state=state)) for state in TransferState}
    found: TransferBatchQuerySet = (
        TransferBatch.objects.visible_to(reader)
        .select_related("decided_by")
        .annotate(**counted)
        .order_by("-decided_at", "-pk")
    )
    return found


def readings_of(reader: User, *, now: datetime) -> list[ReadingRight]:
    """Return the rights to read files that an adviser has handed over, the one that ends first at the top."""
    standing = (
        ReadingRight.objects.standing(now)
        .filter(adviser__user=reader)
        .exclude(jobseeker__in=Jobseeker.objects.visible_to(reader))
        .select_related("jobseeker")
        .order_by("ends_at", "pk")
    )
    return list({right.jobseeker_id: right for right in standing}.values())


def _visible(reader: User, people: Iterable[int]) -> set[int]:
    return set(Jobseeker.objects.visible_to(reader).filter(pk__in=people).values_list("pk", flat=True))


def _due_first(line: Line) -> tuple[bool, tuple[int, float]]:
    """Sort by urgency; people without needs come last, by name."""
    return not line.needs, line.needs[0].rank if line.needs else (0, 0.0)


def staying_by_reason(rows: Iterable[Transfer]) -> list[tuple[str, list[Jobseeker]]]:
    """Group planned transfers without a target by reason."""
    groups: dict[str, list[Jobseeker]] = {}
    staying = [row for row in rows if row.target is None]
    for row, why in zip(staying, why_not_in_words(staying), strict=True):
        groups.setdefault(why, []).append(row.jobseeker)
    return list(groups.items())


def why_not_in_words(transfers: Sequence[Transfer]) -> list[str]:
    """Return why each transfer was not done; empty if it was. Load `source__adviser__user`. One query."""
    named = {pk for transfer in transfers for pk in transfer.why_not_facts.get("portfolios", [])}
    portfolios = Portfolio.objects.select_related("adviser__user").in_bulk(named) if named else {}
    return [_why_not(transfer, portfolios) if transfer.why_not else "" for transfer in transfers]


def _why_not(transfer: Transfer, portfolios: Mapping[int, Portfolio]) -> str:
    facts = transfer.why_not_facts
    if "told" in facts:
        return str(facts["told"])
    there = [portfolios[pk] for pk in facts.get("portfolios", [])]
    words: dict[str, object] = {
        **facts,
        "of_source": of_name(transfer.source.adviser),
        "advisers": listed(portfolio.adviser for portfolio in there),
    }
    if there:
        words["adviser"] = there[0].adviser
        words["of_adviser"] = of_name(there[0].adviser)
        words["of_portfolio"] = there[0].get_modality_display()
    if "reason" in facts:
        words["reason"] = PlacementEnd(facts["reason"]).label.lower()
    if "modality" in facts:
        words["modality"] = Modality(facts["modality"]).label
    if "until" in facts:
        words["until"] = day_in_words(date.fromisoformat(facts["until"]), today=timezone.localdate())
    return WHY_NOT[TransferObstacle(transfer.why_not)].format(**words)


CARRIED = {
    CarriedAlong.INTERVIEW_KEPT: "L'entretien du {at} passe à {target}, à la même heure.",
    CarriedAlong.INTERVIEW_CANCELLED: (
        "L'entretien du {at} est annulé\u00a0: {target} n'est pas libre alors. "
        "La personne est invitée à choisir un autre créneau."
    ),
    CarriedAlong.CALLBACK: ("Un rappel est à faire\u00a0: il passe au nouveau conseiller, son échéance reste la même."),
    CarriedAlong.NO_ADDRESS: "Sans adresse e-mail\u00a0: prévenez la personne de son changement de conseiller.",
}


def carried_in_words(along: Mapping[str, str], transfer: Transfer) -> str:
    """Return what moved along with the person, in the reader's time zone; load both agencies' regions."""
    if "told" in along:
        return along["told"]
    words: dict[str, object] = {"target": transfer.target.adviser if transfer.target else ""}
    if "at" in along and transfer.target:
        others = (transfer.jobseeker.agency.zone, transfer.target.adviser.agency.zone)
        words["at"] = moment_there(datetime.fromisoformat(along["at"]), zone=reader_zone(), others=others)
    return CARRIED[CarriedAlong(along["what"])].format(**words)


def _summary(person: Jobseeker) -> CaseSummary:
    """Return the person's summary, or an empty one if nothing was written yet."""
    summary: CaseSummary = getattr(person, "summary", None) or CaseSummary(jobseeker=person)
    return summary


def _needs(people: Sequence[Jobseeker], now: datetime) -> dict[int, list[Need]]:
    """Return each person's needs, by primary key; load the agency's region."""
    situations = situations_of(person.pk for person in people)
    return {person.pk: needs_of(situations[person.pk], now=now, zone=reader_zone()) for person in people}


def is_due(transfer: Transfer, now: datetime) -> bool:
    """Return whether the batch's day has come in the agency that the person leaves."""
    due: bool = transfer.batch.due_on <= now.astimezone(transfer.source.agency.zone).date()
    return due
