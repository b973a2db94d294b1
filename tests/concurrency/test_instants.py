"""An act that waits for a lock happens when it has the lock, so that what is stored later also has the later time.

Kind: an instant that is taken before the lock. With a control that shows the order turned round.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from accompaniment.enums import Tier
from accompaniment.models import Jobseeker
from accompaniment.services.enrolments.tiers import change_tier
from messaging.models import Conversation
from messaging.services.callbacks import cancel_callback, claim_callback
from messaging.services.handling import remind
from messaging.services.posting import post_message
from tests.concurrency.threads import PATIENCE, InHand, at_once, until_somebody_waits
from tests.messaging.factories import Pair, ask, pair

pytestmark = pytest.mark.django_db(transaction=True)


def after_the_wait(rows: QuerySet[Any], act: Callable[[], datetime]) -> tuple[datetime, datetime]:
    """Do an act that waits for these rows. Return when the rows were let go, and the instant that the act stored."""
    in_hand = InHand(rows)
    let_go: list[datetime] = []

    def wait() -> datetime:
        assert in_hand.taken.wait(PATIENCE)
        return act()

    def release() -> None:
        try:
            assert in_hand.taken.wait(PATIENCE)
            until_somebody_waits()
            let_go.append(timezone.now())
        finally:
            in_hand.let_go.set()

    _, stored, _ = at_once(in_hand.hold, wait, release)
    assert isinstance(stored, datetime), stored
    return let_go[0], stored


def conversations(two: Pair) -> QuerySet[Conversation]:
    return Conversation.objects.filter(pk=two.conversation.pk)


def people(two: Pair) -> QuerySet[Jobseeker]:
    return Jobseeker.objects.filter(pk=two.jobseeker.pk)


def posted(two: Pair) -> datetime:
    message = post_message(actor=two.person, conversation=two.conversation, client_id=uuid4(), body="Bonjour")
    return message.created_at


def reminded(two: Pair) -> datetime:
    return remind(actor=two.adviser, conversation=two.conversation).set_at


def asked(two: Pair) -> datetime:
    return ask(two.jobseeker).asked_at


def moved(two: Pair) -> datetime:
    return change_tier(actor=two.adviser, jobseeker=two.jobseeker, tier=Tier.SUIVI, reason="Essai").started_at


@pytest.mark.parametrize(
    ("rows", "act"), [(conversations, posted), (conversations, reminded), (people, asked), (people, moved)]
)
def test_an_act_that_waits_for_a_lock_happens_after_the_wait(
    rows: Callable[[Pair], QuerySet[Any]], act: Callable[[Pair], datetime]
) -> None:
    two = pair()
    let_go, stored = after_the_wait(rows(two), lambda: act(two))
    assert stored >= let_go


@pytest.mark.parametrize("act", [claim_callback, cancel_callback])
def test_a_request_changes_hands_after_the_wait(act: Callable[..., Any]) -> None:
    two = pair()
    request = ask(two.jobseeker)
    actor = two.person if act is cancel_callback else two.adviser

    def done() -> datetime:
        act(actor=actor, request=request)
        event = request.events.order_by("pk").last()
        assert event is not None
        at: datetime = event.at
        return at

    let_go, stored = after_the_wait(people(two), done)
    assert stored >= let_go


def test_control_an_instant_taken_before_the_lock_is_too_early() -> None:
    two = pair()

    def unguarded() -> datetime:
        now = timezone.now()
        posted(two)
        return now

    let_go, stored = after_the_wait(conversations(two), unguarded)
    assert stored < let_go
