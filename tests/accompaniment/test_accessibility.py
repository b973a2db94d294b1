"""The statement of accessibility: all criteria of the RGAA 4.1.2, the tests that it names, and the page made of it."""

import ast
import re
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accompaniment.reads.accessibility import (
    BY_A_PERSON,
    NOT_APPLICABLE,
    NOT_CONFORM,
    TESTED,
    Criterion,
    criteria,
    statement_of,
)
from tests.accompaniment.factories import JobseekerFactory
from tests.caseload.factories import ManagerFactory, PortfolioFactory

pytestmark = pytest.mark.django_db

THEMES = (9, 2, 3, 13, 8, 2, 5, 10, 4, 14, 13, 11, 12)
"""How many criteria each of the 13 themes of the RGAA 4.1.2 has."""
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
SCRIPTS = [
    path
    for path in Path(settings.BASE_DIR, "static").rglob("*.js")
    if "vendor" not in path.parts and not path.name.endswith(".min.js")
]


def words(client: Client, name: str) -> str:
    html = client.get(reverse(name)).content.decode()
    main = re.search(r"<main.*</main>", html, re.DOTALL)
    assert main is not None
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", main[0])))


def test_each_of_the_106_criteria_is_there_once() -> None:
    assert sum(THEMES) == 106
    expected = [f"{theme}.{number}" for theme, size in enumerate(THEMES, 1) for number in range(1, size + 1)]
    assert [criterion.number for criterion in criteria()] == expected


def functions_of(path: str) -> set[str]:
    tree = ast.parse(Path(settings.BASE_DIR, path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_each_result_is_shown_by_a_test_that_exists_or_says_why() -> None:
    wrong = []
    for criterion in criteria():
        named = NAMED.findall(criterion.shown_by)
        if criterion.shown_by.count("tests/") != len(named):
            wrong.append(f"{criterion.number} names a test in another way")
        wrong += [f"{criterion.number} names {path}::{name}" for path, name in named if name not in functions_of(path)]
        if criterion.result == TESTED:
            wrong += [] if named else [f"{criterion.number} names no test"]
        elif criterion.result in (NOT_APPLICABLE, BY_A_PERSON):
            wrong += [] if re.match(r"[A-Z].{10,}\.", criterion.shown_by) else [f"{criterion.number} gives no reason"]
        elif criterion.result != NOT_CONFORM:
            wrong.append(f"{criterion.number} has the result {criterion.result}")
    for path, name in NAMED.findall(Path(settings.BASE_DIR, "docs", "accessibility.md").read_text(encoding="utf-8")):
        wrong += [] if name in functions_of(path) else [f"the page names {path}::{name}"]
    assert not wrong


def test_the_page_states_what_the_table_says(client: Client) -> None:
    found = statement_of(criteria())
    page = words(client, "accessibility")
    assert f"Sur les {found.total} critères" in page
    assert f"{found.tested} sont vérifiés par des tests" in page
    assert f"{found.not_applicable} ne s'appliquent pas" in page
    assert f"{found.by_a_person} restent à vérifier par une personne" in page
    assert found.tested + found.not_applicable + found.by_a_person + len(found.faults) == found.total
    # Whom to tell, without an account, and where it was looked at.
    assert "accessibilite@accompagnement.example" in page
    assert "Chromium" in page


def test_a_known_fault_is_stated_in_french() -> None:
    """A fault without its sentence is refused, so no row can become « not conform » in silence."""
    fault = Criterion(number="3.2", asks="…", result=NOT_CONFORM, shown_by="« Un texte est trop pâle. » See above.")
    assert statement_of((fault,)).faults == (("3.2", "Un texte est trop pâle."),)
    with pytest.raises(ValueError, match=r"3\.2"):
        statement_of((Criterion(number="3.2", asks="…", result=NOT_CONFORM, shown_by="A grey text is too pale."),))


def links(html: str) -> set[str]:
    return set(re.findall(r'<a[^>]* href="([^"#?]+)', html))


@pytest.mark.parametrize("role", ["visitor", "jobseeker", "adviser", "manager"])
def test_the_plan_of_the_site_leads_everywhere_that_the_menu_does(client: Client, role: str) -> None:
    """Kind: a site that is found in one way only (RGAA 12.1). Each page links to the plan, at one place."""
    if role == "jobseeker":
        client.force_login(JobseekerFactory(with_account=True).user)
    elif role == "adviser":
        client.force_login(PortfolioFactory().adviser.user)
    elif role == "manager":
        client.force_login(ManagerFactory().user)
    html = client.get(reverse("site_plan")).content.decode()
    menu = re.search(r'<nav id="navigation".*?</nav>', html, re.DOTALL)
    main = re.search(r"<main.*</main>", html, re.DOTALL)
    assert main is not None
    assert (menu is None) == (role == "visitor")
    if menu is not None:
        assert links(menu[0]) <= links(main[0])
    for address in links(main[0]):
        assert client.get(address, follow=True).status_code == 200, address
    for name in ("legal_notice", "accessibility", "personal_data"):
        footer = client.get(reverse(name)).content.decode().split("<footer")[1]
        first = re.search(r'href="([^"]+)"', footer)
        assert first is not None
        assert first[1] == reverse("site_plan")


REGION = re.compile(r'<(\w+)\b((?:[^<>"]|"[^"]*")*\brole="(?:alert|status)"(?:[^<>"]|"[^"]*")*)>(.*?)</\1>', re.DOTALL)
NOT_SHOWN = re.compile(r"{#.*?#}|{% comment %}.*?{% endcomment %}", re.DOTALL)
FILLED = {
    # Repeated once the page is there (frame.js).
    "partials/_toasts.html",
    # What stands in the page and is read in its place. A change is heard.
    "visio/device_test.html",
    "visio/room.html",
    "visio/partials/_call_ended.html",
    "caseload/desk/partials/_cases.html",
    # How many still wait: it stands in the page, and a script brings it anew.
    "messaging/sequence.html",
    # Chosen on the page: the region is there before what is chosen fills it.
    "caseload/registration/partials/_registration_track.html",
    # Put into the page by a script, where an alert is heard.
    "caseload/registration/partials/_draft_both.html",
    "caseload/registration/registration.html",
}


def test_no_message_comes_in_a_region_that_nobody_listens_to_yet() -> None:
    """Kind: a live region that is filled when the page, or a part of it, comes.

    A screen reader says what changes in a region, not what it comes with. So a refusal takes the focus
    (`data-error-summary`), and news is repeated in a region that was empty (`data-said`).
    """
    wrong, standing = [], set()
    for path in Path(settings.BASE_DIR, "templates").rglob("*.html"):
        name = str(path.relative_to(Path(settings.BASE_DIR, "templates")))
        for _, attributes, content in REGION.findall(NOT_SHOWN.sub("", path.read_text(encoding="utf-8"))):
            takes_the_focus = "data-error-summary" in attributes and 'tabindex="-1"' in attributes
            if not content.strip() or takes_the_focus:
                continue
            standing.add(name)
            wrong += [] if name in FILLED else [f"{name}: {' '.join(content.split())[:80]}"]
    assert not wrong, "\n".join(wrong)
    assert standing == FILLED


def test_no_script_opens_a_window_or_acts_before_the_pointer_is_up() -> None:
    """Nor listens to a movement of the device. What is pressed by mistake is let go of elsewhere."""
    acts_on = re.compile(r"window\.open\(|addEventListener\(\s*[\"'](mousedown|pointerdown|touchstart|devicemotion)")
    lines = [(path.name, line.strip()) for path in SCRIPTS for line in path.read_text().splitlines()]
    found = {(name, line) for name, line in lines if acts_on.search(line)}
    assert found == {
        # Keeps the focus in the field of the search while one presses on a line of its list.
        ("search.js", 'list.addEventListener("mousedown", (event) => event.preventDefault());'),
        # A browser lets the other person be heard only after a press anywhere.
        ("media.js", 'document.addEventListener("pointerdown", wake, { once: true });'),
    }
