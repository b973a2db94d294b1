"""Long lists, a page at a time."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest


def page_of(request: HttpRequest, rows: QuerySet[Any], *, per_page: int) -> Page[Any]:
    """Return the page that `?page=` asks for; the first one for nonsense, the last one beyond the end."""
    return Paginator(rows, per_page).get_page(request.GET.get("page"))
