"""`python -m tests.benchmarks.poor_network PORT`: a poor network on loopback, between browsers and a relay.

It prints the port where it listens, and passes each datagram on to 127.0.0.1:PORT or back, 50 ms later, less one in a
hundred. Two browsers that meet in the relay are then 200 ms apart, there and back.

It reads orders from its standard input: `cut SECONDS` loses everything for this time, `report` prints how late it sent
(95 of 100 datagrams, in ms) since the last report. It ends with its input.
"""

import heapq
import math
import os
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from time import monotonic

LATER = 0.05  # seconds, on each leg
LOST = 0.01
LARGEST = 65_535
PROJECT = Path(__file__).resolve().parent.parent.parent

Address = tuple[str, int]


@dataclass
class PoorNetwork:
    """Handle of the process, for a benchmark."""

    port: int
    process: "subprocess.Popen[str]"

    def cut(self, seconds: float) -> None:
        """Lose everything from now on for this time."""
        self._order(f"cut {seconds}")

    def lateness(self) -> float:
        """Return how late 95 of 100 datagrams were at most since the last question, in ms."""
        self._order("report")
        assert self.process.stdout is not None
        return float(self.process.stdout.readline())

    def _order(self, order: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()


@contextmanager
def poor_network(relay: int) -> Iterator[PoorNetwork]:
    """Run a poor network before the relay at this port of loopback."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.poor_network", str(relay)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield PoorNetwork(int(process.stdout.readline()), process)
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


@dataclass
class Line:
    """The process itself: one socket for the browsers, and one to the relay for each of them."""

    relay: Address
    luck: Random = field(default_factory=lambda: Random(1))
    upwards: dict[Address, socket.socket] = field(default_factory=dict)
    waiting: list[tuple[float, int, socket.socket, bytes, Address]] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    cut_until: float = 0.0
    is_open: bool = True

    def __post_init__(self) -> None:
        self._numbers = count()
        self._ready = selectors.DefaultSelector()
        self.front = _socket()
        self._ready.register(self.front, selectors.EVENT_READ, None)
        self._ready.register(sys.stdin.fileno(), selectors.EVENT_READ, "orders")

    def run(self) -> None:
        """Pass datagrams on until the input ends."""
        while self.is_open:
            wait = max(0.0, self.waiting[0][0] - monotonic()) if self.waiting else None
            for key, _ in self._ready.select(wait):
                if key.data == "orders":
                    self._obey()
                else:
                    self._take(key.fileobj, key.data)  # type: ignore[arg-type]
            self._send_what_is_due()

    def _take(self, sock: socket.socket, browser: Address | None) -> None:
        while True:
            try:
                datagram, sender = sock.recvfrom(LARGEST)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if browser is None:
                self._later(self._upward(sender), datagram, self.relay)
            else:
                self._later(self.front, datagram, browser)

    def _later(self, sock: socket.socket, datagram: bytes, to: Address) -> None:
        now = monotonic()
        if now >= self.cut_until and self.luck.random() >= LOST:
            heapq.heappush(self.waiting, (now + LATER, next(self._numbers), sock, datagram, to))

    def _send_what_is_due(self) -> None:
        while self.waiting and self.waiting[0][0] <= (now := monotonic()):
            due, _, sock, datagram, to = heapq.heappop(self.waiting)
            self.late.append(now - due)
            try:
                sock.sendto(datagram, to)
            except OSError:
                continue  # a full buffer or a browser that is gone: lost, as on any network

    def _upward(self, browser: Address) -> socket.socket:
        if browser not in self.upwards:
            self.upwards[browser] = _socket()
            self._ready.register(self.upwards[browser], selectors.EVENT_READ, browser)
        return self.upwards[browser]

    def _obey(self) -> None:
        orders = os.read(sys.stdin.fileno(), LARGEST).decode()
        self.is_open = bool(orders)
        for order in orders.splitlines():
            what, _, amount = order.partition(" ")
            if what == "cut":
                self.cut_until = monotonic() + float(amount)
            else:
                _say(p95(self.late or [0.0]) * 1000)
                self.late.clear()


def p95(values: list[float]) -> float:
    """Return the value that 95 of 100 do not exceed."""
    return sorted(values)[math.ceil(len(values) * 0.95) - 1]


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
    made.bind(("127.0.0.1", 0))
    made.setblocking(False)
    return made


def _say(number: float) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with suppress(OSError):  # only where it is allowed
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    line = Line(("127.0.0.1", int(sys.argv[1])))
    _say(line.front.getsockname()[1])
    line.run()
