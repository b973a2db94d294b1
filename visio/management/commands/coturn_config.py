"""Print the configuration of the relay for video."""

import ipaddress
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from visio.rules.turn import coturn_configuration


class Command(BaseCommand):
    help = (
        "Print turnserver.conf for coturn: only log-ins that the service has signed, quotas, TLS, and no way into "
        "private networks. It holds TURN_SECRET: write it where only coturn reads it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--realm", default=urlsplit(settings.PUBLIC_URL).hostname, help="default: the service's host"
        )
        parser.add_argument("--cert", default="/etc/coturn/fullchain.pem", help="the TLS certificate")
        parser.add_argument("--key", default="/etc/coturn/privkey.pem", help="its key")
        parser.add_argument("--port", type=int, default=3478)
        parser.add_argument("--tls-port", type=int, default=443)
        parser.add_argument(
            "--address",
            action="append",
            default=[],
            type=_address,
            help="an address of the relay's machine, or PUBLIC/PRIVATE behind a translation of addresses; repeatable",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.TURN_SECRET:
            raise CommandError("Set TURN_SECRET first, for the service and for this command alike.")
        for name in ("realm", "cert", "key"):
            if options[name].split() != [options[name]]:
                raise CommandError(f"--{name} must be one word.")
        self.stdout.write(
            coturn_configuration(
                secret=settings.TURN_SECRET,
                realm=options["realm"],
                certificate=options["cert"],
                key=options["key"],
                port=options["port"],
                tls_port=options["tls_port"],
                addresses=options["address"],
            ),
            ending="",
        )


def _address(text: str) -> str:
    for part in text.split("/", 1):
        ipaddress.ip_address(part)
    return text
