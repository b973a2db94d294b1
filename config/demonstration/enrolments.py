"""Everybody's enrolments, acceptances, periods, placements and plans, with their histories."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from accompaniment.enums import (
    AuditAction,
    Bandwidth,
    Channel,
    ContactNature,
    EnrolmentState,
    LeavingReason,
    Modality,
    NotificationKind,
    RefusalReason,
    Tier,
    Track,
)
from accompaniment.models import (
    Accompaniment,
    Consent,
    ConsentText,
    ContactPlan,
    Enrolment,
    EnrolmentEvent,
    Jobseeker,
    PlanDefault,
    RegistrationInterview,
    User,
)
from accompaniment.rules.presentation import consent_as_shown
from accompaniment.rules.tracks import modality_of
from accompaniment.services import outbox
from caseload.enums import PlacementEnd
from caseload.models import Placement
from config.demonstration.logins import ADVISER
from config.demonstration.people import ACCEPTED, INTERVIEWED, LEFT_TRACK, VALIDATED_ONCE, VOLUNTEERED, Fate, Story
from config.demonstration.texts import REFUSALS, SITUATIONS
from config.demonstration.world import World

BATCH = 1000
FIRST_REASON = "Inscription"
ANOTHER_ACCOMPANIMENT = "Changement d'accompagnement"
"""Why a plan and its open obligations end with the track."""
EVERY_DAYS = (28, 28, 42, 42, 56, 56, 56)
"""Days between two interviews in adjusted plans."""

STATES = {
    Fate.ACTIVE: EnrolmentState.ACTIVE,
    Fate.VALIDATED: EnrolmentState.VALIDATED,
    Fate.WAITING: EnrolmentState.ASKED,
    Fate.WITHDRAWN: EnrolmentState.WITHDRAWN,
    Fate.REFUSED: EnrolmentState.REFUSED,
    Fate.REFUSED_TIER: EnrolmentState.REFUSED,
    Fate.LEFT: EnrolmentState.ENDED,
    Fate.LEFT_TIER: EnrolmentState.ENDED,
}


def write_enrolments(world: World, stories: list[Story]) -> None:
    """Write everything that decided about each person's track, oldest facts first."""
    _note_creation(world, stories)
    interviews = _write_interviews(world, stories)
    consents = _write_consents(world, stories)
    for story in stories:
        if story.fate in VOLUNTEERED:
            story.enrolment = _enrolment(world, story, interviews.get(id(story)), consents.get(id(story)))
    enrolled = [story.enrolment for story in stories if story.enrolment]
    Enrolment.objects.bulk_create(enrolled, batch_size=BATCH)
    EnrolmentEvent.objects.bulk_create(
        (event for story in stories if story.enrolment for event in _events(world, story)), batch_size=BATCH
    )
    _write_periods(world, stories)
    _write_placements(world, stories)
    _write_plans(world, stories)


def _note_creation(world: World, stories: list[Story]) -> None:
    for story in stories:
        world.papers.note(story.registered_at, None, story.person, AuditAction.CREATED, event="import")


def _write_interviews(world: World, stories: list[Story]) -> dict[int, RegistrationInterview]:
    found = {}
    for story in stories:
        if story.fate not in INTERVIEWED or story.interviewed_at is None:
            continue
        refused = story.fate in {Fate.REFUSED, Fate.REFUSED_TIER}
        found[id(story)] = RegistrationInterview(
            jobseeker=story.person,
            agency=story.agency,
            conducted_by=story.staff,
            started_at=story.interviewed_at - timedelta(minutes=47),
            concluded_at=story.interviewed_at,
            identity_checked=True,
            situation=world.rng.choice(SITUATIONS),
            has_webcam=not refused,
            bandwidth=Bandwidth.POOR if refused else Bandwidth.GOOD,
            at_ease=not refused,
            preferred_channel=world.rng.choice((Channel.VIDEO, Channel.VIDEO, Channel.PHONE)),
            tier=Tier.RENFORCE if story.fate is Fate.REFUSED_TIER else Tier.GUIDE,
            notes="",
        )
    interviews = RegistrationInterview.objects.bulk_create(found.values(), batch_size=BATCH)
    for interview in interviews:
        concluded_at = interview.concluded_at or world.now
        world.papers.journal(
            at=concluded_at,
            person=interview.jobseeker,
            channel=Channel.ON_SITE,
            nature=ContactNature.REGISTRATION_INTERVIEW,
            author=interview.conducted_by,
            summary=f"Accompagnement décidé\u00a0: «\u00a0{Tier(interview.tier).label.lower()}\u00a0».",
            source=f"registration-interview:{interview.pk}",
        )
        world.papers.note(
            interview.started_at,
            interview.conducted_by,
            interview.jobseeker,
            AuditAction.INTERVIEW,
            event="registration_interview_started",
        )
        world.papers.note(
            concluded_at,
            interview.conducted_by,
            interview.jobseeker,
            AuditAction.INTERVIEW,
            event="registration_interview_concluded",
            tier=interview.tier,
        )
        _write_down_equipment(interview)
    Jobseeker.objects.bulk_update(
        (interview.jobseeker for interview in interviews), ["has_webcam", "bandwidth", "preferred_channel"], BATCH
    )
    return found


def _write_down_equipment(interview: RegistrationInterview) -> None:
    """Copy the equipment found in the interview to the file."""
    person = interview.jobseeker
    person.has_webcam, person.bandwidth = interview.has_webcam, interview.bandwidth
    person.preferred_channel = interview.preferred_channel


def _write_consents(world: World, stories: list[Story]) -> dict[int, Consent]:
    text = ConsentText.objects.latest()
    shown = consent_as_shown(
        title=text.title, version=text.version, published_on=timezone.localdate(text.published_at), body=text.body
    )
    found = {}
    for story in stories:
        if story.fate in ACCEPTED and story.accepted_at:
            found[id(story)] = Consent(
                jobseeker=story.person,
                text=text,
                accepted_at=story.accepted_at,
                withdrawn_at=story.closed_at,
                shown=shown,
            )
            world.papers.note(
                story.accepted_at, story.person.user, story.person, AuditAction.CONSENT, version=text.version
            )
            if story.closed_at:
                world.papers.note(
                    story.closed_at,
                    _closer(story),
                    story.person,
                    AuditAction.CONSENT,
                    event="withdrawn",
                    version=text.version,
                )
    Consent.objects.bulk_create(found.values(), batch_size=BATCH)
    return found


def _enrolment(
    world: World, story: Story, interview: RegistrationInterview | None, consent: Consent | None
) -> Enrolment:
    validated = story.fate in VALIDATED_ONCE
    enrolment = Enrolment(
        jobseeker=story.person,
        state=STATES[story.fate],
        asked_at=story.asked_at or story.registered_at,
        interview=interview,
        has_webcam=True,
        bandwidth=Bandwidth.GOOD,
        equipment_declared_at=story.interviewed_at if validated else None,
        validated_at=story.interviewed_at if validated else None,
        validated_by=story.staff if validated else None,
        consent=consent,
        started_at=story.accepted_at,
        closed_at=story.closed_at,
        closed_by=_closer(story),
    )
    if story.fate is Fate.LEFT:
        enrolment.leaving_reason = LeavingReason.BY_REQUEST
    elif story.fate is Fate.LEFT_TIER:
        enrolment.leaving_reason = LeavingReason.TIER_CHANGE
    elif story.fate is Fate.REFUSED_TIER:
        enrolment.refusal_reason = RefusalReason.TIER
    elif story.fate is Fate.REFUSED:
        enrolment.refusal_reason = world.rng.choice(
            [reason for reason in RefusalReason if reason not in {RefusalReason.TIER, RefusalReason.NOT_WANTED}]
        )
    if enrolment.refusal_reason:
        enrolment.has_webcam, enrolment.bandwidth = interview.has_webcam if interview else None, Bandwidth.POOR
        enrolment.comment = REFUSALS[enrolment.refusal_reason]
    return enrolment


def _closer(story: Story) -> User | None:
    if story.closed_at is None:
        return None
    return story.person.user if story.fate in {Fate.LEFT, Fate.WITHDRAWN} else story.staff


def _events(world: World, story: Story) -> Iterator[EnrolmentEvent]:
    """Yield the changes of an enrolment in order, and leave their audit rows and e-mails."""
    papers, enrolment = world.papers, story.enrolment
    if enrolment is None:
        return
    steps: list[tuple[datetime | None, User | None, EnrolmentState, NotificationKind | None, str]] = [
        (story.asked_at, None, EnrolmentState.ASKED, None, "")
    ]
    if story.fate in VALIDATED_ONCE:
        validated = (story.interviewed_at, story.staff, EnrolmentState.VALIDATED, NotificationKind.INVITATION)
        steps.append((*validated, "invitation"))
    if story.fate in ACCEPTED:
        started = (story.accepted_at, story.person.user, EnrolmentState.ACTIVE, NotificationKind.TRACK_STARTED)
        steps.append((*started, "track-started"))
    if story.fate is Fate.LEFT:
        steps.append(
            (story.closed_at, _closer(story), EnrolmentState.ENDED, NotificationKind.TRACK_ENDED, "track-ended")
        )
    elif story.fate is Fate.LEFT_TIER:  # the letter about the tier also says this
        steps.append((story.closed_at, _closer(story), EnrolmentState.ENDED, None, ""))
    elif story.fate in {Fate.REFUSED, Fate.REFUSED_TIER}:
        refused = (story.closed_at, story.staff, EnrolmentState.REFUSED, NotificationKind.ENROLMENT_REFUSED)
        steps.append((*refused, "enrolment-refused"))
    elif story.fate is Fate.WITHDRAWN:
        steps.append((story.closed_at, _closer(story), EnrolmentState.WITHDRAWN, None, ""))
    from_state = ""
    for at, actor, to_state, kind, key in steps:
        if at is None:
            raise ValueError(f"{story.fate} has no day for {to_state}")
        yield EnrolmentEvent(enrolment=enrolment, at=at, actor=actor, from_state=from_state, to_state=to_state)
        papers.note(
            at,
            actor,
            story.person,
            AuditAction.ENROLMENT,
            enrolment=enrolment.pk,
            from_state=from_state,
            to_state=to_state,
        )
        if kind is not None and not (kind == NotificationKind.INVITATION and _is_still_to_open(story)):
            papers.tell(at=at, person=story.person, kind=kind, key=f"{key}:{enrolment.pk}")
        from_state = to_state


def _is_still_to_open(story: Story) -> bool:
    return story.fate is Fate.VALIDATED and story.staff is not None and story.staff.email == ADVISER.email


def send_invitations(stories: list[Story]) -> None:
    """Put the log-in adviser's invitations into the outbox, so that e-mails with working links can be read."""
    for story in stories:
        if _is_still_to_open(story) and story.enrolment and story.staff:
            outbox.notify_jobseeker(
                key=f"invitation:{story.enrolment.pk}",
                kind=NotificationKind.INVITATION,
                jobseeker=story.person,
                context={
                    "adviser": story.staff.full_name,
                    "first_name": story.person.first_name,
                    "follower": story.staff.full_name,
                    "carried": [],
                },
            )


def _write_periods(world: World, stories: list[Story]) -> None:
    """Write each person's periods, oldest first."""
    rows: list[Accompaniment] = []

    def period(story: Story, tier: Tier, track: Track, *, at: datetime, until: datetime | None, reason: str) -> None:
        web = track == Track.WEB
        actor = _closer(story) if at == story.closed_at else story.staff
        rows.append(
            Accompaniment(
                jobseeker=story.person,
                tier=tier,
                track=track,
                enrolment=story.enrolment if web else None,
                started_at=at,
                ended_at=until,
                decided_by=actor if at != story.registered_at else None,
                reason=reason,
            )
        )
        if at != story.registered_at:
            world.papers.note(at, actor, story.person, AuditAction.ACCOMPANIMENT, tier=tier, track=track, reason=reason)

    for story in stories:
        start, accepted, closed = story.registered_at, story.accepted_at, story.closed_at
        if accepted is not None:
            period(story, Tier.GUIDE, Track.CLASSIC, at=start, until=accepted, reason=FIRST_REASON)
            period(story, Tier.GUIDE, Track.WEB, at=accepted, until=closed, reason="Adhésion validée et acceptée")
            if closed is not None:
                reason = (
                    "Sortie du 100\u00a0% web"
                    if story.fate is Fate.LEFT
                    else "Recherche bien engagée\u00a0: suivi plus léger"
                )
                period(story, story.tier, Track.CLASSIC, at=closed, until=None, reason=reason)
        elif story.fate is Fate.REFUSED_TIER and closed is not None:
            period(story, Tier.GUIDE, Track.CLASSIC, at=start, until=closed, reason=FIRST_REASON)
            period(
                story, Tier.RENFORCE, Track.CLASSIC, at=closed, until=None, reason="Décidé à l'entretien d'inscription"
            )
        else:
            period(story, story.tier, Track.CLASSIC, at=start, until=None, reason=FIRST_REASON)
    another_tier = {story.person.pk for story in stories if story.fate is Fate.LEFT_TIER}
    for row in Accompaniment.objects.bulk_create(rows, batch_size=BATCH):
        if row.jobseeker_id in another_tier and row.tier != Tier.GUIDE:
            world.papers.tell(
                at=row.started_at,
                person=row.jobseeker,
                kind=NotificationKind.TIER_CHANGED,
                key=f"tier-changed:{row.pk}",
            )


def _write_placements(world: World, stories: list[Story]) -> None:
    rows: list[Placement] = []
    waited: list[Placement] = []
    closers: dict[int, User | None] = {story.person.pk: _closer(story) for story in stories}
    for story in stories:
        if story.web is not None:
            rows.append(
                Placement(
                    portfolio=story.web,
                    jobseeker=story.person,
                    started_at=story.interviewed_at or story.registered_at,
                    ended_at=story.closed_at,
                    end_reason=PlacementEnd.TRACK_ENDED if story.closed_at else "",
                    decided_by=story.staff,
                )
            )
        if story.portfolio is not None and story.portfolio.modality != Modality.GUIDE_WEB:
            at = story.closed_at or world.calendar(story.agency).moment(
                world.rng, story.registered_at, min(world.now, story.registered_at + timedelta(days=10))
            )
            follows_the_track = story.fate in LEFT_TRACK
            rows.append(
                Placement(
                    portfolio=story.portfolio,
                    jobseeker=story.person,
                    started_at=at,
                    decided_by=_closer(story) if follows_the_track else story.staff or story.portfolio.adviser.user,
                )
            )
            if not follows_the_track:
                waited.append(rows[-1])
    for placement in Placement.objects.bulk_create(rows, batch_size=BATCH):
        facts = {"portfolio": placement.portfolio_id}
        world.papers.note(
            placement.started_at,
            placement.decided_by,
            placement.jobseeker,
            AuditAction.PLACEMENT,
            event="placed",
            **facts,
        )
        if placement.ended_at:
            world.papers.note(
                placement.ended_at,
                closers[placement.jobseeker_id],
                placement.jobseeker,
                AuditAction.PLACEMENT,
                event="ended",
                reason=placement.end_reason,
                **facts,
            )
    for placement in waited:
        world.papers.tell(
            at=placement.started_at,
            person=placement.jobseeker,
            kind=NotificationKind.ADVISER_CHANGED,
            key=f"placed:{placement.pk}",
        )


def _write_plans(world: World, stories: list[Story]) -> None:
    """Write the plan that began with the web track, and the next one for those who have left."""
    defaults = {default.modality: default for default in PlanDefault.objects.order_by("starts_on")}
    rows: list[ContactPlan] = []
    for story in stories:
        calendar = world.calendar(story.agency)
        today = calendar.day(world.now)
        if story.accepted_at is not None:
            starts_on = calendar.day(story.accepted_at)
            usual = defaults[Modality.GUIDE_WEB]
            # Those who have left had the default plan. Adjusted plans belong to those who are still there.
            fitted = not story.is_login and story.closed_at is None
            every = world.rng.choice(EVERY_DAYS) if fitted else usual.interval_days
            review_on = starts_on + timedelta(days=usual.review_after_days)
            while review_on <= today + timedelta(days=world.rng.randrange(-5, 20)):
                review_on += timedelta(days=usual.review_after_days)
            plan = ContactPlan(
                jobseeker=story.person,
                channel=usual.channel,
                interval_days=every,
                reason=(
                    "Rythme habituel de cet accompagnement"
                    if every == usual.interval_days
                    else "Rythme convenu avec la personne, qui avance seule entre deux entretiens"
                ),
                review_on=review_on,
                starts_on=starts_on,
                ended_on=calendar.day(story.closed_at) if story.closed_at else None,
                decided_by=story.staff,
            )
            rows.append(plan)
            if story.closed_at is None:
                story.plan = plan
            else:
                story.web_plan = plan
        if story.fate in {*LEFT_TRACK, Fate.REFUSED_TIER} and story.closed_at is not None:
            usual = defaults[modality_of(story.tier, Track.CLASSIC)]
            starts_on = calendar.day(story.closed_at)
            story.plan = ContactPlan(
                jobseeker=story.person,
                channel=usual.channel,
                interval_days=usual.interval_days,
                reason="Rythme habituel de cet accompagnement",
                review_on=starts_on + timedelta(days=usual.review_after_days),
                starts_on=starts_on,
                decided_by=_closer(story),
            )
            rows.append(story.plan)
            if story.web_plan is not None:
                world.papers.note(
                    story.closed_at,
                    _closer(story),
                    story.person,
                    AuditAction.CONTACT_PLAN,
                    event="ended",
                    reason=ANOTHER_ACCOMPANIMENT,
                )
    for plan in ContactPlan.objects.bulk_create(rows, batch_size=BATCH):
        at = world.calendar(plan.jobseeker.agency).at(plan.starts_on, world.now.time().replace(hour=8, minute=0))
        world.papers.note(
            at,
            plan.decided_by,
            plan.jobseeker,
            AuditAction.CONTACT_PLAN,
            event="begun",
            nature=plan.nature,
            channel=plan.channel,
            interval_days=plan.interval_days,
        )
