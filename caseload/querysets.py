"""Filters of the caseload floor, and the perimeter."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Case, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce, Greatest

from accompaniment.alphabet import alphabetical
from accompaniment.enums import EnrolmentState, Role
from accompaniment.querysets import OfJobseekerQuerySet
from caseload.enums import ImportState, PlacementEnd, TransferState

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable

    from accompaniment.models import Agency, User
    from caseload.models import Adviser


STAFF_FILTERS = {"region": "agency__departement__region", "agence": "agency"}


def managed_by(user: "User", region: str) -> Q:
    """Return the condition that a region, reached by the path `region`, is one of this manager's.

    A manager of the whole country has every region.
    """
    manager = getattr(user, "manager", None)
    if manager is None:
        return Q(pk__in=[])
    if manager.whole_country:
        return Q()
    return Q(**{f"{region}__managers": manager})


def never_opened(account: str) -> Case:
    """Return the expression that sorts accounts whose owner has no password yet after the others."""
    waits = {f"{account}__password__startswith": UNUSABLE_PASSWORD_PREFIX}
    return Case(When(**waits, then=Value(1)), default=Value(0))


def filling() -> CombinedExpression:
    """Return the expression for how full a portfolio is; one without any place counts as one of one place."""
    return F("occupied") * 1.0 / Greatest(F("capacity"), 1)


def _waits(requests: str) -> Q:
    """Return the condition of a request that waits for an answer, as `open()` says it; `requests` is the path."""
    return Q(**{f"{requests}__answered_at": None, f"{requests}__withdrawn_at": None})


Rows = TypeVar("Rows", bound=QuerySet[Any])


def with_case(rows: Rows, *, person: str = "") -> Rows:
    """Add what a person's needs are read from beside the summary: period, open enrolment, plan, what was asked.

    `person` is the path from a row to the person. Each join meets one row at most, by the database's own constraints.
    """
    one_row_of_each: Rows = rows.annotate(
        period=FilteredRelation(f"{person}accompaniments", condition=Q(**{f"{person}accompaniments__ended_at": None})),
        accepting=FilteredRelation(
            f"{person}enrolments", condition=Q(**{f"{person}enrolments__state": EnrolmentState.VALIDATED})
        ),
        plan=FilteredRelation(f"{person}contact_plans", condition=Q(**{f"{person}contact_plans__ended_on": None})),
        wish=FilteredRelation(f"{person}plan_requests", condition=_waits(f"{person}plan_requests")),
        on_site=FilteredRelation(f"{person}on_site_requests", condition=_waits(f"{person}on_site_requests")),
    ).annotate(
        tier=F("period__tier"),
        track=F("period__track"),
        since=F("period__started_at"),
        validated_at=F("accepting__validated_at"),
        plan_review_on=F("plan__review_on"),
        plan_interval_days=F("plan__interval_days"),
        plan_change_asked_at=F("wish__asked_at"),
        on_site_asked_at=F("on_site__asked_at"),
        timezone=F(f"{person}agency__departement__region__timezone"),
    )
    return one_row_of_each


class AdviserQuerySet(QuerySet[Any]):
    def visible_to(self, user: "User") -> Self:
        """Keep oneself, or the advisers of a manager's regions."""
        if user.role == Role.MANAGER:
            return self.filter(managed_by(user, "agency__departement__region"))
        return self.filter(user=user)

    def kept_by(self, kept: Mapping[str, Any]) -> Self:
        """Keep those of the chosen `region`, `agence` and `modalite`."""
        found = self.filter(**{STAFF_FILTERS[name]: value for name, value in kept.items() if name in STAFF_FILTERS})
        if "modalite" in kept:
            return found.filter(portfolios__modality=kept["modalite"])
        return found

    def opened_first(self) -> Self:
        """Sort by name, those last who have never opened their account."""
        return self.order_by(
            never_opened("user"), alphabetical("user__last_name"), alphabetical("user__first_name"), "pk"
        )

    def by_agency(self) -> Self:
        """Sort by region, agency and name, with agency and region loaded."""
        return self.select_related("user", "agency__departement__region").order_by(
            alphabetical("agency__departement__region__name"),
            alphabetical("agency__name"),
            "agency",
            alphabetical("user__last_name"),
            alphabetical("user__first_name"),
            "pk",
        )


class ManagerQuerySet(QuerySet[Any]):
    def steered_by(self, user: "User") -> Self:
        """Keep the managers whose every region is the user's; those of the whole country are their like's only."""
        manager = getattr(user, "manager", None)
        if manager is None:
            return self.none()
        if manager.whole_country:
            return self
        beyond = self.model.regions.through.objects.filter(manager=OuterRef("pk")).exclude(
            region__in=manager.regions.all()
        )
        return self.filter(~Exists(beyond), whole_country=False)

    def to_tell_of(self, region: str) -> Self:
        """Keep whom a matter of a region concerns: its own managers, or where it has none those of the country."""
        present = self.filter(user__is_active=True).select_related("user").order_by("pk")
        own = present.filter(regions=region)
        return own if own.exists() else present.filter(whole_country=True)

    def by_name(self) -> Self:
        """Sort by name, with account and regions loaded."""
        return (
            self.select_related("user")
            .prefetch_related("regions")
            .order_by(alphabetical("user__last_name"), alphabetical("user__first_name"), "pk")
        )


class CapacityQuerySet(QuerySet[Any]):
    def visible_to(self, user: "User") -> Self:
        """Keep a manager's caps: those of the whole country, and those of the agencies of their regions."""
        steered = self.model.objects.filter(managed_by(user, "agency__departement__region"))
        return self.filter(Q(agency=None) | Q(pk__in=steered.values("pk")))


class PortfolioQuerySet(QuerySet[Any]):
    def of_open_accounts(self) -> Self:
        return self.filter(adviser__user__is_active=True)

    def kept_by(self, kept: Mapping[str, Any]) -> Self:
        """Keep those of the chosen `region`, `agence` and `modalite`."""
        found = self.filter(**{STAFF_FILTERS[name]: value for name, value in kept.items() if name in STAFF_FILTERS})
        if "modalite" in kept:
            return found.filter(modality=kept["modalite"])
        return found

    def most_filled_first(self) -> Self:
        return self.order_by(filling().desc(), "pk")

    def least_filled_first(self) -> Self:
        """Sort by how full they are, those last whose adviser has never opened the account."""
        return self.order_by(never_opened("adviser__user"), filling(), "pk")

    def visible_to(self, user: "User", day: date) -> Self:
        """Keep an adviser's own portfolios and those covered on `day`, or those of a manager's regions."""
        if user.role == Role.ADVISER:
            covered = Q(
                covers__colleague__user=user,
                covers__starts_on__lte=day,
                covers__ends_on__gte=day,
                covers__cancelled_at=None,
            )
            return self.filter(Q(adviser__user=user) | covered).distinct()
        if user.role == Role.MANAGER:
            return self.filter(managed_by(user, "agency__departement__region"))
        return self.none()

    def open_to_transfers_of(self, user: "User") -> Self:
        """Keep those into which one may transfer people: of one's agency, or of a manager's regions."""
        if user.role == Role.MANAGER:
            return self.filter(managed_by(user, "agency__departement__region"))
        return self.filter(agency__advisers__user=user)

    def with_room(self) -> Self:
        """Keep those with a free place, least loaded first."""
        return self.filter(occupied__lt=F("capacity")).order_by("occupied", "pk")

    def with_people_in_cover(self, day: date) -> Self:
        """Add as `in_cover` how many people the adviser answers for on `day` in place of absent colleagues."""
        running = Q(colleague=OuterRef("adviser"), starts_on__lte=day, ends_on__gte=day, cancelled_at=None)
        covers = self.model.covers.rel.related_model.objects.filter(running).order_by()
        people = covers.values("colleague").annotate(people=Sum("portfolio__occupied")).values("people")
        return self.annotate(in_cover=Coalesce(Subquery(people), 0))

    def with_presence(self, day: date) -> Self:
        """Add until when the adviser is away on `day` (`away_until`), and whether a colleague answers (`relayed`)."""
        absences = self.model.adviser.field.related_model.absences.rel.related_model.objects
        covers = self.model.covers.rel.related_model.objects
        away = absences.running_on(day).filter(adviser=OuterRef("adviser")).order_by()
        return self.annotate(
            away_until=Subquery(away.values("ends_on")[:1]),
            relayed=Exists(covers.running_on(day).filter(portfolio=OuterRef("pk"))),
        )

    def unanswered_on(self, day: date) -> dict[int, date]:
        """Return of which of these the adviser is away on `day` without a cover, and until when."""
        away = self.with_presence(day).filter(away_until__isnull=False, relayed=False).order_by()
        return dict(away.values_list("pk", "away_until"))

    def proposed_for(self, agency: "Agency", modality: str, day: date) -> Self:
        """Keep the portfolios of a modality in the agency's region in which somebody answers on `day`.

        Who is away comes last, before them who has never opened the account; then those of the agency first, then
        the least loaded.
        """
        return (
            self.with_presence(day)
            .filter(
                Q(away_until=None) | Q(relayed=True),
                modality=modality,
                agency__departement__region=agency.departement.region_id,
                adviser__user__is_active=True,
            )
            .order_by(
                Case(When(away_until=None, then=Value(0)), default=Value(1)),
                never_opened("adviser__user"),
                Case(When(agency=agency, then=Value(0)), default=Value(1)),
                filling(),
                "pk",
            )
        )


class PlacementQuerySet(OfJobseekerQuerySet):
    def open(self) -> Self:
        return self.filter(ended_at=None)

    def once_followed_by(self, user: "User") -> Self:
        """Keep those of the files that the user may see, and for an adviser what has left their own portfolios."""
        seen = self.model.jobseeker.field.related_model.objects.visible_to(user)
        return self.filter(Q(jobseeker__in=seen) | Q(portfolio__adviser__user=user))

    def waiting(self) -> Self:
        """Keep the last placement of each person who is in no portfolio now and has not left."""
        of_the_person = self.model.objects.filter(jobseeker=OuterRef("jobseeker"))
        return (
            self.filter(ended_at__isnull=False)
            .exclude(end_reason=PlacementEnd.LEFT)
            .filter(
                ~Exists(of_the_person.filter(ended_at=None)),
                ~Exists(of_the_person.filter(started_at__gt=OuterRef("started_at"))),
            )
        )

    def in_charge_of(self, user: "User") -> Self:
        """Keep the people whose place is this user's concern: a manager's regions, an adviser's agency."""
        if user.role == Role.MANAGER:
            return self.filter(managed_by(user, "jobseeker__agency__departement__region"))
        return self.filter(jobseeker__agency__advisers__user=user)

    def followed_by(self, adviser: "Adviser", day: date) -> Self:
        """Keep the placements in an adviser's own portfolios and in those that he or she covers on `day`."""
        covered = Q(
            portfolio__covers__colleague=adviser,
            portfolio__covers__starts_on__lte=day,
            portfolio__covers__ends_on__gte=day,
            portfolio__covers__cancelled_at=None,
        )
        return self.filter(Q(portfolio__adviser=adviser) | covered).distinct()

    def with_case(self) -> Self:
        """Add what the portfolio list shows of each person; the summary's columns are under `jobseeker__summary__`."""
        return with_case(self, person="jobseeker__")


class CoverQuerySet(QuerySet[Any]):
    def running_on(self, day: "date | Combinable") -> Self:
        """Keep the covers that run on `day`, both ends included."""
        return self.filter(starts_on__lte=day, ends_on__gte=day, cancelled_at=None)


class AbsenceQuerySet(QuerySet[Any]):
    def standing(self) -> Self:
        """Keep the absences that were not cancelled."""
        return self.filter(cancelled_at=None)

    def running_on(self, day: date) -> Self:
        """Keep the absences that run on `day`, both ends included."""
        return self.standing().filter(starts_on__lte=day, ends_on__gte=day)

    def visible_to(self, user: "User") -> Self:
        """Keep one's own absences and those that one covers, or those of the advisers of a manager's regions."""
        if user.role == Role.MANAGER:
            return self.filter(managed_by(user, "adviser__agency__departement__region"))
        covered = self.model.covers.field.model.objects.filter(colleague__user=user, cancelled_at=None)
        return self.filter(Q(adviser__user=user) | Q(pk__in=covered.values("absence")))


class TransferBatchQuerySet(QuerySet[Any]):
    def visible_to(self, user: "User") -> Self:
        """Keep the decisions of which at least one row is the user's to see; what each shows is asked of its rows."""
        rows = self.model.transfers.field.model.objects.shown_to(user)
        return self.filter(pk__in=rows.values("batch"))


class TransferQuerySet(OfJobseekerQuerySet):
    def planned(self) -> Self:
        return self.filter(state=TransferState.PLANNED)

    def decided_over_by(self, user: "User") -> Self:
        """Keep what a manager steers, person by person: the people of their regions; for an adviser the own decisions.

        A decision that concerns several regions belongs to nobody of one of them as a whole.
        """
        if user.role == Role.MANAGER:
            return self.visible_to(user)
        return self.filter(batch__decided_by=user)

    def shown_to(self, user: "User") -> Self:
        """Keep what one decides over, and for an adviser what came into the own portfolios or is to leave them."""
        if user.role != Role.ADVISER:
            return self.decided_over_by(user)
        received = Q(target__adviser__user=user, state=TransferState.DONE)
        return self.filter(Q(batch__decided_by=user) | Q(source__adviser__user=user) | received)


class ReadingRightQuerySet(OfJobseekerQuerySet):
    def standing(self, now: datetime) -> Self:
        """Keep the rights that run at `now`."""
        return self.filter(starts_at__lte=now, ends_at__gt=now)


class ImportRunQuerySet(QuerySet[Any]):
    def visible_to(self, user: "User") -> Self:
        """Keep one's own imports; a manager of the whole country sees all."""
        manager = getattr(user, "manager", None)
        if manager is None:
            return self.none()
        return self.all() if manager.whole_country else self.filter(uploaded_by=user)

    def unfinished(self) -> Self:
        """Keep what waits to be loaded, and what was being loaded when its worker ended, oldest first."""
        return self.filter(state__in=(ImportState.WAITING, ImportState.RUNNING)).order_by("started_at", "pk")

    def for_history(self) -> Self:
        """Keep what a line of the history shows; the rows of a file are read only on its own page."""
        return self.select_related("uploaded_by").defer("rejected_rows", "warned_rows", "rejected_csv")
