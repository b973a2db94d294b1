"""Programs that use separate embedded servers in separate processes, as commands do."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import dj_database_url
import psycopg
import redis

from config.embedded.locks import holders, is_held
from config.embedded.places import Places

PATIENCE = 20.0  # seconds
PROJECT = Path(__file__).resolve().parent.parent.parent

CLIENT = """
import sys
from pathlib import Path
from config.embedded import connection_urls
urls = connection_urls(Path(sys.argv[1]))
print(urls.database, urls.redis, flush=True)
sys.stdin.read()
"""


def eventually(condition: Callable[[], bool], limit: float = PATIENCE) -> None:
    """Return once the condition holds; fail if it does not hold within `limit` seconds."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "the condition never held"
        time.sleep(0.01)


def bare_environment(**more: str) -> dict[str, str]:
    """Return this process's environment without the variables that name servers, settings or a port."""
    named = ("DATABASE_URL", "REDIS_URL", "DATA_DIR", "PORT", "DJANGO_SETTINGS_MODULE", "PUBLIC_URL")
    return {**{name: value for name, value in os.environ.items() if name not in named}, **more}


@dataclass
class Client:
    """A process that holds a lease until the test ends it."""

    process: subprocess.Popen[str]
    database: str
    redis: str

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        parsed = dj_database_url.parse(self.database)
        with psycopg.connect(host=parsed["HOST"], user=parsed["USER"], dbname=parsed["NAME"]) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def valkey(self) -> redis.Redis:
        return redis.Redis.from_url(self.redis)

    def leave(self) -> None:
        self.process.communicate(timeout=PATIENCE)


def begin(data_dir: Path, **environment: str) -> subprocess.Popen[str]:
    """Start a client without waiting for its servers."""
    return subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(data_dir)],
        cwd=PROJECT,
        env=bare_environment(**environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def connected(process: subprocess.Popen[str]) -> Client:
    """Wait until the client has its servers."""
    assert process.stdout is not None
    line = process.stdout.readline().split()
    assert len(line) == 2, "the client found no servers"
    return Client(process, *line)


def none_left(data_dir: Path) -> bool:
    """Return whether this folder has neither a keeper nor a server any more."""
    places = Places(data_dir)
    return not any(is_held(lock) for lock in (places.keeper, places.postgres_lock, places.valkey_lock))


def server_processes(data_dir: Path) -> set[int]:
    places = Places(data_dir)
    return holders(places.postgres_lock) | holders(places.valkey_lock)


def keeper_processes(data_dir: Path) -> set[int]:
    return holders(Places(data_dir).keeper)
