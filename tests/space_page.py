"""« Mon espace » as a person sees it, with and without scripts."""

import html
import re
from typing import Any
from urllib.parse import urlsplit

from django.test import Client
from django.urls import reverse

from accompaniment.models import Accompaniment, Jobseeker

TARGET = re.compile(r'<(?:a|form)\b[^>]*?\b(?:href|action)="(/[^"]*)"')
BUTTON = re.compile(r'<a class="(?:fr-btn|space-action)\b[^>]*href="([^"]*)"')


def space_of(client: Client, person: Jobseeker) -> str:
    """Return the page of the person's space, its panels in their places."""
    client.force_login(person.user)
    page = main_of(client.get("/mon-espace/").content.decode())
    assert "hx-get" not in page
    return page


def main_of(page: str) -> str:
    return page[page.index("<main") : page.index("</main>")]


def words_of(page: str) -> str:
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
    return text.replace("\u00a0", " ").replace("\u2019", "'")


def places_of(page: str) -> list[str]:
    """Return where the links of a page lead, forms that write left out."""
    forms = re.findall(r'<form[^>]*method="post"[^>]*action="([^"]+)"', page)
    return sorted({html.unescape(place) for place in TARGET.findall(page)} - set(forms))


def buttons_of(page: str) -> list[str]:
    """Return where what looks like a button leads, telephone numbers left out."""
    return [place for place in BUTTON.findall(page) if urlsplit(place).scheme == ""]


def answer_of(response: Any) -> str:
    return words_of(main_of(response.content.decode()))


def read(client: Client, person: Jobseeker, name: str = "space", **query: Any) -> str:
    """Return the text of one of the person's pages, in one line."""
    client.force_login(person.user)
    response = client.get(reverse(name), query)
    assert response.status_code == 200
    return words(response)


def whole(client: Client, person: Jobseeker) -> str:
    """Return what the person reads on the space."""
    return words_of(space_of(client, person))


def words(response: Any) -> str:
    """Return the words of an answer, the frame of its page included."""
    return words_of(response.content.decode())


def send(client: Client, person: Jobseeker, name: str, **answers: Any) -> Any:
    client.force_login(person.user)
    return client.post(reverse(name), answers, follow=True)


def track_of(person: Jobseeker) -> str:
    return Accompaniment.objects.current().get(jobseeker=person).track
