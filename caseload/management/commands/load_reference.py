"""`manage.py load_reference`: load territory, cadences, caps and the text to accept."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accompaniment.rules.errors import DomainError
from caseload.services.steering.reference import load_reference


class Command(BaseCommand):
    help = "Add what is missing of the reference data. What is there, changed by a manager or not, stays."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load it and say how many rows are new."""
        try:
            added = load_reference()
        except DomainError as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"Référentiel : {added} lignes ajoutées." if added else "Référentiel : rien n'a changé.")
