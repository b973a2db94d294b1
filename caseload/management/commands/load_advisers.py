"""`manage.py load_advisers FILE`: load the advisers and their portfolios."""

from typing import BinaryIO

from accompaniment.management.load_command import LoadCommand
from accompaniment.rules.imports.outcome import Outcome
from caseload.services.steering.adviser_files import load_advisers


class Command(LoadCommand):
    help = "Load conseillers.csv: new advisers get an account and a portfolio, known ones are updated by their e-mail."

    def run_load(self, source: BinaryIO, *, dry_run: bool) -> Outcome:
        """Call the service."""
        return load_advisers(actor=None, source=source, dry_run=dry_run)
