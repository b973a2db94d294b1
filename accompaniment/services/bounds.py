"""Limits on what one person may do or hold, counted in real rows under the person's lock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct
from accompaniment.models import ActBound, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import MEGABYTE, counted, delay_in_words, size_in_words
from accompaniment.services import audit
from accompaniment.services.rights import check_steers_country

SENTENCES = {
    BoundedAct.INTERVIEWS_HELD: "Vous avez déjà {most} à venir, pris de votre propre initiative. "
    "Pour en prendre un autre, déplacez ou annulez l'un d'eux, ou écrivez à votre conseiller.",
    BoundedAct.INTERVIEW_CHANGES: "Vous avez changé vos rendez-vous {most} en {time}. "
    "Réessayez demain, ou demandez à votre conseiller de réserver pour vous.",
    BoundedAct.CALLBACKS: "Vous avez demandé {most} en {time}. Réessayez demain, ou écrivez à votre conseiller.",
    BoundedAct.ON_SITE_CHANGES: "Vous avez changé ou retiré cette demande {most} en {time}. "
    "Elle reste en cours telle quelle\u00a0: votre agence vous répond.",
    BoundedAct.PLAN_WISHES: "Vous avez demandé un autre rythme {most} en {time}. "
    "Réessayez demain, ou écrivez à votre conseiller.",
    BoundedAct.ENROLMENTS: "Vous avez demandé le 100\u00a0% web {most} en {time}. Réessayez demain.",
    BoundedAct.DOCUMENTS: "Vous avez ajouté {most} en {time}. Ajoutez les autres demain.",
    BoundedAct.DOCUMENT_MEGABYTES: "Vos documents dépassent ensemble {most} en {time}. "
    "Réduisez celui-ci, ou ajoutez-le demain.",
    BoundedAct.STEPS_TICKED: "Vous avez coché ou rouvert {most} en {time}. Réessayez demain.",
    BoundedAct.MESSAGES: "Vous avez envoyé {most} en {time}. Attendez un instant, puis renvoyez celui-ci.",
    BoundedAct.DEVICE_TESTS: "Vous avez déjà fait {most} en {time}. "
    "Le dernier résultat reste enregistré\u00a0: réessayez demain.",
    BoundedAct.PHONE_CORRECTIONS: "Vous avez changé votre numéro {most} en {time}. "
    "Réessayez demain, ou donnez-le à votre conseiller par message.",
    BoundedAct.PREFERENCES: "Vous avez changé votre moyen préféré {most} en {time}. "
    "Réessayez demain, ou dites-le à votre conseiller par message.",
    BoundedAct.CONTACTS_NOTED: "Vous avez noté {most} pour cette personne en {time}. Réessayez demain.",
    BoundedAct.INVITATIONS: "Cette adresse a déjà reçu {most} en {time}. "
    "Vérifiez l'adresse avec la personne, ou réessayez demain.",
}


COUNTED = {
    BoundedAct.INTERVIEWS_HELD: "un rendez-vous,rendez-vous",
    BoundedAct.CALLBACKS: "un rappel",
    BoundedAct.DOCUMENTS: "un document",
    BoundedAct.STEPS_TICKED: "une étape",
    BoundedAct.MESSAGES: "un message",
    BoundedAct.DEVICE_TESTS: "un test",
    BoundedAct.INVITATIONS: "une invitation",
    BoundedAct.CONTACTS_NOTED: "un contact",
}
"""What is counted; for acts that are missing here, the number of times."""


class TooManyError(NotAllowedNowError):
    """A limit is reached. The sentence says what to do."""


def bound_of(act: BoundedAct, *, day: date) -> ActBound | None:
    """Return the limit in force on a day, or None."""
    return ActBound.objects.filter(act=act, starts_on__lte=day).order_by("-starts_on").first()


@dataclass(frozen=True, kw_only=True)
class Limit:
    """At most so many of an act within a time; for what is counted as held now, the time is zero."""

    act: BoundedAct
    most: int
    within: timedelta

    def check(self, done: int, *, adding: int = 1) -> None:
        """Raise TooManyError if `adding` more would exceed the limit."""
        if done + adding > self.most:
            raise TooManyError(
                SENTENCES[self.act].format(most=_most(self.act, self.most), time=delay_in_words(self.within))
            )


def check_bound(act: BoundedAct, *, done: Callable[[datetime], int], adding: int = 1) -> None:
    """Raise TooManyError if `adding` more would exceed the limit.

    `done` returns how many acts were done since an instant, or how many things are held now. Called in the transaction
    of the act, whose lock (the person's or the conversation's) makes concurrent acts count one after the other.
    """
    now = timezone.now()
    bound = bound_of(act, day=timezone.localdate(now))
    if bound is not None:
        limit = Limit(act=act, most=bound.most, within=timedelta(minutes=bound.within_minutes or 0))
        limit.check(done(now - limit.within), adding=adding)


def _most(act: BoundedAct, most: int) -> str:
    if act == BoundedAct.DOCUMENT_MEGABYTES:
        return size_in_words(most * MEGABYTE)
    return counted(most, COUNTED.get(act, "une fois,fois"))


def set_bound(
    *, actor: User | None, act: BoundedAct, most: int, starts_on: date, within_minutes: int | None
) -> ActBound:
    """Set a limit from a day on; one for the same day is replaced. Nobody loses what they hold."""
    if most < 1:
        raise DomainError("La limite est d'au moins 1.")
    if (within_minutes is None) != (act == BoundedAct.INTERVIEWS_HELD):
        raise DomainError("Dites en combien de minutes, sauf pour ce qui se compte à un moment donné.")
    with transaction.atomic():
        check_steers_country(actor)
        bound, _ = ActBound.objects.update_or_create(
            act=act,
            starts_on=starts_on,
            defaults={"most": most, "within_minutes": within_minutes, "set_by": actor},
        )
        audit.record(
            actor=actor,
            jobseeker=None,
            action=AuditAction.BOUND,
            event="set",
            act=act,
            most=most,
            starts_on=starts_on,
            within_minutes=within_minutes,
        )
        return bound
