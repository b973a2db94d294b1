"""SMS: the gateways, and the budget of a day.

A gateway takes a text for a number. To add one, write a class with `send` and name it in `GATEWAYS`.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accompaniment.models import Jobseeker
from accompaniment.rules.imports.telephones import takes_sms
from accompaniment.rules.sms import ShortMessage
from messaging.services.channels import ChannelAwayError, RefusedError
from messaging.services.posts import post

UNBROKEN = re.compile(r"(?<=\d) (?=[h%])|(?<=h) (?=\d\d)|(?<=\w) (?=[:!?;])|(?<=%) (?=web)")
"""Spaces at which a page does not break. GSM-7 has no such space."""
NUMBER_IS_WRONG = frozenset({404, 410, 422})
"""The answers of an HTTP gateway that mean: this number gets no SMS. `docs/operations.md` describes them."""
NOT_THIS_ONE = frozenset({400, 413})
"""The answers that mean: not this text. Another try would be refused as well."""


class Gateway(Protocol):
    """Hands a text over to those who carry it to a telephone."""

    def send(self, *, number: str, message: ShortMessage, key: str, at: datetime) -> str:
        """Hand the text over and return the gateway's reference.

        `key` stays the same for every try of one SMS, so that a gateway can send it once. Raises RefusedError if
        another try is of no use, ChannelAwayError if the gateway takes nothing now, OSError if nobody knows.
        """
        ...


class FileGateway:
    """Writes each SMS into a file and sends it to nobody: for the demonstration, and for trying out."""

    def send(self, *, number: str, message: ShortMessage, key: str, at: datetime) -> str:
        """Add one line to the file. A line is written at once, so several workers never mix theirs."""
        line = {"at": at.isoformat(), "to": number, "text": message.text, "parts": message.parts, "key": key}
        path = Path(settings.SMS_FILE)
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, f"{json.dumps(line, ensure_ascii=False)}\n".encode())
        finally:
            os.close(file)
        return key


class HttpGateway:
    """Posts each SMS as JSON to `SMS_URL`, with the token and the key as headers."""

    def send(self, *, number: str, message: ShortMessage, key: str, at: datetime) -> str:
        """Post the SMS. An answer 2xx accepts it; its JSON may hold an `id`."""
        fields = {"to": number, "text": message.text, "from": settings.SMS_SENDER, "reference": key}
        answer = post(
            settings.SMS_URL,
            json.dumps({name: value for name, value in fields.items() if value}).encode(),
            {
                "Content-Type": "application/json",
                "Authorization": f"Bearer {settings.SMS_TOKEN}",
                "Idempotency-Key": key,
            },
            timeout=settings.SMS_TIMEOUT,
        )
        if answer.status in NUMBER_IS_WRONG | NOT_THIS_ONE:
            raise RefusedError(f"HTTP {answer.status}", is_dead=answer.status in NUMBER_IS_WRONG)
        if not answer.is_well:
            raise ChannelAwayError(f"HTTP {answer.status}")
        return _reference(answer.body)


GATEWAYS: dict[str, Callable[[], Gateway]] = {"file": FileGateway, "http": HttpGateway}


def is_open() -> bool:
    """Return whether SMS can leave at all."""
    return settings.SMS_GATEWAY in GATEWAYS


def gateway() -> Gateway:
    """Return the gateway of the settings."""
    return GATEWAYS[settings.SMS_GATEWAY]()


def number_of(person: Jobseeker | None) -> str:
    """Return the mobile number at which a person gets SMS, or nothing."""
    number = person.phone if person else ""
    return number if takes_sms(number, others=settings.SMS_COUNTRIES) else ""


def take_from_budget(*, parts: int, at: datetime) -> bool:
    """Count parts against the budget of the day and return True, or return False if they do not fit.

    One statement decides and counts, so workers that ask at once never exceed the budget together.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messaging_smsday AS spent (day, parts) SELECT %(day)s, %(parts)s WHERE %(parts)s <= %(most)s "
            "ON CONFLICT (day) DO UPDATE SET parts = spent.parts + excluded.parts "
            "WHERE spent.parts + excluded.parts <= %(most)s RETURNING parts",
            {"day": day_of(at), "parts": parts, "most": settings.SMS_DAILY_BUDGET},
        )
        return cursor.fetchone() is not None


def give_back(*, parts: int, at: datetime) -> None:
    """Return parts to the budget of the day, because the gateway did not take them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_smsday SET parts = greatest(parts - %s, 0) WHERE day = %s", [parts, day_of(at)]
        )


def day_of(at: datetime) -> date:
    """Return the day whose budget an instant belongs to, on the clock of the service."""
    return timezone.localdate(at, timezone.get_default_timezone())


def written_to_file() -> Iterator[dict[str, Any]]:
    """Yield what the file gateway has written, newest first."""
    path = Path(settings.SMS_FILE)
    if not path.exists():
        return
    for line in reversed(path.read_text(encoding="utf-8").splitlines()):
        kept = json.loads(line)
        yield {**kept, "text": UNBROKEN.sub("\u00a0", kept["text"]), "at": datetime.fromisoformat(kept["at"])}


def _reference(body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    return str(answer.get("id", ""))[:120] if isinstance(answer, dict) else ""
