"""The documents in a person's file."""

import io
import zipfile
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.models import AuditEntry, Document, Jobseeker
from accompaniment.rules.errors import DomainError
from accompaniment.services import documents
from caseload.models import Portfolio
from tests.caseload.factories import AdviserFactory, ManagerFactory, PortfolioFactory, former_adviser, on_web_track

pytestmark = pytest.mark.django_db


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def person(portfolio: Portfolio) -> Jobseeker:
    return on_web_track(portfolio)


def stored_files() -> set[Path]:
    return {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


def content_of(response: Any) -> bytes:
    return b"".join(response)


def archive(**members: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as written:
        for name, body in members.items():
            written.writestr(name.replace("__", "/").replace("_xml", ".xml"), body)
    return content.getvalue()


class TestDocuments:
    def send(self, client: Client, person: Jobseeker, content: bytes, name: str = "cv.pdf", **typed: str) -> Any:
        client.force_login(person.user)
        return client.post("/mes-documents/", {"file": SimpleUploadedFile(name, content), **typed})

    def test_both_sides_read_what_the_person_hands_in_and_only_others_leave_a_trace(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        assert self.send(client, person, PDF, title="CV").status_code == 302
        document = Document.objects.get()
        response = client.get(f"/mes-documents/{document.pk}/")
        assert content_of(response) == PDF
        assert response["Content-Disposition"] == 'attachment; filename="CV.pdf"'
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"].startswith("sandbox")
        readings = AuditEntry.objects.filter(jobseeker=person, action=AuditAction.READ)
        assert not readings.exists()
        client.force_login(portfolio.adviser.user)
        assert "CV" in client.get(f"/personnes/{person.pk}/documents/").content.decode()
        content_of(client.get(f"/personnes/documents/{document.pk}/"))
        assert not readings.exists()
        client.force_login(ManagerFactory().user)
        content_of(client.get(f"/personnes/documents/{document.pk}/"))
        assert readings.get().details["part"] == f"document:{document.pk}"

    @pytest.mark.parametrize(
        ("content", "ending"),
        [
            (b"\x89PNG\r\n\x1a\n....", "png"),
            (b"\xff\xd8\xff\xe0....", "jpg"),
            (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "webp"),
            (archive(mimetype=b"application/vnd.oasis.opendocument.text"), "odt"),
            (archive(word__document_xml=b"<w/>"), "docx"),
        ],
    )
    def test_kinds_that_are_taken(self, client: Client, person: Jobseeker, content: bytes, ending: str) -> None:
        assert self.send(client, person, content, name="trompeur.exe", title="Pièce").status_code == 302
        kind = documents.KINDS[Document.objects.get().content_type]
        assert kind.ending == ending

    @pytest.mark.parametrize(
        ("content", "name", "sentence"),
        [
            (b"MZ\x90\x00", "cv.pdf", "ni un PDF, ni une image"),
            (b"<html><script>alert(1)</script></html>", "cv.pdf", "ni un PDF, ni une image"),
            (archive(word__document_xml=b"<w/>", **{"word/vbaProject.bin": b"x"}), "cv.docx", "sans macro"),
            (archive(autre=b"x"), "cv.docx", "ni un PDF"),
            (b"PK\x03\x04 broken", "cv.docx", "ni un PDF"),
            (b"", "cv.pdf", "Ce fichier est vide."),
            (PDF + b"x" * documents.LARGEST, "cv.pdf", "dépasse 10 Mo"),
        ],
    )
    def test_what_is_not_taken_says_why_and_leaves_nothing(
        self, client: Client, person: Jobseeker, content: bytes, name: str, sentence: str
    ) -> None:
        before = stored_files()
        response = self.send(client, person, content, name=name)
        assert response.status_code == 422
        assert sentence in response.content.decode().replace("\u00a0", " ")
        assert not Document.objects.exists()
        assert stored_files() == before

    def test_a_removed_one_is_gone_and_its_date_stays(
        self, client: Client, portfolio: Portfolio, person: Jobseeker, django_capture_on_commit_callbacks: Any
    ) -> None:
        before = stored_files()
        self.send(client, person, PDF, title="CV")
        document = Document.objects.get()
        # The page asks first: one press deletes nothing.
        assert f'href="/documents/{document.pk}/retirer/"' in client.get("/mes-documents/").content.decode()
        asked = unescape(client.get(f"/documents/{document.pk}/retirer/").content.decode())
        assert "Le fichier sera effacé tout de suite" in asked
        assert stored_files() != before
        with django_capture_on_commit_callbacks(execute=True):
            client.post(f"/documents/{document.pk}/retirer/")
        assert client.get(f"/mes-documents/{document.pk}/").status_code == 404
        assert f"/mes-documents/{document.pk}/" not in client.get("/mes-documents/").content.decode()
        assert stored_files() == before
        client.force_login(portfolio.adviser.user)
        assert "Retiré depuis." in client.get(f"/personnes/{person.pk}/?fil=documents").content.decode()

    def test_a_download_is_answered_whole(self, client: Client, portfolio: Portfolio, person: Jobseeker) -> None:
        """Kind: a streamed answer. Under ASGI Django loads it whole anyway, and warns at each download."""
        document = documents.add_document(
            actor=portfolio.adviser.user, jobseeker=person, title="Été", upload=SimpleUploadedFile("o.pdf", PDF)
        )
        for user, address in (
            (portfolio.adviser.user, f"/personnes/documents/{document.pk}/"),
            (person.user, f"/mes-documents/{document.pk}/"),
        ):
            client.force_login(user)
            answer = client.get(address)
            assert not answer.streaming
            assert answer.content == PDF
            assert answer["Content-Length"] == str(len(PDF))
            assert answer["Content-Type"] == "application/pdf"
            assert answer["Content-Disposition"] == "attachment; filename*=utf-8''%C3%89t%C3%A9.pdf"

    def test_a_person_does_not_remove_what_the_adviser_added(
        self, client: Client, portfolio: Portfolio, person: Jobseeker
    ) -> None:
        document = documents.add_document(
            actor=portfolio.adviser.user, jobseeker=person, title="Offre", upload=SimpleUploadedFile("o.pdf", PDF)
        )
        client.force_login(person.user)
        assert client.post(f"/documents/{document.pk}/retirer/").status_code == 404

    def test_the_hundred_and_first_is_refused(self, portfolio: Portfolio, person: Jobseeker) -> None:
        for number in range(documents.MOST_DOCUMENTS):
            Document.objects.create(
                jobseeker=person,
                title=str(number),
                file="x",
                content_type="application/pdf",
                size=1,
                added_at=timezone.now(),
                added_by=portfolio.adviser.user,
            )
        before = stored_files()
        upload = SimpleUploadedFile("o.pdf", PDF)
        with pytest.raises(DomainError, match="cent documents"):
            documents.add_document(actor=portfolio.adviser.user, jobseeker=person, title="x", upload=upload)
        assert stored_files() == before

    def test_an_error_after_the_file_was_stored_takes_it_away(self, person: Jobseeker) -> None:
        before = stored_files()
        upload = SimpleUploadedFile("o.pdf", PDF)
        with pytest.raises(IntegrityError):
            documents.add_document(actor=None, jobseeker=person, title="x", upload=upload)  # type: ignore[arg-type]
        assert stored_files() == before

    def test_strangers_find_nothing_and_readers_add_nothing(self, client: Client, person: Jobseeker) -> None:
        self.send(client, person, PDF)
        document = Document.objects.get()
        client.force_login(AdviserFactory().user)
        assert client.get(f"/personnes/documents/{document.pk}/").status_code == 404
        client.force_login(former_adviser(person))
        content_of(client.get(f"/personnes/documents/{document.pk}/"))
        added = client.post(f"/personnes/{person.pk}/documents/", {"file": SimpleUploadedFile("o.pdf", PDF)})
        assert added.status_code == 403
