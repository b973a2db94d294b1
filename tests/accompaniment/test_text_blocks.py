"""A published text is split into headings, lists and paragraphs. Nothing is lost, and nothing becomes HTML."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string

from accompaniment.rules.french import NO_BREAK
from accompaniment.rules.text_blocks import Block, BlockKind, text_blocks
from accompaniment.services.reference import supplied_consent_text

OLD = (Path(settings.BASE_DIR) / "tests/data/consent_text_1.txt").read_text()


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("", []),
        ("Une ligne.\nUne autre.", [Block(BlockKind.PARAGRAPH, ("Une ligne.", "Une autre."))]),
        (
            "## Titre\n- un\n- deux\nsuite",
            [
                Block(BlockKind.HEADING, ("Titre",)),
                Block(BlockKind.LIST, ("un", "deux")),
                Block(BlockKind.PARAGRAPH, ("suite",)),
            ],
        ),
        ("CE QUI CHANGE\r\n- un", [Block(BlockKind.HEADING, ("CE QUI CHANGE",)), Block(BlockKind.LIST, ("un",))]),
        ("EID", [Block(BlockKind.PARAGRAPH, ("EID",))]),
        ("##sans espace", [Block(BlockKind.PARAGRAPH, ("##sans espace",))]),
    ],
)
def test_marks_are_read(text: str, blocks: list[Block]) -> None:
    assert text_blocks(text) == blocks


@pytest.mark.parametrize("text", [OLD, supplied_consent_text()], ids=["of before the marks", "supplied"])
def test_no_word_is_lost_and_each_list_has_its_heading(text: str) -> None:
    blocks = text_blocks(text)
    kinds = [block.kind for block in blocks]
    assert kinds.count(BlockKind.HEADING) == kinds.count(BlockKind.LIST) == 5
    read = " ".join(line for block in blocks for line in block.lines)
    written = text.replace("## ", "").replace("\n- ", "\n")
    assert read.split() == written.split()


@pytest.mark.parametrize("text", [OLD, supplied_consent_text()], ids=["of before the marks", "supplied"])
def test_no_line_begins_with_a_sign(text: str) -> None:
    """Kind: « 100 » at the end of a line and « % web » on the next one, because the text was typed by a person."""
    assert re.search(" [:;?!»%]|« ", text)
    html = render_to_string("accompaniment/partials/_text.html", {"text": text, "deep": False})
    assert not re.search(" [:;?!»%]|« ", html)
    assert html.replace(NO_BREAK, " ").count("100 % web") == text.count("100 % web")


def test_what_looks_like_html_is_a_text() -> None:
    html = render_to_string("accompaniment/partials/_text.html", {"text": "## <b>a</b>\n- <script>", "deep": False})
    assert "<b>" not in html
    assert "<script>" not in html
    assert "<h2>&lt;b&gt;a&lt;/b&gt;</h2>" in html
