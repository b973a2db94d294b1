"""What the page of a dispatch shows: how far it is, who did not get the message and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from accompaniment.models import Jobseeker, User
from accompaniment.rules.french import counted, grouped, plural
from messaging.enums import NotSentFor
from messaging.models import Conversation, ConversationQuerySet, Dispatch, DispatchRecipient

LISTED = 10
"""The dispatches under the form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchReport:
    """A dispatch as its author sees it, each list by name."""

    dispatch: Dispatch
    total: int
    sent: Sequence[DispatchRecipient]
    refused: Sequence[DispatchRecipient]
    stopped: Sequence[DispatchRecipient]
    left: int
    """How many messages have not left yet."""
    open_to_reader: frozenset[int]
    """The people whose conversation the reader may open now."""
    waiting: ConversationQuerySet
    """The conversations of these people in which an answer is awaited: the message is none."""

    @property
    def running(self) -> bool:
        return self.left > 0

    @property
    def title(self) -> str:
        """What has become of the dispatch, in a few words."""
        if self.running:
            return "Envoi en cours"
        if not self.sent:
            return "Le message n'est parti à personne"
        return f"Message envoyé à {counted(len(self.sent), 'une personne')}"

    @property
    def progress(self) -> str:
        """Return « 42 sur 60 envoyés, 2 non envoyés »."""
        done = len(self.sent)
        said = f"{grouped(done)} sur {grouped(self.total)} {plural(done, 'envoyé,envoyés')}"
        refused = len(self.refused)
        return f"{said}, {grouped(refused)} {plural(refused, 'non envoyé,non envoyés')}" if refused else said


def report_of(dispatch: Dispatch, *, reader: User) -> DispatchReport:
    """Return how far a dispatch is, with a fixed number of queries."""
    rows = list(
        dispatch.recipients.select_related("jobseeker").order_by("jobseeker__last_name", "jobseeker__first_name", "pk")
    )
    people = [row.jobseeker_id for row in rows]
    visible = Jobseeker.objects.visible_to(reader).filter(pk__in=people).values_list("pk", flat=True)
    waiting = Conversation.objects.visible_to(reader).awaiting_reply().filter(jobseeker__in=people)
    return DispatchReport(
        dispatch=dispatch,
        total=len(rows),
        sent=[row for row in rows if row.sent_at is not None],
        refused=[row for row in rows if row.given_up_for == NotSentFor.REFUSED],
        stopped=[row for row in rows if row.given_up_for == NotSentFor.STOPPED],
        left=sum(row.is_waiting for row in rows),
        open_to_reader=frozenset(visible),
        waiting=waiting.select_related("jobseeker"),
    )


@dataclass(frozen=True, slots=True)
class DispatchLine:
    """A dispatch in a list: its beginning, and how far it is."""

    dispatch: Dispatch
    created_at: datetime
    state: str


def latest_of(author: User) -> list[DispatchLine]:
    """Return the author's last dispatches, newest first."""
    rows: QuerySet[Dispatch] = Dispatch.objects.filter(author=author).annotate(
        total=Count("recipients"),
        done=Count("recipients", filter=Q(recipients__sent_at__isnull=False)),
        left=Count("recipients", filter=Q(recipients__sent_at=None, recipients__given_up_at=None)),
    )
    return [_line(row) for row in rows[:LISTED]]


def _line(row: Dispatch) -> DispatchLine:
    done, total, left = (int(getattr(row, name)) for name in ("done", "total", "left"))
    said = f"{grouped(done)} sur {grouped(total)} {plural(done, 'envoyé,envoyés')}"
    return DispatchLine(row, row.created_at, f"Envoi en cours\u00a0: {said}" if left else said)
