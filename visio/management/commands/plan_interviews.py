"""Plan mandatory interviews by hand."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand

from visio.services.planning import plan_interviews


class Command(BaseCommand):
    help = "Write the obligations that have begun, and invite to choose a slot for each that has no interview."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--today", type=date.fromisoformat, help="plan as on this day (YYYY-MM-DD) instead of each agency's own"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        planned = plan_interviews(today=options["today"])
        self.stdout.write(f"{planned.obligations} obligations planned, {planned.invitations} people invited.")
