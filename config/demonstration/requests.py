"""Call-back requests and requests for a meeting on site, open and answered."""

from datetime import datetime, time, timedelta
from itertools import cycle
from random import Random

from accompaniment.enums import AuditAction, Bandwidth, Channel, ContactNature, NotificationKind
from accompaniment.models import DeviceCheck, OnSiteRequest, User
from config.demonstration.logins import ADVISER
from config.demonstration.people import Fate, Story
from config.demonstration.texts import (
    CALLBACK_COMMENTS,
    CALLBACK_OUTCOMES,
    ON_SITE_ANSWERS,
    ON_SITE_COMMENTS,
    SIGNED_COMMENT,
    WRITTEN_CALLBACKS,
)
from config.demonstration.world import World
from messaging.enums import AttemptOutcome, CallbackState, CallbackSubject, CallbackWay
from messaging.models import CallbackAttempt, CallbackEvent, CallbackRequest, CallbackWindow
from messaging.rules import MANAGER_SHARE, TEAM_SHARE, Window, risen_at

BATCH = 1000
SEED = 12

Try = tuple[datetime, User, AttemptOutcome]
"""An attempt that reached nobody: when, by whom, and what came of it."""

OPEN_FOR_THE_LOGIN = 4
WRITTEN_FOR_THE_LOGIN = 4
"""Requests to the log-in adviser that were answered in writing; of the open ones, one asks for it."""
WINDOWS = (
    (time(9), time(10, 30)),
    (time(10, 30), time(12)),
    (time(13), time(15)),
    (time(15), time(17)),
)
"""The hours at which an agency with the usual opening hours offers to call back."""


def write_requests(world: World, stories: list[Story]) -> None:
    """Write people's call-back requests and requests for a meeting on site, with the answers."""
    active = [story for story in stories if story.fate is Fate.ACTIVE]
    mine = [story for story in active if story.adviser.user.email == ADVISER.email and not story.is_login]
    others = [story for story in active if story.adviser.user.email != ADVISER.email]
    covered = [story for story in stories if story.covered and story.person.phone]
    # Requests to an absent adviser are shown to the covering colleague.
    _write_callbacks(world, active, mine, others, covered=covered[:2])
    _write_on_site(world, active, mine, others, covered=covered[2:4])
    _write_device_checks(world, active)


def _write_device_checks(world: World, active: list[Story]) -> None:
    """Write the results of people's device tests: most are good, some are not, and every third person never tested."""
    rows: list[tuple[Story, DeviceCheck]] = []
    for story in active:
        if story.accepted_at is None or world.rng.random() < 1 / 3:
            continue
        trouble = world.rng.random()
        check = DeviceCheck(
            jobseeker=story.person,
            at=story.accepted_at + (world.now - story.accepted_at) * world.rng.uniform(0.1, 0.9),
            camera=trouble > 0.06,
            microphone=trouble > 0.1,
            connection=Bandwidth.GOOD if trouble < 0.9 else Bandwidth.POOR,
            round_trip_ms=world.rng.randrange(15, 90),
            device=world.rng.choice(("Firefox, Windows", "Chrome, Windows", "Chrome, Android", "Safari, iPhone")),
        )
        rows.append((story, check))
    DeviceCheck.objects.bulk_create([check for _, check in rows], batch_size=BATCH)
    for story, check in rows:
        world.papers.note(
            check.at,
            story.person.user,
            story.person,
            AuditAction.EQUIPMENT,
            event="device_check",
            check=check.pk,
            carries_video=check.carries_video,
        )


def _write_callbacks(
    world: World, active: list[Story], mine: list[Story], others: list[Story], *, covered: list[Story]
) -> None:
    rng = world.rng
    settled = _settled(world, active)
    rows = [(story, _answered(world, story)) for story in rng.sample(settled, len(active) // 3)]
    own = {id(story) for story in mine}
    theirs = [request for story, request in rows if id(story) in own]
    for request, words in zip(theirs[:WRITTEN_FOR_THE_LOGIN], cycle(WRITTEN_CALLBACKS), strict=False):
        _in_writing(request, *words)
    waiting = [*rng.sample(mine, OPEN_FOR_THE_LOGIN), *rng.sample(others, 14), *covered]
    for number, story in enumerate(waiting):
        rows.append(
            (story, _open(world, story, overdue=number in {0, OPEN_FOR_THE_LOGIN, OPEN_FOR_THE_LOGIN + 1}, rng=rng))
        )
    _in_writing(rows[-len(waiting) + OPEN_FOR_THE_LOGIN - 1][1], WRITTEN_CALLBACKS[0][0], "")
    tried = _add_queue(world, rows, mine, others)
    CallbackRequest.objects.bulk_create([request for _, request in rows], batch_size=BATCH)
    windows: list[CallbackWindow] = []
    attempts: list[CallbackAttempt] = []
    events: list[CallbackEvent] = []
    for story, request in rows:
        windows.append(
            CallbackWindow(request=request, starts_at=request.window_starts_at, ends_at=request.window_ends_at)
        )
        lived: list[tuple[datetime, User | None, CallbackState, str]] = [
            (request.asked_at, story.person.user, CallbackState.OPEN, "")
        ]
        for at, actor, outcome in tried.get(id(request), ()):
            attempts.append(CallbackAttempt(request=request, at=at, actor=actor, outcome=outcome, phone=request.phone))
            lived.append((at, actor, CallbackState.OPEN, "tried"))
        if request.state == CallbackState.UNREACHED:
            lived[-1] = (*lived[-1][:2], CallbackState.UNREACHED, "")
        elif request.claimed_at is not None:
            lived.append((request.claimed_at, request.claimed_by, CallbackState.CLAIMED, ""))
        elif request.closed_at is not None:
            lived.append((request.closed_at, request.closed_by, CallbackState(request.state), ""))
        if request.state == CallbackState.DONE and request.closed_at is not None:
            attempts.append(_reached(request, request.closed_at))
            _write_call(world, story, request, request.closed_at)
        before = ""
        for at, who, state, event in lived:
            events.append(CallbackEvent(request=request, at=at, actor=who, from_state=before, to_state=state))
            said = {"event": event} if event else {}
            world.papers.note(at, who, story.person, AuditAction.CALLBACK, request=request.pk, state=state, **said)
            before = state
    CallbackWindow.objects.bulk_create(windows, batch_size=BATCH)
    CallbackAttempt.objects.bulk_create(attempts, batch_size=BATCH)
    CallbackEvent.objects.bulk_create(events, batch_size=BATCH)


def _reached(request: CallbackRequest, at: datetime) -> CallbackAttempt:
    return CallbackAttempt(
        request=request,
        at=at,
        actor=request.closed_by,
        outcome=AttemptOutcome.REACHED,
        phone=request.phone,
    )


def _write_call(world: World, story: Story, request: CallbackRequest, at: datetime) -> None:
    world.papers.journal(
        at=at,
        person=story.person,
        channel=Channel.CHAT if request.in_writing else Channel.PHONE,
        nature=ContactNature.CALLBACK,
        author=story.adviser.user,
        summary=f"{CallbackSubject(request.subject).label}\u00a0: {request.outcome}",
        source=f"callback:{request.pk}",
    )


def _add_queue(
    world: World, rows: list[tuple[Story, CallbackRequest]], mine: list[Story], others: list[Story]
) -> dict[int, list[Try]]:
    """Add a request in each state of the queue; return the attempts that reached nobody, by the identity of its row.

    The draws are its own, so that everything else in the demonstration stays as it is.
    """
    rng = Random(SEED)  # noqa: S311  (a demonstration)
    taken = {id(story) for story, _ in rows}
    free = [story for story in mine if id(story) not in taken and story.person.phone]
    agency = free[0].agency
    of_the_team = [
        story for story in others if id(story) not in taken and story.person.phone and story.agency == agency
    ]
    adviser = free[0].adviser.user
    again, wrong, signs, video, gone, lost = rng.sample(free, 6)
    calendar, tried = world.calendar(agency), {}
    today = calendar.day(world.now)
    yesterday = calendar.previous_working(today)
    before = calendar.previous_working(yesterday)

    def add(story: Story, *, overdue: bool, way: CallbackWay = CallbackWay.PHONE) -> CallbackRequest:
        request = _open(world, story, overdue=overdue, rng=rng)
        request.way = way
        if way == CallbackWay.VIDEO:
            request.phone = ""
        rows.append((story, request))
        return request

    for story, outcome in ((again, AttemptOutcome.VOICEMAIL), (wrong, AttemptOutcome.WRONG_NUMBER)):
        request = add(story, overdue=False)
        request.asked_at = calendar.at(before, time(15))
        tried[id(request)] = [(calendar.at(yesterday, time(9, 20)), adviser, outcome)]
    add(signs, overdue=False, way=CallbackWay.RELAY_SIGNS).comment = SIGNED_COMMENT
    add(video, overdue=False, way=CallbackWay.VIDEO)
    request = add(gone, overdue=False)
    request.asked_at = calendar.at(before, time(15))
    request.state, request.closed_by = CallbackState.CANCELLED, gone.person.user
    request.closed_at = request.asked_at + timedelta(minutes=40)
    request = add(lost, overdue=True)
    request.asked_at = calendar.at(calendar.previous_working(before), time(15))
    hours = ((before, time(9, 10)), (before, time(11, 30)), (yesterday, time(9, 15)))
    tried[id(request)] = [(calendar.at(day, hour), adviser, AttemptOutcome.NO_ANSWER) for day, hour in hours]
    request.state, request.closed_by = CallbackState.UNREACHED, adviser
    request.closed_at = calendar.at(*hours[-1])
    for number, story in enumerate(of_the_team[:2]):
        request = add(story, overdue=True)
        if number == 0:
            request.state, request.claimed_by = CallbackState.CLAIMED, story.adviser.user
            request.claimed_at = world.now - timedelta(minutes=3)
    return tried


def _in_writing(request: CallbackRequest, comment: str, outcome: str) -> None:
    """Let a person who does not telephone ask for an answer in their messages."""
    request.way, request.phone = CallbackWay.CHAT, ""
    request.comment, request.outcome = comment, outcome


def _settled(world: World, active: list[Story]) -> list[Story]:
    """Keep the people who have been on the track long enough for a request and its answer."""
    return [story for story in active if story.accepted_at and story.accepted_at < world.now - timedelta(days=14)]


def _request(
    world: World, story: Story, asked_at: datetime, window: tuple[datetime, datetime], *, rng: Random
) -> CallbackRequest:
    whole = [Window(starts_at=window[0], ends_at=window[1])]
    return CallbackRequest(
        jobseeker=story.person,
        subject=rng.choice(list(CallbackSubject)),
        comment=rng.choice(CALLBACK_COMMENTS),
        phone=story.person.phone,
        window_starts_at=window[0],
        window_ends_at=window[1],
        team_at=risen_at(whole, TEAM_SHARE),
        manager_at=risen_at(whole, MANAGER_SHARE),
        asked_at=asked_at,
    )


def _answered(world: World, story: Story) -> CallbackRequest:
    calendar = world.calendar(story.agency)
    earliest = (story.accepted_at or world.now) + timedelta(hours=6)
    asked_at = calendar.moment(world.rng, earliest, world.now - timedelta(days=6))
    day = calendar.next_working(calendar.day(asked_at))
    opens, closes = (calendar.at(day, clock) for clock in world.rng.choice(WINDOWS))
    request = _request(world, story, asked_at, (opens, closes), rng=world.rng)
    request.state = CallbackState.DONE
    request.closed_at = opens + (closes - opens) * world.rng.uniform(0.1, 0.95)
    request.closed_by = story.adviser.user
    request.outcome = world.rng.choice(CALLBACK_OUTCOMES)
    return request


def _open(world: World, story: Story, *, overdue: bool, rng: Random) -> CallbackRequest:
    calendar = world.calendar(story.agency)
    today = calendar.day(world.now)
    day = calendar.previous_working(today) if overdue else calendar.next_working(today)
    opens, closes = (calendar.at(day, clock) for clock in rng.choice(WINDOWS))
    asked_at = opens - timedelta(hours=17) if overdue else world.now - timedelta(minutes=rng.randrange(5, 400))
    return _request(world, story, asked_at, (opens, closes), rng=rng)


def _write_on_site(
    world: World, active: list[Story], mine: list[Story], others: list[Story], *, covered: list[Story]
) -> None:
    rng = world.rng
    rows: list[tuple[Story, OnSiteRequest]] = []
    for story in rng.sample(_settled(world, active), 30):
        asked_at = world.calendar(story.agency).moment(
            rng, story.accepted_at or world.now, world.now - timedelta(days=4)
        )
        rows.append(
            (
                story,
                OnSiteRequest(
                    jobseeker=story.person,
                    asked_at=asked_at,
                    comment=rng.choice(ON_SITE_COMMENTS),
                    answered_at=asked_at + timedelta(hours=rng.uniform(2, 70)),
                    answered_by=story.adviser.user,
                    answer=rng.choice(ON_SITE_ANSWERS),
                ),
            )
        )
    for story in [*rng.sample(mine, 2), *rng.sample(others, 5), *covered]:
        asked_at = world.now - timedelta(hours=rng.uniform(1, 60))
        rows.append(
            (
                story,
                OnSiteRequest(jobseeker=story.person, asked_at=asked_at, comment=rng.choice(ON_SITE_COMMENTS)),
            )
        )
    OnSiteRequest.objects.bulk_create([request for _, request in rows], batch_size=BATCH)
    for story, request in rows:
        facts = {"request": request.pk}
        world.papers.note(
            request.asked_at, story.person.user, story.person, AuditAction.ON_SITE_REQUEST, event="asked", **facts
        )
        if request.answered_at is not None:
            world.papers.note(
                request.answered_at,
                request.answered_by,
                story.person,
                AuditAction.ON_SITE_REQUEST,
                event="answered",
                **facts,
            )
            world.papers.tell(
                at=request.answered_at,
                person=story.person,
                kind=NotificationKind.ON_SITE_ANSWERED,
                key=f"on-site-answered:{request.pk}",
            )
