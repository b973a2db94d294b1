"""`manage.py check_invariants`: look for a breach of what must always hold."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from accompaniment.hooks.invariants import checks


class Command(BaseCommand):
    help = "Look in the live data for breaches of what must always hold; print each one and exit with 1."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run every check; the exit code is 0 when nothing was found."""
        breaches = 0
        for check in checks:
            for breach in check():
                breaches += 1
                self.stdout.write(f"{check.__name__}: {breach}")
        self.stdout.write(f"{len(checks)} checks, {breaches} breaches")
        if breaches:
            sys.exit(1)
