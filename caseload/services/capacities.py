"""How many permanent placements a portfolio may hold: dated data, never code.

The cap of an agency goes before the one of the whole country; among those, the latest that has begun is in force.
Days are days of the agency.
"""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from accompaniment.enums import AuditAction, Modality
from accompaniment.errors import DomainError
from accompaniment.models import Agency, User
from accompaniment.services import audit
from caseload.models import Capacity, Manager, Portfolio

APPLY_IN_FORCE = """
UPDATE caseload_portfolio AS portfolio
SET capacity = greatest(in_force.value, portfolio.occupied)
FROM (
    SELECT one.id, cap.value
    FROM caseload_portfolio one
    JOIN accompaniment_agency agency ON agency.id = one.agency_id
    JOIN accompaniment_departement departement ON departement.code = agency.departement_id
    JOIN accompaniment_region region ON region.code = departement.region_id
    CROSS JOIN LATERAL (
        SELECT rule.value FROM caseload_capacity rule
        WHERE rule.modality = one.modality AND (rule.agency_id = one.agency_id OR rule.agency_id IS NULL)
          AND rule.starts_on <= (%(now)s AT TIME ZONE region.timezone)::date
        ORDER BY rule.agency_id NULLS LAST, rule.starts_on DESC LIMIT 1
    ) cap
) in_force
WHERE in_force.id = portfolio.id AND portfolio.capacity <> greatest(in_force.value, portfolio.occupied)
"""


def capacity_for(*, agency: Agency, modality: Modality, day: date) -> int:
    """Return the cap of the agency's portfolios of a modality on `day`. Raises DomainError where none is set."""
    in_force: Capacity | None = (
        Capacity.objects.filter(Q(agency=agency) | Q(agency=None), modality=modality, starts_on__lte=day)
        .order_by(F("agency").asc(nulls_last=True), "-starts_on")
        .first()
    )
    if in_force is None:
        raise DomainError(f"Aucun plafond n'est fixé pour la modalité « {Modality(modality).label} ».")
    return in_force.value


def set_capacity(
    *, actor: User, modality: Modality, agency: Agency | None, value: int, starts_on: date, reason: str
) -> Capacity:
    """Set another cap for an agency (None: the whole country) from a day on, with a reason.

    It is in force at once when the day has come. Raises DomainError when it is below the present occupancy of a
    portfolio, which is named, when the day is past, or when the actor does not steer the agency.
    """
    with transaction.atomic():
        _check_steers(actor, agency)
        now = timezone.now()
        today = now.astimezone(agency.zone).date() if agency else timezone.localdate(now)
        if starts_on < today:
            raise DomainError("Un plafond ne s'applique pas au passé. Choisissez aujourd'hui ou une date à venir.")
        if not reason.strip():
            raise DomainError("Indiquez le motif de ce plafond.")
        too_full = [portfolio for portfolio in _locked_portfolios(modality, agency) if portfolio.occupied > value]
        if too_full:
            raise DomainError(
                f"Le plafond de {value} est inférieur à l'occupation actuelle : {_named(too_full)}. "
                "Transférez d'abord des personnes ou choisissez un plafond plus élevé."
            )
        capacity, _ = Capacity.objects.update_or_create(
            modality=modality,
            agency=agency,
            starts_on=starts_on,
            defaults={"value": value, "reason": reason.strip(), "set_by": actor},
        )
        audit.record(
            actor=actor,
            jobseeker=None,
            action=AuditAction.CAPACITY,
            modality=modality,
            agency=agency.code if agency else None,
            value=value,
            starts_on=starts_on,
            reason=reason.strip(),
        )
        apply_capacities(now=now)
        return capacity


def apply_capacities(*, now: datetime) -> int:
    """Give every portfolio the cap that is in force at `now`, and return how many changed.

    However late and often it runs, the outcome is the same. A portfolio that has grown past a lower cap since that
    was set is full at its occupancy, and comes down to the cap as people leave.
    """
    with connection.cursor() as cursor:
        cursor.execute(APPLY_IN_FORCE, {"now": now})
        changed: int = cursor.rowcount
        return changed


def _check_steers(actor: User, agency: Agency | None) -> None:
    manager = Manager.objects.filter(user=actor).first()
    if manager is not None and manager.whole_country:
        return
    if agency is None:
        raise DomainError("Seul un responsable du pays entier peut changer le plafond national.")
    if manager is None or not manager.regions.filter(pk=agency.departement.region_id).exists():
        raise DomainError("Vous ne pilotez pas la région de cette agence.")


def _locked_portfolios(modality: Modality, agency: Agency | None) -> list[Portfolio]:
    """Lock the portfolios that the cap is for, in primary-key order, so that nobody is placed meanwhile."""
    portfolios = Portfolio.objects.select_for_update(of=("self",)).filter(modality=modality)
    if agency is not None:
        portfolios = portfolios.filter(agency=agency)
    else:
        portfolios = portfolios.exclude(
            agency__in=Capacity.objects.filter(modality=modality, agency__isnull=False).values("agency")
        )
    return list(portfolios.select_related("adviser__user").order_by("pk"))


def _named(portfolios: Iterable[Portfolio]) -> str:
    return ", ".join(f"{portfolio.adviser} ({portfolio.occupied} / {portfolio.capacity})" for portfolio in portfolios)
