"""Files of messages over HTTP: sent before a message or with its form, opened by those who may read it.

Kind: a file from outside opens as a page of ours, is kept by a cache, or reaches somebody who may not read it.
"""

from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accompaniment.models import User
from caseload.models import Placement
from messaging.enums import AttachmentState
from messaging.models import Attachment, Message
from messaging.services.changes import delete_message
from messaging.services.conversations import read_on
from messaging.services.posting import post_message
from tests.caseload.factories import PortfolioFactory
from tests.messaging.factories import Pair, pair
from tests.messaging.files import PDF, office, picture

pytestmark = pytest.mark.django_db

JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture(autouse=True)
def room(settings: Settings, tmp_path: Path) -> None:
    settings.ATTACHMENTS_ROOT = tmp_path / "attachments"


@pytest.fixture
def two() -> Pair:
    return pair()


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def pdf(name: str = "cv.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/html")


def upload(two: Pair, user: User, file: SimpleUploadedFile | None = None, **facts: Any) -> Any:
    to = reverse("attachment_upload", args=[two.conversation.pk])
    return as_(user).post(to, {"file": file or pdf(), "client_id": uuid4(), **facts}, **JSON)


def carried(two: Pair, file: SimpleUploadedFile | None = None) -> Attachment:
    """Return a file that the person has sent."""
    stored = Attachment.objects.get(pk=upload(two, two.person, file).json()["id"])
    post_message(actor=two.person, conversation=two.conversation, client_id=uuid4(), body="", attachments=[stored.pk])
    stored.refresh_from_db()
    return stored


def test_a_file_is_stored_before_its_message_and_sent_by_its_id(two: Pair) -> None:
    answer = upload(two, two.person, pdf("../cv.pdf"))
    assert answer.status_code == 200
    item = answer.json()
    assert (item["name"], item["kind"], item["state"]) == ("cv.pdf", "pdf", "ready")
    to = reverse("conversation", args=[two.conversation.pk])
    sent = as_(two.person).post(to, {"body": "", "client_id": uuid4(), "attachments": [item["id"]]}, **JSON)
    assert sent.json()["number"] == 1
    assert Attachment.objects.get().message == Message.objects.get()


def test_what_is_refused_says_why(two: Pair) -> None:
    refused = upload(two, two.person, pdf(content=b"<html>"))
    assert (refused.status_code, "PDF, une image" in refused.json()["sentence"]) == (409, True)
    assert upload(two, two.person, pdf(content=b"")).json()["sentence"].startswith("Ce fichier est vide.")
    assert upload(two, two.person, client_id="x").status_code == 409


def test_only_those_who_may_read_the_message_open_its_file(two: Pair) -> None:
    unsent = reverse("attachment", args=[upload(two, two.person).json()["id"]])
    sent = reverse("attachment", args=[carried(two).pk])
    stranger, heir = pair(), PortfolioFactory(agency=two.portfolio.agency)
    people = (two.person, two.adviser, stranger.person, stranger.adviser)
    assert [as_(user).get(sent).status_code for user in people] == [200, 200, 404, 404]
    assert [as_(user).get(unsent).status_code for user in people] == [200, 404, 404, 404]
    Placement.objects.filter(jobseeker=two.jobseeker).update(portfolio=heir)
    assert [as_(user).get(sent).status_code for user in (two.adviser, heir.adviser.user)] == [404, 200]


@pytest.mark.parametrize("page", ["attachment", "attachment_shown", "attachment_preview"])
def test_no_browser_opens_a_file_as_a_page_and_no_cache_keeps_it(two: Pair, page: str) -> None:
    stored = carried(two, pdf("<b>é.png", picture("PNG")))
    answer = as_(two.adviser).get(reverse(page, args=[stored.pk]))
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Content-Type"] == ("image/jpeg" if page == "attachment_preview" else "image/png")
    if page != "attachment_preview":
        how = "attachment" if page == "attachment" else "inline"
        assert answer["Content-Disposition"].startswith(f"{how}; filename*=utf-8''")
        assert "<" not in answer["Content-Disposition"]


@pytest.mark.parametrize(
    ("content", "name", "how"),
    [(PDF, "cv.pdf", "inline"), (picture("WEBP"), "photo.webp", "inline"), (office(), "cv.docx", "attachment")],
)
def test_only_a_pdf_or_a_picture_by_its_content_is_shown(two: Pair, content: bytes, name: str, how: str) -> None:
    """The name of a file and what the sender says of it count for nothing."""
    stored = carried(two, pdf("x.pdf" if how == "attachment" else name, content))
    address = reverse("attachment_shown", args=[stored.pk])
    for user in (two.person, two.adviser):
        client = as_(user)
        answer = client.get(address)
        assert (answer["Content-Disposition"].partition(";")[0], answer["X-Frame-Options"]) == (how, "DENY")
        page = client.get(reverse("conversation", args=[two.conversation.pk])).text
        assert (f'href="{address}" target="_blank" rel="noopener"' in page) == (how == "inline")


SAID = {
    AttachmentState.WAITING: (409, "attend l'analyse antivirus"),
    AttachmentState.INFECTED: (410, "Un virus a été trouvé"),
}


@pytest.mark.parametrize("state", SAID)
def test_a_file_that_is_not_ready_opens_for_nobody_and_says_why(two: Pair, state: AttachmentState) -> None:
    stored = carried(two, pdf("photo.png", picture("PNG")))
    Attachment.objects.filter(pk=stored.pk).update(state=state)
    for user in (two.person, two.adviser):
        client = as_(user)
        answer = client.get(reverse("attachment", args=[stored.pk]))
        assert SAID[state][1] in unescape(answer.text)
        assert answer.status_code == SAID[state][0]
        assert client.get(reverse("attachment_shown", args=[stored.pk])).status_code == SAID[state][0]
        assert client.get(reverse("attachment_preview", args=[stored.pk])).status_code == 404
        assert client.get(reverse("attachment_about", args=[stored.pk])).json()["state"] == state
        page = unescape(client.get(reverse("conversation", args=[two.conversation.pk])).text)
        assert f'href="{reverse("attachment", args=[stored.pk])}"' not in page
        assert str(AttachmentState(state).label) in page


def test_a_file_whose_bytes_are_gone_is_not_found(two: Pair, settings: Settings, tmp_path: Path) -> None:
    stored = carried(two)
    settings.ATTACHMENTS_ROOT = tmp_path / "elsewhere"
    assert as_(two.person).get(reverse("attachment", args=[stored.pk])).status_code == 404


def test_the_files_of_a_deleted_message_are_gone_with_its_text(two: Pair) -> None:
    """Kind: a second way to what the author has taken back."""
    stored = carried(two, pdf("photo.png", picture("PNG")))
    delete_message(actor=two.person, conversation_id=two.conversation.pk, number=1)
    for user in (two.person, two.adviser):
        client = as_(user)
        for page in ("attachment", "attachment_shown", "attachment_preview", "attachment_about"):
            assert client.get(reverse(page, args=[stored.pk])).status_code == 404
        assert "photo.png" not in client.get(reverse("conversation", args=[two.conversation.pk])).text
    assert read_on(actor=two.adviser, conversation_id=two.conversation.pk, after=0).items[0]["attachments"] == []
    assert "Message supprimé" in as_(two.adviser).get(reverse("conversations")).text


def test_its_uploader_removes_a_file_that_is_not_sent(two: Pair) -> None:
    key = upload(two, two.person).json()["id"]
    to = reverse("attachment_about", args=[key])
    assert as_(two.adviser).post(to).status_code == 404
    assert as_(two.person).post(to).status_code == 204
    assert as_(two.person).post(to).status_code == 404
    sent = reverse("attachment_about", args=[carried(two).pk])
    assert as_(two.person).post(sent).status_code == 409


# --- The form, without scripts ---------------------------------------------------------------------------------------


def send_form(two: Pair, *files: SimpleUploadedFile, **facts: Any) -> Any:
    to = reverse("conversation", args=[two.conversation.pk])
    return as_(two.person).post(to, {"body": "", "client_id": uuid4(), "uploads": list(files), **facts})


def test_a_form_sends_a_text_with_files(two: Pair) -> None:
    assert send_form(two, pdf(), pdf("photo.jpg", picture()), body="Voici").status_code == 302
    page = as_(two.adviser).get(reverse("conversation", args=[two.conversation.pk])).text
    assert [name in page for name in ("cv.pdf", "photo.jpg", "Voici")] == [True] * 3
    listed = as_(two.adviser).get(reverse("conversations")).text
    assert "Voici" in listed


def test_a_form_sends_files_alone_and_the_list_says_so(two: Pair) -> None:
    assert send_form(two, pdf(), pdf()).status_code == 302
    assert "2 pièces jointes" in as_(two.adviser).get(reverse("conversations")).text


def test_a_form_that_is_refused_keeps_the_files_that_were_taken(two: Pair) -> None:
    """Kind: a refusal that makes somebody begin anew."""
    refused = send_form(two, pdf(), pdf("page.html", b"<html>"), body="Voici")
    assert refused.status_code == 422
    assert "«\u00a0page.html\u00a0»\u00a0: Ce fichier ne peut pas être joint." in refused.text
    kept = Attachment.objects.get()
    assert f'name="attachments" value="{kept.pk}"' in refused.text
    assert send_form(two, body="Voici", attachments=[kept.pk]).status_code == 302
    assert Message.objects.get().attached == 1
    too_long = send_form(two, pdf("a.pdf"), body="a" * 7000)
    assert "000 caractères de trop" in too_long.text
    assert "a.pdf" in too_long.text


def test_a_form_with_too_many_files_stores_none_of_them(two: Pair) -> None:
    refused = send_form(two, *[pdf() for _ in range(7)])
    assert "2 pièces jointes de trop\u00a0: 5 au plus par message." in refused.text
    assert not Attachment.objects.exists()
