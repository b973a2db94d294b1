"""Who follows a person from now on: said to the person, and told to the adviser who did not do it."""

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import NotificationKind
from accompaniment.models import Jobseeker, Notification, User
from accompaniment.services import outbox
from caseload.enums import PlacementEnd, PlacementStart
from caseload.hooks.handover import Carried
from caseload.models import Adviser, Placement, Portfolio

RECEIVED = "person-received:"
"""How the keys of letters about single people begin, which may gather more of the same reason and portfolio."""


def tell_who_receives(*, actor: User | None, placement: Placement, after: PlacementStart) -> None:
    """Tell the adviser of a placement who comes and why, in the caller's transaction.

    Nothing is said to an adviser who placed the person, or who followed them before. Where a letter for the same
    portfolio and reason has not left yet, as while a file is loaded, it tells of one person more.
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
    validated_by = actor if after == PlacementStart.VALIDATED else None
    gathered = f"{RECEIVED}{after}:{placement.portfolio_id}:{validated_by.pk if validated_by else ''}:"
    waiting = (
        Notification.objects.select_for_update(of=("self",))
        .filter(user=user, kind=NotificationKind.PEOPLE_RECEIVED, key__startswith=gathered, attempts=0, sent_at=None)
        .order_by("pk")
        .first()
    )
    if waiting is not None:
        received = waiting.context["received"] + 1
        waiting.context.update(received=received, person="", names={}, path=reverse("my_portfolio"))
        waiting.save(update_fields=["context"])
        return
    outbox.notify(
        key=f"{gathered}{placement.pk}",
        kind=NotificationKind.PEOPLE_RECEIVED,
        email=user.email,
        user=user,
        context={
            "first_name": user.first_name,
            "received": 1,
            "person": person,
            "modality": placement.portfolio.get_modality_display(),
            "reason": f"{after.label} par {validated_by.full_name}" if validated_by else after.label,
            "path": reverse("person", args=[person.pk]),
        },
    )


def tell_who_followed(
    *, actor: User | None, former: Portfolio, jobseeker: Jobseeker, follower: Adviser | None, reason: PlacementEnd
) -> None:
    """Tell the former adviser that a person has left by a change of tier or region.

    Not where the adviser made the change, or follows the person still. Several people who leave at once, as when a file
    is loaded, make one letter.
    """
    user = former.adviser.user
    if user == actor or former.adviser == follower or not user.is_active:
        return
    outbox.add_to_digest(
        key=f"person-left:{former.pk}:{jobseeker.pk}:{timezone.now().timestamp()}",
        kind=NotificationKind.PEOPLE_LEFT,
        user=user,
        line={
            "person": jobseeker,
            "identifier": jobseeker.identifier,
            "follower": follower.user if follower else "",
            "reason": reason,
        },
        gather_for=timedelta(),
        context={"first_name": user.first_name, "path": reverse("my_portfolio")},
    )


def tell_new_region(*, jobseeker: Jobseeker, follower: Adviser | None, carried: Carried, at: datetime) -> None:
    """Tell a person whose agency is in another region now who follows them from there; nobody means that they wait."""
    outbox.notify_jobseeker(
        key=f"region-changed:{jobseeker.pk}:{at.timestamp()}",
        kind=NotificationKind.REGION_CHANGED,
        jobseeker=jobseeker,
        context={
            "first_name": jobseeker.first_name,
            "agency": jobseeker.agency.name,
            "adviser": follower.user if follower else "",
            "carried": carried.person,
            "path": reverse("space"),
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
