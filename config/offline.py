"""The page that a browser shows when the network fails, and the service worker that keeps it there.

Both are the same for everybody, whoever is logged in. The worker's version is a digest of the page and of the worker,
and the page names its files by their digests, so a new version replaces the old one as soon as something changes.
"""

import hashlib
import json
import re
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from accompaniment.rules.operator import operator

SOURCE = Path(settings.BASE_DIR, "static/frame/service_worker.js")
FILE = re.compile(rf'(?:href|src)="({re.escape(settings.STATIC_URL)}[^"]+)"')


def page() -> str:
    """Return the page. It needs neither the database nor a session.

    Browsers keep it for later, so it follows their system's theme and not the choice of the moment.
    """
    return render_to_string("offline.html", {"operator": operator(), "theme": ""})


def worker() -> str:
    """Return the worker's script; one that removes itself if the operator withdraws it."""
    source, shown = SOURCE.read_text(encoding="utf-8"), page()
    keeps = not settings.WITHDRAW_SERVICE_WORKER
    facts = {
        "version": hashlib.sha256(f"{source}{shown}".encode()).hexdigest()[:16],
        "page": reverse("offline") if keeps else "",
        "files": FILE.findall(shown) if keeps else [],
    }
    return f"self.offline = {json.dumps(facts)};\n{source}"
