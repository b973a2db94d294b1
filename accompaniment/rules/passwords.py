"""Rules for passwords: one spelling, and nothing that a stranger would try first."""

import re
import unicodedata

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError

from accompaniment.rules.spelling import plain

FIRST_TRIED = (
    "accompagnement",
    "administrateur",
    "francetravail",
    "poleemploi",
    "motdepasse",
    "marseille",
    "bienvenue",
    "password",
    "chouchou",
    "conseil",
    "jetaime",
    "bonjour",
    "welcome",
    "azerty",
    "qwerty",
    "qwertz",
    "soleil",
    "doudou",
    "loulou",
    "emploi",
    "compte",
    "admin",
    "anpe",
    "2013",
    "web",
    "mdp",
)
"""Words of this service and the first words in lists of passwords stolen in France, longest first."""
ROWS_OF_KEYS = (
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "qwertyuiop",
    "qwertzuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
)
SHORTEST_RUN = 4
"""How many neighbours on a keyboard, in the alphabet or among digits count as a run."""
SHORTEST_OWN_WORD = 3
ENOUGH_LEFT = 6
"""Letters and digits that must remain after everything easy to guess is removed."""
ENOUGH_DIFFERENT = 5
"""The least number of different letters and digits in a password."""

ADVICE = (
    "Essayez plutôt quatre mots sans rapport entre eux ni avec vous, séparés par des espaces. "
    "N'y mettez ni votre nom, ni votre adresse, ni le nom de ce service."
)


def normalised(password: str) -> str:
    """Return the normalised password: systems write « é » as one character or as two."""
    return unicodedata.normalize("NFC", password)


WITH_ADVICE = {"password_repeats", "password_guessable"}
"""The codes of the refusals below that end with the advice."""


class NotTrivialValidator:
    """Refuses a password of which little remains without names, our own words, common words and runs of keys."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Raise ValidationError, which says why and what to do."""
        letters = _letters(password)
        if letters and len(set(letters)) < ENOUGH_DIFFERENT:
            raise ValidationError(f"Ce mot de passe répète les mêmes caractères. {ADVICE}", code="password_repeats")
        left = letters
        for word in sorted({*FIRST_TRIED, *_words_about(user)}, key=len, reverse=True):
            left = left.replace(word, "")
        if len(_without_runs(left)) < ENOUGH_LEFT:
            raise ValidationError(f"Ce mot de passe est de ceux qu'on devine. {ADVICE}", code="password_guessable")

    def get_help_text(self) -> str:
        return ADVICE


def _letters(text: str) -> str:
    """Return letters and digits only, without case and accents, in any script."""
    return "".join(character for character in plain(text) if character.isalnum())


def _words_about(user: AbstractBaseUser | None) -> set[str]:
    """Return what a stranger can know of the account: names, the parts of its address, the identifier."""
    if user is None:
        return set()
    person = getattr(user, "jobseeker", None)
    known = (
        getattr(user, "first_name", ""),
        getattr(user, "last_name", ""),
        getattr(user, "email", ""),
        person.identifier if person else "",
    )
    parts = {_letters(part) for text in known for part in (text, *re.split(r"[\W_]+", text))}
    return {part for part in parts if len(part) >= SHORTEST_OWN_WORD}


def _without_runs(text: str) -> str:
    """Shorten each run of neighbours, in either direction, and each repetition to one character."""
    rows = [*ROWS_OF_KEYS, *(row[::-1] for row in ROWS_OF_KEYS)]
    left = []
    place = 0
    while place < len(text):
        length = 1
        while place + length < len(text) and any(text[place : place + length + 1] in row for row in rows):
            length += 1
        repeated = len(text) - len(text[place:].lstrip(text[place])) - place
        left.append(text[place])
        place += length if length >= SHORTEST_RUN else max(repeated, 1)
    return "".join(left)
