"""What a jobseeker's space shows first: the next step, then what they can do in the state in which they are."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, time

from accompaniment.enums import Channel
from accompaniment.models import Jobseeker, Obligation
from accompaniment.reads.standing import Standing
from accompaniment.reads.waiting_times import TimeLeft, time_left
from caseload.models import Adviser
from caseload.reads.moves.who_answers import Following
from messaging.reads.callback_queue import Call, open_call_of
from messaging.reads.callback_windows import windows_of
from visio.enums import RoomMoment
from visio.models import Interview, to_place
from visio.reads.availability import free_slots, last_day_offered
from visio.rules.next_step import Step, StepKind, in_order
from visio.rules.states import room_moment


@dataclass(frozen=True, kw_only=True)
class Space:
    """The person's steps, the next one first, and which ways to the adviser are open."""

    standing: Standing
    time_left: TimeLeft | None
    """Until when the person's wish, or the adviser's validation, waits."""
    steps: list[Step]
    adviser: Adviser | None
    callback: Call | None
    """The open request to be called back."""
    can_be_called: bool
    """Whether the agency has hours in which somebody calls; an open request can always be read and cancelled."""
    can_book: bool
    """Whether the adviser has an hour left that can be booked."""

    @property
    def next(self) -> Step | None:
        return self.steps[0] if self.steps else None

    @property
    def then(self) -> list[Step]:
        return self.steps[1:]


def space_of(standing: Standing, following: Following, *, now: datetime) -> Space:
    """Return what the space of a person shows now, given where they stand and who follows them."""
    person, adviser = standing.person, following.adviser
    callback = open_call_of(person, now=now, attempts=False)
    due: Obligation | None = to_place(Obligation.objects.filter(jobseeker=person)).first()
    waits = standing.enrolment if standing.awaits_interview or standing.must_accept else None
    return Space(
        standing=standing,
        time_left=time_left(now=now, only=[waits.pk]).get(waits.pk) if waits else None,
        steps=in_order([*_of_interviews(person, due, now), *_of_the_way_in(standing), *_of_callback(callback)]),
        adviser=adviser,
        callback=callback,
        can_be_called=adviser is not None and (callback is not None or bool(windows_of(person.agency, now=now))),
        can_book=_has_free_slot(person, following, due, now),
    )


def _of_interviews(person: Jobseeker, due: Obligation | None, now: datetime) -> Iterator[Step]:
    own = list(Interview.objects.filter(jobseeker=person).open_to_the_person().with_people())
    for interview in own:
        if not interview.is_live:
            yield Step(StepKind.EXPLAIN, interview.answer_until, interview)
    yield from _of_meetings([interview for interview in own if interview.is_live], now)
    if due is not None:
        yield Step(StepKind.CHOOSE, datetime.combine(due.due_on, time.min, person.agency.zone), due)


def _of_meetings(live: Collection[Interview], now: datetime) -> Iterator[Step]:
    """Yield the interviews that are over or under way, and the first one that is to come. Two rooms may be open.

    `live` is in order of time.
    """
    first_to_come = next((one for one in live if one.is_to_be_held(now)), None)
    for interview in live:
        if interview.call_ended_at is not None:
            yield Step(StepKind.CONCLUDE, about=interview)
        elif _can_join(interview, now):
            kind = StepKind.JOIN if interview.is_to_be_held(now) else StepKind.RETURN
            yield Step(kind, interview.starts_at, interview)
        elif interview is first_to_come:
            yield Step(StepKind.MEET, interview.starts_at, interview)
        elif interview.ends_at <= now:
            yield Step(StepKind.CONCLUDE, about=interview)


def _of_the_way_in(standing: Standing) -> Iterator[Step]:
    if standing.must_accept:
        yield Step(StepKind.ACCEPT)
    elif standing.is_asked_again:
        yield Step(StepKind.ACCEPT_AGAIN)
    elif standing.awaits_interview:
        yield Step(StepKind.AWAIT)


def _of_callback(callback: Call | None) -> Iterator[Step]:
    if callback is not None:
        # A window that has passed without a call is no reason to put off what comes.
        yield Step(StepKind.CALL, None if callback.is_late else callback.window.starts_at, callback)


def _can_join(interview: Interview, now: datetime) -> bool:
    moment = room_moment(state=interview.state, starts_at=interview.starts_at, ends_at=interview.ends_at, now=now)
    return interview.channel == Channel.VIDEO and moment == RoomMoment.OPEN


def _has_free_slot(person: Jobseeker, following: Following, due: Obligation | None, now: datetime) -> bool:
    adviser = following.adviser
    if adviser is None:
        return False
    last_day = last_day_offered(adviser=adviser, obligation=due, now=now)
    absences = following.days_away
    return bool(free_slots(adviser=adviser, jobseeker=person, now=now, last_day=last_day, absences=absences))
