"""The demonstration writes most of its rows itself. The same people made by the services must have the same rows.

The demonstration is loaded, some of its people are chosen, and their lives are read from their rows. Then everything is
rolled back, and twins of these people live the same lives through the services, each act at its own instant. At the end
all rows that belong to a person are compared, in every table: their number, and which columns are set or NULL.
Identifiers, instants and free text may differ. The other permitted differences are listed below, each with its reason.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.db import connection, models, transaction
from django.db.models import F

from accompaniment.enums import AuditAction, Modality, PreferredHours, Track
from accompaniment.models import (
    Accompaniment,
    ActivationLink,
    AuditEntry,
    Contact,
    ContactPlan,
    DeviceCheck,
    Document,
    Enrolment,
    Jobseeker,
    Note,
    Notification,
    Objective,
    Obligation,
    OnSiteRequest,
    PlanDefault,
    SourceRecord,
)
from caseload.models import Transfer
from config.demonstration.build import load_demonstration
from config.demonstration.world import build_world
from messaging.models import CallbackRequest, Conversation, Message
from tests.accompaniment.factories import JobseekerFactory
from tests.config.lives import NOW, life_of, live_again
from tests.twins import Column, Shape, shapes
from visio.models import Interview

CONTEXT = "the words of a letter that left long ago: nothing renders it again"
LINKS = "the link of a letter that left long ago: it opens nothing any more, and no page shows it"
FILES = "what was last loaded from a file: people of the demonstration came by none"
COLUMNS_THAT_DIFFER: dict[Column, str] = {(Notification, "context"): CONTEXT}
TABLES_OF_THE_SERVICES_ONLY: dict[type[models.Model], str] = {ActivationLink: LINKS, SourceRecord: FILES}
"""The permitted differences, with their reasons."""


# --- The people who are compared ------------------------------------------------------------------------------------


MOST_MESSAGES = 8
"""A twin with more messages would only take longer."""

TOLD_APART: dict[type[models.Model], tuple[str, ...]] = {
    Enrolment: ("state", "refusal_reason", "leaving_reason"),
    Accompaniment: ("tier", "track"),
    Interview: ("state", "channel", "booked_by__role", "answered_at", "technical_failure_at", "phone_since"),
    Obligation: ("state",),
    Conversation: ("awaiting_reply_since",),
    CallbackRequest: ("way", "state", "attempts__outcome", "jobseeker__placements__portfolio__modality"),
    Contact: ("began_by",),
    OnSiteRequest: ("answered_at", "jobseeker__placements__portfolio__modality"),
    DeviceCheck: ("connection",),
    Objective: (),
    Note: (),
    Document: (),
}
"""What people of the demonstration have lived, and the columns that distinguish one experience from another.

Of an instant only its presence counts.
"""


def chosen() -> list[Jobseeker]:
    """Return a few people of the demonstration who together have lived everything that occurs in it.

    Everything means each value of these columns, together with the first column of its row.
    """
    usual = PlanDefault.objects.get(modality=Modality.GUIDE_WEB).interval_days
    left_out = [
        # The demonstration gives them their interval from the first day. The services can change it only after the
        # usual plan has begun, which leaves a plan of no day, its review and a waived obligation.
        ContactPlan.objects.filter(jobseeker__accompaniments__track=Track.WEB).exclude(interval_days=usual),
        Message.objects.filter(number__gt=MOST_MESSAGES).annotate(jobseeker=F("conversation__jobseeker")),
        # The demonstration writes these two through the services.
        Transfer.objects.all(),
        Notification.objects.filter(sent_at=None, jobseeker__isnull=False),
        # The job writes to who was not reached, once the demonstration runs.
        CallbackRequest.objects.to_tell(),
    ]
    people = Jobseeker.objects.select_related("user", "agency__departement__region").order_by("pk")
    for several in left_out:
        people = people.exclude(pk__in=several.values("jobseeker"))
    known = people.in_bulk()
    lived: dict[int, set[tuple[Any, ...]]] = defaultdict(set)
    for model, columns in TOLD_APART.items():
        for pk, *values in model._default_manager.order_by("pk").values_list("jobseeker", *columns):
            facts = [isinstance(value, datetime) or value for value in values]
            if pk in known:
                lived[pk] |= {(model.__name__, facts[0], *fact) for fact in enumerate(facts)} or {(model.__name__,)}
    left = set().union(*lived.values())
    found: list[Jobseeker] = []
    while left:
        # Among several, take the latest registration, whose life is shorter to repeat.
        best = max(lived, key=lambda pk: (len(lived[pk] & left), known[pk].registered_on, -pk))
        found.append(known[best])
        left -= lived[best]
    return found


@contextmanager
def taken_back() -> Iterator[None]:
    """Run the block, then roll back all that it wrote."""
    with transaction.atomic():
        yield
        with connection.cursor() as cursor:  # the constraints that a commit would check
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)


def differences(one: str, rows: Counter[Shape], again: Counter[Shape]) -> list[str]:
    """Describe the rows that only one of the two has."""
    ours, theirs = rows - again, again - rows
    return [
        f"{one}, {who}: {count} x {name} {dict(columns)}"
        for who, found in (("only the demonstration", ours), ("only the services", theirs))
        for (name, columns), count in sorted(found.items(), key=str)
    ]


@pytest.mark.django_db
def test_people_of_the_demonstration_and_their_twins_leave_the_same_rows() -> None:
    """Kind: a row or a column that a service has begun to write, and that the demonstration lacks."""
    with time_machine.travel(NOW, tick=False), taken_back():
        load_demonstration(now=NOW)
        lives = [(life_of(person), shapes(person, but_for=COLUMNS_THAT_DIFFER)) for person in chosen()]
    with time_machine.travel(NOW, tick=False):
        build_world(NOW)
    missing = {model.__name__ for model in TABLES_OF_THE_SERVICES_ONLY}
    found: list[str] = []
    seen: set[str] = set()
    for life, rows in lives:
        again = shapes(live_again(life), but_for=COLUMNS_THAT_DIFFER)
        seen |= {name for name, _ in again}
        comparable = Counter({shape: count for shape, count in again.items() if shape[0] not in missing})
        found += differences(life.person.identifier, rows, comparable)
    assert found == []
    assert missing <= seen, "a listed difference no longer exists"


@pytest.mark.django_db
def test_a_row_more_and_a_column_more_are_seen() -> None:
    """The control: two facts are added to a file, and both are reported."""
    person = JobseekerFactory(preferred_hours="")
    before = shapes(person, but_for=COLUMNS_THAT_DIFFER)
    assert differences("somebody", before, shapes(person, but_for=COLUMNS_THAT_DIFFER)) == []
    AuditEntry.objects.create(at=NOW, actor=None, jobseeker=person, action=AuditAction.NOTE)
    person.preferred_hours = PreferredHours.MORNING
    person.save()
    told = differences("somebody", before, shapes(Jobseeker.objects.get(pk=person.pk), but_for=COLUMNS_THAT_DIFFER))
    assert [line.split(":")[0].partition(", ")[2] for line in told].count("only the services") == 2
    assert any("x AuditEntry" in line for line in told)
    assert any("'preferred_hours': 'matin'" in line for line in told)
