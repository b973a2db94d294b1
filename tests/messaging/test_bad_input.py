"""What people paste and attach by mistake or on purpose: each is harmless, or refused with a sentence that says why.

Kind: an input that breaks a page, is cut without a word, or stops what comes after it. Every way in gets one table.
"""

from html import escape, unescape
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accompaniment.rules.errors import DomainError
from messaging.models import Attachment, Message
from messaging.rules import BODY_LIMIT
from messaging.services.attachments import WRONG_KIND, store
from messaging.services.pictures import UNREADABLE
from tests.messaging.factories import Pair, pair
from tests.messaging.files import PDF, bomb
from tests.messaging.sockets import open_screen

NOTHING = "Écrivez votre message avant de l'envoyer."


def over(excess: str) -> str:
    return f"{excess} caractères de trop : 5 000 au plus."


STORED: dict[str, tuple[str, str]] = {
    "HTML": ("<script>alert(1)</script><b>gras</b>", "<script>alert(1)</script><b>gras</b>"),
    "template tags": ("{{ request.user }} {% csrf_token %}", "{{ request.user }} {% csrf_token %}"),
    "direction overrides": ("abc\u202edcba\u2066e\u2069", "abcdcbae"),
    "a letter under four hundred accents": ("Z" + "\u0336" * 400, "Z" + "\u0336" * 400),
    "a text of the allowed length": ("x" * BODY_LIMIT, "x" * BODY_LIMIT),
    "lines of another system": ("un\r\ndeux\rtrois", "un\ndeux\ntrois"),
    "a family and a farmer": ("👨\u200d👩\u200d👧 👩🏽\u200d🌾", "👨\u200d👩\u200d👧 👩🏽\u200d🌾"),
}
REFUSED: dict[str, tuple[str, str]] = {
    "10 kB of combining characters": ("e" + "\u0301" * 5119, over("119")),
    "10,000 lines": ("a\n" * 10_000, over("14 999")),
    "7,000 characters": ("x" * 7000, over("2 000")),
    "nothing that is seen": ("\u200b\u2060 \n\t\ufeff", NOTHING),
    "direction overrides alone": ("\u202e\u2066", NOTHING),
}
UNREADABLE_TEXTS = {"null bytes": "a\0b", "half of a pair": "a\ud800b"}
"""No browser of ours sends these. A socket removes them, because JSON can hold them; a form of them is refused."""


@pytest.fixture
def two(transactional_db: None) -> Pair:
    return pair()


@pytest.fixture(autouse=True)
def room(settings: Settings, tmp_path: Path) -> None:
    settings.ATTACHMENTS_ROOT = tmp_path / "attachments"


def plain(words: str) -> str:
    return unescape(words).replace("\u00a0", " ")


async def test_over_a_socket_each_is_stored_or_refused_and_the_socket_goes_on(two: Pair) -> None:
    person = await open_screen(two.conversation, two.person)
    removed = {name: (text, "ab") for name, text in UNREADABLE_TEXTS.items()}
    for number, (text, stored) in enumerate((STORED | removed).values(), 1):
        assert await person.say(text) == number
        kept = await sync_to_async(Message.objects.get)(number=number)
        assert kept.body == stored
    for name, (text, sentence) in REFUSED.items():
        await person.ask(type="send", client_id=str(uuid4()), body=text)
        refused = await person.hear_kind("refused")
        assert plain(refused["sentence"]).startswith(sentence), name
        assert refused["retry"] is False
    assert await person.say("Bonjour") == len(STORED | removed) + 1
    await person.disconnect()


def test_by_the_form_each_is_stored_or_comes_back_whole_with_the_reason(two: Pair) -> None:
    client, page = Client(), reverse("conversation", args=[two.conversation.pk])
    client.force_login(two.person)

    def send(text: str) -> Any:
        return client.post(page, {"body": text, "client_id": uuid4()})

    for text, stored in STORED.values():
        assert send(text).status_code == 302
        assert Message.objects.latest("number").body == stored
    shown = client.get(page).text
    assert "<script>alert" not in shown
    assert escape(STORED["HTML"][0]) in shown
    for name, (text, sentence) in REFUSED.items():
        answer = send(text)
        assert answer.status_code == 422, name
        assert sentence in plain(answer.text), name
        if sentence != NOTHING:
            field = unescape(answer.text).split('name="body"')[1].split(">", 1)[1].split("</textarea>")[0]
            assert field.strip("\n") == text.strip("\n"), name
    assert client.post(page, {"body": UNREADABLE_TEXTS["null bytes"], "client_id": uuid4()}).status_code == 400
    assert Message.objects.count() == len(STORED)


FILES: dict[str, tuple[str, bytes, str]] = {
    "an image with a forged type": ("photo.jpg", b"\xff\xd8\xff\xe0<script>alert(1)</script>", UNREADABLE),
    "a page that is called an image": ("photo.png", b"<svg onload=alert(1)>", WRONG_KIND),
    "a zip bomb as .docx": ("cv.docx", bomb(), WRONG_KIND),
    "nothing": ("vide.pdf", b"", "Ce fichier est vide."),
    "a name with slashes": ("../../../etc/passwd", PDF, ""),
    "a name that turns the direction": ("facture\u202efdp.exe", PDF, ""),
    "a name of 300 characters without an ending": ("n" * 300, PDF, ""),
    "a name that is a page": ("<img src=x onerror=alert(1)>", PDF, ""),
}


def test_by_every_way_each_file_is_taken_under_a_plain_name_or_refused_with_the_reason(two: Pair) -> None:
    client, page = Client(), reverse("conversation", args=[two.conversation.pk])
    client.force_login(two.person)
    upload = reverse("attachment_upload", args=[two.conversation.pk])
    for what, (name, content, sentence) in FILES.items():
        first = client.post(
            upload, {"file": SimpleUploadedFile(name, content), "client_id": uuid4()}, HTTP_ACCEPT="application/json"
        )
        assert first.status_code == (409 if sentence else 200), what
        assert first.json().get("sentence", "").startswith(sentence), what
        with_form = client.post(page, {"body": "", "client_id": uuid4(), "uploads": SimpleUploadedFile(name, content)})
        assert with_form.status_code == (422 if sentence else 302), what
        assert sentence in unescape(with_form.text), what
        facts = {"actor": two.adviser, "conversation": two.conversation, "name": name, "source": BytesIO(content)}
        if sentence:
            with pytest.raises(DomainError, match=sentence):
                store(**facts)
        else:
            assert not set("/\\\u202e\0") & set(store(**facts).name), what
    names = set(Attachment.objects.values_list("name", flat=True))
    assert names == {"passwd.pdf", "facturefdp.pdf", f"{'n' * 116}.pdf", "<img src=x onerror=alert(1)>.pdf"}
    assert "<img src=x" not in client.get(page).text
