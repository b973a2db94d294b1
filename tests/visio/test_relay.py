"""The relay for video, as coturn really runs with the configuration that the service prints."""

import ipaddress
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.visio.relay import ON_LOOPBACK, SECRET, Coturn, coturn, free_port, printed
from visio.rules.turn import DENIED_PEERS, turn_login

REACHED = "success"
FORBIDDEN = "error 403 (Forbidden IP)"
NO_WAY = "Cannot complete Allocation"
"""What the client says when its log-in is refused, before it can name a peer."""

LOOPBACK = "127.0.0.1"

INTERVIEWS = count(1)

NOWHERE = (
    "0.0.0.0",  # noqa: S104  (an address that is refused)
    "10.1.2.3",
    "100.100.100.200",
    "127.0.0.1",
    "168.63.129.16",
    "169.254.169.254",
    "172.31.255.255",
    "192.168.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:10.1.2.3",
    "64:ff9b::7f00:1",
    "2002:7f00:1::1",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
)
"""Loopback, private networks, metadata services and what carries an address of these."""


@pytest.fixture(autouse=True)
def _secret(settings) -> None:  # type: ignore[no-untyped-def]
    settings.TURN_SECRET = SECRET


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.TURN_SECRET", SECRET)
        with coturn(tmp_path_factory.mktemp("coturn")) as server:
            yield server


def log_in(*, name: str = "", lasts: timedelta = timedelta(minutes=1), secret: str = SECRET) -> dict[str, str]:
    """Return a log-in; each for another person, because the relay limits the ways of one."""
    name = name or f"{next(INTERVIEWS)}-adviser"
    user, password = turn_login(secret=secret, name=name, expires_at=timezone.now() + lasts)
    return {"user": user, "password": password}


def test_coturn_understands_every_line(relay: Coturn) -> None:
    said = relay.said.read_text()
    for complaint in ("Bad configuration", "Unknown", "CONFIG ERROR", "ERROR"):
        assert complaint not in said, said
    assert said.count("Black listing") == len(DENIED_PEERS)


@pytest.mark.parametrize("peer", NOWHERE)
def test_the_relay_leads_into_no_network_that_is_not_public(relay: Coturn, peer: str) -> None:
    assert FORBIDDEN in relay.ask(peer=peer, **log_in())


def test_a_peer_that_may_be_reached_is_reached_and_its_neighbour_is_not(tmp_path: Path) -> None:
    with coturn(tmp_path, extra=ON_LOOPBACK) as server:
        assert REACHED in server.ask(peer=LOOPBACK, **log_in())
        assert FORBIDDEN in server.ask(peer="127.0.0.2", **log_in())


@pytest.mark.parametrize("address", ["8.8.8.8", "126.255.255.255", "2001:4860:4860::8888", "2a01:e0a::1"])
def test_no_public_address_is_in_a_range_that_is_refused(address: str) -> None:
    found = ipaddress.ip_address(address)
    ranges = [(ipaddress.ip_address(first), ipaddress.ip_address(last)) for first, last in DENIED_PEERS]
    same = [(first, last) for first, last in ranges if first.version == found.version]
    assert not [one for one in same if int(one[0]) <= int(found) <= int(one[1])]


def test_control_without_its_line_a_mapped_address_leads_to_the_machine_itself(tmp_path: Path) -> None:
    """CVE-2026-27624: the ranges of IPv4 do not keep their mapped addresses out."""
    with coturn(tmp_path, without="ip=::ffff:0:0-") as server:
        assert REACHED in server.ask(peer="::ffff:127.0.0.1", **log_in())


@pytest.mark.parametrize(
    "wrong",
    [
        {"lasts": timedelta(seconds=-1)},
        {"secret": "another secret"},
    ],
)
def test_a_log_in_that_is_over_or_forged_gets_nothing(relay: Coturn, wrong: dict[str, object]) -> None:
    answer = relay.ask(peer=LOOPBACK, **log_in(**wrong))  # type: ignore[arg-type]
    assert NO_WAY in answer, answer


def test_a_log_in_of_another_person_is_not_made_from_one_s_own(relay: Coturn) -> None:
    mine = log_in(name="7-adviser")
    later = int((timezone.now() + timedelta(days=365)).timestamp())
    for user in (f"{later}:7-adviser", mine["user"].replace("7-adviser", "8-adviser"), "7-adviser"):
        assert NO_WAY in relay.ask(peer=LOOPBACK, user=user, password=mine["password"]), user


def test_one_person_has_so_many_ways_and_no_more_whatever_the_log_in(relay: Coturn) -> None:
    answers = [
        relay.ask(peer="10.1.2.3", **log_in(name="0-jobseeker", lasts=timedelta(minutes=one))) for one in range(1, 26)
    ]
    assert "Allocation Quota Reached" in answers[-1]
    assert "Allocation Quota Reached" not in answers[0]


def test_the_ranges_are_ranges() -> None:
    for first, last in DENIED_PEERS:
        begins, ends = ipaddress.ip_address(first), ipaddress.ip_address(last)
        assert begins.version == ends.version
        assert int(begins) <= int(ends)


def test_behind_a_translation_of_addresses_coturn_is_told_both() -> None:
    lines = printed(port=free_port(), addresses=["203.0.113.7/10.0.0.7"]).splitlines()
    assert {"listening-ip=10.0.0.7", "relay-ip=10.0.0.7", "external-ip=203.0.113.7/10.0.0.7"} <= set(lines)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--address=relay.example"], "address"),
        (["--realm=a realm\nallow-loopback-peers"], "--realm must be one word"),
    ],
)
def test_what_would_break_the_file_is_refused(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("coturn_config", *arguments)


def test_without_a_secret_nothing_is_printed(settings) -> None:  # type: ignore[no-untyped-def]
    settings.TURN_SECRET = ""
    with pytest.raises(CommandError, match="TURN_SECRET"):
        call_command("coturn_config")
