"""Files that a manager hands in: how a worker loads them one by one, and the history of the results.

A file waits as a row, with its bytes in the storage, until a worker takes it. The worker holds one advisory lock while
it loads. A worker that does not get the lock knows that another one is loading. A worker that gets the lock and finds a
file marked as loading knows that its former worker is dead. The load and its mark "done" are one transaction, so a file
that is taken again was not loaded before.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any, BinaryIO, Protocol, cast

from celery import current_app
from django.core.files import File
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from accompaniment.enums import AuditAction
from accompaniment.models import Agency, AuditEntry, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import grouped
from accompaniment.rules.imports.encodings import UnreadableFileError
from accompaniment.rules.imports.outcome import JobseekerOutcome, Outcome, Remarks
from accompaniment.rules.imports.reader import Progress, reading
from accompaniment.rules.imports.rows import AGENCIES_FIRST
from accompaniment.services import audit
from accompaniment.services.foreseen import Foreseen, NotForeseenError
from accompaniment.services.imports import load_agencies, load_jobseekers
from accompaniment.services.rights import check_steers_country
from caseload.enums import ImportKind, ImportState
from caseload.locks import lock_run
from caseload.models import ImportRun
from caseload.rules.adviser_rows import LAYOUTS
from caseload.services.steering.adviser_files import load_advisers
from caseload.services.steering.import_changes import KEPT_ELSEWHERE, as_json, foresee, kept_elsewhere

UNEXPECTED = "Une erreur imprévue a arrêté le chargement. Elle est notée au journal."
INTERRUPTED = "Le chargement s'est interrompu plusieurs fois avec ce fichier. Découpez-le, puis chargez chaque partie."
FILE_GONE = "Le fichier reçu n'est plus là. Envoyez-le de nouveau."
ATTEMPTS = 3
"""After this many loads that ended with a dead worker, a file is given up."""
WRONG_ROWS = 100
"""From this number of rejected rows on, a file is refused as a whole if more than half of its rows are rejected."""
MOST_WRONG_ROWS = 10_000
"""More rejected rows than this refuse a file as a whole, whatever its size.

Nobody corrects ten thousand rows by hand, and such a fault was made where the file was made. A month of the whole
country has some 30,000 registrations.
"""
REPORTS = 50
"""The most progress reports per file."""
JOB = "caseload.jobs.load_files"
LOADING = (0x1A90, 1)
"""The key of the advisory lock that a worker holds while it loads."""
VALUES_SHOWN = "values_shown"
REJECTED_ROWS_KEPT = timedelta(days=90)
"""How long rejected rows and wrong values are stored to be corrected.

They hold names, addresses and telephone numbers of people, some of whom never come to us. After a quarter the next
export brings the right values.
"""
LOST_AFTER = timedelta(days=1)
"""The age from which a stored file without a row is deleted: its upload was cut off."""

log = logging.getLogger(__name__)


class Loader(Protocol):
    """Loads one kind of file in one transaction."""

    def __call__(
        self, *, actor: User | None, source: BinaryIO, dry_run: bool = False, progress: Progress | None = None
    ) -> Outcome: ...


LOADERS: dict[ImportKind, Loader] = {
    ImportKind.AGENCIES: load_agencies,
    ImportKind.ADVISERS: load_advisers,
    ImportKind.JOBSEEKERS: load_jobseekers,
}


class TooManyWrongError(DomainError):
    """So many rows of a file are wrong that it is not the expected export. Nothing was written."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        wrong, rows = (grouped(number) for number in (outcome.rejections.total, outcome.rows))
        super().__init__(
            f"{wrong} lignes sur {rows} contiennent une erreur\u00a0: le fichier est refusé en entier. "
            "Corrigez-le ou demandez un nouvel export, puis chargez-le."
        )


# --- Handing in --------------------------------------------------------------------------------------------------


def receive_file(*, actor: User, kind: ImportKind, filename: str, source: File) -> ImportRun:
    """Store a file that a manager hands in, for a worker to load.

    Raises UnreadableFileError if it is not a file of this kind, DomainError if it names agencies while none is known or
    waiting, with nothing stored. Single rows are checked when it is loaded.
    """
    check_file(kind=kind, source=source)
    if kind != ImportKind.AGENCIES and waits_for_agencies():
        raise DomainError(AGENCIES_FIRST)
    run: ImportRun = ImportRun(
        kind=kind,
        filename=filename,
        uploaded_by=actor,
        started_at=timezone.now(),
        state=ImportState.WAITING,
        bytes_total=source.size,
    )
    run.source.save(f"{kind}.csv", source, save=False)
    try:
        with transaction.atomic():
            check_steers_country(actor)
            run.save()
            record(actor=actor, run=run, event="received")
    except Exception:
        run.source.delete(save=False)
        raise
    transaction.on_commit(_call_a_worker)
    return run


def waits_for_agencies() -> bool:
    """Return whether agencies must be loaded first: none is known, and no file of agencies waits."""
    return not Agency.objects.exists() and not ImportRun.objects.unfinished().filter(kind=ImportKind.AGENCIES).exists()


def _call_a_worker() -> None:
    """Ask a worker to load the file. If no broker answers, the next scheduled round does it."""
    try:
        current_app.tasks[JOB].apply_async(retry=False)
    except BrokerError as error:
        log.warning("no broker to load files: %s", error)


def check_file(*, kind: ImportKind, source: File) -> None:
    """Raise UnreadableFileError, with what was expected, unless the file has this kind's header and a row."""
    try:
        _read_beginning(kind, source)
    except UnreadableFileError:
        for other in ImportKind:
            if other != kind and _fits(other, source):
                raise UnreadableFileError(
                    f"Ce fichier est celui de «\u00a0{other.label}\u00a0», pas de «\u00a0{kind.label}\u00a0». "
                    "Chargez-le à sa place."
                ) from None
        raise


def _read_beginning(kind: ImportKind, source: File) -> None:
    with reading(cast("BinaryIO", source.file), LAYOUTS[kind]) as reader:
        next(iter(reader))
    source.seek(0)


def _fits(kind: ImportKind, source: File) -> bool:
    try:
        _read_beginning(kind, source)
    except UnreadableFileError:
        return False
    return True


# --- Loading -----------------------------------------------------------------------------------------------------


def load_waiting_files() -> int:
    """Load the waiting files one by one, and return how many were taken.

    Returns at once while another worker loads, because that worker looks again when it has finished.
    """
    taken_up = 0
    while ImportRun.objects.unfinished().exists():
        with _loading_lock() as is_ours:
            if not is_ours:
                return taken_up
            while run := ImportRun.objects.unfinished().select_related("uploaded_by").first():
                _load(run)
                taken_up += 1
    _forget_files()
    return taken_up


def somebody_loads() -> bool:
    """Return whether a worker is loading a file now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND classid = %s AND objid = %s AND objsubid = 2"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
            LOADING,
        )
        (held,) = cursor.fetchone()
        return bool(held)


@contextmanager
def _loading_lock() -> Iterator[bool]:
    """Hold the loading lock during the block; yield False if somebody else holds it.

    The lock belongs to the connection, so it ends with the worker in every case.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", LOADING)
        (is_ours,) = cursor.fetchone()
        try:
            yield is_ours
        finally:
            if is_ours and connection.is_usable():
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", LOADING)


def _load(run: ImportRun) -> None:
    """Load one file. The caller holds the lock, so nobody else is loading."""
    if run.attempts >= ATTEMPTS:
        _finish(run, ImportState.FAILED, error=INTERRUPTED)
        return
    run.state = ImportState.RUNNING
    run.attempts += 1
    run.bytes_done = 0
    run.save(update_fields=["state", "attempts", "bytes_done"])
    try:
        _load_source(run)
    except FileNotFoundError:
        _finish(run, ImportState.FAILED, error=FILE_GONE)
    except TooManyWrongError as refusal:
        _finish(run, ImportState.FAILED, error=refusal.sentence, **_facts(refusal.outcome))
    except NotForeseenError as asking:
        _ask(run, asking.foreseen)
    except DomainError as refusal:
        _finish(run, ImportState.FAILED, error=refusal.sentence)
    except (OperationalError, InterfaceError):
        # The database went away, so nothing was written and nothing can be. The next worker takes the file again.
        raise
    except Exception:
        log.exception("load of file %s failed", run.pk)
        _finish(run, ImportState.FAILED, error=UNEXPECTED)


def _load_source(run: ImportRun) -> None:
    with run.source.open("rb") as source, _progress_of(run) as progress, transaction.atomic():
        outcome = LOADERS[ImportKind(run.kind)](actor=run.uploaded_by, source=source.file, progress=progress)
        if _is_refused_as_a_whole(outcome):
            raise TooManyWrongError(outcome)
        if isinstance(outcome, JobseekerOutcome):
            foresee(outcome).check(run.confirmed)
        _write(run, ImportState.DONE, bytes_done=run.bytes_total, **_facts(outcome))
    _discard(run)


def _ask(run: ImportRun, foreseen: Foreseen) -> None:
    """Let a file wait, with nothing written, until a manager has read what it would do."""
    run.state, run.confirmed, run.foreseen = ImportState.ASKING, "", as_json(foreseen)
    with transaction.atomic():
        run.save(update_fields=["state", "foreseen", "confirmed"])
        record(actor=run.uploaded_by, run=run, event=ImportState.ASKING)


def confirm_file(*, actor: User, run: ImportRun, shown: str) -> None:
    """Load a file whose consequences were read. If they have changed by then, the manager is asked again.

    Raises NotAllowedNowError if it does not wait for a confirmation, or if its consequences differ from those `shown`.
    """
    with transaction.atomic():
        locked = _locked_asking(run)
        check_steers_country(actor)
        if locked.foreseen["mark"] != shown:
            raise NotAllowedNowError("Ce qui est concerné a changé entre-temps. Relisez, puis confirmez.")
        locked.state, locked.confirmed, locked.attempts = ImportState.WAITING, shown, 0
        locked.save(update_fields=["state", "confirmed", "attempts"])
        record(actor=actor, run=locked, event="confirmed")
        transaction.on_commit(_call_a_worker)


def give_up_file(*, actor: User, run: ImportRun) -> None:
    """Give up a file that waits for its confirmation. Raises NotAllowedNowError if it does not wait."""
    with transaction.atomic():
        locked = _locked_asking(run)
        check_steers_country(actor)
        locked.state, locked.finished_at, locked.foreseen = ImportState.FAILED, timezone.now(), {}
        locked.error = f"{actor.full_name} a renoncé à charger ce fichier."
        locked.save(update_fields=["state", "finished_at", "foreseen", "error"])
        record(actor=actor, run=locked, event="given_up")
        transaction.on_commit(partial(_discard, locked))


def _locked_asking(run: ImportRun) -> ImportRun:
    locked = lock_run(run.pk)
    if locked.state != ImportState.ASKING:
        raise NotAllowedNowError("Ce fichier n'attend plus de confirmation.")
    return locked


def _is_refused_as_a_whole(outcome: Outcome) -> bool:
    """Return whether a file must be refused: mostly wrong, or with more wrong rows than can be corrected.

    Single rows are rejected one by one. But a file that is more than half wrong was exported wrongly, and loading the
    rest would only hide this. The same holds for a file with more wrong rows than anybody would correct.
    """
    wrong = outcome.rejections.total
    mostly = wrong >= WRONG_ROWS and wrong * 2 > outcome.rows
    return mostly or wrong > MOST_WRONG_ROWS or not outcome.rejected_rows.is_complete


def _finish(run: ImportRun, state: ImportState, **facts: Any) -> None:
    _write(run, state, **facts)
    _discard(run)


def _write(run: ImportRun, state: ImportState, **facts: Any) -> None:
    run.state = state
    run.finished_at = timezone.now()
    for name, value in facts.items():
        setattr(run, name, value)
    with transaction.atomic():
        run.save(update_fields=["state", "finished_at", *facts])
        record(actor=run.uploaded_by, run=run, event=state)


def _discard(run: ImportRun) -> None:
    """Delete the file, which is no longer needed. The row forgets it only after it is gone."""
    run.source.delete(save=False)
    run.save(update_fields=["source"])


def _facts(outcome: Outcome) -> dict[str, Any]:
    kept = kept_elsewhere(outcome) if isinstance(outcome, JobseekerOutcome) else []
    changes = {**outcome.changes(), KEPT_ELSEWHERE: kept}
    return {
        "summary": {**outcome.summary(), **{name: found for name, found in changes.items() if found}},
        "rejected_rows": _as_rows(outcome.rejections),
        "warned_rows": _as_rows(outcome.warnings),
        "rejected_csv": outcome.rejected_rows.text,
    }


def _as_rows(remarks: Remarks) -> list[dict[str, int | str]]:
    """Return the first remarks as values that JSON can store."""
    return [remark._asdict() for remark in remarks.first]


@contextmanager
def _progress_of(run: ImportRun) -> Iterator[Callable[[int], None]]:
    """Store how much of a file has been read, over another connection, because the load's transaction is not visible
    yet."""
    beside = connection.copy()
    step = max(1, run.bytes_total // REPORTS)
    written = 0

    def write(bytes_done: int) -> None:
        nonlocal written
        if bytes_done - written < step:
            return
        written = bytes_done
        with beside.cursor() as cursor:
            cursor.execute("UPDATE caseload_importrun SET bytes_done = %s WHERE id = %s", [bytes_done, run.pk])

    try:
        yield write
    finally:
        beside.close()


def record(*, actor: User | None, run: ImportRun, event: str) -> None:
    """Record what was done with a file, or read of it: its rejected rows contain people who have no file here."""
    audit.record(actor=actor, jobseeker=None, action=AuditAction.IMPORT, event=event, run=run.pk, kind=run.kind)


def record_values_shown(*, actor: User, run: ImportRun) -> None:
    """Record that somebody read wrong values of a file on its page.

    Within ten minutes it counts as the same reading.
    """
    known = AuditEntry.objects.filter(
        actor=actor,
        action=AuditAction.IMPORT,
        details__run=run.pk,
        details__event=VALUES_SHOWN,
        at__gt=timezone.now() - audit.ONE_READING,
    )
    if not known.exists():
        record(actor=actor, run=run, event=VALUES_SHOWN)


def forget_rejected_rows(*, now: datetime) -> int:
    """Delete the content of rejected rows after the time to correct them; the counts stay.

    Return the number of files.
    """
    over = ImportRun.objects.filter(finished_at__lte=now - REJECTED_ROWS_KEPT).exclude(
        rejected_csv="", rejected_rows=[], warned_rows=[]
    )
    return over.update(rejected_csv="", rejected_rows=[], warned_rows=[])


def _forget_files() -> None:
    """Delete stored files that nobody needs: of loads cut off at their very end, and of interrupted uploads."""
    for run in ImportRun.objects.filter(finished_at__isnull=False).exclude(source=""):
        _discard(run)
    storage = ImportRun.source.field.storage
    folder = str(ImportRun.source.field.upload_to)
    if not storage.exists(folder):
        return
    needed = set(ImportRun.objects.exclude(source="").values_list("source", flat=True))
    for name in storage.listdir(folder)[1]:
        path = f"{folder}/{name}"
        if path not in needed and storage.get_modified_time(path) < timezone.now() - LOST_AFTER:
            storage.delete(path)
