"""What the frame of every page needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the facts that the frame shows on each page."""
    return {"demonstration": settings.DEMONSTRATION}
