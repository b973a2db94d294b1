"""Accounts of the staff: invitation, agency and working share, closing after a hand-over, opening again.

A manager acts within the own regions. An account is closed only when nobody and nothing is left with it; its
portfolios then have no place, so that nobody can be placed there by somebody who looked before.
"""

from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct, Modality, NotificationKind, Role
from accompaniment.models import Agency, Jobseeker, Notification, Region, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import counted, day_in_words, of_name, plural, stretch_in_words
from accompaniment.rules.spelling import written
from accompaniment.services import accounts, addresses, audit
from accompaniment.services.account_rows import refusing_if_taken
from accompaniment.services.bounds import check_bound
from caseload.hooks.arrivals import on_adviser_created
from caseload.hooks.departures import before_departure
from caseload.models import Absence, Adviser, Cover, Manager, Portfolio, Transfer
from caseload.services.steering.capacities import apply_capacities, capacity_for

NOT_YOURS = "Ce compte n'est pas dans vos régions."


def invite_adviser(
    *,
    actor: User,
    email: str,
    first_name: str,
    last_name: str,
    agency: Agency,
    working_share: int,
    modalities: Collection[Modality],
) -> Adviser:
    """Create an adviser's account with a portfolio per modality, and send the link that activates it.

    Raises DomainError when the address belongs to somebody already, for an agency that the actor does not steer, or
    for a modality without a cap; nothing is written then.
    """
    with transaction.atomic():
        _check_region(actor, agency.departement.region_id)
        user = _new_account(actor, email, first_name, last_name, Role.ADVISER)
        adviser = Adviser.objects.create(user=user, agency=agency, working_share=working_share)
        now = timezone.now()
        for modality in modalities:
            Portfolio.objects.create(
                adviser=adviser,
                agency=agency,
                modality=modality,
                capacity=capacity_for(
                    agency=agency,
                    modality=modality,
                    day=now.astimezone(agency.zone).date(),
                    working_share=working_share,
                ),
            )
        apply_capacities(now=now)
        for welcome in on_adviser_created:
            welcome([adviser])
        _audit(actor, user, event="invited", agency=agency.code, working_share=working_share)
        return adviser


def invite_manager(
    *, actor: User, email: str, first_name: str, last_name: str, whole_country: bool, regions: Collection[Region]
) -> Manager:
    """Create a manager's account for regions of the actor's, or by a manager of the whole country for all of it."""
    with transaction.atomic():
        if whole_country and not _steers_country(actor):
            raise DomainError("Seul un responsable de tout le pays peut en inviter un autre.", about="whole_country")
        for region in regions:
            _check_region(actor, region.pk)
        return _new_manager(actor, email, (first_name, last_name), whole_country=whole_country, regions=regions)


def create_manager(
    *, email: str, first_name: str, last_name: str, whole_country: bool, regions: Collection[Region]
) -> Manager:
    """Create a manager's account from the machine itself, as the first one of a new house must be.

    Nobody is logged in there, so the audit names the system. Raises DomainError as `invite_manager` does.
    """
    with transaction.atomic():
        return _new_manager(None, email, (first_name, last_name), whole_country=whole_country, regions=regions)


def invite_again(*, actor: User, user: User) -> None:
    """Send another activation link; earlier ones end. Raises NotAllowedNowError once the account is in use."""
    with transaction.atomic():
        locked = _locked_within_reach(actor, user)
        if not locked.is_active:
            raise NotAllowedNowError("Ce compte est fermé\u00a0: rouvrez-le d'abord.")
        sent = Notification.objects.filter(user=locked, kind=NotificationKind.ACCOUNT_ACTIVATION)
        check_bound(BoundedAct.INVITATIONS, done=lambda since: sent.filter(created_at__gt=since).count())
        accounts.invite_again(user=locked)
        _audit(actor, locked, event="invited_again")


def change_adviser(*, actor: User, adviser: Adviser, agency: Agency, working_share: int) -> Adviser:
    """Give an adviser another agency or working share; the cap follows, never below who is there.

    The agency changes only while nobody is in the portfolios: people stay with their agency. Raises DomainError.
    """
    with transaction.atomic():
        _locked_within_reach(actor, adviser.user)
        _check_region(actor, agency.departement.region_id)
        portfolios = _locked_portfolios([adviser.pk])
        locked = Adviser.objects.select_for_update(of=("self",)).select_related("user", "agency").get(pk=adviser.pk)
        if (locked.agency_id, locked.working_share) == (agency.pk, working_share):
            return locked
        if locked.agency_id != agency.pk:
            people = sum(portfolio.occupied for portfolio in portfolios)
            if people:
                raise DomainError(
                    f"{locked} suit encore {counted(people, 'une personne')} {of_name(locked.agency)}, qui "
                    f"{plural(people, 'reste,restent')} dans cette agence. Transférez d'abord.",
                    about="agency",
                )
            Portfolio.objects.filter(adviser=locked).update(agency=agency)
        before = {"agency": locked.agency.code, "working_share": locked.working_share}
        locked.agency, locked.working_share = agency, working_share
        locked.save(update_fields=["agency", "working_share"])
        apply_capacities(now=timezone.now())
        _audit(actor, locked.user, event="changed", before=before, agency=agency.code, working_share=working_share)
        return locked


def left_to_settle(adviser: Adviser) -> list[str]:
    """Name what must be settled before an adviser's account may be closed, the people aside."""
    today = timezone.localdate(timezone=adviser.agency.zone)
    absences = Absence.objects.standing().filter(adviser=adviser, ends_on__gte=today)
    covers = Cover.objects.filter(colleague=adviser, cancelled_at=None, ends_on__gte=today)
    arriving = (
        Transfer.objects.planned().filter(Q(target__adviser=adviser) | Q(batch__targets__adviser=adviser)).distinct()
    ).count()
    found = [
        (
            f"Une absence, {stretch_in_words(one.starts_on, one.ends_on, today=today)}, "
            "est encore prévue\u00a0: mettez-y fin."
        )
        for one in absences.order_by("starts_on")
    ]
    found += [
        (
            f"Un relais pour {cover.portfolio.adviser} court jusqu'au {day_in_words(cover.ends_on, today=today)}. "
            "Confiez-le à quelqu'un d'autre."
        )
        for cover in covers.select_related("portfolio__adviser__user").order_by("starts_on", "pk")
    ]
    if arriving:
        found.append(f"{counted(arriving, 'un transfert')} vers ses portefeuilles à annuler.")
    return found + [sentence for ask in before_departure for sentence in ask(adviser)]


def change_address(*, actor: User, user: User, email: str, forget_password: bool) -> bool:
    """Correct the address of an account; tell whether its owner has to confirm it from the new mailbox.

    `forget_password` closes the log-in of who has neither the old mailbox nor the password, and invites anew. Raises
    DomainError for one's own account and for an address that is somebody else's.
    """
    if user.pk == actor.pk:
        raise DomainError("Changez votre propre adresse depuis votre compte.")
    with transaction.atomic():
        locked = _locked_within_reach(actor, user)
        addresses.correct_staff_address(actor=actor, user=locked, address=email, forget_password=forget_password)
        _audit(actor, locked, event="address_corrected", password_forgotten=forget_password)
        return locked.has_usable_password()


def close_account(*, actor: User, user: User) -> None:
    """Close an account at once: sessions, links and open screens end, and it cannot log in until it is opened again.

    Raises DomainError for one's own account, for the last manager of the whole country, and as long as an adviser
    has people or something left to settle; NotAllowedNowError when it is closed already.
    """
    with transaction.atomic():
        if user.pk == actor.pk:
            raise DomainError("Vous ne pouvez pas fermer votre propre compte.")
        _check_not_last(user)
        locked = _locked_within_reach(actor, user)
        if not locked.is_active:
            raise NotAllowedNowError("Ce compte est déjà fermé.")
        adviser = Adviser.objects.filter(user=locked).select_related("agency__departement__region", "user").first()
        if adviser is not None:
            people = sum(portfolio.occupied for portfolio in _locked_portfolios([adviser.pk]))
            if people:
                raise DomainError(f"{adviser} suit encore {counted(people, 'une personne')}. Transférez d'abord.")
            # Whoever names the adviser as a cover holds this row: the cover is known here, or the closing there.
            Adviser.objects.select_for_update(of=("self",)).get(pk=adviser.pk)
            if left := left_to_settle(adviser):
                raise DomainError(" ".join(left))
        accounts.close(user=locked)
        apply_capacities(now=timezone.now())
        _audit(actor, locked, event="closed")


def reopen_account(*, actor: User, user: User) -> None:
    """Open a closed account again: a new link lets its owner choose a password. Portfolios have their places again."""
    with transaction.atomic():
        locked = _locked_within_reach(actor, user)
        if locked.is_active:
            raise NotAllowedNowError("Ce compte est déjà ouvert.")
        accounts.reopen(user=locked)
        apply_capacities(now=timezone.now())
        _audit(actor, locked, event="reopened")


def _new_manager(
    actor: User | None,
    email: str,
    names: tuple[str, str],
    *,
    whole_country: bool,
    regions: Collection[Region],
) -> Manager:
    if not whole_country and not regions:
        raise DomainError("Choisissez au moins une région.", about="regions")
    user = _new_account(actor, email, *names, Role.MANAGER)
    manager: Manager = Manager.objects.create(user=user, whole_country=whole_country)
    if not whole_country:
        manager.regions.set(regions)
    _audit(actor, user, event="invited", whole_country=whole_country, regions=[region.code for region in regions])
    return manager


def _new_account(actor: User | None, email: str, first_name: str, last_name: str, role: Role) -> User:
    address = written(email)
    if Jobseeker.objects.filter(email=address).exists():
        raise DomainError(
            f"L'adresse {address} est celle d'une personne accompagnée. Indiquez une autre adresse.", about="email"
        )
    with refusing_if_taken(f"L'adresse {address} est déjà celle d'une autre personne. Indiquez une autre adresse."):
        return accounts.create_staff_account(
            actor=actor, email=address, first_name=first_name, last_name=last_name, role=role
        )


def _locked_within_reach(actor: User, user: User) -> User:
    """Lock an account of the staff that the actor may change."""
    locked: User = User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    adviser = Adviser.objects.filter(user=locked).select_related("agency__departement").first()
    if adviser is not None:
        _check_region(actor, adviser.agency.departement.region_id)
    elif not Manager.objects.steered_by(actor).filter(user=locked).exists():
        raise DomainError(NOT_YOURS)
    return locked


def _locked_portfolios(advisers: Iterable[int]) -> list[Portfolio]:
    return list(
        Portfolio.objects.select_for_update(of=("self",), no_key=True).filter(adviser__in=list(advisers)).order_by("pk")
    )


def _check_not_last(user: User) -> None:
    """Of two managers who close each other's account at once, one comes too late."""
    national = list(
        User.objects.select_for_update(of=("self",), no_key=True)
        .filter(manager__whole_country=True, is_active=True)
        .order_by("pk")
    )
    if national == [user]:
        raise DomainError("C'est le dernier responsable de tout le pays\u00a0: invitez-en d'abord un autre.")


def _check_region(actor: User, region: str) -> None:
    manager = Manager.objects.filter(user=actor, user__is_active=True).first()
    if manager is None or not (manager.whole_country or manager.regions.filter(pk=region).exists()):
        raise DomainError("Cette agence n'est pas dans vos régions.")


def _steers_country(actor: User) -> bool:
    return Manager.objects.filter(user=actor, whole_country=True, user__is_active=True).exists()


def _audit(actor: User | None, user: User, *, event: str, **facts: object) -> None:
    audit.record(actor=actor, jobseeker=None, action=AuditAction.STAFF, event=event, user=user.pk, **facts)
