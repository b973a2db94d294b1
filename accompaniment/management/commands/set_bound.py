"""`manage.py set_bound ACT MOST`: set how much one account holds at once or does within a time."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accompaniment.enums import BoundedAct
from accompaniment.rules.errors import DomainError
from accompaniment.services.bounds import bound_of, set_bound


class Command(BaseCommand):
    help = "Set how much one account holds at once or does within a time. Without a number, print what is in force."

    def add_arguments(self, parser: CommandParser) -> None:
        """Read the act, the bound, its day and its time."""
        parser.add_argument("act", nargs="?", choices=BoundedAct.values)
        parser.add_argument("most", nargs="?", type=int)
        parser.add_argument("--from", dest="starts_on", type=date.fromisoformat, help="YYYY-MM-DD; today without it")
        parser.add_argument("--minutes", type=int, help="within how many minutes; as in force without it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set it, or print what is in force."""
        starts_on: date = options["starts_on"] or timezone.localdate()
        acts = [BoundedAct(options["act"])] if options["act"] else list(BoundedAct)
        if options["most"] is not None:
            (act,) = acts
            known = bound_of(act, day=starts_on)
            minutes = options["minutes"] or (known.within_minutes if known else None)
            try:
                set_bound(actor=None, act=act, most=options["most"], starts_on=starts_on, within_minutes=minutes)
            except DomainError as refusal:
                raise CommandError(refusal.sentence) from refusal
        for act in acts:
            bound = bound_of(act, day=starts_on)
            if bound is not None:
                time = f" en {bound.within_minutes} min" if bound.within_minutes else ""
                self.stdout.write(f"{act} ({act.label}) : {bound.most}{time}, depuis le {bound.starts_on}")
