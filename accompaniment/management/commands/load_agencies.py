"""`manage.py load_agencies FILE`: load the agencies."""

from typing import BinaryIO

from accompaniment.management.load_command import LoadCommand
from accompaniment.rules.imports.outcome import Outcome
from accompaniment.services.imports import load_agencies


class Command(LoadCommand):
    help = "Load agences.csv: new agencies are created, known ones updated by their code."

    def run_load(self, source: BinaryIO, *, dry_run: bool) -> Outcome:
        """Call the service."""
        return load_agencies(actor=None, source=source, dry_run=dry_run)
