"""Kills, freezes and restarts what a chat stands on. Every process that it ends is one of its own."""

import asyncio
import os
import signal
from pathlib import Path

from config.embedded.locks import holders
from config.embedded.places import Places
from tests.benchmarks.chat_rig import Server, begin

FROZEN_FOR = 2.0  # seconds


class Ground:
    """The own servers of a run, in a data folder of its own, and its web processes."""

    def __init__(self, data_dir: Path, web: list[Server]) -> None:
        self.places = Places(data_dir)
        self.web = web

    async def kill_valkey(self) -> None:
        """Kill Valkey. Its keeper starts it anew."""
        os.kill(_eldest(holders(self.places.valkey_lock)), signal.SIGKILL)

    async def freeze_valkey(self) -> None:
        """Stop Valkey for a while: it accepts connections and never answers."""
        pid = _eldest(holders(self.places.valkey_lock))
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(FROZEN_FOR)
        finally:
            os.kill(pid, signal.SIGCONT)

    async def kill_a_web_process(self) -> None:
        """Kill a web process under its open sockets, and start it anew on the same port."""
        server = self.web[0]
        server.process.kill()
        server.process.wait()
        server.process = begin(server.port).process

    async def restart_postgres(self) -> None:
        """Let PostgreSQL end all sessions and stop at once. Its keeper starts it anew."""
        os.kill(_eldest(holders(self.places.postgres_lock)), signal.SIGINT)


def _eldest(pids: set[int]) -> int:
    """Return the process among these that none of the others has started."""
    (eldest,) = (pid for pid in pids if _parent(pid) not in pids)
    return eldest


def _parent(pid: int) -> int:
    status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return int(status.rpartition(")")[2].split()[1])
