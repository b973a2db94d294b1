"""Changing and deleting one's own message: who may, for how long, and what everybody sees of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

import pytest
import time_machine
from channels.db import database_sync_to_async
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.models import AuditEntry, User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from caseload.models import CaseSummary, Placement
from messaging.consumers.pages import RIGHT_GONE, compare_with_database
from messaging.models import Conversation, Message, MessageChange
from messaging.reads.participants import ConversationClosedError
from messaging.reads.threads import list_lines, news_of
from messaging.rules import CHANGE_WITHIN, CHANGES_AT_MOST
from messaging.services import live
from messaging.services.changes import IS_DELETED, NOT_YOURS, TooLateError, change_message, delete_message
from messaging.services.dispatches import send_dispatches, start_dispatch
from messaging.services.unread import WAIT, tell_unread
from tests.caseload.factories import PortfolioFactory
from tests.messaging.factories import Pair, pair, say
from tests.messaging.sockets import Screen, open_screen

T = TypeVar("T")

NEVER_CHANGED = {"change": "0"}


@pytest.fixture
def two() -> Pair:
    return pair()


def change(two: Pair, actor: User, body: str, number: int = 1, seen: dict[str, str] | None = None) -> Message:
    return change_message(
        actor=actor,
        conversation_id=two.conversation.pk,
        number=number,
        body=body,
        seen=NEVER_CHANGED if seen is None else seen,
    )


def delete(two: Pair, actor: User, number: int = 1) -> Message:
    return delete_message(actor=actor, conversation_id=two.conversation.pk, number=number)


def waits_since(two: Pair) -> Any:
    """Return since when the person waits, which the conversation and the portfolio row must say alike."""
    since = Conversation.objects.get(pk=two.conversation.pk).awaiting_reply_since
    assert CaseSummary.objects.get(jobseeker=two.jobseeker).awaiting_reply_since == since
    return since


@pytest.mark.django_db
def test_a_change_keeps_what_was_written_before(two: Pair) -> None:
    say(two.conversation, two.person, "Bonjor")
    assert change(two, two.person, "Bonjour").text == "Bonjour"
    assert change(two, two.person, "Bonjour Madame", seen={"change": "1"}).text == "Bonjour Madame"
    delete(two, two.person)
    assert Message.objects.get().body == "Bonjor"
    kept = MessageChange.objects.values_list("number", "kind", "body")
    assert list(kept) == [(1, "edited", "Bonjour"), (2, "edited", "Bonjour Madame"), (3, "deleted", "")]
    audited = AuditEntry.objects.filter(action=AuditAction.MESSAGE).order_by("pk").values_list("actor", "details")
    place = {"conversation": two.conversation.pk, "number": 1}
    assert list(audited) == [
        (two.person.pk, details)
        for details in (place, *(place | {"event": kind} for kind in ("edited", "edited", "deleted")))
    ]
    call_command("check_invariants")


@pytest.mark.django_db
def test_the_author_has_a_quarter_of_an_hour_and_nobody_else_a_minute(two: Pair) -> None:
    message = say(two.conversation, two.person, "Bonjor")
    with pytest.raises(DomainError, match=NOT_YOURS[:20]):
        change(two, two.adviser, "Autre chose")
    with pytest.raises(DomainError, match=NOT_YOURS[:20]):
        delete(two, two.adviser)
    with pytest.raises(ConversationClosedError):
        change(two, pair().adviser, "Autre chose")
    with time_machine.travel(message.created_at + CHANGE_WITHIN + timedelta(seconds=1), tick=False):
        for act in (lambda: change(two, two.person, "Bonjour"), lambda: delete(two, two.person)):
            with pytest.raises(TooLateError):
                act()
    assert not MessageChange.objects.exists()
    with time_machine.travel(message.created_at + CHANGE_WITHIN, tick=False):
        change(two, two.person, "Bonjour")
    assert MessageChange.objects.count() == 1


@pytest.mark.django_db
def test_a_change_that_would_lose_something_is_refused(two: Pair) -> None:
    say(two.conversation, two.person, "Bonjor")
    with pytest.raises(DomainError, match="Écrivez"):
        change(two, two.person, " \n")
    with pytest.raises(DomainError, match="1 caractère de trop"):
        change(two, two.person, "a" * 5001)
    change(two, two.person, "Bonjour")
    with pytest.raises(ChangedMeanwhileError):
        change(two, two.person, "Bonsoir")
    change(two, two.person, "Bonjour")  # sent again
    assert MessageChange.objects.count() == 1
    delete(two, two.person)
    delete(two, two.person)
    with pytest.raises(DomainError, match=IS_DELETED[:20]):
        change(two, two.person, "Bonjour", seen={"change": "2"})
    assert MessageChange.objects.count() == 2


@pytest.mark.django_db
def test_one_message_is_not_changed_without_end(two: Pair) -> None:
    say(two.conversation, two.person, "0")
    for number in range(CHANGES_AT_MOST):
        change(two, two.person, str(number + 1), seen={"change": str(number)})
    with pytest.raises(DomainError, match="déjà été modifié"):
        change(two, two.person, "encore", seen={"change": str(CHANGES_AT_MOST)})
    delete(two, two.person)


# --- The 72 hours ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_without_its_answer_a_question_waits_again_since_it_was_asked(two: Pair) -> None:
    """Kind: a promise that one ends by writing something and taking it back."""
    asked = say(two.conversation, two.person, "Une question")
    assert waits_since(two) == asked.created_at
    say(two.conversation, two.adviser, "Une réponse")
    assert waits_since(two) is None
    say(two.conversation, two.person, "Une autre question")
    delete(two, two.adviser, 2)
    assert waits_since(two) == asked.created_at
    call_command("check_invariants")


@pytest.mark.django_db
def test_another_answer_still_answers_and_a_change_of_the_answer_too(two: Pair) -> None:
    say(two.conversation, two.person, "Une question")
    say(two.conversation, two.adviser, "Une réponse")
    say(two.conversation, two.adviser, "Une suite")
    change(two, two.adviser, "Une meilleure réponse", 2)
    delete(two, two.adviser, 2)
    assert waits_since(two) is None


@pytest.mark.django_db
def test_a_deleted_question_waits_for_no_answer(two: Pair) -> None:
    say(two.conversation, two.person, "Une question")
    second = say(two.conversation, two.person, "Une autre")
    delete(two, two.person)
    assert waits_since(two) == second.created_at
    delete(two, two.person, 2)
    assert waits_since(two) is None
    call_command("check_invariants")


@pytest.mark.django_db
def test_a_message_to_several_answers_nobody_whatever_becomes_of_it(two: Pair) -> None:
    asked = say(two.conversation, two.person, "Une question")
    start_dispatch(actor=two.adviser, people=[two.jobseeker.pk], token=uuid4(), body="À tous")
    assert send_dispatches() == 1
    delete(two, two.adviser, 2)
    assert waits_since(two) == asked.created_at


# --- What everybody sees ------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_lists_and_counts_show_what_stands(two: Pair) -> None:
    say(two.conversation, two.person, "Bonjor")
    change(two, two.person, "Bonjour")
    (line,) = list_lines(two.adviser, now=timezone.now(), limit=10)
    assert (line.excerpt, line.unread) == ("Bonjour", 1)
    delete(two, two.person)
    (line,) = list_lines(two.adviser, now=timezone.now(), limit=10)
    assert (line.excerpt, line.unread, line.waits) == ("Message supprimé", 0, "")
    say(two.conversation, two.adviser, "Une réponse")
    assert news_of(two.jobseeker, two.person).unread == 1
    delete(two, two.adviser, 2)
    assert news_of(two.jobseeker, two.person).unread == 0


@pytest.mark.django_db
def test_nobody_is_told_of_a_message_that_was_deleted_at_once(two: Pair) -> None:
    say(two.conversation, two.adviser, "Avant")
    tell_unread()
    for body in ("Trop vite", "Celui-ci reste"):
        say(two.conversation, two.adviser, body)
    delete(two, two.adviser, 2)
    with time_machine.travel(timezone.now() + WAIT + timedelta(seconds=1), tick=False):
        assert tell_unread() == 1
    notification = two.person.notifications.get(kind="unread_messages")
    assert notification.context["count"] == 1


@pytest.mark.django_db
def test_the_pages_change_and_delete_without_scripts(two: Pair, client: Client) -> None:
    message = say(two.conversation, two.person, "Bonjor")
    client.force_login(two.person)
    talk = reverse("conversation", args=[two.conversation.pk])
    edit, drop = (reverse(name, args=[two.conversation.pk, 1]) for name in ("change_message", "delete_message"))
    html = client.get(talk).content.decode()
    assert edit in html
    assert drop in html
    form = client.get(edit).context["form"]
    assert form["body"].value() == "Bonjor"
    seen = form["seen"].value()
    assert client.post(edit, {"body": "", "seen": seen}).status_code == 422
    assert client.post(edit, {"body": "Bonjour", "seen": seen}).headers["Location"] == f"{talk}#message-1"
    late = client.post(edit, {"body": "Bonsoir", "seen": seen})
    assert late.status_code == 409
    assert late.context["form"]["body"].value() == "Bonsoir"
    assert client.post(edit, {"body": "Bonsoir", "seen": late.context["form"]["seen"].value()}).status_code == 302
    html = client.get(talk).content.decode()
    assert "Bonsoir" in html
    assert "Bonjor" not in html
    assert "modifié" in html
    assert "Bonsoir" in client.get(drop).content.decode()
    assert client.post(drop).status_code == 302
    html = client.get(talk).content.decode()
    assert "Message supprimé" in html
    assert "Bonsoir" not in html
    assert edit not in html
    # Nobody else, and not for long.
    client.force_login(two.adviser)
    for address in (edit, drop):
        assert client.get(address).status_code == client.post(address).status_code == 404
    assert edit not in client.get(talk).content.decode()
    say(two.conversation, two.adviser, "Réponse")
    own = reverse("delete_message", args=[two.conversation.pk, 2])
    with time_machine.travel(message.created_at + timedelta(minutes=16), tick=False):
        assert "Celui-ci est plus ancien" in client.get(own).content.decode()
        assert client.post(own).status_code == 409
        assert own not in client.get(talk).content.decode()


# --- On open screens -------------------------------------------------------------------------------------------------


async def here(act: Callable[..., T], *args: Any, **facts: Any) -> T:
    result: T = await database_sync_to_async(act)(*args, **facts)
    return result


async def following(two: Pair, user: User, *, after: int = 0, changed: int = 0) -> Screen:
    """Return a screen that has everything up to these numbers."""
    screen = Screen(two.conversation.pk, user)
    assert await screen.connect() is None
    await screen.ask(type="sync", after=after, changed=changed)
    await screen.hear_kind("presence")
    return screen


async def changes_heard(screen: Screen) -> list[tuple[int, int, bool, str]]:
    frame = await screen.hear_kind("changes")
    assert frame["changed"] == frame["items"][-1]["change"]
    return [(item["number"], item["change"], item["deleted"], item["body"]) for item in frame["items"]]


@pytest.mark.django_db(transaction=True)
async def test_open_screens_see_each_change_once_and_at_once(two: Pair) -> None:
    person, adviser = [await following(two, user) for user in (two.person, two.adviser)]
    assert await person.say("Bonjor") == 1
    client_id = str(uuid4())
    await person.ask(type="edit", client_id=client_id, number=1, body="Bonjour", change=0)
    assert await person.hear_kind("ack") == {"type": "ack", "client_id": client_id, "number": 1}
    assert await changes_heard(adviser) == await changes_heard(person) == [(1, 1, False, "Bonjour")]
    await person.ask(type="delete", client_id=client_id, number=1)
    await person.hear_kind("ack")
    assert await changes_heard(adviser) == await changes_heard(person) == [(1, 2, True, "")]
    for frame in ({"type": "delete"}, {"type": "edit", "body": "Je corrige", "change": 2}):
        await adviser.ask(client_id=client_id, number=1, **frame)
        assert (await adviser.hear_kind("refused"))["sentence"] == NOT_YOURS
    await person.ask(type="edit", client_id=client_id, number=1, body="Encore", change=2)
    assert (await person.hear_kind("refused"))["sentence"] == IS_DELETED
    await person.ask(type="delete", client_id=client_id, number=2**31)
    await person.hear_kind("error")
    assert await adviser.hears_nothing()
    for screen in (person, adviser):
        await screen.disconnect()


@pytest.mark.django_db(transaction=True)
async def test_a_screen_that_missed_changes_gets_them_with_its_next_sync(two: Pair) -> None:
    for body in ("un", "deux", "trois"):
        await here(say, two.conversation, two.adviser, body)
    await here(change, two, two.adviser, "1", 1)
    await here(change, two, two.adviser, "2", 2)
    await here(delete, two, two.adviser, 1)
    had_two = await following(two, two.person, after=2, changed=1)
    assert [item["body"] for item in (await had_two.hear_kind("messages"))["items"]] == ["trois"]
    assert await changes_heard(had_two) == [(2, 2, False, "2"), (1, 3, True, "")]
    had_nothing = await following(two, two.person)
    items = (await had_nothing.hear_kind("messages"))["items"]
    assert [(item["body"], item.get("change")) for item in items] == [("", 3), ("2", 2), ("trois", None)]
    assert (await changes_heard(had_nothing))[-1] == (1, 3, True, "")
    # A page of an earlier release follows messages only.
    old = await open_screen(two.conversation, two.person, after=3)
    await here(change, two, two.adviser, "3", 3)
    for screen in (had_two, had_nothing):
        assert (await changes_heard(screen))[-1] == (3, 4, False, "3")
    assert await old.hears_nothing()
    for screen in (had_two, had_nothing, old):
        await screen.disconnect()


@pytest.mark.django_db(transaction=True)
async def test_many_missed_changes_come_in_several_frames(two: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("messaging.services.conversations.PAGE", 2)
    await here(say, two.conversation, two.adviser, "0")
    for number in range(5):
        await here(change, two, two.adviser, str(number + 1), seen={"change": str(number)})
    screen = Screen(two.conversation.pk, two.person)
    await screen.connect()
    await screen.ask(type="sync", after=1, changed=0)
    heard = [one for _ in range(3) for one in await changes_heard(screen)]
    assert [number for _, number, _, _ in heard] == [1, 2, 3, 4, 5]
    await screen.disconnect()


@pytest.mark.django_db(transaction=True)
async def test_news_out_of_order_ends_in_what_stands(two: Pair) -> None:
    """Kind: two processes that tell of one message, the later news first."""
    screen = await following(two, two.person)
    await here(say, two.conversation, two.adviser, "un")
    await screen.bodies(1)
    stored = await here(Message.objects.create, **_raw(two, 2))
    await here(Conversation.objects.filter(pk=two.conversation.pk).update, last_number=2)
    # The change is told before the message is.
    changed = await here(change, two, two.adviser, "deux, corrigé", 2)
    assert (await screen.hear_kind("messages"))["items"][0]["body"] == "deux, corrigé"
    assert await changes_heard(screen) == [(2, 1, False, "deux, corrigé")]
    live.publish(
        [
            live.MessageStored(
                conversation_id=two.conversation.pk,
                number=2,
                readers=(two.person.pk,),
                item={"number": 2, "author": 0, "name": "", "staff": True, "client_id": "", "at": "", "body": "deux"},
            )
        ]
    )
    assert stored.pk == changed.pk
    assert await screen.hears_nothing()
    # What nobody tells of is found in the database.
    await here(MessageChange.objects.create, **_raw_change(two, stored))
    await here(Conversation.objects.filter(pk=two.conversation.pk).update, last_change=2)
    await compare_with_database(live.hub())
    assert await changes_heard(screen) == [(2, 2, False, "Sans que personne ne le dise")]
    await screen.disconnect()


def _raw(two: Pair, number: int) -> dict[str, Any]:
    return {
        "conversation": two.conversation,
        "number": number,
        "author": two.adviser,
        "client_id": uuid4(),
        "body": "deux",
        "created_at": timezone.now(),
    }


def _raw_change(two: Pair, message: Message) -> dict[str, Any]:
    body = "Sans que personne ne le dise"
    return {
        "conversation": two.conversation,
        "number": 2,
        "message": message,
        "kind": "edited",
        "body": body,
        "at": timezone.now(),
    }


@pytest.mark.django_db(transaction=True)
async def test_a_right_that_is_gone_changes_nothing_and_closes(two: Pair) -> None:
    adviser = await following(two, two.adviser)
    await adviser.say("Bonjor")
    heir = await here(PortfolioFactory, agency=two.portfolio.agency)
    await here(Placement.objects.filter(jobseeker=two.jobseeker).update, portfolio=heir)
    await adviser.ask(type="edit", client_id=str(uuid4()), number=1, body="Bonjour", change=0)
    assert "plus ouverte" in (await adviser.hear_kind("refused"))["sentence"]
    assert await adviser.close_code() == RIGHT_GONE
    assert not await here(MessageChange.objects.exists)


@pytest.mark.django_db
def test_plain_requests_bring_changes_as_the_socket_does(two: Pair, client: Client) -> None:
    say(two.conversation, two.adviser, "Bonjor")
    change(two, two.adviser, "Bonjour")
    client.force_login(two.person)
    address = reverse("conversation_messages", args=[two.conversation.pk])
    (item,) = client.get(address, {"apres": 1, "changements": 0}).json()["changes"]
    assert (item["body"], item["change"]) == ("Bonjour", 1)
    assert client.get(address, {"apres": 1, "changements": 1}).json()["changes"] == []
    assert client.get(address, {"apres": 1}).json()["changes"] == []
