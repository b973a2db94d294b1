"""`manage.py create_manager EMAIL`: the account of a manager, from the machine itself."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from accompaniment.models import Region
from accompaniment.rules.errors import DomainError
from caseload.services.steering.staff import create_manager


class Command(BaseCommand):
    help = (
        "Create the account of a manager of the whole country or of regions, and send the link that activates it. "
        "A new house needs one: this manager then invites everybody else on « Équipes »."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        reach = parser.add_mutually_exclusive_group(required=True)
        reach.add_argument("--whole-country", action="store_true", help="steer every region, and load files")
        reach.add_argument(
            "--region",
            action="append",
            default=[],
            metavar="CODE",
            dest="regions",
            help="code of a region, as in regions_2013.csv; may be given several times",
        )
        parser.add_argument("--first-name", help="default: read from the address prenom.nom@…")
        parser.add_argument("--last-name", help="default: read from the address prenom.nom@…")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the account, or say in one sentence why not."""
        email: str = options["email"]
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{email} is no e-mail address.") from None
        first_name, last_name = self._names(email, options["first_name"], options["last_name"])
        try:
            manager = create_manager(
                email=email,
                first_name=first_name,
                last_name=last_name,
                whole_country=options["whole_country"],
                regions=self._regions(options["regions"]),
            )
        except DomainError as error:
            raise CommandError(error.sentence) from error
        reach = "the whole country" if manager.whole_country else ", ".join(map(str, manager.regions.all()))
        self.stdout.write(
            f"{manager} manages {reach}. The link that activates the account leaves for {manager.user.email} as soon "
            "as worker, beat and the mail relay run: `manage.py status` tells."
        )

    @staticmethod
    def _names(email: str, first_name: str | None, last_name: str | None) -> tuple[str, str]:
        """Return the names that were given, or those of an address like prenom.nom@…"""
        read = re.fullmatch(r"([^\W\d_]+(?:-[^\W\d_]+)*)\.([^\W\d_]+(?:-[^\W\d_]+)*)", email.partition("@")[0])
        first, last = (first_name or (read and read[1].title())), (last_name or (read and read[2].title()))
        if not first or not last:
            raise CommandError("The address does not tell the name: add --first-name and --last-name.")
        return first, last

    @staticmethod
    def _regions(codes: list[str]) -> list[Region]:
        known = {region.code: region for region in Region.objects.all()}
        if unknown := [code for code in codes if code not in known]:
            one = f"{', '.join(unknown)}: no such region."
            hint = "Load them first: manage.py load_reference." if not known else f"There are: {_list(known)}."
            raise CommandError(f"{one} {hint}")
        return [known[code] for code in codes]


def _list(regions: dict[str, Region]) -> str:
    return ", ".join(f"{code} {region.name}" for code, region in sorted(regions.items()))
