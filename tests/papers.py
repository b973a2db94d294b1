"""Reads the PDF that a page answers with."""

from io import BytesIO
from typing import Any

from pypdf import PdfReader


def read(response: Any) -> PdfReader:
    assert response["Content-Type"] == "application/pdf"
    return PdfReader(BytesIO(response.content))


def words(pdf: PdfReader) -> str:
    """Return its text with single spaces."""
    return " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
