"""Sentences write none as « Aucune personne »; tables, badges and cards write 0."""

import re

import pytest
from django.conf import settings
from django.template import Context, Template

from accompaniment.rules.french import counted, verb_of
from tests.french_examples import COUNTS, spaces


@pytest.mark.parametrize(("count", "forms", "words"), COUNTS)
def test_a_sentence_says_none_instead_of_nought(count: int, forms: str, words: str) -> None:
    assert spaces(counted(count, forms)) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "Aucune personne ne pourra demander"),
        (1, "1 personne pourra demander"),
        (2, "2 personnes pourront demander"),
    ],
)
def test_the_verb_goes_with_none(count: int, words: str) -> None:
    page = Template('{{ n|counted:"une personne"|capfirst }} {{ n|without:"pourra,pourront" }} demander')
    assert page.render(Context({"n": count})) == words
    assert verb_of(0, "est,sont") == "n'est"


NUMBER_BEFORE_ITS_NOUN = re.compile(r"\{\{ ([\w.|]+) \}\}(?:&nbsp;| )[^\W\d_]+\{\{ \1\|plural")
"""Finds `{{ n }} personne{{ n|plural }}`, which would write 0 as a number."""

NEVER_NONE = {
    "too_many.html": "a minute at least",
    "lapse_delays.html": "a delay of a day at least",
    "member.html": "a portfolio of which something is to be handed over",
    "transfer_confirm.html": "those who stay, if anybody does",
}


def test_no_sentence_writes_its_count_by_hand() -> None:
    """Kind: « 0 personne » in a sentence. A template may write the number only inside an `if` that excludes zero."""
    found = []
    for path in sorted((settings.BASE_DIR / "templates").rglob("*.*")):
        text = path.read_text() if path.suffix in {".html", ".txt"} else ""
        for match in NUMBER_BEFORE_ITS_NOUN.finditer(text):
            asked = match[1].removesuffix("|length").removesuffix("|number")
            if not re.search(rf"\{{% (?:el)?if [^%]*\b{re.escape(asked)}\b", text) and path.name not in NEVER_NONE:
                found.append(f"{path.name}: {match[0]}")
    assert found == []
