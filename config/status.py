"""The state of each part of the service in one line, for the operator.

It asks the servers and the worker, and looks in the database for what should be done by now. It writes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from celery import current_app
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Min, Q
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from accompaniment.enums import GivenUpFor
from accompaniment.models import JobRun, Notification, Setback
from caseload.enums import ImportState
from caseload.models import ImportRun, Transfer
from caseload.reads.moves.transfer_reports import is_due
from caseload.services.steering.imports import somebody_loads
from config import health
from messaging.models import Alert, DispatchRecipient, PlannedMessage, SmsDay
from messaging.services.sms import day_of

LATE = timedelta(minutes=10)
"""How long something may be overdue before the operator is told: longer than a restart takes."""
ROUNDS_MISSED = 3
"""How many rounds a job may miss, plus a minute of grace."""
GRACE = timedelta(minutes=1)
TIMES_THAT_TELL = 3
"""From this number of failures on, the next round will probably not mend a row."""
ROWS_TOLD = 5
WORKER_ANSWERS_WITHIN = 2.0  # seconds
RECENTLY = timedelta(days=1)


@dataclass(frozen=True)
class Line:
    """One part of the service: its name, whether it works, and the details."""

    part: str
    well: bool
    text: str


def look(now: datetime) -> Iterator[Line]:
    """Check each part in turn. Without the database, nothing else can be checked."""
    database, redis = (health.PROBED[name]() for name in ("database", "redis"))
    yield Line("database", database, "answers" if database else "no answer")
    yield Line("redis", redis, "answers" if redis else "no answer: chat is slower, letters and planning wait")
    if not database:
        return
    yield _migrations()
    yield _worker() if redis else Line("worker", well=False, text="cannot be asked without Redis")
    for part in (_beat, _setbacks, _outbox, _messages, _imports, _transfers):
        yield part(now)


def _migrations() -> Line:
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    return Line("migrations", not missing, f"{missing} not applied" if missing else "all applied")


def _worker() -> Line:
    try:
        answers = current_app.control.inspect(timeout=WORKER_ANSWERS_WITHIN).ping() or {}
    except (BrokerError, RedisError, OSError):
        return Line("worker", well=False, text="the broker does not answer")
    return Line("worker", bool(answers), f"{len(answers)} answering" if answers else "nobody answers")


def _beat(now: datetime) -> Line:
    """Beat works if each job has run within its rounds, counted for the first time from when beat began."""
    done = {run.job: run for run in JobRun.objects.all()}
    if not done:
        return Line("beat", well=False, text="no job was ever done")
    began = min(run.first_at for run in done.values())
    late, failing = [], []
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        run = done.get(entry["task"])
        last = run.succeeded_at if run else None
        if now - (last or began) > ROUNDS_MISSED * timedelta(seconds=entry["schedule"]) + GRACE:
            late.append(f"{name} (last {_instant(last)})" if last else f"{name} (never)")
        if run and run.failed_at and (last is None or run.failed_at > last):
            failing.append(f"{name} ({run.error} at {_instant(run.failed_at)})")
    said = [f"{word}: {', '.join(names)}" for word, names in (("late", late), ("failing", failing)) if names]
    return Line("beat", not said, "; ".join(said) or f"{len(settings.CELERY_BEAT_SCHEDULE)} jobs on time")


def _setbacks(now: datetime) -> Line:
    """Rows on which a job fails. After some failures somebody has to look; the log says why."""
    rows = list(Setback.objects.order_by("-failures", "job", "row"))
    told = [
        f"{one.job} {one.row} ({one.error}, {one.failures} times, next {_instant(max(one.next_try_at, now))})"
        for one in rows[:ROWS_TOLD]
    ]
    more = [f"{len(rows) - ROWS_TOLD} more"] if len(rows) > ROWS_TOLD else []
    well = all(one.failures < TIMES_THAT_TELL for one in rows)
    return Line("setbacks", well, "; ".join(told + more) or "no row fails")


def _outbox(now: datetime) -> Line:
    waiting = Q(sent_at=None, given_up_at=None)
    found = Notification.objects.filter(waiting).aggregate(
        due=Count("pk", filter=Q(next_try_at__lte=now)),
        later=Count("pk", filter=Q(next_try_at__gt=now)),
        tried=Count("pk", filter=Q(attempts__gt=0)),
        since=Min("next_try_at"),
    )
    lost = (GivenUpFor.FAILED, GivenUpFor.DEAD_ADDRESS)
    lately = Notification.objects.filter(given_up_at__gt=now - RECENTLY, given_up_for__in=("", *lost))
    given_up = lately.exclude(email="").count()
    late = bool(found["due"]) and found["since"] < now - LATE
    alerts = Alert.objects.filter(waiting).count()
    parts = SmsDay.objects.filter(day=day_of(now)).values_list("parts", flat=True).first() or 0
    return Line(
        "outbox",
        not late,
        f"{found['due']} due"
        + (f" since {_instant(found['since'])}" if found["due"] else "")
        + f", {found['later']} for later, {found['tried']} tried and not taken, {given_up} given up within a day; "
        f"{alerts} alerts waiting, {parts} of {settings.SMS_DAILY_BUDGET} parts of SMS today",
    )


def _messages(now: datetime) -> Line:
    """Messages that a worker sends: to several people, and at the opening of an agency."""
    several, planned = (
        kind.objects.waiting().aggregate(
            due=Count("pk", filter=Q(next_try_at__lte=now)),
            later=Count("pk", filter=Q(next_try_at__gt=now)),
            since=Min("next_try_at"),
        )
        for kind in (DispatchRecipient, PlannedMessage)
    )
    due = [found["since"] for found in (several, planned) if found["due"]]
    late = any(since < now - LATE for since in due)
    return Line(
        "messages",
        not late,
        f"{several['due']} to several and {planned['due']} planned ones due"
        + (f" since {_instant(min(due))}" if due else "")
        + f", {several['later'] + planned['later']} for later",
    )


def _imports(now: datetime) -> Line:
    unfinished = ImportRun.objects.unfinished().aggregate(
        waiting=Count("pk", filter=Q(state=ImportState.WAITING)),
        running=Count("pk", filter=Q(state=ImportState.RUNNING)),
        since=Min("started_at"),
    )
    loading = somebody_loads()
    files = unfinished["waiting"] + unfinished["running"]
    stuck = bool(files) and not loading and unfinished["since"] < now - LATE
    text = f"{unfinished['waiting']} waiting, {unfinished['running']} being loaded"
    if stuck:
        text += f", and nobody loads since {_instant(unfinished['since'])}"
    return Line("imports", not stuck, text)


def _transfers(now: datetime) -> Line:
    """A transfer is overdue ten minutes after its day has begun where the person is."""
    planned = Transfer.objects.planned().select_related("batch", "source__agency__departement__region")
    last_day_anywhere = now.date() + timedelta(days=1)
    overdue = [
        transfer for transfer in planned.filter(batch__due_on__lte=last_day_anywhere) if is_due(transfer, now - LATE)
    ]
    text = f"{planned.count()} planned, {len(overdue)} overdue"
    return Line("transfers", not overdue, text)


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
