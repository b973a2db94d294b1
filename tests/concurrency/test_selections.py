"""One locked file does not stop a group action for the other people."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accompaniment.enums import Channel, ContactNature
from accompaniment.models import ContactPlan, Jobseeker
from accompaniment.reads.contact_plans import plan_states
from accompaniment.services.plan_reviews import NewPlan
from caseload.services.desk.selections import SOMEBODY_AT_IT, change_plans
from messaging.models import Conversation
from tests.caseload.factories import PortfolioFactory
from tests.concurrency.threads import PATIENCE
from tests.messaging.factories import pair

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def held(person: Jobseeker) -> Iterator[None]:
    """Let another connection hold the person and the conversation, and wait only a fifth of a second for locks."""
    taken, released = Event(), Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                Jobseeker.objects.select_for_update().get(pk=person.pk)
                Conversation.objects.select_for_update().get(jobseeker=person)
                taken.set()
                released.wait(30)
        finally:
            connection.close()

    other = Thread(target=hold)
    other.start()
    assert taken.wait(10)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
        released.set()
        other.join(PATIENCE)


def test_one_file_that_is_held_keeps_its_plan_and_the_others_get_theirs() -> None:
    portfolio = PortfolioFactory()
    people = [pair(portfolio).jobseeker for _ in range(3)]
    actor = portfolio.adviser.user
    with held(people[1]):
        outcomes = change_plans(
            actor=actor,
            jobseekers=people,
            new_plan=NewPlan(nature=ContactNature.INTERVIEW, channel=Channel.PHONE, interval_days=60),
            reason="Convenu",
            review_on=timezone.localdate() + timedelta(days=60),
            seen={pk: shown.state for pk, shown in plan_states([person.pk for person in people]).items()},
        )
    assert [outcome.why_not for outcome in outcomes] == ["", SOMEBODY_AT_IT, ""]
    changed = ContactPlan.objects.current().filter(interval_days=60)
    assert set(changed.values_list("jobseeker", flat=True)) == {people[0].pk, people[2].pk}
