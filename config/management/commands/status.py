"""`manage.py status`: whether each part works, for an operator and for monitoring."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from config.status import look


class Command(BaseCommand):
    help = "Say of each part of the house whether it is well; exit with 1 when one is not."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look and say; the exit code is 0 when all is well."""
        lines = list(look(timezone.now()))
        well = all(line.well for line in lines)
        if options["json"]:
            self.stdout.write(json.dumps({"well": well, "parts": [asdict(line) for line in lines]}, indent=1))
        else:
            for line in lines:
                self.stdout.write(f"{'ok  ' if line.well else 'FAIL'} {line.part:<11} {line.text}")
        if not well:
            sys.exit(1)
