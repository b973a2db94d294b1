"""Telling the open pages of the day which of their panels have changed.

The event names panels, never people: each panel then asks its own address, where the right is looked up. The channel
layer may be gone or lose an event: the pages also ask by themselves every minute.
"""

from collections.abc import Collection
from datetime import timedelta
from functools import partial

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accompaniment.enums import AuditAction, Modality
from accompaniment.models import Jobseeker, User
from caseload.hooks.adviser_absences import CoverChange
from caseload.models import Adviser, Cover, Portfolio
from messaging.enums import Panel
from messaging.services import live

TOLD = {
    AuditAction.CALLBACK: (Panel.CALLBACKS,),
    AuditAction.CONTACT_PLAN: (Panel.PLANS, Panel.OBLIGATIONS),
    AuditAction.ENROLMENT: (Panel.VOLUNTEERS,),
    AuditAction.EQUIPMENT: (Panel.TODAY,),
    AuditAction.INTERVIEW: (Panel.TODAY, Panel.OBLIGATIONS, Panel.NEXT_FREE, Panel.ABSENCES),
    AuditAction.OBLIGATION: (Panel.OBLIGATIONS,),
    AuditAction.ON_SITE_REQUEST: (Panel.ON_SITE,),
    AuditAction.PLACEMENT: tuple(Panel),
}
"""Which panels show what an act has written; an act that is not here changes none.

Messages are told by `services.posting`, which knows whether somebody waits longer or no more."""


JUST_ENDED = timedelta(minutes=1)
"""Within which an act that ends a placement is committed."""


class _Batch:
    """What one transaction has written: told together, once, when it is committed."""

    def __init__(self) -> None:
        self.changed: dict[int, tuple[Jobseeker, set[Panel]]] = {}

    def add(self, jobseeker: Jobseeker, panels: Collection[Panel]) -> None:
        self.changed.setdefault(jobseeker.pk, (jobseeker, set()))[1].update(panels)

    def __call__(self) -> None:
        for jobseeker, panels in self.changed.values():
            tell(_concerned(jobseeker, panels), sorted(panels))


def follow_file_change(jobseeker: Jobseeker, action: AuditAction) -> None:
    """Tell once the act is committed those who answer for the person, and the agency of what concerns all of it."""
    panels = TOLD.get(action, ())
    if not panels:
        return
    # What a rolled back savepoint has registered is taken off this list by Django, and the batch with it.
    batch = next((hook[1] for hook in connection.run_on_commit if isinstance(hook[1], _Batch)), None)
    if batch is not None:
        batch.add(jobseeker, panels)
        return
    batch = _Batch()
    batch.add(jobseeker, panels)
    transaction.on_commit(batch)


def follow_covers(change: CoverChange) -> list[str]:
    """Tell the adviser and all colleagues of covers that have changed."""
    transaction.on_commit(
        partial(tell, [adviser.user_id for adviser in (change.adviser, *change.colleagues)], tuple(Panel))
    )
    return []


def tell(users: Collection[int], panels: Collection[Panel]) -> None:
    """Let the open pages of these accounts ask again for these panels; called on commit."""
    for user in frozenset(users):
        live.publish(live.PanelsChanged(user_pk=user, panels=tuple(panel.value for panel in panels)))


def _answering(jobseeker: Jobseeker) -> set[int]:
    """Return who follows the person or covers now, and whom the person has just left: their panels change too.

    A day too many tells nobody anything, so zones do not matter.
    """
    today = timezone.now().date()
    just_now = timezone.now() - JUST_ENDED
    standing = Q(placements__ended_at=None) | Q(placements__ended_at__gt=just_now)
    portfolios = Portfolio.objects.filter(standing, placements__jobseeker=jobseeker)
    covers = Cover.objects.filter(
        portfolio__in=portfolios,
        cancelled_at=None,
        starts_on__lte=today + timedelta(days=1),
        ends_on__gte=today - timedelta(days=1),
    )
    return set(
        User.objects.filter(
            Q(adviser__portfolios__in=portfolios) | Q(adviser__in=covers.values("colleague"))
        ).values_list("pk", flat=True)
    )


def _concerned(jobseeker: Jobseeker, panels: Collection[Panel]) -> set[int]:
    """Return who answers for the person; the agency where nobody does, or where a panel is the whole agency's."""
    answering = _answering(jobseeker)
    agency = Adviser.objects.filter(agency=jobseeker.agency_id)
    if Panel.WAITING in panels or (Panel.ON_SITE in panels and not answering):
        return answering | set(agency.values_list("user", flat=True))
    if Panel.VOLUNTEERS in panels:
        receiving = agency.filter(portfolios__modality=Modality.GUIDE_WEB)
        return answering | set(receiving.values_list("user", flat=True))
    return answering
