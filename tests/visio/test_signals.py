"""What of a signal passes while the person waits, and where all is relayed: never an address of its sender."""

import pytest

from visio.enums import RoomRole
from visio.rules.signals import warm_signal, without_addresses

HOME = "203.0.113.77"
"""The address of the sender, which must not arrive."""
RELAY = "198.51.100.9"

HOST = f"candidate:1 1 udp 2122260223 {HOME} 54321 typ host generation 0"
MAPPED = f"candidate:2 1 udp 1686052607 {HOME} 40000 typ srflx raddr {HOME} rport 54321 generation 0"
RELAYED = f"candidate:3 1 udp 41885695 {RELAY} 50000 typ relay raddr {HOME} rport 40000 generation 0 ufrag abcd"
CLEAN = f"candidate:3 1 udp 41885695 {RELAY} 50000 typ relay raddr 0.0.0.0 rport 0 generation 0 ufrag abcd"

SDP = "\r\n".join(
    [
        "v=0",
        f"o=- 4611731400430051336 2 IN IP4 {HOME}",
        "s=-",
        "t=0 0",
        "m=audio 54321 UDP/TLS/RTP/SAVPF 111",
        f"c=IN IP4 {HOME}",
        f"a=rtcp:54322 IN IP4 {HOME}",
        f"a={HOST}",
        f"a={MAPPED}",
        f"a={RELAYED}",
        f"a=remote-candidates:1 {HOME} 54321",
        "a=ice-ufrag:abcd",
        "a=sendrecv",
        "",
    ]
)


def described(kind: str) -> dict[str, dict[str, str]]:
    return {"description": {"type": kind, "sdp": SDP}}


@pytest.mark.parametrize("relayed", [True, False])
def test_a_description_keeps_what_sets_up_a_connection_and_no_address(relayed: bool) -> None:
    passed = warm_signal(described("offer"), role=RoomRole.ADVISER, relayed=relayed)
    assert passed is not None
    sdp = passed["description"]["sdp"]
    assert HOME not in sdp
    for kept in ("m=audio", "a=ice-ufrag:abcd\r\n", "a=sendrecv\r\n", "c=IN IP4 0.0.0.0\r\n"):
        assert kept in sdp
    assert (f"a={CLEAN}\r\n" in sdp) is relayed
    assert sdp.count("a=candidate") == int(relayed)


@pytest.mark.parametrize(
    ("candidate", "passes"),
    [
        (RELAYED, CLEAN),
        (HOST, None),
        (MAPPED, None),
        # A name would be looked up by the other side's browser, and whoever owns the name would see from where.
        (RELAYED.replace(RELAY, "a.name.example"), None),
        (RELAYED.replace(RELAY, "2001:db8::9"), CLEAN.replace(RELAY, "2001:db8::9")),
        (f"{RELAYED} {HOME} {HOME}", CLEAN),
        (f"{HOST} typ relay", None),
        ("candidate:1 1 udp", None),
        ("", ""),
    ],
)
def test_only_a_way_through_the_relay_passes(candidate: str, passes: str | None) -> None:
    data = {"candidate": {"candidate": candidate, "sdpMid": "0"}}
    expected = None if passes is None else {"candidate": {"candidate": passes, "sdpMid": "0"}}
    assert without_addresses(data, relayed=True) == expected
    assert without_addresses(data, relayed=False) is None, "no way at all without a relay"


@pytest.mark.parametrize(
    ("role", "kind", "passes"),
    [
        (RoomRole.ADVISER, "offer", True),
        (RoomRole.JOBSEEKER, "answer", True),
        (RoomRole.ADVISER, "answer", False),
        (RoomRole.JOBSEEKER, "offer", False),
        (RoomRole.JOBSEEKER, "pranswer", False),
        (RoomRole.ADVISER, "rollback", False),
    ],
)
def test_the_adviser_offers_and_the_person_answers(role: RoomRole, kind: str, passes: bool) -> None:
    assert (warm_signal(described(kind), role=role, relayed=True) is not None) is passes


def test_a_line_cannot_hide_another() -> None:
    """Kind: what one side reads as one line and the other side as two."""
    hidden = {"description": {"type": "offer", "sdp": f"v=0\ra={HOST}\ns=-\x0ba={MAPPED}\r\n"}}
    passed = without_addresses(hidden, relayed=True)
    assert passed is not None
    assert HOME not in passed["description"]["sdp"]
