"""Covers during an absence: who may cover, which covers are passed on, and who is told.

A covering colleague can be away too. Each of their covers is then passed on for the days in common. If nobody can be
found, the managers of the region are told. `services.moves.absences` locks everybody concerned.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.urls import reverse

from accompaniment.enums import NotificationKind
from accompaniment.models import User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import of_name, stretch_in_words
from accompaniment.services import outbox
from caseload.hooks.adviser_absences import HandedOn
from caseload.models import Absence, Adviser, Cover, Manager
from caseload.models.staff import AdviserQuerySet
from caseload.reads.moves.who_answers import Unrelayed, without_relay

A_DAY = timedelta(days=1)
CANNOT_COVER = "Choisissez un autre collègue\u00a0: celui-ci est absent ces jours-là, ou son compte est fermé."


def colleagues_for(adviser: Adviser, *, starts_on: date, ends_on: date) -> AdviserQuerySet:
    """Return the advisers who may cover for an adviser on these days, by name, those with unopened accounts last.

    Colleagues with closed accounts, or absent themselves on one of the days, are left out.
    """
    away = Absence.objects.between(starts_on, ends_on)
    found: AdviserQuerySet = (
        Adviser.objects.filter(user__is_active=True, agency__departement__region=adviser.agency.departement.region_id)
        .exclude(pk=adviser.pk)
        .exclude(pk__in=away.values("adviser"))
        .select_related("user", "agency__departement__region")
        .opened_first()
    )
    return found


def relays_between(adviser: Adviser, *, starts_on: date, ends_on: date) -> list[Cover]:
    """Return the covers that an adviser holds on one of these days."""
    return list(
        Cover.objects.between(starts_on, ends_on)
        .filter(colleague=adviser)
        .select_related("absence", "colleague__user", "colleague__agency__departement__region")
        .select_related("portfolio__adviser__user", "portfolio__adviser__agency__departement__region")
        .order_by("starts_on", "pk")
    )


def days_in_common(cover: Cover, *, starts_on: date, ends_on: date) -> tuple[date, date]:
    """Return the first and last day of a cover within these days."""
    return max(cover.starts_on, starts_on), min(cover.ends_on, ends_on)


def who_takes_over(cover: Cover, *, starts_on: date, ends_on: date) -> AdviserQuerySet:
    """Return who may take over the colleague's cover on these days.

    Those who already cover the portfolio are left out.
    """
    there = Cover.objects.between(starts_on, ends_on).filter(portfolio=cover.portfolio_id)
    allowed = colleagues_for(cover.portfolio.adviser, starts_on=starts_on, ends_on=ends_on)
    return allowed.exclude(pk=cover.colleague_id).exclude(pk__in=there.values("colleague"))


def planned_relays(
    covers: Iterable[Cover], *, starts_on: date, ends_on: date, chosen: Mapping[int, int]
) -> list[HandedOn]:
    """Check who takes over each cover on the days of an absence; `chosen`: the adviser by the cover's primary key.

    Nobody need be chosen if another colleague covers on all of the days, if the portfolio is empty, or if nobody can be
    found. Raises DomainError for an impossible colleague, and for a missing choice.
    """
    found = []
    for cover in covers:
        first, last = days_in_common(cover, starts_on=starts_on, ends_on=ends_on)
        allowed = {one.pk: one for one in who_takes_over(cover, starts_on=first, ends_on=last)}
        others = _others_all_along(cover, starts_on=first, ends_on=last)
        pk = chosen.get(cover.pk)
        if pk is not None and pk not in allowed:
            raise DomainError(CANNOT_COVER)
        if pk is None and allowed and not others and cover.portfolio.occupied:
            raise DomainError(
                f"Choisissez qui reprend le relais {of_name(cover.portfolio.adviser)} pendant ces jours\u00a0: "
                "le formulaire le demande maintenant."
            )
        colleague = allowed[pk] if pk is not None else None
        found.append(HandedOn(cover=cover, starts_on=first, ends_on=last, others=others, colleague=colleague))
    return found


def hand_on(handed: HandedOn, *, actor: User, at: datetime) -> Cover | None:
    """Take the days in common out of a cover, give them to the chosen colleague, and return the new cover."""
    cover = handed.cover
    ended_on = cover.ends_on
    if cover.starts_on < handed.starts_on:
        cover.ends_on = handed.starts_on - A_DAY
    else:
        cover.cancelled_at = at
    cover.save(update_fields=["ends_on", "cancelled_at"])
    if ended_on > handed.ends_on:
        _part(cover, cover.colleague, starts_on=handed.ends_on + A_DAY, ends_on=ended_on, actor=actor)
    if handed.colleague is None:
        return None
    return _part(cover, handed.colleague, starts_on=handed.starts_on, ends_on=handed.ends_on, actor=actor)


def tell_colleagues(covers: Sequence[Cover], *, today: date) -> None:
    """Tell each colleague once which covers of an adviser they have been given."""
    for key in dict.fromkeys((cover.colleague_id, cover.portfolio.adviser_id, cover.starts_on) for cover in covers):
        given = [cover for cover in covers if (cover.colleague_id, cover.portfolio.adviser_id, cover.starts_on) == key]
        first = given[0]
        outbox.notify(
            key=f"cover-set:{first.pk}",
            kind=NotificationKind.COVER_SET,
            email=first.colleague.user.email,
            user=first.colleague.user,
            context={
                "first_name": first.colleague.user.first_name,
                "adviser": first.portfolio.adviser.user,
                "starts_on": first.starts_on.isoformat(),
                "ends_on": first.ends_on.isoformat(),
                "people": sum(cover.portfolio.occupied for cover in given),
                "path": reverse("my_day"),
            },
        )


def say_where_nobody_answers(absences: Iterable[Absence], *, today: date) -> list[str]:
    """Tell the managers of the region about people whom nobody covers, and return the sentence that says so."""
    return [_say(hole, today=today) for hole in without_relay(absences, today=today)]


def _say(hole: Unrelayed, *, today: date) -> str:
    adviser = hole.portfolio.adviser
    for manager in Manager.objects.to_tell_of(adviser.agency.departement.region_id):
        outbox.notify(
            key=f"relay-missing:{hole.absence.pk}:{hole.portfolio.pk}:{hole.starts_on}:{hole.ends_on}:{manager.pk}",
            kind=NotificationKind.RELAY_MISSING,
            email=manager.user.email,
            user=manager.user,
            context={
                "first_name": manager.user.first_name,
                "adviser": adviser.user,
                "agency": str(adviser.agency),
                "starts_on": hole.starts_on.isoformat(),
                "ends_on": hole.ends_on.isoformat(),
                "people": hole.portfolio.occupied,
                "path": reverse("absence", args=[hole.absence.pk]),
            },
        )
    days = stretch_in_words(hole.starts_on, hole.ends_on, today=today)
    return (
        f"{days.capitalize()}, personne ne répond à la place {of_name(adviser)} "
        f"({hole.portfolio.get_modality_display()})\u00a0: les responsables de la région en sont prévenus."
    )


def _others_all_along(cover: Cover, *, starts_on: date, ends_on: date) -> tuple[Adviser, ...]:
    others = (
        Cover.objects.running_on(starts_on)
        .answering()
        .filter(portfolio=cover.portfolio_id, ends_on__gte=ends_on)
        .exclude(colleague=cover.colleague_id)
        .select_related("colleague__user", "colleague__agency__departement__region")
    )
    return tuple(other.colleague for other in others.order_by("pk"))


def _part(cover: Cover, colleague: Adviser, *, starts_on: date, ends_on: date, actor: User) -> Cover:
    part: Cover = Cover.objects.create(
        portfolio=cover.portfolio,
        absence=cover.absence,
        colleague=colleague,
        starts_on=starts_on,
        ends_on=ends_on,
        set_by=actor,
    )
    return part
