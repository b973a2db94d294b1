"""The reference data up to this floor: that of the ground floor, and the caps of portfolios."""

from datetime import date

from django.db import transaction

from accompaniment.enums import Modality
from accompaniment.services import reference
from caseload.models import Capacity

CAPS_START_ON = date(2013, 1, 1)
CAPS = {Modality.GUIDE_WEB: 250, Modality.GUIDE: 150, Modality.RENFORCE: 70, Modality.SUIVI: 350}


def load_reference() -> int:
    """Add missing reference data and return how many rows are new. Existing data stays as it is."""
    with transaction.atomic():
        return reference.load_reference().total + _add_caps()


def _add_caps() -> int:
    known = set(Capacity.objects.filter(agency=None).values_list("modality", flat=True))
    new = [
        Capacity(modality=modality, value=value, starts_on=CAPS_START_ON)
        for modality, value in CAPS.items()
        if modality not in known
    ]
    return len(Capacity.objects.bulk_create(new))
