"""Files that a manager hands in, how a worker loads them one after the other, and the history of what came of each.

A file waits as a row with its bytes in the storage until a worker takes it up. The worker holds one lock of the
database for as long as it loads: whoever does not hold it knows that somebody loads, and whoever holds it and finds
a file that is being loaded knows that its worker is dead. What a load writes and that it is done are one
transaction, so a file that is taken up again was not loaded before.
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
from caseload.enums import ImportKind, ImportState
from caseload.models import ImportRun
from caseload.rules.adviser_rows import LAYOUTS
from caseload.services.steering.adviser_files import load_advisers
from caseload.services.steering.import_changes import KEPT_ELSEWHERE, as_json, foresee, kept_elsewhere

UNEXPECTED = "Une erreur imprévue a arrêté le chargement. Elle est notée au journal."
INTERRUPTED = "Le chargement s'est interrompu plusieurs fois avec ce fichier. Découpez-le, puis chargez chaque partie."
FILE_GONE = "Le fichier reçu n'est plus là. Envoyez-le à nouveau."
ATTEMPTS = 3
"""After how many workers that ended over it a file is given up."""
WRONG_ROWS = 100
"""From how many rejected rows on a file is refused as a whole when they are more than half of it."""
MOST_WRONG_ROWS = 10_000
"""More rejected rows than this, of however many, refuse a file as a whole: nobody corrects ten thousand rows by hand,
and what is wrong so often is wrong where the file is made. A month of the country is some 30,000 registrations."""
REPORTS = 50
"""How often the progress of a file is written, at most."""
JOB = "caseload.jobs.load_files"
LOADING = (0x1A90, 1)
"""The two numbers of the lock that a worker holds while it loads."""
VALUES_SHOWN = "values_shown"
REJECTED_ROWS_KEPT = timedelta(days=90)
"""How long rejected rows and wrong values are kept to be corrected: they are names, addresses and telephones of people,
some of whom never come into the house. A quarter leaves time for the next export, which brings what is right."""
LOST_AFTER = timedelta(days=1)
"""How old a file must be that belongs to no row: its upload was cut off between the file and the row."""

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
    """So many of a file's rows are wrong that it is not the export that it should be. Nothing was written."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        wrong, rows = (grouped(number) for number in (outcome.rejections.total, outcome.rows))
        super().__init__(
            f"{wrong} lignes sur {rows} sont fausses\u00a0: le fichier est refusé en entier. "
            "Corrigez-le ou demandez un nouvel export, puis chargez-le."
        )


# --- Handing in --------------------------------------------------------------------------------------------------


def receive_file(*, actor: User, kind: ImportKind, filename: str, source: File) -> ImportRun:
    """Keep a file that a manager hands in, to be loaded by a worker.

    Raises UnreadableFileError for what is no file of this kind at all, DomainError for one that names agencies while
    none is known nor on its way; nothing is kept then. What its single rows say is judged when it is loaded.
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
            run.save()
            record(actor=actor, run=run, event="received")
    except Exception:
        run.source.delete(save=False)
        raise
    transaction.on_commit(_call_a_worker)
    return run


def waits_for_agencies() -> bool:
    """Tell whether the agencies have to be loaded before anything else: none is known, and no file of them waits."""
    return not Agency.objects.exists() and not ImportRun.objects.unfinished().filter(kind=ImportKind.AGENCIES).exists()


def _call_a_worker() -> None:
    """Have the file loaded now. Where no broker answers, it waits for the next round of the clock."""
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
    """Load what waits, one file after the other, and return how many were taken up.

    Returns at once while another worker loads: that one looks again when it has finished.
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
    """Tell whether a worker is loading a file now."""
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
    """Hold the lock of the one who loads; False while somebody else has it.

    It belongs to the connection, so that it ends with the worker, however that ends.
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
    """Load one file. The caller holds the lock, so nobody else is at it."""
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
        # The server went away: nothing was written, nothing can be, and the next worker takes the file up again.
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
    """Let a file wait, with nothing of it written, until a manager has read what it would do."""
    run.state, run.confirmed, run.foreseen = ImportState.ASKING, "", as_json(foreseen)
    with transaction.atomic():
        run.save(update_fields=["state", "foreseen", "confirmed"])
        record(actor=run.uploaded_by, run=run, event=ImportState.ASKING)


def confirm_file(*, actor: User, run: ImportRun, shown: str) -> None:
    """Have a file loaded whose consequences were read; what has changed when it is loaded is asked again.

    Raises NotAllowedNowError when it waits for no confirmation, or for that of something else than was `shown`.
    """
    with transaction.atomic():
        locked = _locked_asking(run)
        if locked.foreseen["mark"] != shown:
            raise NotAllowedNowError("Ce qui est concerné a changé entre-temps. Relisez, puis confirmez.")
        locked.state, locked.confirmed, locked.attempts = ImportState.WAITING, shown, 0
        locked.save(update_fields=["state", "confirmed", "attempts"])
        record(actor=actor, run=locked, event="confirmed")
        transaction.on_commit(_call_a_worker)


def give_up_file(*, actor: User, run: ImportRun) -> None:
    """Load nothing of a file that waits for its confirmation. Raises NotAllowedNowError when it does not."""
    with transaction.atomic():
        locked = _locked_asking(run)
        locked.state, locked.finished_at, locked.foreseen = ImportState.FAILED, timezone.now(), {}
        locked.error = f"{actor.full_name} a renoncé à charger ce fichier."
        locked.save(update_fields=["state", "finished_at", "foreseen", "error"])
        record(actor=actor, run=locked, event="given_up")
        transaction.on_commit(partial(_discard, locked))


def _locked_asking(run: ImportRun) -> ImportRun:
    locked: ImportRun = ImportRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if locked.state != ImportState.ASKING:
        raise NotAllowedNowError("Ce fichier n'attend plus de confirmation.")
    return locked


def _is_refused_as_a_whole(outcome: Outcome) -> bool:
    """Tell whether a file is not worth loading: mostly wrong, or with more wrong rows than can be given back.

    Single rows are rejected one by one. But a file of which more than half is wrong was exported wrongly, and
    loading what is left of it would only hide that. So was one with more wrong rows than anybody would correct.
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
    """Delete the file, which has served; the row forgets it only once it is gone."""
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
    """Return the first remarks as JSON holds them."""
    return [remark._asdict() for remark in remarks.first]


@contextmanager
def _progress_of(run: ImportRun) -> Iterator[Callable[[int], None]]:
    """Write how much of a file is read, by a connection of its own: the load's transaction shows nothing yet."""
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
    """Write what was done with a file, or read of it: its rejected rows hold people whom no file of ours has."""
    audit.record(actor=actor, jobseeker=None, action=AuditAction.IMPORT, event=event, run=run.pk, kind=run.kind)


def record_values_shown(*, actor: User, run: ImportRun) -> None:
    """Write that somebody read wrong values of a file on its page; within ten minutes it is the same reading."""
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
    """Forget what rows of files said, once the time to correct them is over; the counts stay. Return of how many."""
    over = ImportRun.objects.filter(finished_at__lte=now - REJECTED_ROWS_KEPT).exclude(
        rejected_csv="", rejected_rows=[], warned_rows=[]
    )
    return over.update(rejected_csv="", rejected_rows=[], warned_rows=[])


def _forget_files() -> None:
    """Delete files that nobody needs: of a load that ended between its last word and this, of an upload cut off."""
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
