"""Our scripts and stylesheets leave the server without comments and needless spaces, and say the same."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from pytest_django import Settings

from config.finders import SHORTER, OwnFilesFinder

FOLDER = Path(settings.BASE_DIR, "static")
SOURCES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.suffix in SHORTER)
COMMENTS = {
    ".js": re.compile(r"(?:^|(?<=\s))//(?: .*)?$|/\*.*?\*/", re.MULTILINE),
    ".css": re.compile(r"/\*.*?\*/", re.DOTALL),
}


def bare(text: str) -> str:
    return re.sub(r"\s+", "", text).replace(";}", "}")


@pytest.mark.parametrize("name", SOURCES)
def test_only_comments_and_spaces_are_left_out(name: str) -> None:
    source = (FOLDER / name).read_text(encoding="utf-8")
    sent = Path(str(finders.find(name))).read_text(encoding="utf-8")
    assert len(sent) < len(source)
    without_comments = COMMENTS[Path(name).suffix].sub("", source)
    assert bare(sent) == bare(without_comments)
    # A text stays as it is, spaces included.
    assert sent.count("\u00a0") == source.count("\u00a0")
    sentences = re.findall(r"\"[A-ZÀ-Ý][^\"`\n]* [^\"`\n]*\"", without_comments) if name.endswith(".js") else []
    assert [each for each in sentences if each not in sent] == []


def test_what_is_collected_is_what_pages_load(client: Client) -> None:
    collected = {}
    for name, storage in OwnFilesFinder().list(None):
        with storage.open(name) as file:
            collected[name] = file.read()
    assert set(SOURCES) < set(collected)
    assert "frame/favicon.svg" in collected
    for name in ("frame/frame.js", "frame/frame.css", "frame/favicon.svg"):
        assert client.get(f"/static/{name}").getvalue() == collected[name]


def test_a_shorter_file_is_made_again_when_its_source_changes(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path / "data"
    settings.STATICFILES_DIRS = [tmp_path / "static"]
    source = tmp_path / "static" / "x" / "one.js"
    source.parent.mkdir(parents=True)
    source.write_text("// Says why.\nconst one = 1;\n", encoding="utf-8")
    finder = OwnFilesFinder()
    [first] = finder.find("x/one.js", find_all=True)
    assert Path(first).read_text(encoding="utf-8") == "const one=1;"
    made_at = Path(first).stat().st_ctime_ns
    assert finder.find("x/one.js") == first
    assert Path(first).stat().st_ctime_ns == made_at
    source.write_text("const one = 22;\n", encoding="utf-8")
    assert Path(finder.find("x/one.js")).read_text(encoding="utf-8") == "const one=22;"
    assert [*Path(first).parent.iterdir()] == [Path(first)]
    assert finder.find("x/absent.js") == []
