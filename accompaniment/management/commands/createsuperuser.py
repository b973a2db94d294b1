"""`manage.py createsuperuser`: say that there is none, and which command to use."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "There is no superuser: accounts have one role. `manage.py create_manager` makes the first account."

    def run_from_argv(self, argv: list[str]) -> None:
        """Refuse whatever options came, as Django's own command would have taken them."""
        super().run_from_argv(argv[:2])

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse, with the command to use."""
        raise CommandError(
            "There is no superuser here: each account has one role and sees what its role may see. For the first "
            "account use `manage.py create_manager EMAIL --whole-country`; this manager invites everybody else."
        )
