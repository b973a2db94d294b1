"""The legal sentences that people read: a convocation, an absence, a refusal, and how to contest.

They are in this file only, so that the operator's legal department can read and validate one file. If you change a
sentence, set WRITTEN_ON to the day. `manage.py check --deploy` warns while LEGAL_WORDS_VALIDATED_ON is older.
"""

from datetime import date

from django.conf import settings

WRITTEN_ON = date(2026, 11, 29)
"""The day on which a sentence was last changed."""

SENTENCES = {
    "convocation": "Cet entretien est obligatoire\u00a0: ce message vaut convocation.",
    "still_mandatory": "Cet entretien reste obligatoire.",
    "cannot_come": (
        "Vous ne pouvez pas venir\u00a0? Déplacez l'entretien avant l'heure prévue.\n"
        "Vous n'avez pas pu prévenir\u00a0? Expliquez-le ensuite\u00a0: "
        "votre explication est lue avant toute décision sur une absence."
    ),
    "technical_failure": "Un problème technique n'est jamais compté comme une absence.",
    "mandatory": "Cet entretien est obligatoire.",
    "not_chosen": (
        "Sans choix de votre part, votre conseiller peut fixer l'heure\u00a0: vous recevrez alors une convocation. "
        "Ne pas choisir n'est pas une absence."
    ),
    "only_noted": "Rien n'est décidé. Cette note n'entraîne aucune sanction à elle seule.",
    "no_sanction": "Cette décision n'entraîne aucune sanction à elle seule.",
    "recourse": (
        "Vous n'êtes pas d'accord\u00a0? Demandez à votre agence de revoir la décision. "
        "Si sa réponse ne vous convient pas, vous pouvez saisir {mediator}."
    ),
    "web_in_short": (
        "Vos entretiens ont lieu en visio ou par téléphone.\n"
        "Vous choisissez le jour et l'heure parmi les créneaux proposés.\n"
        "Vous pouvez toujours demander un entretien en agence.\n"
        "Vous pouvez quitter le 100\u00a0% web à tout moment, sans donner de raison.\n"
        "Votre inscription, votre allocation et vos droits restent les mêmes."
    ),
    "rights_stay": "Cela ne change rien à votre inscription ni à vos droits.",
}


def are_validated() -> bool:
    """Return whether the operator's legal department has validated the present sentences."""
    day = settings.LEGAL_WORDS_VALIDATED_ON
    return bool(day) and date.fromisoformat(day) >= WRITTEN_ON


def legal_sentence(name: str) -> str:
    """Return a sentence, with the mediator from the settings. Raises KeyError for an unknown name."""
    where = f" ({settings.MEDIATOR_URL})" if settings.MEDIATOR_URL else ""
    return SENTENCES[name].format(mediator=f"{settings.MEDIATOR_NAME}{where}")
