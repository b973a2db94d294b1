"""10,000 letters that wait beside 500,000 that were delivered, compared with the same beside none.

Half of the letters tell of new messages, half of a decision. The relay is a process of its own that answers at once.
One worker delivers, as a child of the real worker does, round after round. The other side begins each time with a copy
of the same database in which nothing was delivered yet.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from django.db import connection
from django.test.utils import override_settings

from accompaniment.models import Notification
from messaging.models import Delivery
from messaging.services.delivery import deliver_due
from tests.benchmarks import databases
from tests.benchmarks.chat_rig import PROJECT
from tests.benchmarks.rows import RUNS, Row, Size, Target, medians
from tests.messaging.factories import pair

WAITING = {Size.FULL: 10_000, Size.SMALL: 60}
DELIVERED = {Size.FULL: 500_000, Size.SMALL: 200}
PEOPLE = {Size.FULL: 50, Size.SMALL: 3}
A_SECOND = 500

LETTERS = """
INSERT INTO accompaniment_notification
    (key, kind, user_id, jobseeker_id, email, context, created_at, next_try_at, attempts, sent_at, given_up_for,
     last_error)
SELECT %(name)s || n, CASE n %% 2 WHEN 0 THEN 'unread_messages' ELSE 'track_started' END, person.user_id, person.id,
       person.email,
       jsonb_build_object('first_name', 'Awa', 'author', 'Claire Martin', 'count', 1, 'path', '/',
                          'up_to', jsonb_build_object(talk.id::text, 1)),
       now(), now(), %(tries)s, CASE %(tries)s WHEN 1 THEN now() END, '', ''
FROM generate_series(1, %(letters)s) n
JOIN (SELECT id, user_id, email, row_number() OVER (ORDER BY id) AS place FROM accompaniment_jobseeker
      WHERE user_id IS NOT NULL) person ON person.place = 1 + n %% %(people)s
JOIN messaging_conversation talk ON talk.jobseeker_id = person.id;
"""
PROOFS = """
INSERT INTO messaging_delivery (notification_id, channel, address, subject, reference, accepted_at)
SELECT id, 'email', email, 'x', '', now() FROM accompaniment_notification WHERE sent_at IS NOT NULL
ON CONFLICT DO NOTHING;
"""


def run(size: Size) -> list[Row]:
    """Return the seconds that each side takes for what waits."""
    empty = databases.fresh("outbox_empty")
    for _ in range(PEOPLE[size]):
        pair()
    _execute("DELETE FROM accompaniment_notification")
    full = databases.copy_of(empty, "outbox_full")
    _write("delivered-", DELIVERED[size], tries=1, people=PEOPLE[size])
    _execute(PROOFS)
    with (
        _relay() as port,
        override_settings(
            EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend", EMAIL_HOST="127.0.0.1", EMAIL_PORT=port
        ),
    ):
        ours, theirs = medians(
            partial(_deliver, size, full),
            partial(_beside_nothing, size, empty),
            runs=RUNS if size is Size.FULL else 1,
        )
    databases.drop(full)
    databases.drop(empty)
    a_second = WAITING[size] / ours
    return [
        Row(
            f"outbox, {WAITING[size]} letters beside {DELIVERED[size]} delivered",
            ours,
            theirs,
            "s",
            Target.AT_MOST,
            1.25,
            [(f"{a_second:.0f} letters a second, at least {A_SECOND}", a_second >= A_SECOND)],
        )
    ]


def _beside_nothing(size: Size, origin: str) -> float:
    copy = databases.copy_of(origin, "outbox_copy")
    try:
        return _deliver(size, copy)
    finally:
        databases.drop(copy)


def _deliver(size: Size, database: str) -> float:
    databases.use(database)
    _write(f"{time.time()}-", WAITING[size], tries=0, people=PEOPLE[size])
    _execute("VACUUM ANALYZE accompaniment_notification")
    before = Delivery.objects.count()
    began = time.perf_counter()
    while deliver_due():
        pass
    seconds = time.perf_counter() - began
    if Delivery.objects.count() - before != WAITING[size] or Notification.objects.filter(sent_at=None).exists():
        raise RuntimeError("not every letter was delivered once")
    return seconds


def _write(name: str, letters: int, *, tries: int, people: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(LETTERS, {"name": name, "letters": letters, "tries": tries, "people": people})


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def _relay() -> Iterator[int]:
    sink = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.mail_sink"], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert sink.stdout is not None
    try:
        yield int(sink.stdout.readline())
    finally:
        sink.terminate()
        sink.wait()
        sink.stdout.close()
