"""Facts of the ground floor as sentences that people read: no database, no clock."""

from datetime import date
from typing import Protocol

import phonenumbers

from accompaniment.enums import (
    Channel,
    ContactNature,
    EnrolmentState,
    LeavingReason,
    ReaderCapacity,
    RefusalReason,
    Tier,
)
from accompaniment.rules.french import NO_BREAK, day_in_style, day_in_words, frequency_in_words

NATURES = {
    ContactNature.REGISTRATION_INTERVIEW: "Un entretien d'inscription",
    ContactNature.INTERVIEW: "Un entretien",
    ContactNature.MESSAGE: "Un échange de messages",
    ContactNature.CALLBACK: "Un rappel",
}
CHANNELS = {
    Channel.VIDEO: "en visio",
    Channel.PHONE: "par téléphone",
    Channel.ON_SITE: "en agence",
    Channel.CHAT: "par messagerie",
}

NEVER_OPENED = "n'a pas encore ouvert son compte"


class Account(Protocol):
    """An account that its owner has opened, or has not."""

    @property
    def never_opened(self) -> bool: ...


FRENCH_COUNTRY_CODES = frozenset({33, 262, 590, 594, 596})


def phone_in_words(number: str) -> str:
    """Return « 06 39 98 00 01 » of a French number in E.164, another country's in its international form."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    french = parsed.country_code in FRENCH_COUNTRY_CODES
    style = phonenumbers.PhoneNumberFormat.NATIONAL if french else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)


def telephone_in_words(number: str) -> str:
    """Return an E.164 number as a page shows it, which never breaks in two; none stays empty."""
    return phone_in_words(number).replace(" ", NO_BREAK) if number else ""


def account_in_words(account: Account) -> str:
    """Say of an account that its owner has never opened it; nothing of the others."""
    return NEVER_OPENED if account.never_opened else ""


def contact_plan_in_words(
    *, channel: str, interval_days: int, review_on: date, today: date, nature: str = ContactNature.INTERVIEW
) -> str:
    """Return « Un entretien en visio toutes les 4 semaines, à revoir le 3 mars »."""
    return (
        f"{NATURES[ContactNature(nature)]} {CHANNELS[Channel(channel)]} {frequency_in_words(interval_days)}, "
        f"à revoir le {day_in_words(review_on, today=today)}"
    )


def obstacle_in_words(obstacle: str, *, tier: str, opens_on: date | None, today: date, place: str = "région") -> str:
    """Say to the person why the 100 % web cannot be asked for today: `modalite`, `region` or `email`.

    `place` is what opens on that day: the region, or the person's agency where it opens later.
    """
    if obstacle == "modalite":
        return (
            "Le 100 % web n'existe que pour l'accompagnement « guidé ». "
            f"La vôtre est « {Tier(tier).label.lower()} ». Parlez-en à votre conseiller."
        )
    if obstacle == "email":
        return "Il nous faut votre adresse e-mail : donnez-la à votre agence."
    if opens_on is None:
        return "Le 100 % web n'a pas encore de date d'ouverture dans votre région."
    return f"Le 100 % web ouvre dans votre {place} le {day_in_words(opens_on, today=today)}."


REFUSALS_TO_YOU = {
    RefusalReason.EQUIPMENT: "Votre matériel ou votre connexion ne permet pas encore la visio.",
    RefusalReason.EASE: "Des rendez-vous en agence vous aideront davantage pour le moment.",
    RefusalReason.NEEDS_ON_SITE: "Votre situation demande des rendez-vous en agence pour le moment.",
    RefusalReason.TIER: "Le 100 % web n'existe que pour l'accompagnement « guidé ». Le vôtre est d'un autre type.",
    RefusalReason.NOT_WANTED: "Vous ne souhaitez plus le 100 % web.",
}
"""Why a request was not granted, as the person reads it."""

LEAVINGS_TO_YOU = {
    LeavingReason.BY_REQUEST: "Vous l'avez demandé.",
    LeavingReason.TIER_CHANGE: "Votre type d'accompagnement a changé.",
    LeavingReason.END_OF_REGISTRATION: "Votre inscription est terminée.",
}
"""Why the track has ended, as the person reads it."""


READERS_TO_YOU = {
    ReaderCapacity.ADVISER: "votre conseiller",
    ReaderCapacity.COVER: "le collègue qui vous répond en son absence",
    ReaderCapacity.MANAGER: "les responsables de votre région et les responsables nationaux",
    ReaderCapacity.FORMER: "votre ancien conseiller, pendant 30\u00a0jours, si un responsable le décide",
    ReaderCapacity.COLLEAGUE: (
        "un conseiller de votre agence, pour votre inscription, pour vous trouver un conseiller "
        "ou pour répondre à votre demande de rendez-vous en agence"
    ),
}
"""Who of the staff may open a file: every capacity in which the perimeter lets somebody in, as the person reads it."""


def closed_enrolment_in_words(
    state: str, *, closed_on: date, today: date, reason: str = "", at_interview: bool = False
) -> str:
    """Say to the person what became of the last enrolment; empty for what the person withdrew or ended alone."""
    day = day_in_words(closed_on, today=today)
    if state == EnrolmentState.REFUSED:
        return f"Votre demande de 100 % web n'a pas été retenue le {day}. {REFUSALS_TO_YOU[RefusalReason(reason)]}"
    if state == EnrolmentState.LAPSED:
        return f"Votre demande de 100 % web n'a pas eu de réponse à temps : elle a pris fin le {day}."
    if state == EnrolmentState.WITHDRAWN and at_interview:
        return f"Votre demande de 100 % web a été retirée le {day}, comme vous l'avez souhaité à l'entretien."
    return ""


ACCEPTANCE_STATEMENT = "J'ai lu ce texte et j'accepte un suivi 100 % web."
"""What the person ticks."""


def consent_version_in_words(version: int, published_on: date) -> str:
    """Return « Version 2, publiée le 3 mars 2026 »."""
    return f"Version {version}, publiée le {day_in_style(published_on, 'j F Y')}"


def consent_as_shown(*, title: str, version: int, published_on: date, body: str) -> str:
    """Return the text to accept as its page shows it: title, version with its day, the whole text, what is ticked."""
    return f"{title}\n{consent_version_in_words(version, published_on)}\n\n{body}\n\n{ACCEPTANCE_STATEMENT}"


ENROLMENT_STEPS = {
    EnrolmentState.ASKED: "Demande de 100 % web enregistrée",
    EnrolmentState.VALIDATED: "100 % web validé à l'entretien d'inscription",
    EnrolmentState.REFUSED: "Demande de 100 % web non retenue",
    EnrolmentState.LAPSED: "Demande de 100 % web restée sans réponse à temps",
    EnrolmentState.WITHDRAWN: "Demande de 100 % web retirée",
    EnrolmentState.ACTIVE: "100 % web commencé",
    EnrolmentState.ENDED: "100 % web terminé",
}
