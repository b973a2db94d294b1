"""What adviser and person keep together: team notes, objectives with their steps, a document."""

from datetime import datetime, timedelta
from itertools import cycle
from uuid import UUID

from django.core.files.base import ContentFile

from accompaniment.enums import AuditAction
from accompaniment.models import Contact, Document, Note, Objective, Step
from accompaniment.rules.file_kinds import PDF
from accompaniment.rules.tracks import NOTED_CHANNELS
from config.demonstration.logins import ADVISER
from config.demonstration.people import Fate, Story
from config.demonstration.texts import NOTED_CONTACTS, NOTES, OBJECTIVES
from config.demonstration.world import World

SHARE_WITH_OBJECTIVES = 0.6
SHARE_WITH_A_NOTE = 0.4
PEOPLE_WITH_NOTED_CONTACTS = 12
NOTED_AFTER = timedelta(minutes=20)

ONE_PAGE = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj
trailer<</Root 1 0 R>>
%%EOF
"""
"""An empty page, because the demonstration contains no real document."""


def write_workbooks(world: World, stories: list[Story]) -> None:
    """Write the workbooks of the log-in adviser's people, including the log-in person."""
    mine = [
        story
        for story in stories
        if story.fate is Fate.ACTIVE and story.accepted_at and story.adviser.user.email == ADVISER.email
    ]
    for story in mine:
        if story.is_login or world.rng.random() < SHARE_WITH_OBJECTIVES:
            _write_objective(world, story)
        if story.is_login or world.rng.random() < SHARE_WITH_A_NOTE:
            _write_note(world, story)
        if story.is_login:
            _write_document(world, story)
    _write_noted_contacts(world, mine)


def _some_time(world: World, story: Story) -> datetime:
    """Return an instant between the beginning of the track and now."""
    begun = story.accepted_at or world.now
    return begun + (world.now - begun) * world.rng.uniform(0.2, 0.9)


def _write_objective(world: World, story: Story) -> None:
    # The log-in person always has the same, with most steps, so that their pages are as long on every day.
    title, steps = OBJECTIVES[0] if story.is_login else world.rng.choice(OBJECTIVES)
    at, user, today = _some_time(world, story), story.adviser.user, world.calendar(story.agency).day(world.now)
    objective = Objective.objects.create(jobseeker=story.person, title=title, created_at=at, created_by=user)
    world.papers.note(at, user, story.person, AuditAction.ACTION_PLAN, event="objective_added", objective=objective.pk)
    for number, step in enumerate(steps):
        done_at = at + (world.now - at) * 0.5 if number == 0 else None
        row = Step.objects.create(
            objective=objective,
            title=step,
            due_on=today + timedelta(days=14 * number - 5),
            done_at=done_at,
            done_by=story.person.user if done_at else None,
        )
        facts = {"objective": objective.pk, "step": row.pk}
        world.papers.note(at, user, story.person, AuditAction.ACTION_PLAN, event="step_added", **facts)
        if done_at:
            world.papers.note(
                done_at,
                story.person.user,
                story.person,
                AuditAction.ACTION_PLAN,
                event="step_done",
                **facts,
            )


def _write_note(world: World, story: Story) -> None:
    at, user = _some_time(world, story), story.adviser.user
    note = Note.objects.create(jobseeker=story.person, author=user, at=at, body=world.rng.choice(NOTES))
    world.papers.note(at, user, story.person, AuditAction.NOTE, event="written", note=note.pk)


def _write_document(world: World, story: Story) -> None:
    user = story.person.user
    if user is None:
        return
    at = _some_time(world, story)
    document = Document.objects.create(
        jobseeker=story.person,
        title="CV",
        file=ContentFile(ONE_PAGE, name="cv.pdf"),
        content_type=PDF.media_type,
        size=len(ONE_PAGE),
        added_at=at,
        added_by=user,
    )
    world.papers.note(at, user, story.person, AuditAction.DOCUMENT, event="added", document=document.pk)


def _write_noted_contacts(world: World, mine: list[Story]) -> None:
    """Write contacts outside the service, as the adviser noted them: one of each kind with the log-in person."""
    known = [story for story in mine if story.accepted_at and story.accepted_at < world.now - timedelta(days=14)]
    others = [story for story in known if not story.is_login]
    people = [story for story in known if story.is_login for _ in NOTED_CONTACTS]
    people += [story for story in world.rng.sample(others, PEOPLE_WITH_NOTED_CONTACTS) for _ in range(2)]
    for story, (nature, began_by, minutes, text) in zip(people, cycle(NOTED_CONTACTS), strict=False):
        after, before = (story.accepted_at or world.now) + timedelta(hours=1), world.now - timedelta(days=1)
        at, user = world.calendar(story.agency).moment(world.rng, after, before), story.adviser.user
        contact = Contact.objects.create(
            jobseeker=story.person,
            at=at,
            channel=NOTED_CHANNELS[nature],
            nature=nature,
            author=user,
            summary=text,
            began_by=began_by,
            minutes=minutes,
            source=f"noted:{UUID(int=world.rng.getrandbits(128), version=4)}",
        )
        facts = {"event": "noted", "contact": contact.pk}
        world.papers.note(at + NOTED_AFTER, user, story.person, AuditAction.CONTACT_NOTED, **facts)
