// `?` shows the shortcuts of the page: those of the frame, and those that its elements bear. Shortcuts of one key can be
// switched off (WCAG 2.1.4); this browser remembers it, and frame.js says so to other scripts: `data-one-key="off"` on
// the page. This script comes when the list is opened for the first time.

const KEPT = "raccourcis";
const NAMES = { Control: "Ctrl", Shift: "Maj", Alt: "Alt", Enter: "Entrée", Escape: "Échap", Space: "Espace", ArrowDown: "↓" };

const panel = document.querySelector("[data-shortcuts-of-page]");
const lines = panel.querySelector("dl");
const oneKey = panel.querySelector("[data-one-key]");

oneKey.checked = document.documentElement.dataset.oneKey !== "off";
oneKey.closest("label").hidden = false;

oneKey.addEventListener("change", () => {
  document.documentElement.dataset.oneKey = oneKey.checked ? "on" : "off";
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
if (panel.matches(":popover-open")) list();

document.addEventListener("keydown", (event) => {
  if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey || !oneKey.checked) return;
  if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  panel.showPopover();
});
