"""What people of the demonstration say and write fits a woman and a man: who says it is drawn."""

import re
from collections.abc import Iterator

from config.demonstration import texts

AGREES = re.compile(r"\b(?:je suis|être|m'avoir|vous avoir) \w*(?:ée?|ite?|ue?)\b", re.IGNORECASE)
"""A participle after these words agrees with the person who speaks or is spoken of."""


def sentences(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from sentences(list(value.values()))
    elif isinstance(value, tuple | list):
        for one in value:
            yield from sentences(one)


def test_no_text_agrees_with_the_gender_of_a_person_who_is_drawn() -> None:
    """Kind: « Préfère être appelée » in the file of a man."""
    assert all(AGREES.search(text) for text in ("Je suis inscrite", "être reçu", "merci de m'avoir prévenue"))
    found = [text for name, value in vars(texts).items() if name.isupper() for text in sentences(value)]
    assert len(found) > 100
    assert [text for text in found if AGREES.search(text)] == []
