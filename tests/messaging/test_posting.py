"""Storing messages: once, with a number, by somebody who has the right at that instant."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accompaniment.enums import AuditAction, Channel, ContactNature, Tier
from accompaniment.models import AuditEntry, Contact, Jobseeker
from accompaniment.rules.errors import DomainError
from accompaniment.services.enrolments.tiers import change_tier
from caseload.models import CaseSummary, Placement
from messaging.models import Conversation, Message
from messaging.reads.participants import ConversationClosedError, NobodyFollowsError, participants
from messaging.services.posting import post_message
from tests.caseload.factories import CoverFactory, ManagerFactory, PortfolioFactory
from tests.messaging.factories import pair, say

pytestmark = pytest.mark.django_db


def test_numbers_follow_one_another() -> None:
    two = pair()
    numbers = [say(two.conversation, author).number for author in (two.person, two.adviser, two.person)]
    assert numbers == [1, 2, 3]
    two.conversation.refresh_from_db()
    assert two.conversation.last_number == 3


def test_sending_again_returns_the_row_that_stands() -> None:
    two = pair()
    client_id = uuid4()
    first = post_message(actor=two.person, conversation=two.conversation, client_id=client_id, body="Bonjour")
    again = post_message(actor=two.person, conversation=two.conversation, client_id=client_id, body="Autre texte")
    other = post_message(actor=two.adviser, conversation=two.conversation, client_id=client_id, body="Bonjour")
    assert again == first
    assert again.body == "Bonjour"
    assert other != first
    assert Message.objects.count() == 2


def test_a_client_id_of_another_conversation_is_refused() -> None:
    portfolio = PortfolioFactory()
    one, two = pair(portfolio), pair(portfolio)
    client_id = uuid4()
    post_message(actor=one.adviser, conversation=one.conversation, client_id=client_id, body="Bonjour")
    with pytest.raises(DomainError):
        post_message(actor=one.adviser, conversation=two.conversation, client_id=client_id, body="Bonjour")
    post_message(actor=one.adviser, conversation=two.conversation, client_id=uuid4(), body="Bonjour")


@pytest.mark.parametrize("body", ["", "   \n\t", "\x00\x07", "\u200b\u200e", "a" * 5001])
def test_nothing_empty_nor_too_long(body: str) -> None:
    two = pair()
    with pytest.raises(DomainError):
        say(two.conversation, two.person, body)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("a" * 5000, "a" * 5000),
        ("  Bonjour\r\nMadame \n", "Bonjour\nMadame"),
        ("a\x00b\x1b[31m\u202ec\ud800", "ab[31mc"),
        ("👩‍💻 élève", "👩‍💻 élève"),
    ],
)
def test_text_is_kept_clean(body: str, kept: str) -> None:
    two = pair()
    assert say(two.conversation, two.person, body).body == kept


def test_the_person_waits_until_somebody_of_the_staff_answers() -> None:
    two = pair()
    first = say(two.conversation, two.person)
    say(two.conversation, two.person)
    conversation = Conversation.objects.get()
    summary = CaseSummary.objects.get(jobseeker=two.jobseeker)
    assert conversation.awaiting_reply_since == summary.awaiting_reply_since == first.created_at
    answer = say(two.conversation, two.adviser)
    conversation.refresh_from_db()
    summary.refresh_from_db()
    assert conversation.awaiting_reply_since is summary.awaiting_reply_since is None
    assert (summary.last_contact_at, summary.last_contact_channel) == (answer.created_at, Channel.CHAT)


def test_the_journal_has_one_line_a_day_and_the_audit_one_row_a_message() -> None:
    two = pair()
    for author in (two.person, two.adviser, two.person):
        say(two.conversation, author, "Un secret")
    line = Contact.objects.get(jobseeker=two.jobseeker, channel=Channel.CHAT)
    assert line.nature == ContactNature.MESSAGE
    rows = AuditEntry.objects.filter(jobseeker=two.jobseeker, action=AuditAction.MESSAGE)
    assert [row.details["number"] for row in rows.order_by("pk")] == [1, 2, 3]
    assert not any("secret" in str(row.details) for row in rows)


def test_who_may_write() -> None:
    two = pair()
    stranger = pair()
    colleague = CoverFactory(portfolio=two.portfolio).colleague.user
    manager = ManagerFactory().user
    say(two.conversation, colleague)
    for refused in (stranger.person, stranger.adviser, manager):
        with pytest.raises(ConversationClosedError):
            say(two.conversation, refused)
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("starts_in", "ends_in", "cancelled", "allowed"),
    [(-1, 1, False, True), (0, 0, False, True), (1, 2, False, False), (-2, -1, False, False), (-1, 1, True, False)],
)
def test_a_cover_gives_the_right_on_its_days(starts_in: int, ends_in: int, cancelled: bool, allowed: bool) -> None:
    two = pair()
    today = timezone.localdate()
    cover = CoverFactory(
        portfolio=two.portfolio,
        starts_on=today + timedelta(days=starts_in),
        ends_on=today + timedelta(days=ends_in),
        cancelled_at=timezone.now() if cancelled else None,
    )
    who = participants(two.conversation, now=timezone.now())
    assert (cover.colleague.user_id in who.staff) is allowed
    assert Jobseeker.objects.visible_to(cover.colleague.user).filter(pk=two.jobseeker.pk).exists() is allowed


def test_a_hand_over_moves_the_right_at_once() -> None:
    two = pair()
    say(two.conversation, two.adviser)
    heir = PortfolioFactory(agency=two.portfolio.agency)
    Placement.objects.filter(jobseeker=two.jobseeker).update(portfolio=heir)
    with pytest.raises(ConversationClosedError):
        say(two.conversation, two.adviser)
    say(two.conversation, heir.adviser.user)


def test_a_person_whom_nobody_follows_is_told_so() -> None:
    two = pair()
    change_tier(actor=two.adviser, jobseeker=two.jobseeker, tier=Tier.SUIVI, reason="Autonome")
    with pytest.raises(NobodyFollowsError):
        say(two.conversation, two.person)


def test_a_closed_account_reads_nothing() -> None:
    two = pair()
    two.adviser.is_active = False
    two.adviser.save(update_fields=["is_active"])
    assert participants(two.conversation, now=timezone.now()).staff == frozenset()
