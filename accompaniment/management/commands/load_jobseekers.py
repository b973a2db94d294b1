"""`manage.py load_jobseekers FILE`: load the registrations."""

from typing import BinaryIO

from accompaniment.management.load_command import LoadCommand
from accompaniment.rules.imports.outcome import Outcome
from accompaniment.services.imports import load_jobseekers


class Command(LoadCommand):
    help = "Load inscriptions.csv: new people are created, known ones updated by their identifier."

    def run_load(self, source: BinaryIO, *, dry_run: bool) -> Outcome:
        """Call the service."""
        return load_jobseekers(actor=None, source=source, dry_run=dry_run)
