"""The French part of each font: light, drawn as in the whole font, which stays for all other characters."""

from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from fontTools.pens.recordingPen import RecordingPen
from fontTools.ttLib import TTFont

from config import fonts
from config.finders import FOLDER, NAME, DesignSystemFinder, made

HEAVIEST = 11_000
"""Bytes of one French part. The whole font has 41,000."""
ACCENTS = "àâçéèêëîïôùûüœÀÂÇÉÈÊËÎÏÔÙÛÜŒ«»’…€–\u00a0"
FROM_ABROAD = "ñłßøã"


def drawn(font: TTFont, character: str) -> tuple[object, object]:
    """Return how a font draws a character, and how wide it is."""
    name = font.getBestCmap()[ord(character)]
    pen = RecordingPen()
    font.getGlyphSet()[name].draw(pen)
    return pen.value, font["hmtx"][name]


@pytest.mark.parametrize("weight", ["Regular", "Medium", "Bold"])
def test_a_french_part_is_light_and_draws_each_character_as_the_whole_font_does(weight: str) -> None:
    path = Path(str(finders.find(f"{FOLDER}fonts/Marianne-{weight}{fonts.ENDING}")))
    assert path.stat().st_size < HEAVIEST
    whole = Path(str(finders.find(f"{FOLDER}fonts/Marianne-{weight}.woff2")))
    with TTFont(path) as part, TTFont(whole) as all_of_it:
        assert set(part.getBestCmap()) == set(map(ord, fonts.FRENCH))
        assert set(ACCENTS) < set(fonts.FRENCH)
        assert [one for one in fonts.FRENCH if drawn(part, one) != drawn(all_of_it, one)] == []
        assert part["hhea"].ascent == all_of_it["hhea"].ascent
        assert "GPOS" in part  # kerning


def test_each_character_of_a_font_has_one_file_and_no_other_is_loaded_for_it() -> None:
    folder = Path(str(finders.find(f"{FOLDER}dsfr.main.min.css"))).parent
    face = "@font-face{font-family:Marianne;src:url(fonts/Marianne-Regular.woff2)}"
    whole, part = fonts.in_two(face, folder).split("}")[:2]
    assert f"fonts/Marianne-Regular{fonts.ENDING}" in part

    def covered(rule: str) -> set[int]:
        found: set[int] = set()
        for each in rule.partition("unicode-range:")[2].split(","):
            first, _, last = each.removeprefix("U+").partition("-")
            found.update(range(int(first, 16), int(last or first, 16) + 1))
        return found

    assert covered(part) == set(map(ord, fonts.FRENCH))
    assert covered(whole) | covered(part) == fonts.characters(folder / "fonts/Marianne-Regular.woff2")
    assert covered(whole) & covered(part) == set()
    assert set(map(ord, FROM_ABROAD)) < covered(whole)


def test_what_is_collected_is_what_pages_load(client: Client) -> None:
    collected = {name: storage.open(name).read() for name, storage in DesignSystemFinder().list(None)}
    assert list(collected) == [NAME, *(FOLDER + name for name in fonts.names(made().text))]
    for name in list(collected)[1:]:
        answer = client.get(f"/static/{name}")
        assert answer["Content-Type"] == "font/woff2"
        assert answer.getvalue() == collected[name]
