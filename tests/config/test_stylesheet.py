"""The stylesheet that is made of the design system: what is used stays, what is not goes.

That no page lacks a rule is checked wherever a test looks at a page (`tests/e2e/browser.py`).
"""

import re
from pathlib import Path

import brotli
import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from pytest_django import Settings

from config.finders import FOLDER, NAME, SYSTEM, made
from config.stylesheet import Vocabulary, lean

HEAVIEST = 16_000
"""Bytes of the stylesheet, compressed. The whole design system has 65,000."""


def kept(css: str, *sources: str, script: str = "", beside: str = "") -> str:
    return lean([css], Vocabulary(sources, script), beside).text


@pytest.mark.parametrize(
    ("selector", "source"),
    [
        (".fr-a .fr-b>p", '<p class="fr-a fr-b">'),
        (".fr-a--green-x", '<p class="fr-a{% if a %} fr-a--green-x{% endif %}">'),
        (".fr-a--green-x", '<p class="fr-a--{{ kind }}">'),
        (".fr-a--green-x", '<p class="fr-a--{% if a %}green-x{% else %}red{% endif %}">'),
        (".fr-a--green-x", "note.className = `fr-a--${kind}`"),
        (".fr-a--green-x", 'note.classList.add("fr-a--" + kind)'),
        (".fr-a--green-x", 'f"fr-a--{self.kind}"'),
        (".fr-a--green-x", 'f"fr-a-{self.kind}-x"'),
        (".fr-a--green-x", '"fr-a--%s" % kind'),
        ("#fr-a", '<p id="fr-a">'),
        ("p:not(.fr-b)", "<p>"),
        ("p[data-x]", ""),
    ],
)
def test_a_rule_stays_if_an_element_may_match_it(selector: str, source: str) -> None:
    assert kept(f"{selector}{{color:red}}", source) == f"{selector}{{color:red}}"


@pytest.mark.parametrize(
    ("selector", "source"),
    [
        (".fr-a .fr-b>p", '<p class="fr-a">'),
        (".fr-a--green-x", '<p class="fr-a">'),
        (".fr-a--green-x", '<p class="fr-b--{{ kind }}">'),
        (".fr-a--green-x", 'f"fr-a-{self.kind}-y"'),
        ("#fr-a", '<p id="fr-b">'),
    ],
)
def test_a_rule_goes_if_no_element_can_match_it(selector: str, source: str) -> None:
    made_of_two = f"{selector},p{{color:red}}@media (min-width:1px){{{selector}{{color:red}}}}"
    assert kept(made_of_two, source) == "p{color:red}"


def test_what_the_systems_script_sets_stays_where_a_page_has_the_block() -> None:
    css = ".fr-modal--opened{top:0}.fr-nav--opened{top:0}"
    script = 's("modal--opened");s("nav--opened")'
    assert kept(css, '<dialog class="fr-modal">', script=script) == ".fr-modal--opened{top:0}"


def test_a_variable_stays_if_something_reads_it() -> None:
    css = ":root{--a:var(--b);--b:1px;--c:var(--d);--d:2px;--e:3px;--f:4px}p{top:var(--a)}"
    assert kept(css) == ":root{--a:var(--b);--b:1px}p{top:var(--a)}"
    assert kept(css, 'style.setProperty("--f", 1)', beside="p{left:var(--e)}") == (
        ":root{--a:var(--b);--b:1px;--e:3px;--f:4px}p{top:var(--a)}"
    )


def test_a_rule_of_the_dark_theme_applies_by_choice_and_by_preference_and_never_on_paper() -> None:
    css = "p,:root[data-fr-theme=dark] p{color:var(--a)}:root{--a:red}:root[data-fr-theme=dark]{--a:blue;--b:red}"
    assert kept(css) == (
        "p{color:var(--a)}"
        "@media screen{:root[data-theme=dark] p{color:var(--a)}}"
        "@media screen and (prefers-color-scheme:dark){:root:not([data-theme]) p{color:var(--a)}}"
        ":root{--a:red}"
        "@media screen{:root[data-theme=dark]{--a:blue}}"
        "@media screen and (prefers-color-scheme:dark){:root:not([data-theme]){--a:blue}}"
    )


def test_a_font_stays_in_one_format_if_a_rule_names_its_family_and_weight() -> None:
    def face(family: str, weight: int, *endings: str) -> str:
        sources = ",".join(f'url({family}.{ending}) format("{ending}")' for ending in endings)
        return f"@font-face{{font-family:{family};font-weight:{weight};src:{sources}}}"

    body = "body{font-family:Marianne}"
    faces = [
        face("Marianne", 300, "woff2", "woff"),
        face("Marianne", 700, "woff2", "woff"),
        face("Spectral", 700, "woff2"),
    ]
    assert kept("".join(faces) + body) == face("Marianne", 700, "woff2") + body


def test_a_stylesheet_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        kept("p{color:red}}")


def test_no_class_is_put_together_from_the_first_three_letters() -> None:
    """Kind: a class that cannot be told from the sources, because only « fr- » or the end of it is written there."""
    sources = [
        path
        for folder, ending in (("templates", "html"), ("static", "js"))
        for path in (settings.BASE_DIR / folder).rglob(f"*.{ending}")
    ]
    hidden = re.compile(r"fr-[\"'`]|[\s\"]\{\{[^{}]*\}\}--?[a-z]")
    assert [path for path in sources if hidden.search(path.read_text(encoding="utf-8"))] == []


FIXED = re.compile(
    r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch|color)a?\(|:[^;]*(?<![\w-])(?:white|black|gr[ae]y)(?![\w-])"
)
ALWAYS_DARK = "--stage-"
"""Variables of the pictures in the room, which look like a screen in both themes."""
ON_PAPER = "accompaniment/certificate.css"


def fixed_colours(css: str) -> list[str]:
    declarations = [line.strip() for line in css.lower().splitlines() if line.strip().endswith(";")]
    return [one for one in declarations if not one.startswith(ALWAYS_DARK) and FIXED.search(one)]


def test_each_colour_of_our_own_comes_from_the_design_system() -> None:
    """Kind: a colour that stays as it is when the theme changes."""
    for wrong in (
        "color: #161616;",
        "border: 1px solid rgb(0 0 0 / 9%);",
        "background: White;",
        "outline-color: black;",
    ):
        assert fixed_colours(wrong)
    for right in ("color: var(--text-default-grey);", "white-space: nowrap;", "--stage-text: #fff;"):
        assert fixed_colours(right) == []
    folder = Path(settings.STATICFILES_DIRS[0])
    found = {
        str(path.relative_to(folder)): fixed
        for path in folder.rglob("*.css")
        if (fixed := fixed_colours(path.read_text(encoding="utf-8")))
    }
    assert set(found) == {ON_PAPER}, found


def test_the_stylesheet_of_the_pages_is_light_and_whole() -> None:
    stylesheet = made()
    assert len(brotli.compress(stylesheet.text.encode())) < HEAVIEST
    # The dark theme changes variables, and these stay.
    for pages in (":root[data-theme=dark]", ":root:not([data-theme])"):
        assert f"{pages}{{" in stylesheet.text
    assert "data-fr-theme" not in stylesheet.text
    files = re.findall(r"url\(([^\"')]+)\)", stylesheet.text)
    assert files
    assert [name for name in files if finders.find(f"{FOLDER}{name}") is None] == []
    used = set(re.findall(r"var\((--[\w-]+)\)", stylesheet.text))
    declared = set(re.findall(r"(--[\w-]+):", stylesheet.text))
    whole = "".join(Path(str(finders.find(name))).read_text(encoding="utf-8") for name in SYSTEM)
    assert sorted(name for name in used - declared if f"{name}:" in whole) == []


def test_the_file_is_made_again_when_a_source_changes(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path / "data"
    settings.STATICFILES_DIRS = [tmp_path / "static"]
    script = tmp_path / "static" / "one.js"
    script.parent.mkdir()
    script.write_text("", encoding="utf-8")
    first = Path(str(finders.find(NAME)))
    assert ".fr-quote" not in first.read_text(encoding="utf-8")
    made_at = first.stat().st_mtime_ns
    assert Path(str(finders.find(NAME))).stat().st_mtime_ns == made_at
    script.write_text('"fr-quote"', encoding="utf-8")
    assert ".fr-quote" in Path(str(finders.find(NAME))).read_text(encoding="utf-8")
    assert [*first.parent.iterdir()] == [first]


def test_other_names_are_left_to_the_other_finders() -> None:
    assert finders.find("nothing-here.css") is None
    assert finders.find("nothing-here.css", find_all=True) == []
