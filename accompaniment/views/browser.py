"""What a browser keeps for this service, as the page on personal data tells it; a test holds it against the code."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage

from accompaniment.rules.french import delay_in_words
from accompaniment.views.kept_forms import COOKIE_AGE, SENT_COOKIE


@dataclass(frozen=True, slots=True)
class Kept:
    """One cookie, or the texts whose keys begin with `name`, and the sentence that tells it."""

    name: str
    sentence: str


def cookies() -> list[Kept]:
    """Return every cookie that the service sets."""
    return [
        Kept(
            settings.SESSION_COOKIE_NAME,
            f"votre session\u00a0: elle reste ouverte {_time(settings.SESSION_COOKIE_AGE)} au plus",
        ),
        Kept(
            settings.CSRF_COOKIE_NAME,
            f"la protection des formulaires, gardée {_time(settings.CSRF_COOKIE_AGE)}",
        ),
        Kept(
            SENT_COOKIE,
            f"les formulaires déjà envoyés, pour qu'aucun ne parte deux fois, gardés {_time(COOKIE_AGE)}",
        ),
        Kept(
            CookieStorage.cookie_name,
            "la phrase qui confirme ce que vous venez de faire, jusqu'à la page suivante",
        ),
    ]


def _time(seconds: int) -> str:
    return delay_in_words(timedelta(seconds=seconds))


TEXTS = (
    Kept(
        "kept:", f"ce que vous écrivez dans un formulaire sans l'envoyer, pendant {delay_in_words(timedelta(hours=12))}"
    ),
    Kept("messagerie:", "vos messages qui ne sont pas encore partis, jusqu'à leur envoi"),
)
"""What the person's own pages write into the browser's storage, by the beginning of the key."""

TEXTS_OF_STAFF = ("visio-notes-", "portefeuille-choisis", "portefeuille-ouvert")
"""The same on pages of the staff: notes of an interview, and what is ticked in a list; gone with the tab."""
