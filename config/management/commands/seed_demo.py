"""`manage.py seed_demo`: fill an empty database with the demonstration."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.demonstration.build import NotEmptyError, load_demonstration
from config.demonstration.logins import LOGINS
from messaging.services.delivery import deliver_due


class Command(BaseCommand):
    help = "Fill an empty database with invented people and histories, relative to now; print the log-ins."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load the demonstration where invented data is shown, and nowhere else."""
        if not settings.DEMONSTRATION:
            raise CommandError("The demonstration is loaded only where settings.DEMONSTRATION says so.")
        try:
            loaded = load_demonstration(now=timezone.now())
        except NotEmptyError:
            raise CommandError("The database already has people: the demonstration needs an empty one.") from None
        deliver_due()
        self.stdout.write(
            f"{loaded.jobseekers} jobseekers in {loaded.agencies} agencies, {loaded.interviews} interviews."
        )
        for login in LOGINS:
            self.stdout.write(f"{login.role}: {login.email} / {login.password}")
