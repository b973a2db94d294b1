"""`manage.py status`: each part working, and each part in trouble, differing by one fact."""

import json
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from accompaniment import jobs
from accompaniment.enums import NotificationKind
from accompaniment.models import JobRun
from accompaniment.services import outbox
from caseload.enums import ImportKind, ImportState
from caseload.models import ImportRun
from config.celery import app
from config.status import look
from messaging.models import PlannedMessage
from tests.caseload.factories import ManagerFactory
from tests.caseload.files import loading_elsewhere
from tests.messaging.factories import pair

pytestmark = pytest.mark.django_db


def part(name: str, now: datetime | None = None) -> tuple[bool, str]:
    found = {line.part: line for line in look(now or timezone.now())}
    return found[name].well, found[name].text


def all_on_time(now: datetime) -> None:
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        JobRun.objects.create(job=entry["task"], succeeded_at=now)


def test_servers_that_answer_and_servers_that_do_not(settings: Settings) -> None:
    assert part("database") == (True, "answers")
    assert part("redis") == (True, "answers")
    assert part("migrations") == (True, "all applied")
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    assert part("redis")[0] is False
    assert part("worker") == (False, "cannot be asked without Redis")


def test_a_worker_that_nobody_started_is_told() -> None:
    assert part("worker") == (False, "nobody answers")


def test_the_clock_is_well_while_its_jobs_are_on_time() -> None:
    now = timezone.now()
    assert part("beat", now) == (False, "no job was ever done")
    all_on_time(now)
    assert part("beat", now) == (True, f"{len(settings.CELERY_BEAT_SCHEDULE)} jobs on time")
    well, text = part("beat", now + timedelta(minutes=2))
    assert not well
    assert "deliver-notifications (last" in text
    assert "plan-interviews" not in text


def test_a_job_that_was_never_done_is_late_only_when_the_clock_runs_for_longer() -> None:
    """A new installation must not look broken for the hours until its hourly jobs are due."""
    jobs.forget_sent_forms.apply()
    JobRun.objects.update(succeeded_at=timezone.now() + timedelta(hours=2))
    assert "clear-sessions" not in part("beat", timezone.now() + timedelta(minutes=30))[1]
    assert "clear-sessions (never)" in part("beat", timezone.now() + timedelta(hours=2))[1]


def test_every_job_of_the_clock_exists_and_notes_what_came_of_it() -> None:
    """Kind: a scheduled name without a task, which would be late for ever."""
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert isinstance(app.tasks[entry["task"]], jobs.RecordedTask)
    jobs.forget_sent_forms.apply()
    assert JobRun.objects.get().succeeded_at is not None


def test_a_job_that_fails_is_told_with_the_class_of_its_error_alone() -> None:
    now = timezone.now()
    all_on_time(now)
    jobs.clear_sessions.on_failure(ValueError("Durand"), "", (), {}, None)
    well, text = part("beat", timezone.now())
    assert not well
    assert "failing: clear-sessions (ValueError at" in text
    assert "Durand" not in text


def test_a_letter_is_late_by_its_next_try_and_not_by_its_age() -> None:
    now = timezone.now()
    kept = {"kind": NotificationKind.PASSWORD_RESET, "email": "a@exemple.fr"}
    outbox.notify(key="later", **kept, not_before=now + timedelta(hours=3))
    assert part("outbox", now + timedelta(hours=1))[0] is True
    well, text = part("outbox", now + timedelta(hours=4))
    assert not well
    assert text.startswith("1 due since ")


def test_a_message_that_no_worker_sends_is_told() -> None:
    one, now = pair(), timezone.now()
    facts = {"conversation": one.conversation, "author": one.adviser, "body": "Bonjour", "after_number": 0}
    opening = now + timedelta(hours=1)
    PlannedMessage.objects.create(**facts, client_id=uuid4(), written_at=now, due_at=opening, next_try_at=opening)
    assert part("messages", now) == (True, "0 to several and 0 planned ones due, 1 for later")
    assert part("messages", opening + timedelta(minutes=5))[0] is True
    well, text = part("messages", opening + timedelta(minutes=11))
    assert not well
    assert text.startswith("0 to several and 1 planned ones due since ")


def test_a_file_that_nobody_loads() -> None:
    now = timezone.now()
    ImportRun.objects.create(
        kind=ImportKind.AGENCIES,
        filename="agences.csv",
        uploaded_by=ManagerFactory().user,
        started_at=now - timedelta(hours=1),
        state=ImportState.WAITING,
    )
    well, text = part("imports", now)
    assert not well
    assert text.startswith("1 waiting, 0 being loaded, and nobody loads since ")
    with loading_elsewhere():
        assert part("imports", now) == (True, "1 waiting, 0 being loaded")


def test_the_exit_code_and_the_json_say_the_same() -> None:
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("status", "--json", stdout=out)
    assert ended.value.code == 1
    told = json.loads(out.getvalue())
    assert told["well"] is False
    assert {one["part"] for one in told["parts"]} >= {"worker", "beat", "outbox", "imports", "transfers"}


def test_the_operator_reads_what_to_do_for_each_part() -> None:
    """Kind: an alarm at night without a page that explains it."""
    page = (Path(settings.BASE_DIR) / "docs/operations.md").read_text(encoding="utf-8")
    alarms = page[page.index("## When an alarm rings") :]
    assert [line.part for line in look(timezone.now()) if f"\n### `{line.part} " not in alarms] == []
