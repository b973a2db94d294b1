"""The socket of a room: who is present, who was let in, and the signals between the two people.

PostgreSQL knows whose room it is, whether it is open and whether the person was let in; Redis only relays. Each ping
reads the database and announces the sender's presence, so anything that the relay loses is found again.
"""

import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from accompaniment.consumers import frame_in
from accompaniment.enums import Channel
from accompaniment.rules.errors import DomainError
from messaging.consumers.sessions import NOT_LOGGED_IN, AccountSocket, in_thread
from messaging.services.live import calmly
from visio.enums import RoomMoment, RoomRole
from visio.models import Interview
from visio.rules.signals import BURST, LARGEST_MESSAGE, PER_SECOND, clean_signal, is_id, warm_signal, without_addresses
from visio.rules.states import room_moment
from visio.rules.turn import RENEWED_AFTER, Relay, ice_servers
from visio.services.broadcast import room_group
from visio.services.room import IN_ROOM_SINCE, admit, arrive, leave

CLOSE_REFUSED = 4403
CLOSE_REPLACED = 4409
CLOSE_OVER = 4410
CLOSE_TOO_LARGE = 4413
GOING_AWAY = 1001
"""The close code of a page that is left on purpose; a broken network sends none."""

MEDIA = ("microphone", "camera", "screen", "without_microphone")
"""What one side announces about itself: what is switched on, and whether it has no microphone by choice."""

PEER_FORGOTTEN_AFTER = 35.0
"""Seconds after which the other socket counts as gone; each ping announces it."""


@dataclass(frozen=True)
class Seat:
    """The person's place in a room, as the database has it now."""

    interview: Interview
    role: RoomRole
    moment: RoomMoment
    admitted: bool
    ended: bool


@dataclass(frozen=True)
class Peer:
    """The other person's current tab. A later `stamp` means a later socket."""

    tab: str
    stamp: int
    seen: float


class RoomConsumer(AccountSocket):
    """One tab of one of the two people of an interview."""

    burst = BURST
    frames_per_second = PER_SECOND

    role: RoomRole
    interview: Interview
    group: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tab = ""
        self.stamp = 0
        self.admitted = False
        self.ended = False
        self.peer: Peer | None = None
        self.arrived_at: datetime | None = None
        self.since: datetime | None = None
        self.renewed = 0.0
        self.on_message: dict[str, Callable[[dict[str, Any]], Awaitable[None]]] = {
            "join": self.join,
            "ping": self.ping,
            "admit": self.admit,
            "hold": self.hold,
            "signal": self.signal,
            "hand": self.hand,
            "media": self.media,
        }

    async def connect(self) -> None:
        """Accept only the two people of the interview. Others do not learn whether it exists."""
        if not await self.take_in():
            return
        seat = await self._seat()
        if seat is None:
            await self.refuse(CLOSE_REFUSED)
            return
        self.role, self.interview = seat.role, seat.interview
        self.group = room_group(seat.interview.pk)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        if not self.tab:
            return
        await self._relay(
            {"type": "room.left", **self._me(), "over": self.ended_with == NOT_LOGGED_IN or code == GOING_AWAY}
        )
        await calmly(self.channel_layer.group_discard(self.group, self.channel_name))
        if self.since is not None:
            # Without the database they count as being there, and nobody is called in vain.
            with suppress(DatabaseError):
                await in_thread(leave, interview=self.interview, role=self.role, since=self.since)

    async def hear(self, text: str | None) -> None:
        """Handle one message of the tab, up to the size limit."""
        if text is None or len(text) > LARGEST_MESSAGE:
            await self.end(CLOSE_TOO_LARGE)
            return
        message = frame_in(text, largest=LARGEST_MESSAGE) or {}
        kind = message.get("type")
        handler = self.on_message.get(kind) if isinstance(kind, str) else None
        if handler is None:
            await self._error("unknown", "Message inconnu.")
            return
        if handler != self.join and not self.tab:
            await self._error("not_joined", "Entrez d'abord dans la salle.")
            return
        await handler(message)

    # --- What the tab says -----------------------------------------------------------------------

    async def join(self, message: dict[str, Any]) -> None:
        """Take the person's seat; an older tab of the same person gives it up."""
        tab = message.get("tab")
        if not is_id(tab) or self.tab:
            await self._error("bad_join", "Actualisez la page.")
            return
        seat = await self._open_seat()
        if seat is None:
            return
        try:
            arrived = await in_thread(arrive, actor=self.user, interview=seat.interview)
        except DomainError as refusal:
            await self._error("refused", refusal.sentence)
            await self.end(CLOSE_OVER)
            return
        if seat.role == RoomRole.JOBSEEKER:
            self.arrived_at = arrived.arrived_at
        self.since = getattr(arrived, IN_ROOM_SINCE[seat.role])
        self.tab = str(tab)
        self.stamp = time.time_ns()
        self.admitted, self.ended = seat.admitted, seat.ended
        if not await calmly(self.channel_layer.group_add(self.group, self.channel_name)):
            await self._relay_is_down()
        await self._say(
            {
                "type": "joined",
                "role": seat.role,
                "admitted": seat.admitted,
                "ended": seat.ended,
                "ice_servers": self._ice_servers(seat),
                "waited": self._waited(),
                "relayed": _relay().is_there,
                "relay_only": settings.VIDEO_RELAY_ONLY,
                "by_phone": seat.interview.phone_since is not None,
                "trouble": seat.interview.technical_failure_at is not None,
            }
        )
        await self._announce(ask=True)

    async def ping(self, message: dict[str, Any]) -> None:
        """Answer a ping, and check what the relay may have lost."""
        seat = await self._open_seat()
        if seat is None:
            return
        if seat.admitted:
            await self._let_in()
        elif seat.ended:
            await self._end_call()
        if self.peer is not None and time.monotonic() - self.peer.seen > PEER_FORGOTTEN_AFTER:
            await self._forget_peer()
        await self._say({"type": "pong"})
        if time.monotonic() - self.renewed > RENEWED_AFTER.total_seconds():
            await self._say({"type": "relays", "ice_servers": self._ice_servers(seat)})
        await self._announce(ask=self.peer is None)

    async def admit(self, message: dict[str, Any]) -> None:
        """Let the waiting person in.

        Two people wait for it. So the service alone looks up the right, and this socket is free to hear the news that
        leaves with the commit, before whatever else follows a commit is done.
        """
        if self.role != RoomRole.ADVISER or self.peer is None:
            await self._error("not_now", "Personne n'attend dans la salle.")
        else:
            self.work(self._admit())

    async def _admit(self) -> None:
        try:
            await in_thread(admit, actor=self.user, interview=self.interview)
        except DomainError as refusal:
            if await self._open_seat() is not None:
                await self._error("refused", refusal.sentence)
            return
        await self._let_in()

    async def hold(self, message: dict[str, Any]) -> None:
        """Tell the waiting person that it takes a little longer. They keep their place."""
        if self.role == RoomRole.ADVISER and not self.admitted and self.peer is not None:
            await self._relay({"type": "room.hold", **self._me()})

    async def signal(self, message: dict[str, Any]) -> None:
        """Relay a description or a candidate to the other person's current tab.

        While the person waits, only what sets up a connection passes, and no address of either side. `call` names the
        connection that the signal belongs to. Each attempt to connect has its own name.
        """
        data, call = clean_signal(message.get("data")), message.get("call")
        if data is None or not is_id(call):
            await self._error("bad_signal", "Message inconnu.")
            return
        passes = self._what_passes(data)
        if passes is None:
            await self._error("not_admitted", "La personne n'est pas encore entrée.")
        elif self.peer is not None and message.get("to") == self.peer.tab:
            event = {"type": "room.signal", **self._me(), "to": self.peer.tab, "call": call, "data": passes}
            await self._relay({**event, "warm": not self.admitted})

    def _what_passes(self, data: dict[str, Any]) -> dict[str, Any] | None:
        """Return what of this side's signal the other side may have now, or None."""
        relayed = _relay().is_there
        if not self.admitted:
            return None if self.ended else warm_signal(data, role=self.role, relayed=relayed)
        return without_addresses(data, relayed=relayed) if settings.VIDEO_RELAY_ONLY else data

    async def hand(self, message: dict[str, Any]) -> None:
        """Tell the other side that the hand was raised or lowered."""
        if self.admitted:
            await self._relay({"type": "room.hand", **self._me(), "raised": message.get("raised") is True})

    async def media(self, message: dict[str, Any]) -> None:
        """Tell the other side what is on (microphone, camera, screen) and whether a microphone is used at all."""
        if self.admitted:
            on = {key: message.get(key) is True for key in MEDIA}
            await self._relay({"type": "room.media", **self._me(), **on})

    # --- What the room says ----------------------------------------------------------------------

    async def room_presence(self, event: dict[str, Any]) -> None:
        if event["role"] == self.role:
            if event["stamp"] > self.stamp:
                await self._give_up_seat(same_tab=event["tab"] == self.tab)
            return
        known = self.peer
        if known is not None and event["stamp"] < known.stamp:
            return
        self.peer = Peer(tab=event["tab"], stamp=event["stamp"], seen=time.monotonic())
        if known is None or known.stamp != event["stamp"]:
            waited = event.get("waited", 0)
            await self._say({"type": "peer", "present": True, "tab": event["tab"], "waited": waited})
        if event["ask"]:
            await self._announce(ask=False)

    async def room_left(self, event: dict[str, Any]) -> None:
        if self.peer is not None and event["role"] != self.role and event["stamp"] == self.peer.stamp:
            await self._forget_peer(over=event.get("over", False))

    async def room_signal(self, event: dict[str, Any]) -> None:
        if event["to"] == self.tab and await self._comes_from_peer(event):
            await self._say({"type": "signal", "from": event["tab"], "call": event["call"], "data": event["data"]})

    async def room_hand(self, event: dict[str, Any]) -> None:
        if await self._comes_from_peer(event):
            await self._say({"type": "hand", "raised": event["raised"]})

    async def room_media(self, event: dict[str, Any]) -> None:
        if await self._comes_from_peer(event):
            on = {key: event[key] for key in MEDIA}
            await self._say({"type": "media", **on})

    async def room_hold(self, event: dict[str, Any]) -> None:
        if self.peer is not None and event["role"] != self.role and event["stamp"] == self.peer.stamp:
            await self._say({"type": "hold"})

    async def room_admitted(self, event: dict[str, Any]) -> None:
        await self._let_in()

    async def room_ended(self, event: dict[str, Any]) -> None:
        await self._end_call()

    async def room_trouble(self, event: dict[str, Any]) -> None:
        await self._say({"type": "trouble"})

    async def room_phone(self, event: dict[str, Any]) -> None:
        await self._say({"type": "phone"})

    async def room_handed_over(self, event: dict[str, Any]) -> None:
        """Handle a change of the interview's adviser: a person who has lost the seat leaves now."""
        await self._open_seat()

    async def room_closed(self, event: dict[str, Any]) -> None:
        await self._over(RoomMoment.CLOSED)

    # --- Parts -----------------------------------------------------------------------------------

    def _me(self) -> dict[str, Any]:
        return {"role": str(self.role), "tab": self.tab, "stamp": self.stamp}

    async def _comes_from_peer(self, event: dict[str, Any]) -> bool:
        """Return whether an event comes from the other person's current socket, and may be heard now.

        What sets up a connection (`warm`) may be heard while the person waits, the rest after the admission. Both
        sockets are told of the admission, each in its own time. So the first signal of the call may arrive here
        before the admission does, and the database then says whether the person was let in.
        """
        if self.peer is None or event["role"] == self.role or event["stamp"] != self.peer.stamp:
            return False
        if event.get("warm") and not self.ended:
            return True
        if not self.admitted:
            seat = await self._open_seat()
            if seat is not None and seat.admitted:
                await self._let_in()
        return self.admitted

    async def _seat(self) -> Seat | None:
        """Return the person's place in the room, or None for everybody but its two people."""
        return await in_thread(self._read_seat)

    def _read_seat(self) -> Seat | None:
        user = self.user
        interview = (
            Interview.objects.of_the_two(user)
            .with_people()
            .filter(token=self.scope["url_route"]["kwargs"]["token"], channel=Channel.VIDEO)
            .first()
        )
        if interview is None:
            return None
        return Seat(
            interview=interview,
            role=RoomRole.ADVISER if interview.adviser.user_id == user.pk else RoomRole.JOBSEEKER,
            moment=room_moment(
                state=interview.state, starts_at=interview.starts_at, ends_at=interview.ends_at, now=timezone.now()
            ),
            admitted=interview.admitted_at is not None and interview.call_ended_at is None,
            ended=interview.call_ended_at is not None,
        )

    def _ice_servers(self, seat: Seat) -> list[dict[str, Any]]:
        """Return the relays with a new log-in for this person and this interview."""
        self.renewed = time.monotonic()
        return ice_servers(relay=_relay(), name=f"{seat.interview.pk}-{seat.role}", now=timezone.now())

    async def _open_seat(self) -> Seat | None:
        """Return the seat if it is still this person's and the room is open. Otherwise close the socket with the
        reason.
        """
        seat = await self._seat()
        if seat is None:
            await self.end(CLOSE_REFUSED)
            return None
        if seat.moment != RoomMoment.OPEN:
            await self._over(seat.moment)
            return None
        return seat

    async def _let_in(self) -> None:
        if not self.admitted:
            self.admitted, self.ended = True, False
            await self._say({"type": "admitted"})

    async def _end_call(self) -> None:
        """Stop relaying and say that the call is over. The socket stays open to announce the decision."""
        if self.admitted or not self.ended:
            self.admitted, self.ended = False, True
            await self._say({"type": "ended"})

    async def _forget_peer(self, *, over: bool = False) -> None:
        """Announce that the other side is away.

        A call outlasts a lost server, but not a session or page that is `over`.
        """
        self.peer = None
        await self._say({"type": "peer", "present": False, "tab": "", "over": over})

    async def _give_up_seat(self, *, same_tab: bool) -> None:
        """Give the seat up to a later socket, and tell this tab, unless the later socket is the same tab."""
        self.admitted = False
        if not same_tab:
            await self._say({"type": "replaced"})
        await self.end(CLOSE_REPLACED)

    async def _over(self, moment: RoomMoment) -> None:
        self.admitted = False
        await self._say({"type": "closed", "moment": moment})
        await self.end(CLOSE_OVER)

    async def _announce(self, *, ask: bool) -> None:
        await self._relay({"type": "room.presence", **self._me(), "ask": ask, "waited": self._waited()})

    def _waited(self) -> int:
        """Return the whole seconds since this person first waited in the room; 0 for the adviser."""
        return 0 if self.arrived_at is None else max(0, int((timezone.now() - self.arrived_at).total_seconds()))

    async def _relay(self, event: dict[str, Any]) -> None:
        if not await calmly(self.channel_layer.group_send(self.group, event)):
            await self._relay_is_down()

    async def _relay_is_down(self) -> None:
        await self._error("relay_down", "La salle ne répond pas pour le moment. Vous pouvez continuer par téléphone.")

    async def _error(self, code: str, text: str) -> None:
        await self._say({"type": "error", "code": code, "text": text})

    async def _say(self, message: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(message))


def _relay() -> Relay:
    return Relay(settings.STUN_URLS, settings.TURN_URLS, settings.TURN_SECRET)
