"""Somebody who uses the keyboard and a screen reader, and neither sees the page nor has a mouse.

Such a person finds things by their role and name, reaches them by Tab, and hears what live regions say. So this knows
no selector and no click. After each act it looks where the focus is and what was heard:

- the focus is on an element, unless a new page was opened, which is read from its title on;
- no sentence was heard twice;
- no live region came filled into the page, because a screen reader does not say what it was not listening to.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import settle, wait_until

Name = str | re.Pattern[str]

EAR = r"""() => {
  const REGION = "[role=status], [role=alert], [role=log], [aria-live=polite], [aria-live=assertive]";
  const FILLED = "[role=status], [aria-live=polite], [aria-live=assertive]";
  const words = (node) => node.textContent.replace(/\s+/g, " ").trim();
  const isRead = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("[aria-hidden=true]");
  window.heard = [];
  window.unheard = [];
  function hear(region, nodes) {
    const wholeOf = (node) => region.matches("[role=status], [role=alert]") ? region
      : (node.nodeType === Node.TEXT_NODE ? node.parentElement : node).closest("[aria-atomic=true]") ?? node;
    const wholes = [...new Set(nodes.map(wholeOf))];
    const isPart = (one) => wholes.some((other) => other !== one && other.contains(one));
    window.heard.push(...wholes.filter((one) => !isPart(one)).map(words).filter(Boolean));
  }
  function listen(records) {
    const changes = new Map();
    const born = records.flatMap((record) => [...record.addedNodes]).filter((node) => node instanceof Element);
    for (const record of records) {
      const isShown = record.type === "attributes";
      const nodes = record.type === "childList" ? [...record.addedNodes] : [record.target];
      for (const node of nodes) {
        const one = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
        if (!one?.isConnected || !isRead(one)) continue;
        const above = isShown ? one.parentElement : record.target.nodeType === Node.TEXT_NODE ? one : record.target;
        const region = above.closest(REGION);
        if (region !== null && !born.some((each) => each.contains(region))) {
          changes.set(region, [...(changes.get(region) ?? []), node]);
          continue;
        }
        if (record.type === "characterData") continue;
        const alerts = one.matches("[role=alert]") ? [one] : [...one.querySelectorAll("[role=alert]")];
        for (const alert of alerts) if (isRead(alert)) changes.set(alert, [alert]);
        const filled = one.matches(FILLED) ? [one] : [...one.querySelectorAll(FILLED)];
        if (!isShown) window.unheard.push(...filled.filter(isRead).map(words).filter(Boolean));
      }
    }
    for (const [region, nodes] of changes) hear(region, nodes);
  }
  document.addEventListener("DOMContentLoaded", () => new MutationObserver(listen).observe(document, {
    attributeFilter: ["hidden"], characterData: true, childList: true, subtree: true,
  }));
}"""

STEP = """(target) => {
  const here = document.activeElement;
  if (here === target) return "";
  const isOneChoice = target.type === "radio" && here.type === "radio";
  const isAfter = here.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_FOLLOWING;
  if (isOneChoice && here.name === target.name && here.form === target.form) return isAfter ? "ArrowDown" : "ArrowUp";
  return isAfter ? "Tab" : "Shift+Tab";
}"""

BEGIN = "() => { window.lastAct = { heard: window.heard.length, unheard: window.unheard.length }; }"

LOOK_BACK = """() => {
  const since = window.lastAct ?? { heard: 0, unheard: 0, isNew: true };
  const words = (one) => one.textContent.replace(/\\s+/g, " ").trim();
  const heard = window.heard.slice(since.heard);
  const here = document.activeElement;
  const alerts = [...document.querySelectorAll("[role=alert]")].filter((one) => words(one) &&
    one.checkVisibility({ visibilityProperty: true }));
  const isRead = alerts.some((one) => one.contains(here));
  const silent = window.lastAct === undefined && !isRead ? alerts.map(words) : [];
  const missed = isRead ? [] : [...window.unheard.slice(since.unheard), ...silent];
  window.lastAct = { heard: window.heard.length, unheard: window.unheard.length, isNew: since.isNew };
  return {
    isLost: !since.isNew && [null, document.body].includes(here),
    twice: [...new Set(heard.filter((one, at) => heard.indexOf(one) !== at))],
    missed: missed.filter((one) => !heard.includes(one)),
  };
}"""

HEARD = "(window.heard ?? []).slice(window.lastAct?.heard ?? 0)"

MOST_PRESSES = 150

ANY = re.compile(".")


@dataclass
class Reader:
    """The person at this page. Names are whole, unless they are patterns."""

    page: Page
    did: str = "opened the page"
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.add_init_script(f"({EAR})()")

    def opens(self, address: str) -> None:
        """Type an address, or follow a link of an e-mail."""
        self._look_back()
        self.page.goto(address)
        self.did = f"opened {address}"

    def finds(self, role: Any, name: Name, *, inside: Locator | None = None) -> Locator:
        """Find the one thing that has this role and name. Of those with any name it is the first."""
        whole = {"exact": True} if isinstance(name, str) else {}
        found = (inside or self.page).get_by_role(role, name=name, **whole)
        found = found.first if name is ANY else found
        expect(found).to_be_visible() if role not in {"radio", "checkbox"} else expect(found).to_be_attached()
        return found

    def goes_to(self, role: Any, name: Name, *, inside: Locator | None = None) -> Locator:
        """Press Tab, or an arrow among choices, until the focus is there."""
        self._look_back()
        found = self.finds(role, name, inside=inside)
        self._reach(found, f"the {role} “{name}”")
        return found

    def presses(self, key: str) -> None:
        """Press a key where the focus is."""
        self.page.evaluate(BEGIN)
        self.did = f"pressed {key}"
        self.page.keyboard.press(key)

    def uses(self, role: Any, name: Name, *, inside: Locator | None = None, key: str = "Enter") -> None:
        """Go to a link or a button, and press it."""
        self.goes_to(role, name, inside=inside)
        self.presses(key)
        self.did = f"pressed {key} on the {role} “{name}”"

    def writes(self, name: Name, text: str, *, role: Any = "textbox", inside: Locator | None = None) -> None:
        """Go to a field and type, in the place of what it held."""
        self.goes_to(role, name, inside=inside)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)

    def chooses(self, name: Name, *, role: Any = "radio", inside: Locator | None = None) -> None:
        """Go to a radio button or a box, and choose it."""
        found = self.goes_to(role, name, inside=inside)
        if not found.is_checked():
            self.presses("Space")
            self.did = f"chose the {role} “{name}”"
        expect(found).to_be_checked()

    def unfolds(self, name: Name, *, inside: Locator | None = None) -> None:
        """Go to what is folded under this name, and open it. A fold has its name from its summary, but no role here."""
        summary = (inside or self.page).locator("summary").filter(has_text=name)
        self._reach(summary, f"the fold “{name}”")
        self.presses("Enter")
        self.did = f"opened the fold “{name}”"

    def picks(self, name: Name, option: Name, *, inside: Locator | None = None) -> None:
        """Go to a list, and press the arrow until it shows this option."""
        found = self.goes_to("combobox", name, inside=inside)
        for _ in range(MOST_PRESSES):
            shown: str = found.evaluate("one => one.selectedOptions[0].label")
            if option == shown if isinstance(option, str) else option.search(shown):
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"the list “{name}” has no “{option}”")

    def dates(self, name: Name, day: date) -> None:
        """Go to a date and type its digits, in the order of the browser's language."""
        found = self.goes_to("textbox", name)
        self.page.keyboard.type(f"{day:%m%d%Y}")
        expect(found).to_have_value(day.isoformat())

    def brings(self, name: Name, path: Any, *, role: Any = "button") -> None:
        """Go to a field for a file, and choose one. The window in which one chooses is the system's, and not ours."""
        self.goes_to(role, name).set_input_files(path)

    def hears(self, words: Name) -> None:
        """Wait until a live region has said a sentence with these words since the last act."""
        says = words.pattern if isinstance(words, re.Pattern) else re.escape(words).replace("\\ ", "\\s")
        wait_until(self.page, f"{HEARD}.some((one) => new RegExp({json.dumps(says)}).test(one))")

    def is_on(self, heading: Name) -> None:
        """Wait for the page with this main heading."""
        found = self.page.get_by_role("heading", level=1)
        expect(found).to_have_text(heading)
        settle(self.page)

    def is_told(self, words: Name, *, role: Any = "alert") -> None:
        """Wait until the focus is on a message with these words, which is read because it has the focus."""
        expect(self.page.get_by_role(role).filter(has_text=words)).to_be_focused()

    def is_at(self, role: Any, name: Name, *, inside: Locator | None = None) -> None:
        """Wait until the focus is on the thing with this role and name."""
        expect(self.finds(role, name, inside=inside)).to_be_focused()

    def ends(self) -> None:
        """Look back at the last act, and fail if any of them was wrong."""
        self._look_back()
        assert not self.problems, "\n".join(self.problems)

    def _reach(self, found: Locator, what: str) -> None:
        target = found.element_handle()
        for _ in range(MOST_PRESSES):
            key = target.evaluate(STEP)
            if not key:
                return
            self.page.keyboard.press(key)
        raise AssertionError(f"{what} cannot be reached by the keyboard")

    def _look_back(self) -> None:
        if self.page.url == "about:blank":
            return
        settle(self.page)
        found = self.page.evaluate(LOOK_BACK)
        after = f"{self.page.url}, after the person {self.did}:"
        if found["isLost"]:
            self.problems.append(f"{after} the focus is on nothing")
        self.problems += [f"{after} heard twice: {one}" for one in found["twice"]]
        self.problems += [f"{after} neither heard nor read: {one}" for one in found["missed"]]
