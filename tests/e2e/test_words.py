"""Scripts write French as the server's French module does. Both are tested with one table of examples."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page

from accompaniment.rules.french import zone_in_words
from tests import french_examples as examples
from tests.french_examples import PARIS, spaces

pytestmark = pytest.mark.e2e

SAID = """async (asked) => {
  const words = await import("/static/frame/words.js");
  return asked.map(([name, ...given]) => {
    if (name === "wallClock") return words.wallClock(new Date(given[0]), given[1]);
    if (!["day", "hour", "moment"].includes(name)) return words[name](...given);
    const [at, clock] = given;
    return new words.Clock(clock)[name](new Date(at));
  });
}"""


def said(page: Page, asked: list[list[Any]]) -> list[str]:
    """Return what the scripts' module writes for each function and its arguments."""
    page.goto("/accessibilite/")
    return [spaces(words) for words in page.evaluate(SAID, asked)]


def clock(reader: ZoneInfo, other: ZoneInfo) -> dict[str, str]:
    """Return the data that a page gives its script about the clocks of both sides."""
    return {"zone": reader.key, "zoneWords": zone_in_words(reader), "zones": f"{reader.key} {other.key}"}


def test_scripts_write_as_the_server_does(page: Page) -> None:
    here = clock(PARIS, PARIS)
    long_days = [(day, words) for day, style, words in examples.DAYS if style == "l j F Y"]
    table: list[tuple[list[Any], str]] = [
        *((["day", day.isoformat(), here], words) for day, words in long_days),
        *(
            (["hour", datetime.combine(examples.AT.date(), wall, PARIS).isoformat(), here], words)
            for wall, words in examples.HOURS
        ),
        *((["hour", at.isoformat(), here], words) for at, words in examples.CLOCK_CHANGES),
        *(
            (["moment", examples.AT.isoformat(), clock(reader, other)], words)
            for reader, other, words in examples.MOMENTS
        ),
        *((["grouped", count], words) for count, words in examples.NUMBERS),
        *((["counted", count, forms], words) for count, forms, words in examples.COUNTS),
        *((["plural", count, forms], ending) for count, forms, ending in examples.ENDINGS),
        *((["excess", length, most], words) for length, most, words in examples.EXCESSES),
        *((["size", octets], words) for octets, words in examples.SIZES),
        (["wallClock", "2026-12-01T22:30:00Z", "Europe/Paris"], "2026-12-01 23:30"),
    ]
    assert said(page, [asked for asked, _ in table]) == [words for _, words in table]
