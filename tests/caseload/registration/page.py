"""The page of a registration interview: its URL, its answers and its text."""

import html
import json
import re
from typing import Any

from django.test import Client
from django.urls import reverse

from accompaniment.enums import RefusalReason
from accompaniment.models import Enrolment, RegistrationInterview
from caseload.models import Portfolio

HTMX = {"HX-Request": "true"}


def address(enrolment: Enrolment, name: str = "registration") -> str:
    return reverse(name, args=[enrolment.pk])


def answers(into: Portfolio | None = None, **differing: Any) -> dict[str, Any]:
    """Return all answers of a page that can be validated; `differing` replaces some, and None leaves one out."""
    answered = {
        "identity_checked": "on",
        "situation": "Cherche un poste d'assistante.",
        "has_webcam": "oui",
        "bandwidth": "bon",
        "at_ease": "oui",
        "preferred_channel": "video",
        "tier": "guide",
        "track": "web",
        "portfolio": into.pk if into else None,
        "refusal_reason": None,
        "comment": "",
        "notes": "",
        **differing,
    }
    return {name: value for name, value in answered.items() if value is not None}


def refusing(**differing: Any) -> dict[str, Any]:
    return answers(**{"track": "classique", "refusal_reason": RefusalReason.EASE, **differing})


def text_of(response: Any) -> str:
    """Return the text of a page, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def base_of(client: Client, enrolment: Enrolment) -> str:
    """Return the state that a new page of the interview claims to show."""
    return base_on(client.get(address(enrolment)))


def base_on(page: Any) -> str:
    (value,) = re.findall(r'name="base" value="([^"]*)"', page.content.decode())
    return html.unescape(value)


def typed(into: Portfolio, base: str, **differing: Any) -> dict[str, Any]:
    """Return what a page sends that shows the person's file, after `differing` was typed."""
    nothing_yet = dict.fromkeys(("at_ease", "track", "identity_checked", "preferred_channel", "portfolio"))
    return {**answers(into, situation="", **nothing_yet), "base": base, **differing}


def draft(client: Client, enrolment: Enrolment, data: dict[str, Any], **headers: str) -> Any:
    return client.post(address(enrolment, "registration_draft"), data, headers=headers)


def answer_in(response: Any) -> dict[str, Any]:
    (value,) = re.findall(r'data-answer="([^"]*)"', response.content.decode())
    answer: dict[str, Any] = json.loads(html.unescape(value))
    return answer


def kept() -> dict[str, str]:
    fields: dict[str, str] = RegistrationInterview.objects.get().typed
    return fields
