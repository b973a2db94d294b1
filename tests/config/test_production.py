"""Production starts only when it has all of its settings, and then leaves nothing open."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from accompaniment.rules import operator
from config.settings import connections, environment
from config.static_storage import OUR_FOLDERS

from .embedded_clients import PROJECT, bare_environment

IMPORT = re.compile(r"""\b(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""")

TOLD = {
    "SECRET_KEY": "only-of-this-test-and-long-enough-for-a-key-0123456789",
    "ALLOWED_HOSTS": "suivi.example, www.suivi.example",
    "DATABASE_URL": "postgres://somebody:secret@database.example/name",
    "REDIS_URL": "redis://redis.example:6379",
}

ASKED_FOR = {
    "LEGAL_WORDS_VALIDATED_ON": "9999-12-31",
    "MEDIATOR_URL": "https://mediateur.example",
    "CLAMD_URL": "unix:///run/clamav/clamd.ctl",
    **dict.fromkeys(operator.REQUIRED, "said"),
    "ACCESSIBILITY_STATED_ON": "2026-11-28",
}
"""The settings that `check` requires, although production starts without them."""


def manage(*arguments: str, **told: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env=bare_environment(DJANGO_SETTINGS_MODULE="config.settings.production", **told),
        check=False,
        capture_output=True,
        text=True,
    )


def test_check_deploy_has_nothing_to_say() -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", **TOLD, **ASKED_FOR)
    assert done.returncode == 0, done.stderr
    # Django recommends preload. Here an operator has to ask for it.
    assert "no issues (1 silenced)" in done.stdout + done.stderr


def test_check_deploy_names_each_fact_about_the_operator_that_is_missing() -> None:
    """Kind: pages that do not say who publishes them. Each missing fact is an error, down to the last one."""
    done = manage("check", "--deploy", **TOLD)
    assert done.returncode == 1
    named = re.findall(r"E012\) (\w+) is empty", done.stderr)
    assert sorted(named) == sorted(operator.REQUIRED)
    one_less = {name: value for name, value in ASKED_FOR.items() if name != "DPO_CONTACT"}
    done = manage("check", "--deploy", **TOLD, **one_less)
    assert done.returncode == 1
    assert re.findall(r"E012\) (\w+) is empty", done.stderr) == ["DPO_CONTACT"]


@pytest.mark.parametrize(
    ("root", "said"),
    [
        ("{static}/attachments", "lie in each other"),
        ("/etc/passwd/attachments", "cannot be written"),
        ("{free}", ""),
    ],
)
def test_attachments_need_a_folder_that_no_proxy_serves(root: str, said: str, tmp_path: Path) -> None:
    place = root.format(static=PROJECT / "staticfiles", free=tmp_path / "attachments")
    done = manage("check", "--deploy", **TOLD, **ASKED_FOR, ATTACHMENTS_ROOT=place)
    assert (done.returncode != 0) == bool(said)
    assert said in done.stderr


@pytest.mark.parametrize("missing", TOLD)
def test_each_missing_value_is_named_in_one_sentence(missing: str) -> None:
    done = manage("check", **{name: value for name, value in TOLD.items() if name != missing})
    assert done.returncode == 1
    assert done.stderr == f"Production does not start: the environment variable {missing} is missing.\n"


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (environment.LOCAL_KEY, "everybody may read"),
        ("only-of-this-test-and-a-little-too-short-012345678", ""),
        ("only-of-this-test-and-a-little-too-short-01234567", "50 random characters"),
        ("a" * 80, "50 random characters"),
        ("django-insecure-only-of-this-test-and-long-enough-for-a-key", "50 random characters"),
    ],
)
def test_a_key_that_is_short_or_everybody_s_starts_nothing(key: str, sentence: str) -> None:
    """Kind: a secret that is set and not secret."""
    if not sentence:
        assert environment.secret_key(key) == key
        return
    with pytest.raises(ImproperlyConfigured, match=sentence):
        environment.secret_key(key)


def test_production_asks_for_the_key() -> None:
    done = manage("check", **{**TOLD, "SECRET_KEY": environment.LOCAL_KEY})
    assert done.returncode == 1
    assert "everybody may read" in done.stderr


@pytest.mark.parametrize(("asked", "preload"), [("", "False"), ("no", "False"), ("yes", "True")])
def test_the_domain_is_put_on_the_browsers_list_only_when_asked(asked: str, preload: str) -> None:
    program = (
        "from django.conf import settings; print(settings.SECURE_HSTS_PRELOAD, settings.SECURE_HSTS_SECONDS > 0, "
        "settings.SECURE_HSTS_INCLUDE_SUBDOMAINS)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env=bare_environment(DJANGO_SETTINGS_MODULE="config.settings.production", **TOLD, HSTS_PRELOAD=asked),
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == f"{preload} True True\n"


def test_all_that_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TOLD:
        monkeypatch.setenv(name, " ")
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY, ALLOWED_HOSTS, DATABASE_URL, REDIS_URL are missing"):
        environment.required(*TOLD)


def test_hosts_are_names_and_never_everybody() -> None:
    assert environment.hosts("a.example, b.example") == ["a.example", "b.example"]
    with pytest.raises(ImproperlyConfigured):
        environment.hosts("a.example,*")


def test_the_mail_server_is_read_from_one_address() -> None:
    assert connections.email("smtp+tls://me:p%40ss@mail.example") == connections.MailServer(
        host="mail.example", port=587, user="me", password="p@ss", starttls=True, tls=False
    )
    with pytest.raises(ImproperlyConfigured):
        connections.email("imap://mail.example")


@pytest.mark.parametrize(
    ("url", "cache", "broker", "layer"),
    [
        (
            "unix:///tmp/a%20b/valkey.sock",
            "unix:///tmp/a%20b/valkey.sock?db=0",
            "redis+socket:///tmp/a%20b/valkey.sock?virtual_host=1",
            "unix:///tmp/a%20b/valkey.sock?db=2",
        ),
        (
            "redis://:secret@host:6379",
            "redis://:secret@host:6379/0",
            "redis://:secret@host:6379/1",
            "redis://:secret@host:6379/2",
        ),
        ("rediss://host/4", "rediss://host/4", "rediss://host/5", "rediss://host/6"),
    ],
)
def test_cache_broker_and_layer_have_databases_of_their_own(url: str, cache: str, broker: str, layer: str) -> None:
    """Emptying one must never empty another, whichever database the URL names."""
    assert connections.cache(url)["default"]["LOCATION"] == cache
    assert connections.broker(url) == broker
    assert connections.channel_layers(url)["default"]["CONFIG"]["hosts"][0]["address"] == layer


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysql://somebody:secret@host/name",
        "postgres://somebody:secret@host",
        "postgres://somebody:se#cret@host/name",
        "postgres://somebody:se@cr/et@host/name",
        "postgres://somebody:se?cret@host/name",
    ],
)
def test_an_address_that_a_password_cuts_short_is_refused_with_a_sentence(url: str) -> None:
    """Such a URL would lead to another host, and the operator would look for the fault there."""
    with pytest.raises(ImproperlyConfigured, match="%40"):
        connections.databases(url)
    whole = connections.databases("postgres://somebody:se%40c%2Fr%23e%3Ft@host/name")["default"]
    assert (whole["PASSWORD"], whole["HOST"], whole["NAME"]) == ("se@c/r#e?t", "host", "name")


def test_a_database_that_is_no_number_is_refused_with_a_sentence() -> None:
    with pytest.raises(ImproperlyConfigured, match="by its number"):
        connections.broker("redis://host:6379/queue")


def test_static_files_can_be_collected(tmp_path: Path) -> None:
    """Kind: a missing file, named by a style sheet or a script, that stops the deployment.

    Everybody may read the files: root collects them, and another account serves them.
    """
    gathered = tmp_path / "staticfiles"
    program = (
        "import django; django.setup(); from django.conf import settings; from django.core.management import "
        "call_command; import sys; settings.STATIC_ROOT = sys.argv[1]; "
        # Brotli takes most of the time, and finds no missing file.
        "settings.WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ('css', 'js', 'svg', 'json', 'md', 'txt', 'csv'); "
        "call_command('collectstatic', verbosity=0, interactive=False)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(gathered)],
        cwd=PROJECT,
        umask=0o022,
        env=bare_environment(DJANGO_SETTINGS_MODULE="config.settings.production", **TOLD),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (gathered / "staticfiles.json").exists()
    # A module that imports another one by its plain name would be asked for again at each page.
    own = json.loads((gathered / "staticfiles.json").read_text())["paths"]
    ours = [own[name] for name in own if name.endswith(".js") and name.partition("/")[0] in OUR_FOLDERS]
    imported = {name for file in ours for name in IMPORT.findall((gathered / file).read_text())}
    assert len(imported) > 10
    assert {name.rpartition("/")[2] for name in imported} <= {name.rpartition("/")[2] for name in own.values()}
    closed = [path for path in (gathered, *gathered.rglob("*")) if path.stat().st_mode & 0o044 != 0o044]
    shut = [path for path in (gathered, *gathered.rglob("*/")) if path.stat().st_mode & 0o011 != 0o011]
    assert (closed, shut) == ([], [])
