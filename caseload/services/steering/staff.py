"""Staff accounts: invitation, agency and working share, closing after a hand-over, reopening.

A manager acts within the manager's own regions. An account can be closed only if it has nobody and nothing left. Its
portfolios then have no places, so that nobody can be placed there after an earlier check.
"""

from collections.abc import Collection

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct, Modality, NotificationKind, Role
from accompaniment.locks import lock_accounts
from accompaniment.models import Agency, Jobseeker, Notification, Region, User
from accompaniment.rules.errors import DomainError, NoRightError, NotAllowedNowError
from accompaniment.rules.french import counted, day_in_words, of_name, plural, stretch_in_words
from accompaniment.rules.spelling import written
from accompaniment.services import accounts, addresses, audit
from accompaniment.services.account_rows import refusing_if_taken
from accompaniment.services.bounds import check_bound
from accompaniment.services.rights import account_open, check_steers, check_steers_country
from caseload.hooks.arrivals import on_adviser_created
from caseload.hooks.departures import before_departure
from caseload.locks import lock_advisers, lock_portfolios
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
    """Create an adviser's account with a portfolio per modality, and send the activation link.

    Raises DomainError if the address already belongs to somebody, if the actor does not steer the agency, or if a
    modality has no cap, with nothing written.
    """
    with transaction.atomic():
        check_steers(actor, agency.departement.region_id, about="agency")
        user = _new_account(actor, email, first_name, last_name, Role.ADVISER)
        adviser = Adviser.objects.create(user=user, agency=agency, working_share=working_share)
        now = timezone.now()
        day = now.astimezone(agency.zone).date()
        portfolios = [
            Portfolio.objects.create(
                adviser=adviser,
                agency=agency,
                modality=modality,
                capacity=capacity_for(agency=agency, modality=modality, day=day, working_share=working_share),
            )
            for modality in modalities
        ]
        apply_capacities(now=now, among=portfolios)
        for welcome in on_adviser_created:
            welcome([adviser])
        _audit(actor, user, event="invited", agency=agency.code, working_share=working_share)
        return adviser


def invite_manager(
    *, actor: User, email: str, first_name: str, last_name: str, whole_country: bool, regions: Collection[Region]
) -> Manager:
    """Create a manager's account for some of the actor's regions; a manager of the whole country may create another
    one."""
    with transaction.atomic():
        if whole_country:
            check_steers_country(actor, about="whole_country")
        for region in regions:
            check_steers(actor, region.pk, about="regions")
        return _new_manager(actor, email, (first_name, last_name), whole_country=whole_country, regions=regions)


def create_manager(
    *, email: str, first_name: str, last_name: str, whole_country: bool, regions: Collection[Region]
) -> Manager:
    """Create a manager's account from the server itself, such as the first one of a new service.

    Nobody is logged in there, so the audit names the system. Raises DomainError as `invite_manager`.
    """
    with transaction.atomic():
        return _new_manager(None, email, (first_name, last_name), whole_country=whole_country, regions=regions)


def invite_again(*, actor: User, user: User) -> None:
    """Send another activation link; earlier ones end. Raises NotAllowedNowError if the account is in use."""
    with transaction.atomic():
        locked = _locked_within_reach(actor, user)
        if not locked.is_active:
            raise NotAllowedNowError("Ce compte est fermé\u00a0: rouvrez-le d'abord.")
        sent = Notification.objects.filter(user=locked, kind=NotificationKind.ACCOUNT_ACTIVATION)
        check_bound(BoundedAct.INVITATIONS, done=lambda since: sent.filter(created_at__gt=since).count())
        accounts.invite_again(user=locked)
        _audit(actor, locked, event="invited_again")


def change_adviser(*, actor: User, adviser: Adviser, agency: Agency, working_share: int) -> Adviser:
    """Give an adviser another agency or working share. The cap follows, but never below the occupancy.

    The agency can change only while the portfolios are empty, because people stay with their agency. Raises
    DomainError.
    """
    with transaction.atomic():
        _locked_within_reach(actor, adviser.user)
        check_steers(actor, agency.departement.region_id, about="agency")
        portfolios = lock_portfolios(Portfolio.objects.filter(adviser=adviser))
        locked = lock_advisers([adviser.pk])[adviser.pk]
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
        apply_capacities(now=timezone.now(), among=portfolios)
        _audit(actor, locked.user, event="changed", before=before, agency=agency.code, working_share=working_share)
        return locked


def left_to_settle(adviser: Adviser) -> list[str]:
    """Return what must be settled before an adviser's account can be closed, apart from its people."""
    today = timezone.localdate(timezone=adviser.agency.zone)
    absences = Absence.objects.standing().filter(adviser=adviser, ends_on__gte=today)
    covers = Cover.objects.standing().filter(colleague=adviser, ends_on__gte=today)
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
    """Correct the address of an account; return whether its owner must confirm it from the new mailbox.

    `forget_password` closes the log-in of a colleague who has neither the old mailbox nor the password, and sends a new
    invitation. Raises DomainError for the actor's own account and for an address of somebody else.
    """
    if user.pk == actor.pk:
        raise DomainError("Changez votre propre adresse depuis votre compte.")
    with transaction.atomic():
        locked = _locked_within_reach(actor, user)
        addresses.correct_staff_address(actor=actor, user=locked, address=email, forget_password=forget_password)
        _audit(actor, locked, event="address_corrected", password_forgotten=forget_password)
        return locked.has_usable_password()


def close_account(*, actor: User, user: User) -> None:
    """Close an account at once: sessions, links and open screens end, and nobody can log in until it is reopened.

    Raises DomainError for the actor's own account, for the last manager of the whole country, and while an adviser has
    people or something left to settle; NotAllowedNowError if it is already closed.
    """
    with transaction.atomic():
        if user.pk == actor.pk:
            raise DomainError("Vous ne pouvez pas fermer votre propre compte.")
        _check_not_last(user)
        locked = _locked_within_reach(actor, user)
        if not locked.is_active:
            raise NotAllowedNowError("Ce compte est déjà fermé.")
        adviser = Adviser.objects.filter(user=locked).select_related("agency__departement__region", "user").first()
        portfolios = lock_portfolios(Portfolio.objects.filter(adviser__user=locked))
        if adviser is not None:
            people = sum(portfolio.occupied for portfolio in portfolios)
            if people:
                raise DomainError(f"{adviser} suit encore {counted(people, 'une personne')}. Transférez d'abord.")
            # Making the adviser a cover also needs this row. So either the cover is known here, or the closing there.
            lock_advisers([adviser.pk])
            if left := left_to_settle(adviser):
                raise DomainError(" ".join(left))
        accounts.close(user=locked)
        apply_capacities(now=timezone.now(), among=portfolios)
        _audit(actor, locked, event="closed")


def reopen_account(*, actor: User, user: User) -> None:
    """Reopen a closed account: a new link lets its owner choose a password, and the portfolios have places again."""
    with transaction.atomic():
        locked = _locked_within_reach(actor, user)
        if locked.is_active:
            raise NotAllowedNowError("Ce compte est déjà ouvert.")
        accounts.reopen(user=locked)
        apply_capacities(now=timezone.now(), among=Portfolio.objects.filter(adviser__user=locked))
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
    """Lock a staff account that the actor may change."""
    [locked] = lock_accounts(User.objects.filter(pk=user.pk))
    adviser = Adviser.objects.filter(user=locked).select_related("agency__departement").first()
    if adviser is not None:
        check_steers(actor, adviser.agency.departement.region_id)
    elif not Manager.objects.steered_by(actor).filter(account_open(actor), user=locked).exists():
        raise NoRightError(NOT_YOURS)
    return locked


def _check_not_last(user: User) -> None:
    """Ensure that only one succeeds if two managers close each other's account at once."""
    of_the_country = Q(manager__whole_country=True, is_active=True)
    lock_accounts(User.objects.filter(of_the_country | Q(pk=user.pk)))  # the account included, in key order
    if list(User.objects.filter(of_the_country)) == [user]:
        raise DomainError("C'est le dernier responsable de tout le pays\u00a0: invitez-en d'abord un autre.")


def _audit(actor: User | None, user: User, *, event: str, **facts: object) -> None:
    audit.record(actor=actor, jobseeker=None, action=AuditAction.STAFF, event=event, user=user.pk, **facts)
