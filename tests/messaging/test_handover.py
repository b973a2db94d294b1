"""A hand-over moves the right at once: open conversations and call-backs, with real sockets."""

from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from django.utils import timezone

from caseload.models import CaseSummary, Placement, Portfolio, TransferBatch
from caseload.services.moves.transfers import transfer_people
from messaging.consumers import pages as consumers
from messaging.models import CallbackRequest, ReadMark
from messaging.services.callbacks import close_callback
from messaging.services.conversations import mark_read
from tests.caseload.factories import ManagerFactory, PortfolioFactory
from tests.messaging.factories import Pair, ask, pair, say
from tests.messaging.sockets import open_screen, refused_at_the_door

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two() -> Pair:
    return pair()


@pytest.fixture
def heir(two: Pair) -> Portfolio:
    return PortfolioFactory(agency=two.portfolio.agency)


def hand_over(two: Pair, heir: Portfolio, *, keep_reading: bool = False) -> TransferBatch:
    return transfer_people(
        actor=ManagerFactory().user,
        people=Placement.objects.open().filter(jobseeker=two.jobseeker),
        targets=[heir],
        reason="Départ",
        keep_reading=keep_reading,
    )


async def test_the_former_advisers_open_conversation_closes_at_once(two: Pair, heir: Portfolio) -> None:
    former = await open_screen(two.conversation, two.adviser)
    person = await open_screen(two.conversation, two.person)
    await database_sync_to_async(hand_over)(two, heir)
    assert await former.close_code() == consumers.RIGHT_GONE
    assert await refused_at_the_door(two.conversation.pk, two.adviser) == consumers.NOT_FOUND
    new = await open_screen(two.conversation, heir.adviser.user)
    await person.say("Bonjour, vous êtes ma nouvelle conseillère ?")
    assert await new.bodies(1) == ["Bonjour, vous êtes ma nouvelle conseillère ?"]
    await person.disconnect()
    await new.disconnect()


async def test_who_keeps_the_reading_reads_on_and_writes_nothing(two: Pair, heir: Portfolio) -> None:
    former = await open_screen(two.conversation, two.adviser)
    await database_sync_to_async(hand_over)(two, heir, keep_reading=True)
    new = await open_screen(two.conversation, heir.adviser.user)
    await new.say("Je prends la suite")
    assert "Je prends la suite" in await former.bodies(1)
    await former.ask(type="send", client_id=str(uuid4()), body="Un dernier mot")
    assert "sans y écrire" in (await former.hear_kind("refused"))["sentence"]
    await former.disconnect()
    await new.disconnect()


def test_reading_along_leaves_no_mark_that_the_person_would_see(two: Pair, heir: Portfolio) -> None:
    hand_over(two, heir, keep_reading=True)
    say(two.conversation, two.person, "Quelqu'un ?")
    mark_read(actor=two.adviser, conversation_id=two.conversation.pk, number=1)
    assert not ReadMark.objects.filter(user=two.adviser).exists()
    mark_read(actor=heir.adviser.user, conversation_id=two.conversation.pk, number=1)
    assert ReadMark.objects.get(user=heir.adviser.user).number == 1


def test_an_open_call_back_goes_along_and_its_clock_runs_on(two: Pair, heir: Portfolio) -> None:
    request = ask(two.jobseeker)
    say(two.conversation, two.person, "J'attends")
    before = CaseSummary.objects.get(jobseeker=two.jobseeker)
    batch = hand_over(two, heir)
    after = CaseSummary.objects.get(jobseeker=two.jobseeker)
    assert (after.callback_due_at, after.awaiting_reply_since) == (before.callback_due_at, before.awaiting_reply_since)
    assert after.callback_due_at == request.window_ends_at > timezone.now()
    assert batch.transfers.get().carried == [{"what": "callback"}]
    assert CallbackRequest.objects.visible_to(heir.adviser.user).open().get() == request
    assert not CallbackRequest.objects.visible_to(two.adviser).exists()
    close_callback(actor=heir.adviser.user, request=request, outcome="Rendez-vous pris")
