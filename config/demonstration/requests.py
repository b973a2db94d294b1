"""Call-back requests and requests for a meeting on site, open and answered."""

from datetime import datetime, time, timedelta
from itertools import cycle

from accompaniment.enums import AuditAction, Bandwidth, Channel, ContactNature, NotificationKind
from accompaniment.models import DeviceCheck, OnSiteRequest
from config.demonstration.logins import ADVISER
from config.demonstration.people import Fate, Story
from config.demonstration.texts import (
    CALLBACK_COMMENTS,
    CALLBACK_OUTCOMES,
    ON_SITE_ANSWERS,
    ON_SITE_COMMENTS,
    WRITTEN_CALLBACKS,
)
from config.demonstration.world import World
from messaging.enums import CallbackState, CallbackSubject
from messaging.models import CallbackEvent, CallbackRequest

BATCH = 1000
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
        rows.append((story, _open(world, story, overdue=number in {0, OPEN_FOR_THE_LOGIN, OPEN_FOR_THE_LOGIN + 1})))
    _in_writing(rows[-len(waiting) + OPEN_FOR_THE_LOGIN - 1][1], WRITTEN_CALLBACKS[0][0], "")
    CallbackRequest.objects.bulk_create([request for _, request in rows], batch_size=BATCH)
    events: list[CallbackEvent] = []
    for story, request in rows:
        user, person = story.person.user, story.person
        events.append(
            CallbackEvent(request=request, at=request.asked_at, actor=user, from_state="", to_state=CallbackState.OPEN)
        )
        world.papers.note(
            request.asked_at, user, person, AuditAction.CALLBACK, request=request.pk, state=CallbackState.OPEN
        )
        if request.closed_at is None:
            continue
        events.append(
            CallbackEvent(
                request=request,
                at=request.closed_at,
                actor=request.closed_by,
                from_state=CallbackState.OPEN,
                to_state=CallbackState.DONE,
            )
        )
        world.papers.note(
            request.closed_at,
            request.closed_by,
            person,
            AuditAction.CALLBACK,
            request=request.pk,
            state=CallbackState.DONE,
        )
        world.papers.journal(
            at=request.closed_at,
            person=person,
            channel=Channel.CHAT if request.in_writing else Channel.PHONE,
            nature=ContactNature.CALLBACK,
            author=story.adviser.user,
            summary=f"{CallbackSubject(request.subject).label}\u00a0: {request.outcome}",
            source=f"callback:{request.pk}",
        )
    CallbackEvent.objects.bulk_create(events, batch_size=BATCH)


def _in_writing(request: CallbackRequest, comment: str, outcome: str) -> None:
    """Let a person who does not telephone ask for an answer in their messages."""
    request.in_writing, request.phone = True, ""
    request.comment, request.outcome = comment, outcome


def _settled(world: World, active: list[Story]) -> list[Story]:
    """Keep the people who have been on the track long enough for a request and its answer."""
    return [story for story in active if story.accepted_at and story.accepted_at < world.now - timedelta(days=14)]


def _request(world: World, story: Story, asked_at: datetime, window: tuple[datetime, datetime]) -> CallbackRequest:
    return CallbackRequest(
        jobseeker=story.person,
        subject=world.rng.choice(list(CallbackSubject)),
        comment=world.rng.choice(CALLBACK_COMMENTS),
        phone=story.person.phone,
        window_starts_at=window[0],
        window_ends_at=window[1],
        asked_at=asked_at,
    )


def _answered(world: World, story: Story) -> CallbackRequest:
    calendar = world.calendar(story.agency)
    earliest = (story.accepted_at or world.now) + timedelta(hours=6)
    asked_at = calendar.moment(world.rng, earliest, world.now - timedelta(days=6))
    day = calendar.next_working(calendar.day(asked_at))
    opens, closes = (calendar.at(day, clock) for clock in world.rng.choice(WINDOWS))
    request = _request(world, story, asked_at, (opens, closes))
    request.state = CallbackState.DONE
    request.closed_at = opens + (closes - opens) * world.rng.uniform(0.1, 0.95)
    request.closed_by = story.adviser.user
    request.outcome = world.rng.choice(CALLBACK_OUTCOMES)
    return request


def _open(world: World, story: Story, *, overdue: bool) -> CallbackRequest:
    calendar = world.calendar(story.agency)
    today = calendar.day(world.now)
    day = calendar.previous_working(today) if overdue else calendar.next_working(today)
    opens, closes = (calendar.at(day, clock) for clock in world.rng.choice(WINDOWS))
    asked_at = opens - timedelta(hours=17) if overdue else world.now - timedelta(minutes=world.rng.randrange(5, 400))
    return _request(world, story, asked_at, (opens, closes))


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
