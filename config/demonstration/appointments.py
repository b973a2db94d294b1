"""What the contact plans have required since they began: obligations, invitations, interviews and reports."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange

from accompaniment.enums import (
    AuditAction,
    Channel,
    ContactNature,
    NotificationKind,
    ObligationKind,
    ObligationState,
)
from accompaniment.models import Obligation, User
from accompaniment.rules.tracks import INTERVIEW_MINUTES
from config.demonstration.calendars import ONE_DAY
from config.demonstration.enrolments import ANOTHER_ACCOMPANIMENT
from config.demonstration.logins import ADVISER
from config.demonstration.people import Fate, Story
from config.demonstration.reminders import write_reminders
from config.demonstration.texts import CONCLUSIONS, EXPLANATIONS, FAILURES
from config.demonstration.world import World
from visio.enums import InterviewState, NextStep
from visio.models import AbsenceAnswer, Interview, InterviewEvent, InterviewReport, SlotInvitation
from visio.rules import BUFFER_MINUTES, LIVE_STATES
from visio.rules.states import end_of_answers

BATCH = 1000
LENGTH = timedelta(minutes=INTERVIEW_MINUTES)
BUFFER = timedelta(minutes=BUFFER_MINUTES)
ROUND_TO = timedelta(minutes=5)
SOON_AFTER = timedelta(minutes=3)
CHANNELS = (Channel.VIDEO,) * 6 + (Channel.PHONE,) * 3 + (Channel.ON_SITE,)

ANSWER_DAYS = 15
EXPLAINED = 0.6
DECISIONS = {
    InterviewState.MISSED: "Vous n'avez pas donné d'explication dans le délai.",
    InterviewState.EXCUSED: "Votre explication suffit. Choisissez un autre créneau.",
}

HOLD_OBLIGATIONS = """
UPDATE accompaniment_obligation obligation SET state = %s, held_at = contact.at, contact_id = contact.id
FROM visio_interview interview JOIN accompaniment_contact contact ON contact.source = 'interview:' || interview.id
WHERE interview.obligation_id = obligation.id AND interview.state = %s
"""


@dataclass
class Agenda:
    """Rows that are written together at the end, after all plans."""

    obligations: list[Obligation] = field(default_factory=list)
    invited: list[tuple[Obligation, Story, datetime]] = field(default_factory=list)
    interviews: list[Interview] = field(default_factory=list)


def write_appointments(world: World, stories: list[Story]) -> int:
    """Write obligations and interviews, and return how many interviews.

    Today's come first, so that they find a slot.
    """
    agenda = Agenda()
    received = _today(world, stories)
    for story in stories:
        for obligation in _obligations(world, story):
            agenda.obligations.append(obligation)
            if obligation.plan != story.plan or story.fate is Fate.ACTIVE:
                _invite(world, agenda, story, obligation)
            if story.fate is Fate.ACTIVE:
                _meet(world, agenda, story, obligation, received)
    Obligation.objects.bulk_create(agenda.obligations, batch_size=BATCH)
    SlotInvitation.objects.bulk_create(
        (
            SlotInvitation(obligation=obligation, jobseeker=story.person, invited_at=at)
            for obligation, story, at in agenda.invited
        ),
        batch_size=BATCH,
    )
    for obligation in agenda.obligations:
        begins = world.calendar(obligation.jobseeker.agency).at(obligation.period.lower, time(0))
        facts = {"event": "begun", "obligation": obligation.pk}
        world.papers.note(begins, None, obligation.jobseeker, AuditAction.OBLIGATION, **facts)
    for obligation, story, at in agenda.invited:
        facts = {"event": "invited", "obligation": obligation.pk}
        world.papers.note(at, None, story.person, AuditAction.OBLIGATION, **facts)
        world.papers.tell(
            at=at, person=story.person, kind=NotificationKind.CHOOSE_SLOT, key=f"choose-slot:{obligation.pk}"
        )
    agenda.interviews.sort(key=lambda interview: interview.starts_at)
    Interview.objects.bulk_create(agenda.interviews, batch_size=BATCH)
    InterviewEvent.objects.bulk_create(
        (event for interview in agenda.interviews for event in _events(world, interview)), batch_size=BATCH
    )
    write_reminders(world, agenda.interviews)
    AbsenceAnswer.objects.bulk_create(_explanations(world, agenda.interviews), batch_size=BATCH)
    InterviewReport.objects.bulk_create(_reports(world, agenda.interviews), batch_size=BATCH)
    return len(agenda.interviews)


def hold_obligations() -> None:
    """Mark the obligations that interviews have held, after the journal is written."""
    with connection.cursor() as cursor:
        # The planner would take the new tables for empty, and look for each contact in all of them.
        cursor.execute("ANALYZE accompaniment_contact, accompaniment_obligation, visio_interview")
        cursor.execute(HOLD_OBLIGATIONS, [ObligationState.HELD, InterviewState.HELD])


def _obligations(world: World, story: Story) -> Iterator[Obligation]:
    """Yield one obligation for each plan period that has begun, as the planner would write it.

    Open obligations of a plan that ends with its track are waived.
    """
    calendar = world.calendar(story.agency)
    today = calendar.day(world.now)
    for plan in filter(None, (story.web_plan, story.plan)):
        start = plan.starts_on
        while start <= (plan.ended_on or today):
            end = start + timedelta(days=plan.interval_days)
            obligation = Obligation(
                jobseeker=story.person,
                kind=ObligationKind.FOLLOW_UP_INTERVIEW,
                plan=plan,
                period=DateRange(start, end),
                due_on=calendar.last_working(start, end - ONE_DAY),
            )
            if plan.ended_on:
                obligation.state, obligation.waived_at = ObligationState.WAIVED, story.closed_at
                obligation.waived_reason = ANOTHER_ACCOMPANIMENT
            yield obligation
            start = end


def _invite(world: World, agenda: Agenda, story: Story, obligation: Obligation) -> None:
    begins = world.calendar(story.agency).at(obligation.period.lower, time(6, 30))
    at = min(max(begins, story.accepted_at or begins) + timedelta(minutes=1), world.now)
    agenda.invited.append((obligation, story, at))


def _today(world: World, stories: list[Story]) -> dict[int, tuple[datetime, InterviewState]]:
    """Choose today's interviews, their hours and their present states."""
    received: dict[int, tuple[datetime, InterviewState]] = {}
    by_adviser: dict[int, list[Story]] = {}
    for story in stories:
        if story.fate is Fate.ACTIVE:
            by_adviser.setdefault(story.adviser.pk, []).append(story)
    for people in by_adviser.values():
        adviser = people[0].adviser
        book = world.books[adviser.pk]
        today = book.calendar.day(world.now)
        soon: datetime | None = None
        if adviser.user.email == ADVISER.email:
            soon = _soon_after(world.now)
            login = next(story for story in people if story.is_login)
            received[id(login)] = (soon, InterviewState.BOOKED)
        elif not book.calendar.works(today):
            continue
        others = [story for story in people if not story.is_login]
        for story in world.rng.sample(others, 6 if soon else world.rng.randrange(2, 5)):
            slot = book.draw_on(today)
            if slot is None or abs(slot - (soon or world.now)) < LENGTH + BUFFER:
                continue
            if abs(slot - world.now) < LENGTH + BUFFER:
                continue
            to_conclude = slot < world.now and world.rng.random() < 0.15
            state = InterviewState.BOOKED if slot > world.now or to_conclude else InterviewState.HELD
            received[id(story)] = (slot, state)
    return received


def _soon_after(now: datetime) -> datetime:
    """Return the next five-minute mark that is at least three minutes away: within the next ten minutes."""
    later = now + SOON_AFTER
    seconds = ROUND_TO.total_seconds()
    return datetime.fromtimestamp((later.timestamp() // seconds + 1) * seconds, tz=now.tzinfo)


def _meet(
    world: World,
    agenda: Agenda,
    story: Story,
    obligation: Obligation,
    received: dict[int, tuple[datetime, InterviewState]],
) -> None:
    """Decide what happens with one obligation: held, booked, forgotten, or held at the second try."""
    book, rng = world.books[story.adviser.pk], world.rng
    today = book.calendar.day(world.now)
    start, end = obligation.period.lower, obligation.period.upper
    yesterday = today - ONE_DAY
    if start <= today < end and id(story) in received:
        slot, state = received[id(story)]
        channel = Channel.VIDEO if story.is_login else rng.choice(CHANNELS)
        agenda.interviews.append(_interview(world, story, obligation, slot, channel=channel, state=state))
        return
    if end <= today:
        last_one = end + timedelta(days=story.plan.interval_days if story.plan else 0) > today
        if last_one and not story.is_login and rng.random() < 0.06:
            _trouble(world, agenda, story, obligation, first=start, last=min(end - ONE_DAY, yesterday))
            return
        _hold(world, agenda, story, obligation, first=start, last=end - ONE_DAY)
        return
    elapsed = (today - start).days / (end - start).days
    if rng.random() < elapsed * 0.7 and _hold(world, agenda, story, obligation, first=start, last=yesterday):
        return
    if rng.random() < 0.5:
        last = min(end - ONE_DAY, today + timedelta(days=14))
        free = book.draw(today + ONE_DAY, last)
        if free is not None:
            agenda.interviews.append(
                _interview(world, story, obligation, free, channel=rng.choice(CHANNELS), state=InterviewState.BOOKED)
            )


def _hold(world: World, agenda: Agenda, story: Story, obligation: Obligation, *, first: date, last: date) -> bool:
    """Hold an interview between two days, sometimes after a failed first try."""
    book, rng = world.books[story.adviser.pk], world.rng
    tried = None
    if rng.random() < 0.16 and (last - first).days > 8:
        tried = _trouble(world, agenda, story, obligation, first=first, last=first + timedelta(days=5))
        first += timedelta(days=6)
    slot = book.draw(first + ONE_DAY, last)
    if slot is None:
        return False
    agenda.interviews.append(
        _interview(
            world,
            story,
            obligation,
            slot,
            channel=rng.choice(CHANNELS),
            state=InterviewState.HELD,
            after=(tried.noted_at or tried.closed_at) if tried else None,
        )
    )
    return True


def _trouble(
    world: World, agenda: Agenda, story: Story, obligation: Obligation, *, first: date, last: date
) -> Interview | None:
    """Add a technical failure, a cancellation or, rarest, an absence; return the interview if there was a slot."""
    slot = world.books[story.adviser.pk].draw(first + ONE_DAY, last)
    if slot is None:
        return None
    state = world.rng.choice(
        (InterviewState.INTERRUPTED,) * 4 + (InterviewState.CANCELLED,) * 3 + (InterviewState.NOTED,) * 2
    )
    channel = Channel.VIDEO if state == InterviewState.INTERRUPTED else world.rng.choice(CHANNELS)
    interview = _interview(world, story, obligation, slot, channel=channel, state=state)
    agenda.interviews.append(interview)
    return interview


def _interview(
    world: World,
    story: Story,
    obligation: Obligation,
    starts_at: datetime,
    *,
    channel: Channel,
    state: InterviewState,
    after: datetime | None = None,
) -> Interview:
    """Return an interview with the facts that belong to its state; nothing in it is later than now.

    If there was a failed first try for the same obligation, the interview was booked after it.
    """
    rng = world.rng
    begins = max(world.calendar(story.agency).at(obligation.period.lower, time(7)), story.accepted_at or starts_at)
    begins = max(begins, after or begins)
    latest = min(starts_at - timedelta(hours=2), world.now - timedelta(minutes=30))
    booked_at = begins + (latest - begins) * rng.uniform(0.05, 0.6) if begins < latest else latest
    adviser_user = story.adviser.user
    interview = Interview(
        token=secrets.token_urlsafe(32),
        jobseeker=story.person,
        adviser=story.adviser,
        obligation=obligation,
        channel=channel,
        starts_at=starts_at,
        ends_at=starts_at + LENGTH,
        occupies_until=starts_at + LENGTH + BUFFER,
        state=state,
        booked_at=booked_at,
        booked_by=story.person.user if rng.random() < 0.85 else adviser_user,
        convocation_delivered_at=booked_at + timedelta(seconds=5),
    )
    if state in LIVE_STATES:
        return interview
    interview.closed_by = adviser_user
    closed_at = starts_at + LENGTH + timedelta(minutes=rng.randrange(0, 9))
    if channel == Channel.VIDEO and state != InterviewState.CANCELLED:
        interview.adviser_arrived_at = starts_at - timedelta(minutes=2)
    if state in {InterviewState.HELD, InterviewState.INTERRUPTED} and channel == Channel.VIDEO:
        interview.arrived_at = starts_at - timedelta(minutes=rng.randrange(1, 7))
        interview.admitted_at = starts_at + timedelta(minutes=rng.randrange(0, 3))
        if state == InterviewState.HELD and rng.random() < 0.05:
            interview.technical_failure_at = starts_at + timedelta(minutes=6)
            interview.technical_failure_note = rng.choice(FAILURES)
            interview.phone_since = starts_at + timedelta(minutes=8)
    if state == InterviewState.INTERRUPTED:
        interview.technical_failure_at = starts_at + timedelta(minutes=rng.randrange(3, 12))
        interview.technical_failure_note = rng.choice(FAILURES)
        closed_at = starts_at + timedelta(minutes=14)
    elif state == InterviewState.CANCELLED:
        interview.closed_by = interview.booked_by
        closed_at = booked_at + (starts_at - booked_at) * 0.7
    elif state == InterviewState.NOTED:
        _note(world, interview, noted_at=min(closed_at, world.now))
        return interview
    interview.closed_at = min(closed_at, world.now)
    return interview


def _note(world: World, interview: Interview, *, noted_at: datetime) -> None:
    """Decide what happens with an absence: explained or not, then confirmed or set aside if there was time for it."""
    rng, zone = world.rng, interview.jobseeker.agency.zone
    adviser_user = interview.adviser.user
    day = noted_at.astimezone(zone).date()
    interview.closed_by = None
    interview.noted_at, interview.noted_by = noted_at, adviser_user
    interview.told_at = min(noted_at + timedelta(seconds=5), world.now)
    interview.answer_until = end_of_answers(from_day=day, days=ANSWER_DAYS, zone=zone)
    answered_at = noted_at + timedelta(hours=rng.randrange(3, 120))
    if rng.random() < EXPLAINED and answered_at < world.now:
        interview.answered_at = answered_at
    decided_at = (interview.answered_at or interview.answer_until) + timedelta(hours=rng.randrange(20, 240))
    if decided_at < world.now:
        interview.closed_at, interview.closed_by = decided_at, adviser_user
        interview.state = InterviewState.EXCUSED if interview.answered_at else InterviewState.MISSED


def _events(world: World, interview: Interview) -> Iterator[InterviewEvent]:
    """Yield an interview's changes of state, and leave their audit rows and its convocation."""
    papers, person = world.papers, interview.jobseeker
    state = InterviewState(interview.state)
    _leave_moments(world, interview)
    steps: list[tuple[datetime, User | None, InterviewState]] = [
        (interview.booked_at, interview.booked_by, InterviewState.BOOKED)
    ]
    if interview.admitted_at is not None:
        steps.append((interview.admitted_at, interview.adviser.user, InterviewState.IN_PROGRESS))
    if interview.noted_at is not None:
        steps.append((interview.noted_at, interview.noted_by, InterviewState.NOTED))
        papers.tell(
            at=interview.noted_at,
            person=person,
            kind=NotificationKind.ABSENCE_NOTED,
            key=f"absence-noted:{interview.pk}",
        )
    if interview.closed_at is not None:
        steps.append((interview.closed_at, interview.closed_by, state))
    from_state = ""
    for at, actor, to_state in steps:
        yield InterviewEvent(
            interview=interview,
            at=at,
            actor=actor,
            from_state=from_state,
            to_state=to_state,
            reason=_reason(interview, actor, from_state, to_state),
        )
        papers.note(
            at,
            actor,
            person,
            AuditAction.INTERVIEW,
            interview=interview.pk,
            from_state=from_state,
            to_state=to_state,
        )
        from_state = to_state
    papers.tell(
        at=interview.booked_at,
        person=person,
        kind=NotificationKind.INTERVIEW_BOOKED,
        key=f"interview-booked:{interview.pk}",
    )


def _reason(interview: Interview, actor: User | None, from_state: str, to_state: InterviewState) -> str:
    if from_state == InterviewState.NOTED:
        return DECISIONS[to_state]
    by_the_adviser = to_state == InterviewState.CANCELLED and actor != interview.jobseeker.user
    return "Réunion d'équipe" if by_the_adviser else ""


def _leave_moments(world: World, interview: Interview) -> None:
    """Leave the audit rows and letters of acts without a change of state: delivery, arrival, trouble, the telephone."""
    papers, person, adviser = world.papers, interview.jobseeker, interview.adviser.user
    moments: tuple[tuple[datetime | None, User | None, str], ...] = (
        (interview.arrived_at, person.user, "arrived"),
        (interview.adviser_arrived_at, adviser, "adviser_arrived"),
        (interview.technical_failure_at, adviser, "technical_failure"),
        (interview.phone_since, adviser, "phone"),
    )
    for at, actor, event in moments:
        if at is not None:
            papers.note(at, actor, person, AuditAction.INTERVIEW, interview=interview.pk, event=event)
    deliveries = ((interview.convocation_delivered_at, "convocation_delivered"), (interview.told_at, "absence_told"))
    for at, event in deliveries:
        if at is not None:
            facts = {"interview": interview.pk, "event": event, "delivered_at": at}
            papers.note(at, None, person, AuditAction.INTERVIEW, **facts)
    letters = {
        InterviewState.CANCELLED: (NotificationKind.INTERVIEW_CANCELLED, f"interview-cancelled:{interview.pk}"),
        InterviewState.INTERRUPTED: (
            NotificationKind.CHOOSE_SLOT,
            f"choose-slot:{interview.obligation_id}:after:{interview.pk}",
        ),
        InterviewState.MISSED: (NotificationKind.ABSENCE_DECIDED, f"absence-decided:{interview.pk}:missed"),
        InterviewState.EXCUSED: (NotificationKind.ABSENCE_DECIDED, f"absence-decided:{interview.pk}:excused"),
    }
    if interview.closed_at is not None and (letter := letters.get(InterviewState(interview.state))):
        kind, key = letter
        papers.tell(at=interview.closed_at, person=person, kind=kind, key=key)


def _explanations(world: World, interviews: list[Interview]) -> Iterator[AbsenceAnswer]:
    """Yield people's explanations of absences, and leave the audit rows."""
    for interview in interviews:
        if interview.answered_at is None:
            continue
        yield AbsenceAnswer(
            interview=interview,
            jobseeker=interview.jobseeker,
            at=interview.answered_at,
            text=world.rng.choice(EXPLANATIONS),
        )
        world.papers.note(
            interview.answered_at,
            interview.jobseeker.user,
            interview.jobseeker,
            AuditAction.INTERVIEW,
            event="absence_explained",
            interview=interview.pk,
        )


def _reports(world: World, interviews: list[Interview]) -> Iterator[InterviewReport]:
    """Yield the reports of held interviews, and leave the entries of the journal."""
    for interview in interviews:
        if interview.state != InterviewState.HELD or interview.closed_at is None:
            continue
        conclusions = world.rng.choice(CONCLUSIONS)
        next_step = world.rng.choice((NextStep.CONTINUE,) * 4 + (NextStep.APPLICATION, NextStep.TRAINING))
        author = interview.adviser.user
        yield InterviewReport(
            interview=interview,
            author=author,
            conclusions=conclusions,
            next_step=next_step,
            created_at=interview.closed_at,
        )
        world.papers.journal(
            at=interview.admitted_at or interview.starts_at,
            person=interview.jobseeker,
            channel=interview.channel_used,
            nature=ContactNature.INTERVIEW,
            author=author,
            summary=f"{conclusions}\nSuite\u00a0: {next_step.told_to_person}.",
            source=f"interview:{interview.pk}",
        )
        world.papers.note(
            interview.closed_at,
            author,
            interview.jobseeker,
            AuditAction.OBLIGATION,
            event="held",
            obligation=interview.obligation_id,
        )
