"""Files that a manager loads, and the history of what came of each."""

from typing import Any, BinaryIO, Protocol

from django.utils import timezone

from accompaniment.errors import DomainError
from accompaniment.imports.outcome import Outcome, Remarks
from accompaniment.models import User
from accompaniment.services.imports import load_agencies, load_jobseekers
from caseload.enums import ImportKind, ImportState
from caseload.models import ImportRun
from caseload.services.advisers import load_advisers

UNEXPECTED = "Une erreur imprévue a arrêté le chargement. Rien n'a été écrit\u00a0; elle est notée au journal."


class Loader(Protocol):
    """Loads one kind of file in one transaction."""

    def __call__(self, *, actor: User | None, source: BinaryIO, dry_run: bool = False) -> Outcome: ...


LOADERS: dict[ImportKind, Loader] = {
    ImportKind.AGENCIES: load_agencies,
    ImportKind.ADVISERS: load_advisers,
    ImportKind.JOBSEEKERS: load_jobseekers,
}


def run_import(*, actor: User, kind: ImportKind, filename: str, source: BinaryIO) -> ImportRun:
    """Load a file for a manager and keep what came of it.

    A file that cannot be read is a run that failed, with its sentence; nothing of it was written. The run itself is
    written before and after, so that the history shows it whatever happens between.
    """
    run: ImportRun = ImportRun.objects.create(
        kind=kind, filename=filename, uploaded_by=actor, started_at=timezone.now(), state=ImportState.RUNNING
    )
    try:
        outcome = LOADERS[kind](actor=actor, source=source)
    except DomainError as refusal:
        return _finish(run, ImportState.FAILED, error=refusal.sentence)
    except Exception:
        _finish(run, ImportState.FAILED, error=UNEXPECTED)
        raise
    return _finish(
        run,
        ImportState.DONE,
        summary=outcome.summary(),
        rejected_rows=_as_rows(outcome.rejections),
        warned_rows=_as_rows(outcome.warnings),
        rejected_csv=outcome.rejected_rows.text,
    )


def _finish(run: ImportRun, state: ImportState, **facts: Any) -> ImportRun:
    run.state = state
    run.finished_at = timezone.now()
    for name, value in facts.items():
        setattr(run, name, value)
    run.save(update_fields=["state", "finished_at", *facts])
    return run


def _as_rows(remarks: Remarks) -> list[dict[str, int | str]]:
    """Return the first remarks as JSON holds them."""
    return [remark._asdict() for remark in remarks.first]
