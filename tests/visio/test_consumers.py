"""The socket of a room, on the real Redis: who gets in, what is relayed, and what never is."""

import json
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from accompaniment.consumers import TRY_LATER
from accompaniment.models import User
from caseload.models import Adviser
from config.settings.connections import channel_layers
from messaging.consumers.sessions import TOO_MANY
from tests.caseload.factories import PortfolioFactory, on_web_track
from tests.visio.factories import InterviewFactory
from tests.visio.tabs import CALL, PATIENCE, Tab, let_in, meet
from visio import consumers
from visio.enums import InterviewState, NextStep
from visio.models import Interview
from visio.rules.signals import BURST, LARGEST_MESSAGE
from visio.services import closing, room

pytestmark = pytest.mark.django_db(transaction=True)


OFFER = {"description": {"type": "offer", "sdp": "v=0\r\n"}}
ANSWER = {"description": {"type": "answer", "sdp": "v=0\r\n"}}
HOST = {"candidate": {"candidate": "candidate:1 1 udp 1 203.0.113.77 50000 typ host"}}
THROUGH_THE_RELAY = {
    "candidate": {"candidate": "candidate:1 1 udp 1 198.51.100.9 50000 typ relay raddr 203.0.113.77 rport 1"}
}


@pytest.fixture
def interview():
    return InterviewFactory()


@pytest.fixture
async def tabs(interview):
    """Make tabs, and close all of them at the end."""
    made = []

    def make(user, of=interview):
        tab = Tab(user, of)
        made.append(tab)
        return tab

    yield make
    for tab in made:
        await tab.leave()


@pytest.fixture
def person(interview, tabs):
    return tabs(interview.jobseeker.user)


@pytest.fixture
def adviser(interview, tabs):
    return tabs(interview.adviser.user)


class TestWhoGetsIn:
    async def test_the_two_people_of_the_interview(self, person, adviser, interview):
        assert (await person.join())["role"] == "jobseeker"
        assert (await adviser.join())["role"] == "adviser"
        await interview.arefresh_from_db()
        assert interview.arrived_at is not None

    async def test_nobody_else(self, interview, tabs):
        colleague = await database_sync_to_async(PortfolioFactory)(agency=interview.adviser.agency)
        other = await database_sync_to_async(on_web_track)()
        for user in (colleague.adviser.user, other.user, AnonymousUser()):
            assert not await tabs(user).open()

    async def test_nobody_whose_account_was_closed(self, interview, person):
        await User.objects.filter(pk=interview.jobseeker.user_id).aupdate(is_active=False)
        assert not await person.open()

    async def test_nobody_to_a_room_that_does_not_exist(self, interview, tabs):
        assert not await tabs(interview.jobseeker.user, of=Interview(token="x" * 43)).open()

    @pytest.mark.parametrize(("minutes", "moment"), [(31, "early"), (-91, "over")])
    async def test_nobody_out_of_time(self, interview, person, minutes, moment):
        starts_at = timezone.now() + timedelta(minutes=minutes)
        await Interview.objects.filter(pk=interview.pk).aupdate(
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=30),
            occupies_until=starts_at + timedelta(minutes=40),
        )
        await person.open()
        await person.say(type="join", tab=person.id)
        assert (await person.hear("closed"))["moment"] == moment
        assert await person.closed() == consumers.CLOSE_OVER

    async def test_an_interview_handed_over_meanwhile_shuts_the_open_socket(self, interview, adviser):
        await adviser.join()
        other = await database_sync_to_async(PortfolioFactory)()
        new = await Adviser.objects.aget(pk=other.adviser_id)
        await Interview.objects.filter(pk=interview.pk).aupdate(adviser=new)
        await adviser.say(type="ping")
        assert await adviser.closed() == consumers.CLOSE_REFUSED


class TestLobby:
    @pytest.mark.parametrize(
        ("by_adviser", "message"),
        [
            (True, {"type": "signal", "data": ANSWER}),
            (False, {"type": "signal", "data": OFFER}),
            (True, {"type": "signal", "data": HOST}),
            (False, {"type": "signal", "data": HOST}),
            (True, {"type": "signal", "data": THROUGH_THE_RELAY}),
            (False, {"type": "signal", "data": THROUGH_THE_RELAY}),
            (True, {"type": "hand", "raised": True}),
            (False, {"type": "media", "microphone": True, "camera": True, "screen": False}),
        ],
    )
    async def test_nothing_else_passes_before_the_person_is_let_in(self, person, adviser, by_adviser, message):
        """No relay is configured, so no way passes at all."""
        await meet(person, adviser)
        sender, receiver = (adviser, person) if by_adviser else (person, adviser)
        await sender.say(**message, to=receiver.id, call=CALL)
        if message["type"] == "signal":
            assert (await sender.hear("error"))["code"] == "not_admitted"
        assert await receiver.hears_nothing()

    async def test_before_the_person_is_let_in_a_connection_is_set_up_through_the_relay(
        self, person, adviser, settings
    ):
        settings.TURN_URLS, settings.TURN_SECRET = ["turn:relay.example:3478"], "shared"
        await meet(person, adviser)
        for sender, receiver, description in ((adviser, person, OFFER), (person, adviser, ANSWER)):
            await sender.say(type="signal", to=receiver.id, call=CALL, data=description)
            assert (await receiver.hear("signal"))["data"] == description
            await sender.say(type="signal", to=receiver.id, call=CALL, data=HOST)
            assert (await sender.hear("error"))["code"] == "not_admitted"
            await sender.say(type="signal", to=receiver.id, call=CALL, data=THROUGH_THE_RELAY)
            heard = (await receiver.hear("signal"))["data"]["candidate"]["candidate"]
            assert heard == "candidate:1 1 udp 1 198.51.100.9 50000 typ relay raddr 0.0.0.0 rport 0"
            assert await receiver.hears_nothing()

    async def test_after_the_end_nothing_is_set_up(self, interview, person, adviser):
        await let_in(person, adviser)
        await database_sync_to_async(room.end_call)(actor=interview.adviser.user, interview=interview)
        for tab in (person, adviser):
            await tab.hear("ended")
        await adviser.say(type="signal", to=person.id, call=CALL, data=OFFER)
        assert (await adviser.hear("error"))["code"] == "not_admitted"
        assert await person.hears_nothing()

    @pytest.mark.parametrize("relay_only", [True, False])
    async def test_where_all_is_relayed_no_address_passes_after_the_admission_either(
        self, person, adviser, settings, relay_only
    ):
        settings.TURN_URLS, settings.TURN_SECRET = ["turn:relay.example:3478"], "shared"
        settings.VIDEO_RELAY_ONLY = relay_only
        await let_in(person, adviser)
        await person.say(type="signal", to=adviser.id, call=CALL, data=HOST)
        if relay_only:
            assert (await person.hear("error"))["code"] == "not_admitted"
            assert await adviser.hears_nothing()
        else:
            assert (await adviser.hear("signal"))["data"] == HOST

    async def test_once_let_in_signals_reach_the_other_and_only_the_other(self, person, adviser):
        await let_in(person, adviser)
        await adviser.say(type="signal", to=person.id, call=CALL, data=OFFER)
        assert await person.hear("signal") == {
            "type": "signal",
            "from": adviser.id,
            "call": CALL,
            "data": OFFER,
        }
        assert await adviser.hears_nothing()
        await person.say(type="hand", raised=True)
        assert (await adviser.hear("hand"))["raised"] is True
        await person.say(type="media", microphone=False, camera=True, screen=False)
        assert (await adviser.hear("media"))["microphone"] is False

    async def test_a_signal_that_overtakes_the_admission_is_not_lost(self, interview, person, adviser):
        """Kind: two ways to one socket, on which news may overtake each other. Here the adviser's socket has heard that
        the person was let in, and the person's has not."""
        await meet(person, adviser)
        now = timezone.now()
        await Interview.objects.filter(pk=interview.pk).aupdate(admitted_at=now, state=InterviewState.IN_PROGRESS)
        await adviser.say(type="ping")
        await adviser.hear("admitted")
        await adviser.say(type="signal", to=person.id, call=CALL, data=OFFER)
        await person.hear("admitted")
        assert (await person.hear("signal"))["data"] == OFFER

    async def test_a_signal_to_somebody_who_was_not_let_in_stays_outside(self, interview, tabs, person, adviser):
        await let_in(person, adviser)
        await Interview.objects.aupdate(admitted_at=None, state=InterviewState.BOOKED)
        later = tabs(interview.jobseeker.user)
        assert (await later.join())["admitted"] is False
        assert (await later.hear("peer"))["tab"] == adviser.id
        assert (await adviser.hear("peer"))["tab"] == later.id
        await adviser.say(type="signal", to=later.id, call=CALL, data=OFFER)
        assert await later.hears_nothing()

    async def test_only_the_adviser_lets_in(self, interview, person, adviser):
        await meet(person, adviser)
        await person.say(type="admit")
        assert (await person.hear("error"))["code"] == "not_now"
        assert await adviser.hears_nothing()
        await interview.arefresh_from_db()
        assert interview.state == InterviewState.BOOKED

    async def test_only_the_adviser_asks_for_patience_and_nobody_is_let_in_by_it(self, interview, person, adviser):
        await meet(person, adviser)
        await person.say(type="hold")
        assert await adviser.hears_nothing()
        await adviser.say(type="hold")
        await person.hear("hold")
        await interview.arefresh_from_db()
        assert interview.state == InterviewState.BOOKED

    async def test_both_are_told_how_long_the_person_has_waited(self, interview, person, adviser):
        await Interview.objects.filter(pk=interview.pk).aupdate(arrived_at=timezone.now() - timedelta(minutes=3))
        assert (await person.join())["waited"] >= 180
        assert (await adviser.join())["waited"] == 0
        assert (await adviser.hear("peer"))["waited"] >= 180
        assert (await person.hear("peer"))["waited"] == 0

    async def test_nobody_is_let_in_who_does_not_wait(self, interview, adviser):
        await adviser.join()
        await adviser.say(type="admit")
        assert (await adviser.hear("error"))["code"] == "not_now"
        await interview.arefresh_from_db()
        assert interview.state == InterviewState.BOOKED

    async def test_who_was_let_in_comes_back_without_asking(self, interview, person, adviser, tabs):
        await let_in(person, adviser)
        await person.leave()
        assert (await adviser.hear("peer"))["present"] is False
        back = tabs(interview.jobseeker.user)
        assert (await back.join())["admitted"] is True

    async def test_an_admission_that_the_relay_lost_is_found_again(self, interview, person, adviser):
        await meet(person, adviser)
        await Interview.objects.filter(pk=interview.pk).aupdate(
            admitted_at=timezone.now(), state=InterviewState.IN_PROGRESS
        )
        await person.say(type="ping")
        await person.hear("admitted")
        await person.hear("pong")


class TestTabs:
    async def test_a_second_tab_takes_over_and_the_first_is_told(self, interview, person, adviser, tabs):
        await let_in(person, adviser)
        second = tabs(interview.jobseeker.user)
        await second.join()
        await person.hear("replaced")
        assert await person.closed() == consumers.CLOSE_REPLACED
        assert (await adviser.hear("peer"))["tab"] == second.id
        await second.hear("peer")
        assert await adviser.hears_nothing(), "the old tab's leaving does not concern the new one"
        await adviser.say(type="signal", to=person.id, call=CALL, data=OFFER)
        assert await second.hears_nothing()
        await adviser.say(type="signal", to=second.id, call=CALL, data=OFFER)
        await second.hear("signal")

    async def test_a_person_is_there_until_their_last_tab_has_left(self, interview, person, adviser, tabs):
        await meet(person, adviser)
        second = tabs(interview.jobseeker.user)
        await second.join()
        await person.hear("replaced")
        assert await person.closed() == consumers.CLOSE_REPLACED
        await interview.arefresh_from_db()
        assert interview.in_room_since is not None
        assert interview.in_room_since > interview.arrived_at
        await second.leave()
        await interview.arefresh_from_db()
        assert (interview.in_room_since, interview.adviser_in_room_since is None) == (None, False)

    async def test_the_same_tab_comes_back_after_a_cut(self, interview, person, adviser, tabs):
        await let_in(person, adviser)
        again = tabs(interview.jobseeker.user)
        again.id = person.id
        assert (await again.join())["admitted"] is True
        assert await person.closed() == consumers.CLOSE_REPLACED
        assert (await adviser.hear("peer"))["tab"] == person.id

    async def test_who_leaves_is_told_to_the_other(self, person, adviser):
        await meet(person, adviser)
        await adviser.leave()
        assert (await person.hear("peer"))["present"] is False


class TestWhatIsNoMessage:
    @pytest.mark.parametrize("text", ["", "[]", "42", "nothing", '{"type": "shout"}', '{"type": ["join"]}', "[" * 5000])
    async def test_an_unknown_message_is_answered_and_harms_nothing(self, person, text):
        await person.join()
        await person.send_text(text)
        assert (await person.hear("error"))["code"] == "unknown"
        await person.say(type="ping")
        await person.hear("pong")

    async def test_nothing_is_heard_before_joining(self, person):
        await person.open()
        await person.say(type="ping")
        assert (await person.hear("error"))["code"] == "not_joined"

    @pytest.mark.parametrize("tab", ["", "x", 7, None, "../../../../../../../../../../../etc"])
    async def test_a_tab_says_a_proper_id(self, person, tab):
        await person.open()
        await person.say(type="join", tab=tab)
        assert (await person.hear("error"))["code"] == "bad_join"

    @pytest.mark.parametrize(
        "data",
        [
            None,
            {},
            {"description": "v=0"},
            {"description": {"type": "shell", "sdp": "v=0"}},
            {"description": {"type": "offer", "sdp": 1}},
            {"candidate": {"candidate": 1}},
            {"description": {"type": "offer", "sdp": ""}, "candidate": {"candidate": ""}},
        ],
    )
    async def test_what_is_no_signal_is_not_relayed(self, person, adviser, data):
        await let_in(person, adviser)
        await person.say(type="signal", to=adviser.id, call=CALL, data=data)
        assert (await person.hear("error"))["code"] == "bad_signal"
        assert await adviser.hears_nothing()

    @pytest.mark.parametrize("call", [None, "", "x" * 36, 7])
    async def test_a_signal_names_its_connection(self, person, adviser, call):
        await let_in(person, adviser)
        await person.say(type="signal", to=adviser.id, call=call, data=OFFER)
        assert (await person.hear("error"))["code"] == "bad_signal"

    async def test_what_else_stands_in_a_signal_is_left_out(self, person, adviser):
        await let_in(person, adviser)
        candidate = {"candidate": "candidate:1", "sdpMid": "0", "html": "<script>"}
        await person.say(type="signal", to=adviser.id, call=CALL, data={"candidate": candidate, "more": 1})
        heard = await adviser.hear("signal")
        assert heard["data"] == {"candidate": {"candidate": "candidate:1", "sdpMid": "0"}}

    async def test_the_largest_message_passes_and_a_larger_one_closes(self, person, adviser):
        await let_in(person, adviser)
        description = {"type": "offer", "sdp": ""}
        message = {"type": "signal", "to": adviser.id, "call": CALL, "data": {"description": description}}
        description["sdp"] = "x" * (LARGEST_MESSAGE - len(json.dumps(message)))
        await person.say(**message)
        await adviser.hear("signal")
        description["sdp"] += "x"
        await person.say(**message)
        assert await person.closed() == consumers.CLOSE_TOO_LARGE
        assert (await adviser.hear("peer"))["present"] is False

    async def test_bytes_close(self, person):
        await person.join()
        await person.send_input({"type": "websocket.receive", "bytes": b"\x00"})
        assert await person.closed() == consumers.CLOSE_TOO_LARGE

    async def test_a_flood_closes(self, person, monkeypatch):
        monkeypatch.setattr(consumers.RoomConsumer, "frames_per_second", 0.0)  # a slow machine lets none through
        await person.join()
        for _ in range(BURST + 40):
            await person.say(type="hand", raised=True)
        assert await person.closed() == TOO_MANY


class TestTheEndOfTheCall:
    async def end(self, user, interview):
        await database_sync_to_async(room.end_call)(actor=user, interview=interview)

    @pytest.mark.parametrize("by", ["jobseeker", "adviser"])
    async def test_either_ends_it_for_both_and_nothing_is_relayed_any_more(self, interview, person, adviser, by):
        await let_in(person, adviser)
        await self.end(getattr(interview, by).user, interview)
        for tab in (person, adviser):
            await tab.hear("ended")
        await person.say(type="hand", raised=True)
        assert await adviser.hears_nothing()

    async def test_who_comes_back_finds_it_ended(self, interview, person, adviser, tabs):
        await let_in(person, adviser)
        await self.end(interview.jobseeker.user, interview)
        await person.leave()
        joined = await tabs(interview.jobseeker.user).join()
        assert (joined["admitted"], joined["ended"]) == (False, True)

    async def test_an_end_that_the_relay_lost_is_found_again(self, interview, person, adviser):
        await let_in(person, adviser)
        await Interview.objects.filter(pk=interview.pk).aupdate(
            call_ended_at=timezone.now(), call_ended_by=interview.adviser.user_id
        )
        await person.say(type="ping")
        await person.hear("ended")
        await person.hear("pong")

    async def test_the_adviser_takes_it_up_again(self, interview, person, adviser):
        await let_in(person, adviser)
        await self.end(interview.jobseeker.user, interview)
        for tab in (person, adviser):
            await tab.hear("ended")
        await adviser.say(type="admit")
        for tab in (person, adviser):
            await tab.hear("admitted")
        await person.say(type="hand", raised=True)
        assert (await adviser.hear("hand"))["raised"] is True

    async def test_the_report_reaches_who_stayed(self, interview, person, adviser):
        await let_in(person, adviser)
        await self.end(interview.adviser.user, interview)
        await person.hear("ended")
        await database_sync_to_async(closing.close_interview)(
            actor=interview.adviser.user, interview=interview, conclusions="Fait.", next_step=NextStep.CONTINUE
        )
        assert (await person.hear("closed"))["moment"] == "closed"

    async def test_a_cut_connection_ends_nothing(self, interview, person, adviser):
        await let_in(person, adviser)
        await person.leave()
        assert (await adviser.hear("peer"))["present"] is False
        assert await adviser.hears_nothing()
        await interview.arefresh_from_db()
        assert interview.call_ended_at is None


class TestWhatHappensElsewhere:
    async def test_closing_the_interview_ends_the_room_for_both(self, interview, person, adviser):
        await let_in(person, adviser)
        await database_sync_to_async(closing.close_interview)(
            actor=interview.adviser.user, interview=interview, conclusions="Fait.", next_step=NextStep.CONTINUE
        )
        for tab in (person, adviser):
            await tab.hear("closed")
            assert await tab.closed() == consumers.CLOSE_OVER

    async def test_a_technical_problem_and_the_telephone_are_told_to_both(self, interview, person, adviser):
        await meet(person, adviser)
        await database_sync_to_async(room.report_technical_failure)(
            actor=interview.jobseeker.user, interview=interview, note=""
        )
        await database_sync_to_async(room.continue_by_phone)(actor=interview.jobseeker.user, interview=interview)
        for tab in (person, adviser):
            await tab.hear("trouble")
            await tab.hear("phone")

    async def test_relays_have_a_log_in_that_expires(self, settings, person):
        settings.STUN_URLS = ["stun:relay.example:3478"]
        settings.TURN_URLS = ["turn:relay.example:3478"]
        settings.TURN_SECRET = "shared"
        stun, turn = (await person.join())["ice_servers"]
        assert stun == {"urls": ["stun:relay.example:3478"]}
        assert int(turn["username"].partition(":")[0]) > timezone.now().timestamp()
        assert turn["credential"]

    async def test_the_log_in_is_renewed_while_the_room_is_open(self, settings, person, monkeypatch):
        settings.TURN_URLS, settings.TURN_SECRET = ["turn:relay.example:3478"], "shared"
        await person.join()
        await person.say(type="ping")
        await person.hear("pong")
        assert await person.hears_nothing()
        monkeypatch.setattr("visio.consumers.RENEWED_AFTER", timedelta(0))
        await person.say(type="ping")
        await person.hear("pong")
        (turn,) = (await person.hear("relays"))["ice_servers"]
        assert turn["username"].partition(":")[2].endswith("-jobseeker")

    @pytest.mark.parametrize("relay_only", [True, False])
    async def test_a_setting_relays_everything(self, settings, person, relay_only):
        settings.VIDEO_RELAY_ONLY = relay_only
        assert (await person.join())["relay_only"] is relay_only


class TestWithoutRedis:
    @pytest.fixture(autouse=True)
    def _no_redis(self, settings):
        settings.CHANNEL_LAYERS = channel_layers("redis://127.0.0.1:1")

    async def test_the_socket_is_refused_without_a_traceback(self, person):
        await person.send_input({"type": "websocket.connect"})
        assert await person.receive_output(PATIENCE) == {"type": "websocket.close", "code": TRY_LATER}
        person.has_left = True

    def test_an_interview_is_closed_all_the_same(self, interview):
        closing.close_interview(
            actor=interview.adviser.user, interview=interview, conclusions="Fait.", next_step=NextStep.CONTINUE
        )
        interview.refresh_from_db()
        assert interview.state == InterviewState.HELD
