"""Pages on paper: accessible PDF, with the fonts of the service."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

STYLE = "accompaniment/certificate.css"
FONTS = {"regular": "dsfr/dist/fonts/Marianne-Regular.woff2", "bold": "dsfr/dist/fonts/Marianne-Bold.woff2"}
"""The fonts on paper. The style sheet names them `house:regular` and `house:bold`."""


class PdfUnavailableError(Exception):
    """This machine lacks the system libraries for PDF. The page shows the same to be printed."""


def accessible_pdf(template: str, context: Mapping[str, Any]) -> bytes:
    """Return a template as PDF/UA: tagged, with language and title. Raises PdfUnavailableError."""
    weasyprint = _weasyprint()
    # Only our own files are read. A missing font is an error, not a page without letters.
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols=("file",), fail_on_errors=True)
    fonts = weasyprint.text.fonts.FontConfiguration()
    style = weasyprint.CSS(string=_style(), url_fetcher=fetcher, font_config=fonts)
    page = render_to_string(template, dict(context))
    pdf: bytes = weasyprint.HTML(string=page, url_fetcher=fetcher).write_pdf(
        stylesheets=[style], font_config=fonts, pdf_variant="pdf/ua-1"
    )
    return pdf


def _style() -> str:
    style = Path(_found(STYLE)).read_text(encoding="utf-8")
    for name, font in FONTS.items():
        style = style.replace(f"house:{name}", Path(_found(font)).as_uri())
    return style


def _found(name: str) -> str:
    path = finders.find(name)
    if path is None:
        raise FileNotFoundError(name)
    return path


@cache
def _weasyprint() -> Any:
    """Import the library for the first PDF: this takes seconds and needs system libraries."""
    try:
        return import_module("weasyprint")
    except OSError as error:
        raise PdfUnavailableError from error
