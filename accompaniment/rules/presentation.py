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
    Role,
    Tier,
    Track,
)
from accompaniment.rules.french import NO_BREAK, day_in_style, day_in_words, frequency_in_words

NATURES = {
    ContactNature.REGISTRATION_INTERVIEW: "Un entretien d'inscription",
    ContactNature.INTERVIEW: "Un entretien",
    ContactNature.MESSAGE: "Un échange de messages",
    ContactNature.CALLBACK: "Un rappel",
    ContactNature.CALL: "Un appel",
    ContactNature.VISIT: "Un échange en agence",
    ContactNature.LETTER: "Un e-mail ou un courrier",
}
CHANNELS = {
    Channel.VIDEO: "en visio",
    Channel.PHONE: "par téléphone",
    Channel.ON_SITE: "en agence",
    Channel.CHAT: "par message",
    Channel.MAIL: "par e-mail ou courrier",
}

NATURES_TO_YOU = {
    ContactNature.REGISTRATION_INTERVIEW: "Entretien d'inscription",
    ContactNature.INTERVIEW: "Entretien",
    ContactNature.MESSAGE: "Échange de messages",
    ContactNature.CALLBACK: "Appel",
    ContactNature.CALL: "Appel",
    ContactNature.VISIT: "Échange en agence",
    ContactNature.LETTER: "E-mail ou courrier",
}
"""What an exchange was, as the person reads it."""

TIERS_TO_YOU = {
    Tier.RENFORCE: "Vos échanges sont fréquents, le plus souvent en agence.",
    Tier.GUIDE: "Vos échanges avec votre conseiller sont réguliers.",
    Tier.SUIVI: "Vous êtes proche de l'emploi\u00a0: des points espacés suffisent.",
}
"""What a tier is, in one sentence for the person."""

TRACKS_TO_YOU = {Track.CLASSIC: "suivi habituel", Track.WEB: "100\u00a0% web"}
"""How the support is given, as the person reads it."""

ROLES_TO_YOU = {
    Role.JOBSEEKER: "vous",
    Role.ADVISER: "équipe d'accompagnement",
    Role.MANAGER: "responsable",
}
"""Who somebody is, as the person reads it after a name. Nothing agrees with the name."""

NEVER_OPENED = "n'a pas encore ouvert son compte"


class Account(Protocol):
    """An account, and whether its owner has ever opened it."""

    @property
    def never_opened(self) -> bool: ...


FRENCH_COUNTRY_CODES = frozenset({33, 262, 590, 594, 596})


def phone_in_words(number: str) -> str:
    """Return « 06 39 98 00 01 » for a French number in E.164, and the international form for other numbers."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    french = parsed.country_code in FRENCH_COUNTRY_CODES
    style = phonenumbers.PhoneNumberFormat.NATIONAL if french else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)


def telephone_in_words(number: str) -> str:
    """Return an E.164 number as a page shows it, without a possible line break; empty if there is none."""
    return phone_in_words(number).replace(" ", NO_BREAK) if number else ""


def account_in_words(account: Account) -> str:
    """Return a remark on an account that its owner has never opened; empty for others."""
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
    """Return why the person cannot ask for the 100 % web today, for `modalite`, `region` or `email`.

    `place` is what opens on that day: the region, or the person's agency if it opens later.
    """
    if obstacle == "modalite":
        return (
            "Le 100\u00a0% web n'existe que pour l'accompagnement «\u00a0guidé\u00a0». "
            f"Votre accompagnement est «\u00a0{Tier(tier).label.lower()}\u00a0». Parlez-en à votre conseiller."
        )
    if obstacle == "email":
        return "Il nous faut votre adresse e-mail\u00a0: donnez-la à votre agence."
    if opens_on is None:
        return "Le 100\u00a0% web n'a pas encore de date d'ouverture dans votre région."
    return f"Le 100\u00a0% web ouvre dans votre {place} le {day_in_words(opens_on, today=today)}."


REFUSALS_TO_YOU = {
    RefusalReason.EQUIPMENT: "Votre matériel ou votre connexion ne permet pas encore la visio.",
    RefusalReason.EASE: "Des rendez-vous en agence vous aideront davantage pour le moment.",
    RefusalReason.NEEDS_ON_SITE: "Votre situation demande des rendez-vous en agence pour le moment.",
    RefusalReason.TIER: (
        "Le 100\u00a0% web n'existe que pour l'accompagnement «\u00a0guidé\u00a0». Le vôtre est d'un autre type."
    ),
    RefusalReason.NOT_WANTED: "Vous ne souhaitez plus le 100\u00a0% web.",
}
"""Why a request was refused, as the person reads it."""

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
"""Who of the staff may open a file, as the person reads it: every capacity that the perimeter knows."""


def closed_enrolment_in_words(
    state: str, *, closed_on: date, today: date, reason: str = "", at_interview: bool = False
) -> str:
    """Return the outcome of the last enrolment for the person; empty if the person withdrew it or left."""
    day = day_in_words(closed_on, today=today)
    if state == EnrolmentState.REFUSED:
        return f"Votre demande de 100\u00a0% web n'a pas été retenue le {day}. {REFUSALS_TO_YOU[RefusalReason(reason)]}"
    if state == EnrolmentState.LAPSED:
        return f"Votre demande de 100\u00a0% web n'a pas eu de réponse à temps\u00a0: elle a pris fin le {day}."
    if state == EnrolmentState.WITHDRAWN and at_interview:
        return f"Votre demande de 100\u00a0% web a été retirée le {day}, comme vous l'avez souhaité à l'entretien."
    return ""


ACCEPTANCE_STATEMENT = "J'ai lu ce texte et j'accepte un suivi 100\u00a0% web."
"""The sentence that the person ticks."""


def consent_version_in_words(version: int, published_on: date) -> str:
    """Return « Version 2, publiée le 3 mars 2026 »."""
    return f"Version {version}, publiée le {day_in_style(published_on, 'j F Y')}"


def consent_as_shown(*, title: str, version: int, published_on: date, body: str) -> str:
    """Return the text to accept as its page shows it: title, version with its day, whole text, statement to tick."""
    return f"{title}\n{consent_version_in_words(version, published_on)}\n\n{body}\n\n{ACCEPTANCE_STATEMENT}"


ENROLMENT_STEPS = {
    EnrolmentState.ASKED: "Demande de 100\u00a0% web enregistrée",
    EnrolmentState.VALIDATED: "100\u00a0% web validé à l'entretien d'inscription",
    EnrolmentState.REFUSED: "Demande de 100\u00a0% web non retenue",
    EnrolmentState.LAPSED: "Demande de 100\u00a0% web restée sans réponse à temps",
    EnrolmentState.WITHDRAWN: "Demande de 100\u00a0% web retirée",
    EnrolmentState.ACTIVE: "100\u00a0% web commencé",
    EnrolmentState.ENDED: "100\u00a0% web terminé",
}
