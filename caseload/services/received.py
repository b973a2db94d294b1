"""Who follows a person from now on: said to the person, and told to the adviser who did not do it."""

from django.urls import reverse

from accompaniment.enums import NotificationKind
from accompaniment.models import Jobseeker, User
from accompaniment.services import outbox
from caseload.models import Placement


def tell_who_receives(*, actor: User | None, placement: Placement, reason: str) -> None:
    """Tell the adviser of a placement who comes and why, in the caller's transaction.

    Nothing is said to an adviser who placed the person, or who followed them before.
    """
    user, person = placement.portfolio.adviser.user, placement.jobseeker
    before = (
        Placement.objects.filter(jobseeker=person, ended_at__isnull=False)
        .order_by("-ended_at", "-pk")
        .values_list("portfolio__adviser__user", flat=True)
        .first()
    )
    if user == actor or user.pk == before:
        return
    outbox.notify(
        key=f"person-received:{placement.pk}",
        kind=NotificationKind.PEOPLE_RECEIVED,
        email=user.email,
        user=user,
        context={
            "first_name": user.first_name,
            "received": 1,
            "person": person.full_name,
            "modality": placement.portfolio.get_modality_display(),
            "reason": reason,
            "path": reverse("person", args=[person.pk]),
        },
    )


def say_who_follows(jobseeker: Jobseeker) -> list[str]:
    """Say to a person whose track has ended who follows them now; nobody means that the agency does."""
    placement = Placement.objects.open().filter(jobseeker=jobseeker).select_related("portfolio__adviser__user").first()
    agency = jobseeker.agency.name
    if placement is None:
        return [
            (
                f"Aucun conseiller de votre agence ({agency}) n'a de place pour l'instant : vous êtes sur sa liste "
                "d'attente. L'agence vous répond, et vous prévient dès qu'un conseiller vous suit."
            )
        ]
    return [f"Vous êtes maintenant suivi en agence par {placement.portfolio.adviser.user.full_name} ({agency})."]
