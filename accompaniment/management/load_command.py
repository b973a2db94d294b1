"""Common parts of the commands that load a file: options, summary, file of rejected rows, exit codes."""

import codecs
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accompaniment.rules.errors import DomainError
from accompaniment.rules.imports.outcome import Outcome
from accompaniment.rules.imports.reader import open_file
from accompaniment.rules.imports.rows import AGENCY_COLUMN, UNKNOWN_AGENCIES

NOTHING_WENT_IN, UNREADABLE = 1, 2
SHOWN = 20

LABELS = {
    "rows": "lignes",
    "created": "créées",
    "updated": "modifiées",
    "unchanged": "inchangées",
    "rejected": "rejetées",
    "warnings": "avertissements",
    "enrolment_requests": "demandes d'adhésion au 100 % web",
}
CHANGES = {
    "tier_changes": "changements de modalité",
    "web_ends": "dont fins du 100 % web ou demandes closes",
    "region_changes": "passages dans une autre région",
}
"""Counts that are printed only if they are not zero."""


class LoadCommand(BaseCommand):
    """Load one file.

    Exit code 0: rows were loaded or already known. 1: all rows were rejected. 2: the file cannot be read. With 1 and 2
    one sentence says what to do. Rejected rows are written beside the file as `<FILE>.rejets.csv`; an earlier such file
    is removed if no row is rejected. A dry run writes neither rows nor this file.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="do everything, then take it back")
        parser.add_argument("--json", action="store_true", help="print the summary as JSON and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load the file and print the result."""
        path: Path = options["file"]
        try:
            with open_file(path) as source:
                outcome = self.run_load(source, dry_run=options["dry_run"])
        except DomainError as error:
            raise CommandError(error.sentence, returncode=UNREADABLE) from error
        if not options["dry_run"]:
            self._write_rejected_rows(path, outcome)
        if options["json"]:
            self.stdout.write(json.dumps(outcome.summary(), ensure_ascii=False, indent=1))
        else:
            self._tell(path, outcome, dry_run=options["dry_run"])
        if outcome.nothing_went_in:
            raise CommandError(_what_to_do(outcome), returncode=NOTHING_WENT_IN)

    def run_load(self, source: BinaryIO, *, dry_run: bool) -> Outcome:
        """Call the service that loads this kind of file."""
        raise NotImplementedError

    def _write_rejected_rows(self, path: Path, outcome: Outcome) -> None:
        target = rejected_rows_path(path)
        try:
            if outcome.rejected_rows.text:
                target.write_bytes(codecs.BOM_UTF8 + outcome.rejected_rows.text.encode())
            else:
                target.unlink(missing_ok=True)
        except OSError as error:
            # The rows are loaded. An unwritable directory must not suggest otherwise.
            self.stderr.write(f"Les lignes rejetées n'ont pas pu être écrites dans {target} ({error.strerror}).")

    def _tell_counts(self, counts: Mapping[str, Any], labels: Mapping[str, str]) -> None:
        for key, label in labels.items():
            if key in counts:
                self.stdout.write(f"{counts[key]:>9} {label}")

    def _tell(self, path: Path, outcome: Outcome, *, dry_run: bool) -> None:
        summary = outcome.summary()
        changes = {key: count for key, count in outcome.changes().items() if count}
        for counts, labels in ((summary, LABELS), (changes, CHANGES)):
            self._tell_counts(counts, labels)
        for key, title in (("not_eligible", "Volontaires non éligibles"), ("tiers", "Modalités")):
            if summary.get(key):
                self.stdout.write(f"{title} : " + ", ".join(f"{name} {count}" for name, count in summary[key].items()))
        for remark in outcome.rejections.first[:SHOWN]:
            self.stdout.write(f"Ligne {remark.line}, {remark.column} « {remark.value} » : {remark.reason}")
        if not outcome.rejected_rows.is_complete:
            self.stdout.write("Il y a trop de lignes rejetées : seules les premières sont dans leur fichier.")
        if outcome.rejections.total > SHOWN:
            self.stdout.write(f"… et {outcome.rejections.total - SHOWN} autres lignes rejetées.")
        if not outcome.nothing_went_in and outcome.rejections.by_column[AGENCY_COLUMN]:
            self.stdout.write(UNKNOWN_AGENCIES)
        if dry_run:
            self.stdout.write("Essai : rien n'a été écrit.")
        elif outcome.rejections.total:
            self.stdout.write(f"Lignes à corriger puis à charger de nouveau : {rejected_rows_path(path)}")
        elif not outcome.created and not outcome.updated:
            self.stdout.write("Rien n'a changé.")


def _what_to_do(outcome: Outcome) -> str:
    of_agencies = outcome.rejections.by_column[AGENCY_COLUMN]
    hint = UNKNOWN_AGENCIES if of_agencies else "Corrigez le fichier, puis chargez-le de nouveau."
    return f"Aucune ligne n'est entrée\u00a0: toutes sont rejetées. {hint}"


def rejected_rows_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.rejets.csv")
