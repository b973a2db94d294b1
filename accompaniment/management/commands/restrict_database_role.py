"""`manage.py restrict_database_role ROLE`: let the application's role read and add to history, and no more."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accompaniment.rules.errors import DomainError
from accompaniment.services.database_roles import restrict


class Command(BaseCommand):
    help = "Grant a database role what the application needs, and of the tables of history only SELECT and INSERT."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", help="the role with which web, worker and beat connect")

    def handle(self, *args: Any, role: str, **options: Any) -> None:
        """Run it as the owner of the tables, after each migration."""
        try:
            tables = restrict(role=role)
        except DomainError as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"{role} may only read and add to: {', '.join(tables)}")
