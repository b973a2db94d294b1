"""What every page holds for everybody, whatever they read it with. Each kind of fault has its control in
`test_the_walk_for_everybody_finds_each_kind`.

It is looked at on pages that another test has opened, because opening a page is what takes time.
"""

from collections.abc import Iterator

from playwright.sync_api import Page

ZOOMED = {"width": 320, "height": 256}
"""A window of 1280 by 1024 px at 400 % (WCAG 1.4.10)."""

SPACING = """
* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; }
"""
"""The spacing that a reader may choose without losing anything (WCAG 1.4.12)."""

MARKUP = r"""() => {
  const wrong = [];
  const named = (one) => one.outerHTML.replace(/\s+/g, " ").slice(0, 120);
  const each = (what, kinds, isWrong = () => true) => {
    for (const one of document.querySelectorAll(kinds)) if (isWrong(one)) wrong.push(`${what}: ${named(one)}`);
  };
  const isSeen = (one) => one.checkVisibility({ visibilityProperty: true });
  each("an element that no page has",
    "iframe, frame, object, embed, audio, canvas, map, area, meta[http-equiv=refresh]");
  each("an element for looks only", "marquee, blink, font, center, big, strike, tt, u, [align], [bgcolor]");
  each("a film outside of the room", "video", (one) => !one.closest("[data-room], [data-test]"));
  each("a paragraph that looks like a heading", "p", (one) => /\bfr-h[1-6]\b/.test(one.className));
  each("an empty list", "ul:not([role]), ol:not([role])", (one) => isSeen(one) && !one.querySelector(":scope > li"));
  each("an empty paragraph that takes room", "p:empty",
    (one) => isSeen(one) && one.offsetHeight > 0 && !one.matches("[role], [aria-live]"));
  each("a fraction of a second", "time[datetime]", (one) => /\.\d/.test(one.dateTime));
  each("a picture without a text", "img, [role=img]",
    (one) => !(one.alt || one.ariaLabel || one.hasAttribute("aria-labelledby")));
  each("a drawing that is neither named nor hidden", "svg", (one) => !one.closest("[aria-hidden=true], [role=img]"));
  each("a table without a header", "table", (one) => one.querySelector("th") === null);
  each("a table without a title", "table", (one) => !one.caption?.textContent.trim());
  each("a cell under two rows of titles without its titles", "table", (one) => one.tHead?.rows.length > 1 &&
    [...one.querySelectorAll("td")].some((cell) => !cell.headers));
  each("a title that no cell of its table has", "td[headers]", (one) => one.headers.split(" ").some(
    (id) => one.closest("table").querySelector(`#${CSS.escape(id)}`) === null));
  each("a personal field that a browser cannot fill", "form:not([role=search]) :is([type=email], [type=password])",
    (one) => !one.autocomplete);
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not one main heading");
  if (document.documentElement.lang !== "fr") wrong.push("no language");
  if (document.doctype?.name !== "html") wrong.push("no document type");
  return wrong;
}"""

REPEATS = """() => {
  const wrong = [];
  const name = (one) => (one.ariaLabel ?? one.textContent).replace(/\\s+/g, " ").trim();
  for (const [kind, does] of [["a[href]", (one) => one.href], ["button", (one) => one], ["summary", (one) => one]]) {
    const known = new Map();
    for (const one of document.querySelectorAll(`main ${kind}`)) {
      if (!one.checkVisibility({ visibilityProperty: true })) continue;
      if (!known.has(name(one))) known.set(name(one), does(one));
      else if (known.get(name(one)) !== does(one)) wrong.push(`two of the same name, “${name(one)}”`);
    }
  }
  return [...new Set(wrong)];
}"""

MOVES = """() => [...document.querySelectorAll("body, body *")].filter((one) => {
  const style = getComputedStyle(one);
  return style.animationName !== "none" || style.scrollBehavior === "smooth";
}).map((one) => `something moves: ${one.outerHTML.slice(0, 100)}`)"""

UNMARKED = """() => {
  const isSeen = (one) => one.checkVisibility({ visibilityProperty: true });
  const kinds = "[aria-current]:not([aria-current=false]), [aria-selected=true], [aria-pressed=true]";
  const looks = (one) => {
    const own = getComputedStyle(one);
    const before = getComputedStyle(one, "::before");
    return JSON.stringify([
      own.borderTopWidth, own.borderBottomWidth, own.borderLeftWidth, own.fontWeight, own.outlineStyle,
      own.textDecorationLine, before.content, before.maskImage,
    ]);
  };
  return [...document.querySelectorAll(kinds)].filter(isSeen).filter((one) => {
    const row = one.closest("li")?.parentElement ?? one.parentElement;
    const others = [...row.querySelectorAll(one.tagName)].filter((other) => isSeen(other) && !other.matches(kinds));
    return others.length > 0 && others.every((other) => looks(other) === looks(one));
  }).map((one) => `nothing but a colour marks ${one.outerHTML.slice(0, 100)}`);
}"""

SPACE = """(spacing) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(spacing);
  document.adoptedStyleSheets = [sheet];
}"""
UNSPACE = "document.adoptedStyleSheets = []"

CUT = """() => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const wrong = wide > 0 ? [`the page is ${wide} px wider than its window`] : [];
  for (const one of document.querySelectorAll("main *, footer *")) {
    if (!one.textContent.trim() || one.closest(".fr-sr-only, [aria-hidden=true]")) continue;
    const { overflowX, overflowY, textOverflow, webkitLineClamp } = getComputedStyle(one);
    // An excerpt ends in « … », and stands whole behind its link or once its line is opened.
    if (textOverflow === "ellipsis" || webkitLineClamp !== "none") continue;
    // A search is an icon, and so are the ways to the pages before and after, and the clip for files.
    if (one.closest(".fr-search-bar, .fr-pagination, .thread__attach")) continue;
    const hides = [overflowX, overflowY].some((way) => ["hidden", "clip"].includes(way));
    if (!hides || !one.checkVisibility({ visibilityProperty: true }) || one.clientHeight <= 1) continue;
    if (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1) {
      wrong.push(`a text is cut: ${one.outerHTML.replace(/\\s+/g, " ").slice(0, 100)}`);
    }
  }
  return wrong;
}"""

COVERED = """() => {
  window.scrollTo(0, document.documentElement.scrollHeight / 2);
  const stays = (one) => {
    for (let each = one; each; each = each.parentElement) {
      if (["fixed", "sticky"].includes(getComputedStyle(each).position)) return true;
    }
    return false;
  };
  const heights = Array.from({ length: 32 }, (_, row) => row * 8 + 4);
  const covered = heights.filter((y) => stays(document.elementFromPoint(160, y))).length;
  window.scrollTo(0, 0);
  return covered > 16 ? [`bars cover ${covered} of 32 parts of the window`] : [];
}"""


def faults_of(page: Page) -> Iterator[str]:
    """Look at a page at rest: its markup, at 400 %, with wide spacing, in forced colours and with reduced motion."""
    before = page.viewport_size
    page.emulate_media(reduced_motion="reduce", forced_colors="active")
    for look in (MARKUP, MOVES, UNMARKED):
        yield from _said(page, "", look)
    page.emulate_media(reduced_motion="no-preference", forced_colors="none")
    page.set_viewport_size(ZOOMED)  # type: ignore[arg-type]
    yield from _said(page, " at 400 %", COVERED)
    page.evaluate(SPACE, SPACING)
    yield from _said(page, " at 400 % with wide spacing", CUT)
    page.evaluate(UNSPACE)
    assert before is not None
    page.set_viewport_size(before)


def repeats_of(page: Page) -> Iterator[str]:
    """Look for links, buttons and folds that read alike and do different things, where people have different names."""
    yield from _said(page, "", REPEATS)


def _said(page: Page, where: str, look: str) -> Iterator[str]:
    yield from (f"{page.url}{where}: {problem}" for problem in page.evaluate(look))
