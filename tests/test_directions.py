"""What a person typed has the direction of its own script, wherever it is shown.

An Arabic text is planted in every column in which people type, and each page is opened by each of its readers. The
element nearest to the text must have `dir="auto"`, or be a `bdi`, which does the same within a sentence.
"""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.test import Client
from django.urls import reverse

from tests.access.house import build_house
from tests.access.table import TABLE
from tests.messaging.factories import say
from visio.services.missed import explain_absence

pytestmark = pytest.mark.django_db

ARABIC = "مرحبا بكم"
RUNS_LEFT = re.compile("[\u0600-\u06ff]")
READERS = ("owner", "follower", "colleague", "manager", "national")
VOID = {"input", "img", "br", "hr", "meta", "link", "source", "wbr"}

TYPED = {
    "comment",
    "reason",
    "answer",
    "body",
    "text",
    "title",
    "situation",
    "notes",
    "summary",
    "outcome",
    "conclusions",
    "waived_reason",
    "technical_failure_note",
    "filename",
}
"""Names of the columns that hold what people typed."""
WRITTEN_BY_THE_SERVICE = {
    "accompaniment.ConsentText",  # the text to accept must not change
    "accompaniment.Notification",
}


class Walk(HTMLParser):
    """The planted texts of a page, and whether the element around each has an automatic direction."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.around: list[tuple[str, dict[str, str | None]]] = []
        self.shown = 0
        self.wrong: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "input" and known.get("type") != "hidden" and RUNS_LEFT.search(known.get("value") or ""):
            self._judge(tag, known, known.get("value") or "")
        if tag not in VOID:
            self.around.append((tag, known))

    def handle_endtag(self, tag: str) -> None:
        while self.around and self.around.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if RUNS_LEFT.search(data) and self.around and self.around[-1][0] not in {"title", "script"}:
            self._judge(*self.around[-1], data)

    def _judge(self, tag: str, known: dict[str, str | None], text: str) -> None:
        self.shown += 1
        if tag != "bdi" and known.get("dir") != "auto":
            self.wrong.append(f"<{tag} class={known.get('class')!r}> {text.strip()[:60]}")


def plant() -> int:
    """Write the Arabic text into every column that people fill in, past the guards of the histories."""
    planted = 0
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for label in ("accompaniment", "caseload", "messaging", "visio"):
            for model in apps.get_app_config(label).get_models():
                if model._meta.label in WRITTEN_BY_THE_SERVICE:
                    continue
                planted += sum(_plant(model, field) for field in model._meta.concrete_fields if _is_typed(field))
        cursor.execute("SET LOCAL session_replication_role = origin")
    return planted


def _is_typed(field: "models.Field[Any, Any]") -> bool:
    return field.name in TYPED and isinstance(field, models.CharField | models.TextField) and not field.choices


def _plant(model: type[models.Model], field: "models.Field[Any, Any]") -> int:
    """Plant the text in every row; if a rule keeps some rows empty, in the rows that have a text."""
    rows = model._default_manager.all()
    try:
        with transaction.atomic():
            return int(rows.update(**{field.name: ARABIC}) > 0)
    except IntegrityError:
        return int(rows.exclude(**{field.name: ""}).update(**{field.name: ARABIC}) > 0)


def test_every_text_that_somebody_typed_goes_by_its_own_direction() -> None:
    house = build_house()
    follower = house.users["follower"]
    assert follower is not None
    say(house.conversation, house.owner.user, "Bonjour")
    say(house.conversation, follower, "Bonjour")
    explain_absence(actor=house.owner.user, interview=house.noted, text="Malade")
    assert plant() > 10
    wrong, shown = set(), 0
    for name, row in TABLE.items():
        url = reverse(name, args=row.args(house))
        for reader in READERS:
            client = Client()
            client.force_login(house.users[reader])
            answer = client.get(url)
            if answer.streaming or "text/html" not in answer.get("Content-Type", ""):
                continue
            walk = Walk(answer.content.decode())
            shown += walk.shown
            wrong |= {f"{name}: {one}" for one in walk.wrong}
    assert not wrong, "\n".join(sorted(wrong))
    assert shown > 100


def test_a_text_without_a_direction_of_its_own_is_found() -> None:
    """The control."""
    assert Walk(f"<p>{ARABIC}</p>").wrong
    assert Walk(f'<p dir="auto">Motif : <span>{ARABIC}</span></p>').wrong
    assert Walk(f'<input type="text" value="{ARABIC}">').wrong
    for right in (f'<p dir="auto">{ARABIC}</p>', f"<p>Motif : <bdi>{ARABIC}</bdi></p>"):
        assert not Walk(right).wrong
        assert Walk(right).shown == 1
