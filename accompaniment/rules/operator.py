"""The operator of this service, for pages, e-mails and the text to accept. It comes from settings, never from code.

A missing value is left out of the pages; `manage.py check --deploy` names it.
"""

from dataclasses import dataclass
from datetime import date

from django.conf import settings

from accompaniment.rules.french import NO_BREAK, plural

REQUIRED = (
    "OPERATOR_NAME",
    "OPERATOR_ADDRESS",
    "OPERATOR_EMAIL",
    "OPERATOR_PHONE",
    "PUBLICATION_DIRECTOR",
    "HOSTING",
    "DATA_CONTROLLER",
    "DPO_CONTACT",
    "ACCESSIBILITY_EMAIL",
    "ACCESSIBILITY_PHONE",
    "ACCESSIBILITY_STATED_ON",
)
"""The settings that only the operator can know."""

ANONYMOUS = "le service public de l'emploi"
"""The operator's name in a sentence while no setting gives one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Operator:
    """The operator in words. `files_kept` and `space_kept` say how long, as they stand in a sentence."""

    name: str
    address: str
    email: str
    phone: str
    publication_director: str
    hosting: str
    controller: str
    legal_basis: str
    dpo: str
    files_kept: str
    space_kept: str
    deleted_files_kept: str
    accessibility_email: str
    accessibility_phone: str
    accessibility_stated_on: date | None


def operator() -> Operator:
    """Return the operator from the settings."""
    stated_on, years = settings.ACCESSIBILITY_STATED_ON, settings.FILES_KEPT_YEARS
    return Operator(
        name=settings.OPERATOR_NAME or ANONYMOUS,
        address=settings.OPERATOR_ADDRESS,
        email=settings.OPERATOR_EMAIL,
        phone=settings.OPERATOR_PHONE,
        publication_director=settings.PUBLICATION_DIRECTOR,
        hosting=settings.HOSTING,
        controller=settings.DATA_CONTROLLER,
        legal_basis=settings.LEGAL_BASIS,
        dpo=settings.DPO_CONTACT,
        files_kept=f"{years}{NO_BREAK}an{plural(years)} après votre dernière inscription",
        space_kept=f"{settings.SPACE_KEPT_MONTHS}\u00a0mois après votre dernière connexion",
        deleted_files_kept=f"{settings.DELETED_FILES_KEPT_DAYS}\u00a0jours",
        accessibility_email=settings.ACCESSIBILITY_EMAIL,
        accessibility_phone=settings.ACCESSIBILITY_PHONE,
        accessibility_stated_on=date.fromisoformat(stated_on) if stated_on else None,
    )


def missing() -> list[str]:
    """Return the names of the settings that are still empty."""
    return [name for name in REQUIRED if not getattr(settings, name)]
