"""`manage.py receive_mail`: take e-mails to the service, over LMTP or one from standard input."""

import asyncio
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError

from messaging.management.lmtp import serve
from messaging.services.incoming import RefusedMailError, take_mail, too_large_in_words
from messaging.services.reply_addresses import has_door


class Command(BaseCommand):
    help = "Take answers to e-mails into their conversations, and note addresses whose letters come back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--lmtp", type=host_and_port, metavar="HOST:PORT", help="listen there until stopped")
        parser.add_argument("--recipient", help="take one e-mail from standard input, for this address")
        parser.add_argument("--return-path", help="its sender on the envelope; empty for a report of a mail server")

    def handle(self, *args: Any, **options: Any) -> None:
        """The exit codes for one e-mail are those of `sysexits.h`, which mail servers understand."""
        if not has_door():
            raise CommandError("REPLY_DOMAIN is not set, so no e-mail has an address here.")
        if options["lmtp"]:
            asyncio.run(serve(*options["lmtp"]))
        elif options["recipient"]:
            sys.exit(self._take_one(options["recipient"], options["return_path"]))
        else:
            raise CommandError("Say --lmtp HOST:PORT, or --recipient ADDRESS.")

    def _take_one(self, recipient: str, return_path: str | None) -> int:
        content = sys.stdin.buffer.read(settings.REPLY_MAXIMUM_BYTES + 1)
        if len(content) > settings.REPLY_MAXIMUM_BYTES:
            self.stderr.write(too_large_in_words())
            return os.EX_DATAERR
        try:
            taken = take_mail(content, recipient=recipient, return_path=return_path)
        except RefusedMailError as refusal:
            self.stderr.write(refusal.sentence)
            return os.EX_TEMPFAIL if refusal.is_for_now else os.EX_NOUSER if refusal.is_unknown else os.EX_DATAERR
        except (DatabaseError, InterfaceError) as error:
            self.stderr.write(f"Try again later: {type(error).__name__}")
            return os.EX_TEMPFAIL
        self.stdout.write(taken)
        return os.EX_OK


def host_and_port(text: str) -> tuple[str, int]:
    """Return the two parts of HOST:PORT."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise ArgumentTypeError("write HOST:PORT, as 127.0.0.1:2424")
    return host.strip("[]"), int(port)
