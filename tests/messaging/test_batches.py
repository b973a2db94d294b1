"""Messages of many people in one transaction: each has the guarantees that it would have alone.

Kind: a guarantee that holds for one and is lost in a batch.
"""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from django.db import IntegrityError, OperationalError, connection
from django.utils import timezone

from accompaniment.enums import BoundedAct, Channel
from accompaniment.models import AuditEntry, Contact
from accompaniment.models.statements import Statement
from accompaniment.rules.errors import DomainError
from accompaniment.services.bounds import TooManyError, set_bound
from accompaniment.services.sessions import Held
from caseload.models import CaseSummary, Placement
from messaging.consumers import writer
from messaging.consumers.folds import Fold
from messaging.models import Conversation, Message
from messaging.reads.participants import ConversationClosedError
from messaging.services.posting import BusyConversationError, Draft, Outcome, SessionOverError, post_messages
from tests.caseload.factories import PortfolioFactory
from tests.concurrency.threads import PATIENCE, InHand, at_once, until_somebody_waits
from tests.messaging.factories import Pair, pair
from tests.sessions import session_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pairs() -> list[Pair]:
    portfolio = PortfolioFactory()
    return [pair(portfolio) for _ in range(3)]


def draft(two: Pair, **facts: Any) -> Draft:
    return Draft(
        **{
            "author_pk": two.person.pk,
            "conversation_pk": two.conversation.pk,
            "client_id": uuid4(),
            "body": "Bonjour",
            **facts,
        }
    )


def numbers(outcomes: list[Outcome]) -> list[int | type]:
    return [outcome.number if isinstance(outcome, Message) else type(outcome) for outcome in outcomes]


def test_each_conversation_is_numbered_for_itself_in_the_order_of_the_batch(pairs: list[Pair]) -> None:
    one, two, _ = pairs
    drafts = [draft(one, body="a"), draft(two, body="b"), draft(one, author_pk=one.adviser.pk, body="c")]
    assert numbers(post_messages(drafts)) == [1, 1, 2]
    stored = Message.objects.order_by("conversation", "number").values_list("conversation", "number", "body")
    assert list(stored) == [(one.conversation.pk, 1, "a"), (one.conversation.pk, 2, "c"), (two.conversation.pk, 1, "b")]


def test_each_message_has_its_audit_row_and_each_person_their_line_and_portfolio_row(pairs: list[Pair]) -> None:
    one, two, _ = pairs
    post_messages([draft(one), draft(one), draft(two), draft(two, author_pk=two.adviser.pk)])
    audited = AuditEntry.objects.filter(action="message").order_by("pk").values_list("jobseeker", "actor", "details")
    assert [(person, actor, details["number"]) for person, actor, details in audited] == [
        (one.jobseeker.pk, one.person.pk, 1),
        (one.jobseeker.pk, one.person.pk, 2),
        (two.jobseeker.pk, two.person.pk, 1),
        (two.jobseeker.pk, two.adviser.pk, 2),
    ]
    lines = Contact.objects.filter(channel=Channel.CHAT).values_list("jobseeker", "author")
    assert set(lines) == {(one.jobseeker.pk, one.person.pk), (two.jobseeker.pk, two.person.pk)}
    waiting = {row.jobseeker_id: row.awaiting_reply_since for row in CaseSummary.objects.all()}
    assert waiting[one.jobseeker.pk] == Conversation.objects.get(pk=one.conversation.pk).awaiting_reply_since
    assert waiting[one.jobseeker.pk] is not None
    assert waiting[two.jobseeker.pk] is None


def test_one_that_is_refused_keeps_no_other_from_being_stored(pairs: list[Pair]) -> None:
    one, two, other = pairs
    heir = PortfolioFactory(agency=one.portfolio.agency)
    Placement.objects.filter(jobseeker=two.jobseeker).update(portfolio=heir)
    drafts = [
        draft(one),
        draft(two, author_pk=two.adviser.pk),
        draft(one, body=" "),
        draft(one, conversation_pk=other.conversation.pk),
        draft(other),
    ]
    assert numbers(post_messages(drafts)) == [1, ConversationClosedError, DomainError, ConversationClosedError, 1]
    assert Message.objects.count() == AuditEntry.objects.filter(action="message").count() == 2


def test_a_message_that_comes_twice_in_one_batch_is_stored_once(pairs: list[Pair]) -> None:
    twice = draft(pairs[0])
    assert numbers(post_messages([twice, draft(pairs[1]), twice])) == [1, 1, 1]
    assert Message.objects.count() == 2


def test_the_limit_of_a_person_counts_within_the_batch(pairs: list[Pair]) -> None:
    set_bound(actor=None, act=BoundedAct.MESSAGES, most=2, starts_on=timezone.localdate(), within_minutes=5)
    one, two, _ = pairs
    post_messages([draft(one)])
    outcomes = post_messages([draft(one), draft(one), draft(two), draft(one, author_pk=one.adviser.pk)])
    assert numbers(outcomes) == [2, TooManyError, 1, 3]


def test_a_session_that_is_over_stores_nothing(pairs: list[Pair]) -> None:
    one, two, _ = pairs
    going_on, over = (session_of(each.person) for each in (one, two))
    over.delete()
    drafts = [
        draft(each, held=Held(session_key=session.session_key, user_pk=each.person.pk))
        for each, session in ((one, going_on), (two, over))
    ]
    stolen = draft(two, held=Held(session_key=going_on.session_key, user_pk=two.person.pk))
    assert numbers(post_messages([*drafts, stolen])) == [1, SessionOverError, SessionOverError]


def test_a_batch_sends_as_many_statements_as_one_message(pairs: list[Pair], monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Statement] = []
    send = Statement.send

    def counted(self: Statement, **values: Any) -> Any:
        sent.append(self)
        return send(self, **values)

    monkeypatch.setattr(Statement, "send", counted)
    counts = []
    for drafts in ([draft(pairs[0])], [draft(two) for two in pairs for _ in range(5)]):
        sent.clear()
        with_django = len(connection.queries_log)
        post_messages(drafts)
        counts.append((len(sent), len(connection.queries_log) - with_django))
    assert counts[0] == counts[1]
    assert counts[0][0] <= 11


# --- A conversation that somebody else has in hand ------------------------------------------------------------------


def in_hand_of(two: Pair) -> InHand:
    return InHand(Conversation.objects.filter(pk=two.conversation.pk))


def test_a_conversation_that_somebody_has_in_hand_holds_up_no_other(pairs: list[Pair]) -> None:
    one, two, _ = pairs
    in_hand = in_hand_of(one)

    def post() -> list[int | type]:
        assert in_hand.taken.wait(PATIENCE)
        try:
            return numbers(post_messages([draft(one), draft(two)], waits=False))
        finally:
            in_hand.let_go.set()

    _, outcome = at_once(in_hand.hold, post)
    assert outcome == [BusyConversationError, 1]


def test_control_a_batch_that_waits_stands_behind_the_conversation_in_hand(pairs: list[Pair]) -> None:
    one, two, _ = pairs
    in_hand, posted = in_hand_of(one), Event()

    def post() -> None:
        assert in_hand.taken.wait(PATIENCE)
        post_messages([draft(one), draft(two)])
        posted.set()

    def look() -> bool:
        try:
            until_somebody_waits()
            return not posted.is_set()
        finally:
            in_hand.let_go.set()

    _, _, stood_behind = at_once(in_hand.hold, post, look)
    assert stood_behind is True
    assert posted.is_set()


# --- The writer of a process -----------------------------------------------------------------------------------------


def plant_a_refusal() -> None:
    """Let the database refuse one text, as it would a row that breaks a constraint."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF NEW.body = 'poison' THEN RAISE EXCEPTION 'poison' USING ERRCODE = 'check_violation'; END IF;"
            " RETURN NEW; END $$;"
            "CREATE TRIGGER refuse_poison BEFORE INSERT ON messaging_message"
            " FOR EACH ROW EXECUTE FUNCTION refuse_poison()"
        )


@pytest.fixture
def poison(pairs: list[Pair]) -> Iterator[None]:
    plant_a_refusal()
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER refuse_poison ON messaging_message; DROP FUNCTION refuse_poison()")


@pytest.mark.usefixtures("poison")
async def test_a_message_that_the_database_refuses_fails_alone(pairs: list[Pair]) -> None:
    one, two, other = pairs
    drafts = [draft(one), draft(two, body="poison"), draft(other)]
    outcomes = await asyncio.gather(*[writer.post(each) for each in drafts], return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Message, IntegrityError, Message]
    assert await database_sync_to_async(Message.objects.count)() == 2


@pytest.mark.usefixtures("poison")
def test_control_one_refused_row_ends_the_transaction_of_a_batch(pairs: list[Pair]) -> None:
    one, two, _ = pairs
    with pytest.raises(IntegrityError):
        post_messages([draft(one), draft(two, body="poison")])
    assert not Message.objects.exists()


async def test_messages_that_wait_together_share_a_transaction(
    pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, begun, goes_on = [], Event(), Event()

    def slowly(drafts: Sequence[Draft], *, waits: bool = True) -> list[Outcome]:
        sizes.append(len(drafts))
        begun.set()
        assert goes_on.wait(PATIENCE)
        return post_messages(drafts, waits=waits)

    monkeypatch.setattr(writer._writer, "_act", slowly)
    first = asyncio.create_task(writer.post(draft(pairs[0])))
    await asyncio.to_thread(begun.wait, PATIENCE)
    others = [asyncio.create_task(writer.post(draft(two))) for two in pairs for _ in range(4)]
    await asyncio.sleep(0)
    assert len(writer._writer._waiting) == len(others)
    goes_on.set()
    stored = await asyncio.gather(first, *others)
    assert sizes == [1, 12]
    assert sorted(message.number for message in stored) == sorted([*range(1, 6), *range(1, 5), *range(1, 5)])


async def test_a_message_whose_conversation_is_in_hand_is_stored_once_it_is_let_go(pairs: list[Pair]) -> None:
    one, two, _ = pairs
    in_hand = in_hand_of(one)
    holding = asyncio.create_task(database_sync_to_async(in_hand.hold, thread_sensitive=False)())
    assert await asyncio.to_thread(in_hand.taken.wait, PATIENCE)
    waiting = asyncio.create_task(writer.post(draft(one)))
    assert (await writer.post(draft(two))).number == 1
    assert not waiting.done()
    in_hand.let_go.set()
    assert (await waiting).number == 1
    await holding


async def test_after_a_round_that_goes_wrong_the_next_question_is_answered() -> None:
    """Kind: a queue that one failure stops for ever."""

    def answers(questions: Sequence[str]) -> list[str]:
        return [] if "none" in questions else [question.upper() for question in questions]

    with ThreadPoolExecutor(1) as threads:
        fold: Fold[str, str] = Fold(answers, threads=threads)
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(RuntimeError):
                await fold.ask("none")
            assert await fold.ask("one") == "ONE"


async def test_when_the_database_is_away_all_are_told_and_nothing_is_tried_alone(
    pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def away(drafts: Sequence[Draft], *, waits: bool = True) -> list[Outcome]:
        tried.append(len(drafts))
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(writer._writer, "_act", away)
    outcomes = await asyncio.gather(*[writer.post(draft(two)) for two in pairs], return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OperationalError] * 3
    assert sum(tried) == 3
