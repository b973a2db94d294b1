"""Who may do what. Every service asks here under its own lock, so that a hand-over counts at once.

A check in a view only chooses the page. `actor` None is the system itself: an import or a scheduled job.
"""

from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q, QuerySet

from accompaniment.enums import EnrolmentState, Role
from accompaniment.hooks.perimeter import (
    country_stewards,
    on_site_perimeter,
    registrar_perimeter,
    staff_perimeter,
    steered_territory,
)
from accompaniment.models import Enrolment, Jobseeker, Region, User
from accompaniment.rules.errors import NoRightError

STAFF = (Role.ADVISER, Role.MANAGER)
NOTHING_KEPT = "Rien n'a été enregistré."
NOT_YOURS = {
    Role.JOBSEEKER: "Ce dossier n'est pas le vôtre.",
    Role.ADVISER: "Cette personne n'est plus dans vos portefeuilles.",
    Role.MANAGER: "Cette personne n'est pas dans vos régions.",
}
NOT_YOUR_ROLE = "Votre compte ne donne pas ce droit."
NOT_YOUR_REGION = "Ce n'est pas dans vos régions."
ONLY_THE_COUNTRY = "Seul un responsable de tout le pays peut le décider."
SOMEBODY_ELSE_ANSWERS = "Quelqu'un d'autre répond maintenant à cette demande."
NOT_YOUR_INTERVIEW = "Vous ne pouvez plus mener l'entretien d'inscription de cette personne."


def check_acts(actor: User | None, person: Jobseeker, *, roles: Collection[Role] = STAFF) -> None:
    """Raise NoRightError unless the actor has one of these roles and may act in the person's file now.

    Staff act in the files of their perimeter, a jobseeker (where `roles` names that role) in their own.
    """
    if actor is None:
        return
    if Role(actor.role) not in roles:
        raise NoRightError(f"{NOT_YOUR_ROLE} {NOTHING_KEPT}")
    if not Jobseeker.objects.visible_to(actor).filter(account_open(actor), pk=person.pk).exists():
        raise NoRightError(f"{NOT_YOURS[Role(actor.role)]} {NOTHING_KEPT}")


def check_role(actor: User, *roles: Role) -> None:
    """Raise NoRightError unless the actor has one of these roles: for what belongs to the actor alone."""
    if Role(actor.role) not in roles or not _account(actor).exists():
        raise NoRightError(f"{NOT_YOUR_ROLE} {NOTHING_KEPT}")


def check_own(actor: User, person: Jobseeker, sentence: str) -> None:
    """Raise NoRightError with this sentence for anybody else than the person."""
    if person.user_id != actor.pk:
        raise NoRightError(sentence)


def check_registers(actor: User | None, person: Jobseeker) -> None:
    """Raise NoRightError unless the actor conducts the person's registration interview."""
    if actor is None:
        return
    if not Jobseeker.objects.filter(registrar_perimeter(actor), account_open(actor), pk=person.pk).exists():
        raise NoRightError(NOT_YOUR_INTERVIEW)


def check_receives(actor: User, person: Jobseeker) -> None:
    """Raise NoRightError unless the actor conducts the registration interview for which the person waits."""
    if not Jobseeker.objects.filter(_received_by(actor), account_open(actor), pk=person.pk).exists():
        raise NoRightError(NOT_YOUR_INTERVIEW)


def check_acts_or_receives(actor: User, person: Jobseeker) -> None:
    """Raise NoRightError unless the actor is an adviser who follows the person, or will receive them."""
    may = staff_perimeter(actor) | _received_by(actor)
    if not actor.is_adviser or not Jobseeker.objects.filter(may, account_open(actor), pk=person.pk).exists():
        raise NoRightError(f"{NOT_YOURS[Role(actor.role)]} {NOTHING_KEPT}")


def check_answers_on_site(actor: User, person: Jobseeker) -> None:
    """Raise NoRightError unless the actor answers the person's requests: the adviser, else the agency or a manager."""
    if not Jobseeker.objects.filter(on_site_perimeter(actor), account_open(actor), pk=person.pk).exists():
        raise NoRightError(f"{SOMEBODY_ELSE_ANSWERS} {NOTHING_KEPT}")


def check_steers(actor: User | None, region: str, *, about: str = "") -> None:
    """Raise NoRightError unless the actor steers the region of this code."""
    if actor is None:
        return
    if not Region.objects.filter(steered_territory(actor), account_open(actor), pk=region).exists():
        raise NoRightError(NOT_YOUR_REGION, about=about)


def check_steers_country(actor: User | None, *, about: str = "") -> None:
    """Raise NoRightError unless the actor decides for the whole country."""
    if actor is None:
        return
    if not (_account(actor).exists() and any(steward(actor) for steward in country_stewards)):
        raise NoRightError(ONLY_THE_COUNTRY, about=about)


def _received_by(actor: User) -> Q:
    waits = Enrolment.objects.filter(jobseeker=OuterRef("pk"), state=EnrolmentState.ASKED)
    return registrar_perimeter(actor) & Q(Exists(waits))


def account_open(actor: User) -> Q:
    """Return the condition that the actor's account is still open."""
    return Q(Exists(_account(actor)))


def _account(actor: User) -> QuerySet[User]:
    return User.objects.filter(pk=actor.pk, is_active=True)
