"""The reference data that the service needs: territory, cadences, the text to accept."""

import csv
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accompaniment.enums import Channel, Modality
from accompaniment.models import Agency, ConsentText, Departement, OpeningHours, PlanDefault, Region
from accompaniment.rules.errors import DomainError
from accompaniment.rules.operator import operator
from accompaniment.rules.presentation import READERS_TO_YOU

DATA = Path(__file__).resolve().parent.parent / "data"
RULES_START_ON = date(2013, 1, 1)

PLAN_DEFAULTS = {
    # Channel, days between two interviews, days after which the plan is reviewed.
    Modality.GUIDE_WEB: (Channel.VIDEO, 28, 84),
    Modality.GUIDE: (Channel.ON_SITE, 120, 180),
    Modality.RENFORCE: (Channel.ON_SITE, 30, 90),
    Modality.SUIVI: (Channel.PHONE, 180, 360),
}
OPENING_DAYS = range(5)  # Monday to Friday
OPENING_STRETCHES = ((time(9), time(12)), (time(13), time(17)))

CONSENT_TITLE = "Votre accompagnement 100\u00a0% web"
CONSENT_TEXT = DATA / "consent_text.txt"
NO_OPERATOR = (
    "Le nom de l'opérateur manque (variable OPERATOR_NAME). Le texte à accepter le cite et ne change plus une fois "
    "publié\u00a0: réglez-le d'abord."
)


@dataclass(frozen=True)
class ReferenceChange:
    """How many rows the reference added."""

    regions: int
    departements: int
    plan_defaults: int
    consent_texts: int

    @property
    def total(self) -> int:
        return self.regions + self.departements + self.plan_defaults + self.consent_texts


def load_reference() -> ReferenceChange:
    """Add missing reference data. Existing data stays as it is, whether a manager has changed it or not.

    Raises DomainError if the first text to accept would be published without the operator's name.
    """
    with transaction.atomic():
        return ReferenceChange(
            regions=_add_regions(),
            departements=_add_departements(),
            plan_defaults=_add_plan_defaults(),
            consent_texts=_add_consent_text(),
        )


def give_default_hours(agencies: list[Agency]) -> None:
    """Open new agencies from Monday to Friday, 9 to 12 and 13 to 17 in their own zone."""
    OpeningHours.objects.bulk_create(
        OpeningHours(agency=agency, weekday=weekday, opens_at=opens_at, closes_at=closes_at)
        for agency in agencies
        for weekday in OPENING_DAYS
        for opens_at, closes_at in OPENING_STRETCHES
    )


def supplied_consent_text() -> str:
    """Return the text to accept that comes with the software, with the present operator.

    Once published it never changes.
    """
    runs_it = operator()
    return (
        CONSENT_TEXT.read_text(encoding="utf-8")
        .strip()
        .format(operator=runs_it.name, files_kept=runs_it.files_kept, readers="\u00a0; ".join(READERS_TO_YOU.values()))
    )


def _add_regions() -> int:
    known = set(Region.objects.values_list("code", flat=True))
    new = [
        Region(
            code=row["code"],
            name=row["nom"],
            web_opens_on=date.fromisoformat(row["ouverture_web"]) if row["ouverture_web"] else None,
            timezone=row["fuseau"],
        )
        for row in _rows("regions_2013.csv")
        if row["code"] not in known
    ]
    return len(Region.objects.bulk_create(new))


def _add_departements() -> int:
    known = set(Departement.objects.values_list("code", flat=True))
    new = [
        Departement(
            code=row["code"], name=row["nom"], region_id=row["region"], holidays_subdivision=row["jours_feries"]
        )
        for row in _rows("departements_2013.csv")
        if row["code"] not in known
    ]
    return len(Departement.objects.bulk_create(new))


def _add_plan_defaults() -> int:
    known = set(PlanDefault.objects.values_list("modality", flat=True))
    new = [
        PlanDefault(
            modality=modality,
            starts_on=RULES_START_ON,
            channel=channel,
            interval_days=interval_days,
            review_after_days=review_after_days,
        )
        for modality, (channel, interval_days, review_after_days) in PLAN_DEFAULTS.items()
        if modality not in known
    ]
    return len(PlanDefault.objects.bulk_create(new))


def _add_consent_text() -> int:
    if ConsentText.objects.exists():
        return 0
    if not settings.OPERATOR_NAME and not settings.DEMONSTRATION:
        raise DomainError(NO_OPERATOR)
    ConsentText.objects.create(
        version=1,
        title=CONSENT_TITLE,
        body=supplied_consent_text(),
        published_at=timezone.now(),
    )
    return 1


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))
