"""The queue of call-backs, as the staff read it: what to do now, who has it in hand, what was tried."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet, Subquery, TextField, Value, prefetch_related_objects
from django.db.models.functions import Concat

from accompaniment.models import Jobseeker, User
from caseload.models import Placement
from caseload.reads.moves.who_answers import relay_of
from messaging.enums import AttemptOutcome, CallbackWay
from messaging.models import CallbackAttempt, CallbackRequest, CallbackWindow
from messaging.rules import OPEN_CALLBACKS, OUTCOMES


@dataclass(frozen=True, slots=True)
class Call:
    """An open or closed request, as a reader sees it at an instant."""

    request: CallbackRequest
    reader: User
    now: datetime
    windows: list[CallbackWindow]
    attempts: list[CallbackAttempt]
    was_missed: bool
    """Whether an attempt did not reach the person; known without the attempts, too."""
    own: bool
    """Whether the file is open to the reader; a colleague of the team answers without it."""
    relay: str
    follower: str

    @property
    def window(self) -> CallbackWindow:
        """The window of now, else the next one, else the last one."""
        return next((one for one in self.windows if one.ends_at > self.now), self.windows[-1])

    @property
    def later(self) -> list[CallbackWindow]:
        """The windows after that."""
        return [one for one in self.windows if one.starts_at > self.window.starts_at]

    @property
    def is_open(self) -> bool:
        return self.request.state in OPEN_CALLBACKS

    @property
    def is_late(self) -> bool:
        return self.request.window_ends_at <= self.now

    @property
    def is_now(self) -> bool:
        return self.window.starts_at <= self.now < self.window.ends_at

    @property
    def holder(self) -> User | None:
        """Who has it in hand."""
        until = self.request.claim_ends_at
        return self.request.claimed_by if until is not None and until > self.now else None

    @property
    def mine(self) -> bool:
        return self.holder is not None and self.holder.pk == self.reader.pk

    @property
    def missed_outcomes(self) -> list[tuple[str, str]]:
        """What may come of an attempt that does not reach the person, as buttons."""
        way = CallbackWay(self.request.way)
        return [(one.value, str(one.label)) for one in OUTCOMES[way] if one != AttemptOutcome.REACHED]

    @property
    def missed(self) -> list[CallbackAttempt]:
        return [one for one in self.attempts if one.outcome != AttemptOutcome.REACHED]

    @property
    def number_was_wrong(self) -> bool:
        """Whether the number in the file is the one that was found to be wrong."""
        wrong = [one.phone for one in self.attempts if one.outcome == AttemptOutcome.WRONG_NUMBER]
        return bool(wrong) and wrong[-1] == self.request.number


def with_people(requests: QuerySet[Any], reader: User, *, now: datetime) -> QuerySet[Any]:
    """Load what `calls_of` shows of each request."""
    followed = Placement.objects.open().filter(jobseeker=OuterRef("jobseeker")).order_by()
    account = "portfolio__adviser__user"
    follower = followed.annotate(
        name=Concat(f"{account}__first_name", Value(" "), f"{account}__last_name", output_field=TextField())
    )
    found: QuerySet[Any] = (
        requests.select_related("jobseeker__agency__departement__region", "claimed_by", "closed_by")
        .prefetch_related("windows")
        .annotate(
            was_missed=Exists(
                CallbackAttempt.objects.filter(request=OuterRef("pk")).exclude(outcome=AttemptOutcome.REACHED)
            ),
            relay=relay_of(reader, now=now),
            own=Exists(Jobseeker.objects.visible_to(reader).filter(pk=OuterRef("jobseeker"))),
            follower=Subquery(follower.values("name")[:1]),
        )
    )
    return found


def calls_of(requests: Iterable[CallbackRequest], reader: User, *, now: datetime, attempts: bool = True) -> list[Call]:
    """Return the requests as the reader sees them, with their attempts if asked; load them by `with_people`."""
    requests = list(requests)
    if attempts:
        prefetch_related_objects(requests, Prefetch("attempts", CallbackAttempt.objects.select_related("actor")))
    return [
        Call(
            request=request,
            reader=reader,
            now=now,
            windows=list(request.windows.all()),
            attempts=list(request.attempts.all()) if attempts else [],
            was_missed=request.was_missed,
            own=request.own,
            relay=request.relay or "",
            follower=request.follower or "",
        )
        for request in requests
    ]


def call_of(request: CallbackRequest, reader: User, *, now: datetime) -> Call:
    """Return one request as the reader sees it now."""
    (found,) = calls_of(with_people(CallbackRequest.objects.filter(pk=request.pk), reader, now=now), reader, now=now)
    return found


def open_call_of(person: Jobseeker, *, now: datetime, attempts: bool = True) -> Call | None:
    """Return a person's own open request, as the person sees it now; None if there is none. See `calls_of`."""
    if person.user is None:
        return None
    own = CallbackRequest.objects.open().filter(jobseeker=person)
    calls = calls_of(with_people(own, person.user, now=now), person.user, now=now, attempts=attempts)
    return calls[0] if calls else None
