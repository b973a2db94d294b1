"""Who may open what: every URL and every socket, for nine people.

Outside the perimeter the answer is 404, inside it without the right 403. Each stranger has a person of their own, so
that no answer comes from empty data. A URL that is missing from the table fails the test.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils import timezone

from accompaniment.models import User
from caseload.models import Portfolio
from config.routing import websocket_urlpatterns
from tests.access.house import ACTORS, House, build_house, handed_over
from tests.access.row import Row
from tests.access.table import TABLE, addresses, ask
from tests.caseload.factories import CoverFactory, PortfolioFactory
from tests.sessions import Socket

COLLEAGUE = ACTORS.index("colleague")


def test_the_table_lists_every_address() -> None:
    names = list(addresses())
    assert len(names) == len(set(names))
    assert set(names) == set(TABLE)


@pytest.mark.django_db
def test_every_address() -> None:
    house = build_house()
    wrong = []
    for name, row in TABLE.items():
        url = reverse(name, args=row.args(house))
        for method, expected in (("GET", row.get), ("POST", row.post)):
            got = " ".join(ask(house.users[actor], method, url) for actor in ACTORS)
            if got != expected:
                wrong.append(f"{method} {name}\n  expected {expected}\n  got      {got}")
    assert not wrong, "\n" + "\n".join(wrong)


def test_outside_is_404_wherever_inside_opens_and_never_where_a_role_has_no_right() -> None:
    """What can be opened inside the perimeter is 404 outside it. A role without the right gets 403 in both cases.

    So no answer shows whether a file exists: 404 is also the answer for nothing, and 403 depends on the role only.
    """
    beside = {"manager": "other_manager", "follower": "stranger"}
    wrong = []
    for name, row in TABLE.items():
        if row.args is Row.args:
            continue
        for statuses in (row.get, row.post):
            got = dict(zip(ACTORS, statuses.split(), strict=True))
            for inside, outside in beside.items():
                opens = got[inside] in {"200", ">", "400", "409", "422"}
                allowed = {"404"} if opens else {got[inside], "404"} if got[inside] == "403" else {got[inside]}
                if got[outside] not in allowed:
                    wrong.append(f"{name}: {inside} {got[inside]}, {outside} {got[outside]}")
    assert wrong == []


@pytest.mark.django_db
def test_a_role_without_the_right_gets_the_same_answer_where_nothing_is() -> None:
    house = build_house()
    manager = house.users["manager"]
    for name, row in TABLE.items():
        managers = row.get.split()[ACTORS.index("manager") :]
        if row.args is Row.args or set(managers) != {"403"}:
            continue
        nowhere = [0 if isinstance(one, int) else one for one in row.args(house)]
        assert ask(manager, "GET", reverse(name, args=nowhere)) == "403", name


READ_BY_A_FORMER_ADVISER = {
    "conversation_planned": "200 405",
    # GET and POST of a former adviser who may still read. URLs that are not listed answer as for a colleague.
    "certificate": "200 405",
    "person": "200 405",
    "person_sheet": "200 405",
    "person_details": "405 200",
    "conversation": "200 403",
    "conversation_with": "> 405",
    "sequence_of": "200 403",
    "conversation_no_reply": "405 403",
    "conversation_keep": "405 403",
    "conversation_dealt_with": "405 403",
    "conversation_remind": "200 403",
    "conversation_note": "200 403",
    "change_message": "403 403",
    "delete_message": "403 403",
    "message_step": "403 403",
    "step_source": "> 405",
    "conversation_replies": "403 405",
    "offer_slots": "403 403",
    "slot_card": "200 403",
    "conversation_messages": "200 405",
    "conversation_read": "405 403",
    "attachment_upload": "405 403",
    "attachment": "200 405",
    "attachment_shown": "200 405",
    "attachment_preview": "200 405",
    "attachment_about": "200 403",
    "panel_person_conversation": "200 405",
    "panel_person_interviews": "200 405",
    "person_tier": "403 403",
    "tick_step": "405 403",
    "remove_document": "403 403",
    "edit_details": "403 403",
    "person_contact": "403 403",
    "add_note": "405 403",
    "withdraw_note": "403 403",
    "action_plan": "403 403",
    "add_step": "405 403",
    "close_objective": "405 403",
    "book_for": "403 403",
    "hold_slot": "405 403",
    "reopen_objective": "405 403",
    "edit_objective": "403 403",
    "remove_step": "405 403",
    "edit_step": "403 403",
    "person_documents": "200 403",
    "person_document": "200 405",
    "person_plan": "403 403",
    "hold_by_contact": "405 403",
    "callback": "403 403",
    "claim_callback": "405 403",
    "release_callback": "405 403",
    "answer_on_site": "403 403",
    "decide_absence": "403 403",
    "record_on_site": "405 403",
    "person_leaves": "403 403",
    "panel_person_on_site": "200 405",
}


AS_WHO_DOES_NOT_COVER = {
    "absence": "404 405",
    "end_absence": "405 404",
    "extend_absence": "404 404",
    "add_cover": "405 404",
    "replace_cover": "405 404",
}
"""The colleague of the table is going to cover an absence; the former adviser is not."""


@pytest.mark.django_db
@pytest.mark.parametrize("keep_reading", [True, False])
def test_a_former_adviser_reads_for_a_while_and_does_nothing_else(keep_reading: bool) -> None:
    house = build_house()
    former = handed_over(house, keep_reading=keep_reading)
    wrong = []
    for name, row in TABLE.items():
        url = reverse(name, args=row.args(house))
        got = f"{ask(former, 'GET', url)} {ask(former, 'POST', url)}"
        expected = AS_WHO_DOES_NOT_COVER.get(name, f"{row.get.split()[COLLEAGUE]} {row.post.split()[COLLEAGUE]}")
        if keep_reading and name in READ_BY_A_FORMER_ADVISER:
            expected = READ_BY_A_FORMER_ADVISER[name]
        if got != expected:
            wrong.append(f"{name}: expected {expected}, got {got}")
    assert not wrong, "\n" + "\n".join(wrong)


NOT_BY_A_COVER = {
    # Only its author can take a note back.
    "withdraw_note": "> >",
    "change_message": "404 404",
    "delete_message": "404 404",
    # What was written to several people, or for later, belongs to its author.
    "dispatch": "404 405",
    "stop_dispatch": "405 404",
    "planned_message": "404 404",
    # Own ready-made words are nobody else's.
    "canned_reply": "404 404",
    "delete_canned_reply": "405 404",
    # GET and POST of a colleague who covers today, for things that belong to the adviser alone: views, absences,
    # transfers, and interviews that were not given to the colleague.
    "saved_view": "404 404",
    "delete_saved_view": "405 404",
    "transfer": "404 405",
    "cancel_transfer": "405 404",
    "absence": "404 405",
    "end_absence": "405 404",
    "extend_absence": "404 404",
    "add_cover": "405 404",
    "replace_cover": "405 404",
    "interview_report": "404 404",
    "move_booked": "404 404",
    "cancel_booked": "404 404",
    "room": "404 405",
    "room_end": "405 404",
    "room_trouble": "405 404",
    "rescue": "404 404",
    "rescue_news": "404 405",
    "interview_file": "404 405",
    "room_phone": "405 404",
}


@pytest.mark.django_db
def test_a_covering_colleague_does_what_the_adviser_does() -> None:
    house = build_house()
    cover = CoverFactory(portfolio=Portfolio.objects.get(pk=house.portfolio_pk))
    PortfolioFactory(adviser=cover.colleague)
    follower = ACTORS.index("follower")
    wrong = []
    for name, row in TABLE.items():
        url = reverse(name, args=row.args(house))
        got = f"{ask(cover.colleague.user, 'GET', url)} {ask(cover.colleague.user, 'POST', url)}"
        expected = NOT_BY_A_COVER.get(name, f"{row.get.split()[follower]} {row.post.split()[follower]}")
        if got != expected:
            wrong.append(f"{name}: expected {expected}, got {got}")
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.django_db
def test_the_reading_ends_after_thirty_days() -> None:
    house = build_house()
    former = handed_over(house, keep_reading=True)
    url = reverse("person", args=[house.owner.pk])
    assert ask(former, "GET", url) == "200"
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        assert ask(User.objects.get(pk=former.pk), "GET", url) == "404"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("keep_reading", "expected"), [(True, "open"), (False, "4404")])
async def test_the_conversations_socket_of_a_former_adviser(keep_reading: bool, expected: str) -> None:
    house = await sync_to_async(build_house)()
    former = await sync_to_async(handed_over)(house, keep_reading=keep_reading)
    assert await knock(former, f"/ws/messagerie/{house.conversation.pk}/") == expected


OPEN = "open"
PATIENCE = 20.0  # seconds

SOCKETS: dict[str, tuple[Callable[[House], str], str]] = {
    # Who is accepted, and the close codes of the others. Before the socket is accepted, every code is an HTTP 403.
    "ws/messagerie/<int:pk>/": (
        lambda house: f"/ws/messagerie/{house.conversation.pk}/",
        "4401 open 4404 open 4404 4404 4404 4404 4404",
    ),
    "ws/bureau/": (
        lambda house: "/ws/bureau/",
        "4401 4404 4404 open open open 4404 4404 4404",
    ),
    "ws/visio/<str:token>/": (
        lambda house: f"/ws/visio/{house.interview.token}/",
        "4401 open 4403 open 4403 4403 4403 4403 4403",
    ),
}


def test_the_table_lists_every_socket() -> None:
    assert {str(pattern.pattern) for pattern in websocket_urlpatterns} == set(SOCKETS)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("route", SOCKETS)
async def test_every_socket(route: str) -> None:
    house = await sync_to_async(build_house)()
    path, expected = SOCKETS[route]
    got = [await knock(house.users[actor], path(house)) for actor in ACTORS]
    assert " ".join(got) == expected


async def knock(user: User | None, path: str) -> str:
    """Open a socket as this person and leave it again; return `open` or its close code."""
    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "subprotocols": [],
        "user": user or AnonymousUser(),
    }
    socket = Socket(URLRouter(websocket_urlpatterns), scope)
    await socket.send_input({"type": "websocket.connect"})
    answer = await socket.receive_output(PATIENCE)
    if answer["type"] == "websocket.accept":
        await socket.send_input({"type": "websocket.disconnect", "code": 1001})
        await socket.wait(PATIENCE)
        return OPEN
    return str(answer.get("code", 1000))
