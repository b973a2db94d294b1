"""Tells open pages of the day which of their panels have changed.

The event names panels, never people. Each panel then reloads from its own URL, which checks the right. The channel
layer may be down or lose an event, so pages also reload every minute.
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
"""The panels that change with each kind of act. An act that is not listed changes none.

`services.posting` reports messages itself, because it knows whether somebody begins or ends to wait.
"""


JUST_ENDED = timedelta(minutes=1)
"""The time within which the act that ended a placement is committed."""


class _Batch:
    """The changes of one transaction, reported together after the commit."""

    def __init__(self) -> None:
        self.changed: dict[int, tuple[Jobseeker, set[Panel]]] = {}

    def add(self, jobseeker: Jobseeker, panels: Collection[Panel]) -> None:
        self.changed.setdefault(jobseeker.pk, (jobseeker, set()))[1].update(panels)

    def __call__(self) -> None:
        for jobseeker, panels in self.changed.values():
            tell(_concerned(jobseeker, panels), sorted(panels))


def follow_file_change(jobseeker: Jobseeker, action: AuditAction) -> None:
    """After the commit, tell the advisers who answer for the person, or the whole agency if the panel concerns all of
    it.
    """
    panels = TOLD.get(action, ())
    if not panels:
        return
    # Django removes callbacks of a rolled-back savepoint from this list, and this batch with them.
    batch = next((hook[1] for hook in connection.run_on_commit if isinstance(hook[1], _Batch)), None)
    if batch is not None:
        batch.add(jobseeker, panels)
        return
    batch = _Batch()
    batch.add(jobseeker, panels)
    transaction.on_commit(batch)


def follow_covers(change: CoverChange) -> list[str]:
    """Tell the adviser and the colleagues of covers that have changed."""
    transaction.on_commit(
        partial(tell, [adviser.user_id for adviser in (change.adviser, *change.colleagues)], tuple(Panel))
    )
    return []


def tell(users: Collection[int], panels: Collection[Panel]) -> None:
    """Make open pages of these accounts reload these panels; called on commit."""
    names = tuple(panel.value for panel in panels)
    live.publish([live.PanelsChanged(user_pk=user, panels=names) for user in sorted(frozenset(users))])


def _answering(jobseeker: Jobseeker) -> set[int]:
    """Return the adviser, covering colleagues, and the former adviser just left: their panels change too."""
    now = timezone.now()
    standing = Q(placements__ended_at=None) | Q(placements__ended_at__gt=now - JUST_ENDED)
    portfolios = Portfolio.objects.filter(standing, placements__jobseeker=jobseeker)
    covers = Cover.objects.running_at(now).filter(portfolio__in=portfolios)
    return set(
        User.objects.filter(
            Q(adviser__portfolios__in=portfolios) | Q(adviser__in=covers.values("colleague"))
        ).values_list("pk", flat=True)
    )


def _concerned(jobseeker: Jobseeker, panels: Collection[Panel]) -> set[int]:
    """Return the accounts that answer for the person: the agency if nobody does, or if the panel is the agency's."""
    answering = _answering(jobseeker)
    agency = Adviser.objects.filter(agency=jobseeker.agency_id)
    if Panel.WAITING in panels or (Panel.ON_SITE in panels and not answering):
        return answering | set(agency.values_list("user", flat=True))
    if Panel.VOLUNTEERS in panels:
        receiving = agency.filter(portfolios__modality=Modality.GUIDE_WEB)
        return answering | set(receiving.values_list("user", flat=True))
    return answering
