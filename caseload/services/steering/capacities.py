"""The caps of portfolios: dated data, never code.

The cap of an agency takes precedence over the one of the whole country. Among these, the latest that has begun is in
force. A row without a value returns an agency to the cap of the country. Days are days in the agency's zone.
"""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, Modality, SettingEvent
from accompaniment.locks import Rank, note
from accompaniment.models import Agency, Region, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import listed
from accompaniment.services import audit
from accompaniment.services.rights import check_steers, check_steers_country
from caseload.locks import lock_capacity, lock_portfolios
from caseload.models import Capacity, CapacityChange, Portfolio

APPLY_IN_FORCE = """
WITH in_force AS (
    SELECT one.id, places.value, places.share
    FROM caseload_portfolio one
    JOIN caseload_adviser adviser ON adviser.id = one.adviser_id
    JOIN accompaniment_user account ON account.id = adviser.user_id
    JOIN accompaniment_agency agency ON agency.id = one.agency_id
    JOIN accompaniment_departement departement ON departement.code = agency.departement_id
    JOIN accompaniment_region region ON region.code = departement.region_id
    CROSS JOIN LATERAL (
        SELECT rule.value, rule.by_working_share FROM caseload_capacity rule
        WHERE rule.modality = one.modality AND (rule.agency_id = one.agency_id OR rule.agency_id IS NULL)
          AND rule.starts_on <= (%(now)s AT TIME ZONE region.timezone)::date AND rule.value IS NOT NULL
          AND NOT EXISTS (
              SELECT FROM caseload_capacity back
              WHERE back.modality = rule.modality AND back.agency_id = rule.agency_id AND back.value IS NULL
                AND back.starts_on > rule.starts_on
                AND back.starts_on <= (%(now)s AT TIME ZONE region.timezone)::date
          )
        ORDER BY rule.agency_id NULLS LAST, rule.starts_on DESC LIMIT 1
    ) cap
    CROSS JOIN LATERAL (
        SELECT CASE WHEN NOT account.is_active THEN 0
               WHEN cap.by_working_share THEN greatest(1, cap.value::int * adviser.working_share / 100)
               ELSE cap.value END AS value,
               CASE WHEN cap.by_working_share THEN adviser.working_share ELSE 100 END AS share
    ) places
    WHERE (one.capacity, one.capacity_share, one.lowered_to)
          IS DISTINCT FROM (greatest(places.value, one.occupied), places.share,
                            CASE WHEN places.value < one.occupied THEN places.value END)
      AND (%(among)s::bigint[] IS NULL OR one.id = ANY(%(among)s))
    ORDER BY one.id
    FOR NO KEY UPDATE OF one
)
UPDATE caseload_portfolio AS portfolio
SET capacity = greatest(in_force.value, portfolio.occupied), capacity_share = in_force.share,
    lowered_to = CASE WHEN in_force.value < portfolio.occupied THEN in_force.value END
FROM in_force
WHERE in_force.id = portfolio.id
RETURNING portfolio.id
"""
"""The portfolios are locked in primary-key order before the UPDATE, which would lock them in the order of its plan."""


def capacity_for(*, agency: Agency, modality: Modality, day: date, working_share: int = 100) -> int:
    """Return the cap of a portfolio of the agency on `day`, for an adviser who works `working_share` per cent.

    Raises DomainError if none is set for the modality.
    """
    rules = Capacity.objects.filter(modality=modality, starts_on__lte=day).order_by("-starts_on")
    own = rules.filter(agency=agency).first()
    in_force = own if own is not None and own.value is not None else rules.filter(agency=None).first()
    if in_force is None:
        raise DomainError(f"Aucun plafond n'est fixé pour la modalité «\u00a0{Modality(modality).label}\u00a0».")
    places: int = in_force.places_for(working_share)
    return places


def set_capacity(
    *,
    actor: User,
    modality: Modality,
    agency: Agency | None,
    value: int | None,
    starts_on: date,
    reason: str,
    by_working_share: bool = False,
) -> Capacity:
    """Set another cap for an agency (None: the whole country) from a day on, with a reason.

    Without a `value` the agency has the cap of the country again. `by_working_share`: the value is for full time, and
    part-time advisers have their share of it. The cap takes effect at once if its day has come. Raises DomainError if
    it is below the present occupancy of a portfolio, which is named, if the day is past, or if the actor does not steer
    the agency.
    """
    with transaction.atomic():
        now = timezone.now()
        today = now.astimezone(agency.zone).date() if agency else timezone.localdate(now)
        if starts_on < today:
            raise DomainError(
                "Un plafond ne s'applique pas au passé. Choisissez aujourd'hui ou une date à venir.", about="starts_on"
            )
        if not reason.strip():
            raise DomainError("Indiquez le motif de ce plafond.", about="reason")
        facts = {
            "value": value,
            "by_working_share": by_working_share,
            "reason": reason.strip(),
            "set_by": actor,
        }
        locked = _locked_portfolios(modality, agency, starts_on)
        _check_steers(actor, agency)
        meant = Capacity(modality=modality, agency=agency, starts_on=starts_on, **facts)
        if value is None:
            meant = _of_the_country(modality, agency, starts_on)
        too_full = [
            portfolio for portfolio in locked if portfolio.occupied > meant.places_for(portfolio.adviser.working_share)
        ]
        if too_full:
            raise DomainError(
                f"Le plafond de {meant.value} est inférieur à l'occupation actuelle\u00a0: {_named(too_full)}. "
                "Transférez d'abord des personnes ou choisissez un plafond plus élevé.",
                about="value",
            )
        capacity, _ = Capacity.objects.update_or_create(
            modality=modality, agency=agency, starts_on=starts_on, defaults=facts
        )
        _record(actor, capacity, event=SettingEvent.SET)
        apply_capacities(now=now, among=locked)
        return capacity


def cancel_capacity(*, actor: User, capacity: Capacity) -> None:
    """Cancel a cap whose day has not come anywhere.

    Raises NotAllowedNowError if it is in force or gone, DomainError if the actor does not steer it.
    """
    with transaction.atomic():
        standing = lock_capacity(capacity.pk)
        if standing is None:
            raise NotAllowedNowError("Ce plafond à venir est déjà annulé.")
        _check_steers(actor, standing.agency)
        if standing.starts_on <= _latest_today(standing.agency):
            raise NotAllowedNowError("Ce plafond est déjà en vigueur\u00a0: pour en changer, fixez-en un autre.")
        _record(actor, standing, event=SettingEvent.CANCELLED)
        standing.delete()


def apply_capacities(
    *, now: datetime, among: Iterable[Portfolio] | None = None, opened: Iterable[Portfolio] = ()
) -> int:
    """Give every portfolio, or those `among`, the cap in force at `now`, and return how many changed.

    The result is the same however late and often it runs. If a portfolio holds more people than a new lower cap, its
    cap is its occupancy, and comes down with each place that is freed. Portfolios of closed accounts have no place. An
    act that holds a lock on an adviser names the portfolios, which it has locked before. The portfolios that it has
    just `opened` need no lock.
    """
    only = None if among is None else [portfolio.pk for portfolio in among]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(APPLY_IN_FORCE, {"now": now, "among": only})
        changed = [pk for (pk,) in cursor.fetchall()]
        new = {portfolio.pk for portfolio in opened}
        note(Rank.PORTFOLIO, Portfolio._meta.db_table, [pk for pk in changed if pk not in new])
        return len(changed)


def _latest_today(agency: Agency | None) -> date:
    """Return today in the agency's zone; for the whole country, in the zone where the day begins first."""
    now = timezone.now()
    if agency is not None:
        return now.astimezone(agency.zone).date()
    zones = Region.objects.order_by("timezone").values_list("timezone", flat=True).distinct()
    return max([timezone.localdate(now), *(now.astimezone(ZoneInfo(zone)).date() for zone in zones)])


def _record(actor: User, capacity: Capacity, *, event: SettingEvent) -> None:
    """Write the change into the history of the caps, and its author into the audit."""
    CapacityChange.objects.create(
        at=timezone.now(),
        actor=actor,
        event=event,
        modality=capacity.modality,
        agency=capacity.agency,
        value=capacity.value,
        by_working_share=capacity.by_working_share,
        starts_on=capacity.starts_on,
        reason=capacity.reason,
    )
    audit.record(
        actor=actor,
        jobseeker=None,
        action=AuditAction.CAPACITY,
        event=event,
        modality=capacity.modality,
        agency=capacity.agency.code if capacity.agency else None,
        value=capacity.value,
        by_working_share=capacity.by_working_share,
        starts_on=capacity.starts_on,
        reason=capacity.reason,
    )


def _check_steers(actor: User, agency: Agency | None) -> None:
    if agency is None:
        check_steers_country(actor, about="agency")
    else:
        check_steers(actor, agency.departement.region_id, about="agency")


def _of_the_country(modality: Modality, agency: Agency | None, day: date) -> Capacity:
    if agency is None:
        raise DomainError("Indiquez le plafond du pays.", about="value")
    found: Capacity | None = (
        Capacity.objects.filter(modality=modality, agency=None, starts_on__lte=day).order_by("-starts_on").first()
    )
    if found is None:
        raise DomainError(
            f"Le pays n'a pas de plafond pour la modalité «\u00a0{Modality(modality).label}\u00a0».", about="modality"
        )
    return found


def _locked_portfolios(modality: Modality, agency: Agency | None, day: date) -> list[Portfolio]:
    """Lock the portfolios to which the cap applies on its first day, in primary-key order, so that nobody is placed
    there."""
    portfolios = Portfolio.objects.filter(modality=modality)
    if agency is not None:
        portfolios = portfolios.filter(agency=agency)
    else:
        # An agency whose own cap begins later has the country's cap until then.
        begun = Capacity.objects.filter(modality=modality, agency__isnull=False, starts_on__lte=day)
        own = dict(begun.order_by("starts_on").values_list("agency", "value"))
        portfolios = portfolios.exclude(agency__in=[pk for pk, value in own.items() if value is not None])
    return lock_portfolios(portfolios.select_related("adviser__user"))


def _named(portfolios: Iterable[Portfolio]) -> str:
    return listed(f"{portfolio.adviser} ({portfolio.occupied} / {portfolio.cap})" for portfolio in portfolios)
