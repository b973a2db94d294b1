"""What an adviser who leaves still has to hold."""

from caseload.models import Adviser
from visio.models import Interview


def interviews_left(adviser: Adviser) -> list[str]:
    """Name the interviews that are booked or in progress with the adviser."""
    left = Interview.objects.live().filter(adviser=adviser).count()
    if not left:
        return []
    plural = "s" * (left > 1)
    return [f"{left} entretien{plural} prévu{plural} ou en cours à confier à un collègue, à déplacer ou à annuler."]
