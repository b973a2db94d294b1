"""E-mails about a new adviser: to the person, and to an adviser who did not make the change."""

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import NotificationKind
from accompaniment.locks import lock_gathering_letter
from accompaniment.models import Jobseeker, User
from accompaniment.services import outbox
from caseload.enums import PlacementEnd, PlacementStart
from caseload.hooks.handover import Carried
from caseload.models import Adviser, Placement, Portfolio

RECEIVED = "person-received:"
"""Prefix of the keys of e-mails about single people, to which more people of the same reason and portfolio may be
added.
"""


def tell_who_receives(*, actor: User | None, placement: Placement, after: PlacementStart) -> None:
    """Tell the adviser of a placement who is coming and why, in the caller's transaction.

    An adviser who placed the person, or followed them before, is not told. If a letter for the same portfolio and
    reason has not been sent yet, as while a file is loaded, the person is added to it.
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
    waiting = lock_gathering_letter(user, NotificationKind.PEOPLE_RECEIVED, begins=gathered)
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
    """Tell the former adviser that a person has left because of a new tier or region.

    An adviser who made the change, or still follows the person, is not told. Several people who leave at once, as when
    a file is loaded, share one letter.
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
    """Tell a person whose agency is now in another region who follows them there; without an adviser they wait."""
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
    """Return the sentence that says who follows a person after the track; without an adviser it is the agency."""
    placement = Placement.objects.open().filter(jobseeker=jobseeker).select_related("portfolio__adviser__user").first()
    agency = jobseeker.agency.name
    if placement is None:
        return [
            (
                f"Aucun conseiller de votre agence ({agency}) n'a de place pour l'instant\u00a0: "
                "vous attendez un conseiller. L'agence vous répond. Un e-mail vous dira qui vous accompagne."
            )
        ]
    return [f"{placement.portfolio.adviser.user.full_name} ({agency}) vous accompagne maintenant."]
