"""A walk through a page by keyboard: each focused element is in sight, uncovered and large enough to hit."""

from collections.abc import Iterator

from playwright.sync_api import Page

SEEN = """async () => {
  const element = document.activeElement;
  if (element === null || element === document.body) return null;
  // The page may still be on its way to it.
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  for (let still = 0, before = ""; still < 2; ) {
    await frame();
    const { left, top } = element.getBoundingClientRect();
    still = before === `${left} ${top}` ? still + 1 : 0;
    before = `${left} ${top}`;
  }
  const said = element.getAttribute("aria-label") ?? element.textContent;
  const words = said.replace(/\\s+/g, " ").trim().slice(0, 50);
  const name = `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ""} “${words}”`;
  const labels = [...(element.labels ?? [])];
  // The design system draws its own boxes over the real ones.
  const isOwn = (hit) => hit !== null && (
    element.contains(hit) || labels.some((label) => label.contains(hit)) || hit.contains(element)
  );
  const isDrawn = labels.length > 0 && getComputedStyle(element).opacity === "0";
  // The design system draws the focus around the label of its own boxes. A browser marks the part of a day that has it.
  const drawn = [element, ...labels].flatMap((one) => [getComputedStyle(one), getComputedStyle(one, "::before")]);
  const isDrawnAround = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  if (!element.matches("[type=date], [type=time]") && !drawn.some(isDrawnAround)) {
    return { name, problem: "has the focus, and nothing shows it" };
  }
  const boxes = [...element.getClientRects(), ...(isDrawn ? labels[0].getClientRects() : [])];
  const box = boxes.find((one) => one.width > 1 && one.height > 1);
  if (!box) return { name, problem: "has no box" };
  const [width, height] = [document.documentElement.clientWidth, window.innerHeight];
  const is_long = box.height > height / 2;
  if (!is_long && (box.top < -1 || box.bottom > height + 1)) {
    return { name, problem: `is cut: ${box.top} to ${box.bottom} px of ${height}` };
  }
  if (box.left < -1 || box.right > width + 1) {
    return { name, problem: `is beside the window: ${box.left} to ${box.right} px of ${width}` };
  }
  const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, height)];
  // The box of a word in a line is higher than the line.
  const edge = getComputedStyle(element).display === "inline" ? box.height / 4 : 3;
  for (const x of [box.left + 3, (box.left + box.right) / 2, box.right - 3]) {
    for (const y of is_long ? [(top + bottom) / 2] : [top + edge, (top + bottom) / 2, bottom - edge]) {
      const hit = document.elementFromPoint(x, y);
      const over = `${hit?.tagName.toLowerCase()}.${hit?.className}`;
      if (!isOwn(hit)) return { name, problem: `lies under ${over} at ${x}, ${y}` };
    }
  }
  return { name, problem: "" };
}"""

TOO_SMALL = """() => {
  const TARGET = 24;
  const isSeen = (one) =>
    one.checkVisibility({ visibilityProperty: true }) && !one.closest(".fr-sr-only, .fr-skiplinks");
  const kinds = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const all = [...document.querySelectorAll(kinds)].filter(isSeen);
  // A box or a button to choose is hit by its label as well.
  const boxOf = (one) => {
    const parts = [one, ...(one.matches("[type=checkbox], [type=radio]") ? one.labels : [])];
    const boxes = parts.map((part) => part.getBoundingClientRect());
    const [left, top] = ["left", "top"].map((side) => Math.min(...boxes.map((box) => box[side])));
    const [right, bottom] = ["right", "bottom"].map((side) => Math.max(...boxes.map((box) => box[side])));
    return { left, top, right, bottom, width: right - left, height: bottom - top };
  };
  // WCAG 2.5.8 leaves out what stands in a sentence.
  const isText = (node) => node.nodeType === Node.TEXT_NODE && /[\\p{L}\\p{N}]/u.test(node.textContent);
  const isInSentence = (one) =>
    getComputedStyle(one).display === "inline" && [...one.parentElement.childNodes].some(isText);
  const targets = all
    .map((one) => ({ one, box: boxOf(one) }))
    .filter(({ box }) => box.width > 1 && box.height > 1);
  const isSmall = ({ box }) => box.width < TARGET - 0.5 || box.height < TARGET - 0.5;
  const centre = ({ box }) => [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  const away = ([x, y], box) =>
    Math.hypot(Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));
  const wrong = [];
  for (const small of targets.filter(isSmall)) {
    if (isInSentence(small.one)) continue;
    const near = targets.find((other) => {
      if (other === small || other.one.contains(small.one) || small.one.contains(other.one)) return false;
      if (isSmall(other) && !isInSentence(other.one)) {
        const [a, b] = [centre(small), centre(other)];
        if (Math.hypot(a[0] - b[0], a[1] - b[1]) < TARGET) return true;
      }
      return away(centre(small), other.box) < TARGET / 2;
    });
    const name = ({ one }) => one.textContent.replace(/\\s+/g, " ").trim().slice(0, 40) || one.name;
    const size = [small.box.width, small.box.height].map(Math.round).join(" by ");
    if (near) wrong.push(`“${name(small)}” is ${size} px, beside “${name(near)}”`);
  }
  return wrong;
}"""


def walk(page: Page, key: str, steps: int) -> Iterator[str]:
    """Press a key until the focus leaves the page; yield what is hidden or cut while it has the focus."""
    for _ in range(steps):
        page.keyboard.press(key)
        seen = page.evaluate(SEEN)
        if seen is None:
            return
        if seen["problem"]:
            yield f"{key}: {seen['name']} {seen['problem']}"


def too_small(page: Page) -> list[str]:
    """Return the targets smaller than 24 px that have another one close by (WCAG 2.5.8).

    They are measured from the top of the page: further down, rows lie under a bar that stays, and not beside it.
    """
    page.evaluate("window.scrollTo({ top: 0, behavior: 'instant' })")
    wrong: list[str] = page.evaluate(TOO_SMALL)
    return wrong
