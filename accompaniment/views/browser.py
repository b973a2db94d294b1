"""What the service stores in a browser, for the page on personal data. A test compares it with the code."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage

from accompaniment.rules.french import delay_in_words
from accompaniment.views.display import KEPT_FOR, THEME_COOKIE
from accompaniment.views.kept_forms import COOKIE_AGE, SENT_COOKIE


@dataclass(frozen=True, slots=True)
class Kept:
    """One cookie, or the stored texts whose keys begin with `name`, and the sentence about it."""

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
            THEME_COOKIE,
            f"votre choix d'un affichage clair ou sombre, gardé {delay_in_words(KEPT_FOR)}",
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
    Kept("raccourcis", "votre choix sur les raccourcis d'une seule touche"),
)
"""What the person's own pages store in the browser, by the beginning of the key."""
