// `?` shows the shortcuts of the page: those of the frame, and those that its elements bear. Shortcuts of one key can be
// switched off (WCAG 2.1.4); this browser remembers it, and `data-one-key="off"` on the page says so to other scripts.

const KEPT = "raccourcis";
const NAMES = { Control: "Ctrl", Shift: "Maj", Alt: "Alt", Enter: "Entrée", Escape: "Échap", Space: "Espace", ArrowDown: "↓" };

const panel = document.querySelector("[data-shortcuts-of-page]");
const lines = panel.querySelector("dl");
const oneKey = panel.querySelector("[data-one-key]");

function remembered() {
  try {
    return localStorage.getItem(KEPT) !== "non";
  } catch {
    return true; // A browser may forbid it.
  }
}

function apply(on) {
  document.documentElement.dataset.oneKey = on ? "on" : "off";
}

oneKey.checked = remembered();
oneKey.closest("label").hidden = false;
apply(oneKey.checked);

oneKey.addEventListener("change", () => {
  apply(oneKey.checked);
  try {
    localStorage.setItem(KEPT, oneKey.checked ? "oui" : "non");
  } catch {
    // It holds for this page.
  }
});

function nameOf(element) {
  return (element.getAttribute("aria-label") ?? element.textContent).replace(/\s+/g, " ").trim();
}

function keysOf(shortcut) {
  const keys = shortcut.split("+").map((key) => {
    const written = document.createElement("kbd");
    written.textContent = NAMES[key] ?? key;
    return written;
  });
  return keys.flatMap((key, number) => (number > 0 ? [" + ", key] : [key]));
}

function list() {
  lines.querySelectorAll("[data-of-page]").forEach((line) => line.remove());
  for (const element of document.querySelectorAll("main [aria-keyshortcuts]")) {
    const line = document.createElement("div");
    const term = document.createElement("dt");
    const what = document.createElement("dd");
    line.dataset.ofPage = "";
    term.append(...keysOf(element.getAttribute("aria-keyshortcuts").split(" ")[0]));
    what.textContent = nameOf(element);
    line.append(term, what);
    lines.append(line);
  }
}

panel.addEventListener("beforetoggle", (event) => event.newState === "open" && list());

document.addEventListener("keydown", (event) => {
  if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey || !oneKey.checked) return;
  if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  panel.showPopover();
});
