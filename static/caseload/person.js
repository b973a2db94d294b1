// A person's file. On a narrow screen its parts are tabs; without this script the links lead to the parts. The head
// stays in sight: its height and the place where the parts begin are told to the style sheet, so that it covers nothing.
// « Écrire » leads to the line to write in that is on the page.

const nav = document.querySelector("[data-parts]");
const links = [...nav.querySelectorAll("a[href^='#']")];
const narrow = window.matchMedia("(max-width: 61.99em)");
const partOf = (link) => document.getElementById(link.hash.slice(1));

// --- Tabs ------------------------------------------------------------------------------------------

function chosen() {
  const target = location.hash === "" ? null : document.getElementById(location.hash.slice(1));
  return links.find((link) => target !== null && partOf(link).contains(target)) ?? links[0];
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (narrow.matches) element.setAttribute(name, value);
    else element.removeAttribute(name);
  }
}

function show(current = chosen()) {
  set(nav.querySelector("ul"), { role: "tablist", "aria-label": "Parties du dossier" });
  for (const link of links) {
    const part = partOf(link);
    const isCurrent = link === current;
    set(link.parentElement, { role: "presentation" });
    set(link, { role: "tab", "aria-selected": isCurrent, "aria-controls": part.id, tabindex: isCurrent ? 0 : -1 });
    set(part, { role: "tabpanel" });
    part.setAttribute("aria-labelledby", narrow.matches ? link.id : (part.dataset.title ?? ""));
    if (part.getAttribute("aria-labelledby") === "") part.removeAttribute("aria-labelledby");
    part.hidden = narrow.matches && !isCurrent;
  }
}

function open(link) {
  history.replaceState(history.state, "", link.hash);
  show(link);
}

const STEPS = { ArrowLeft: (at) => at - 1, ArrowRight: (at) => at + 1, Home: () => 0, End: () => -1 };

nav.addEventListener("keydown", (event) => {
  if (!narrow.matches || !(event.key in STEPS)) return;
  const to = links.at(STEPS[event.key](links.indexOf(event.target)) % links.length);
  event.preventDefault();
  open(to);
  to.focus();
});

nav.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!narrow.matches || link === null) return;
  event.preventDefault();
  open(link);
  if (link.hash === "#messages") partOf(link).scrollIntoView();
});

// A link to something inside a fold opens it.
function unfold() {
  const target = location.hash === "" ? null : document.getElementById(location.hash.slice(1));
  for (let fold = target?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
}

for (const part of links.map(partOf)) part.dataset.title = part.getAttribute("aria-labelledby") ?? "";
narrow.addEventListener("change", () => show());
window.addEventListener("hashchange", () => {
  show();
  unfold();
});
show();
unfold();

// --- The head ----------------------------------------------------------------------------------------

const head = document.querySelector("[data-head]");
const parts = document.querySelector("[data-file]");

function measure() {
  const { style } = document.documentElement;
  style.setProperty("--file-head", `${head.offsetHeight}px`);
  style.setProperty("--file-start", `${Math.round(parts.getBoundingClientRect().top + window.scrollY)}px`);
}

// The head grows with the window's width, and what stands above it comes and goes.
const sizes = new ResizeObserver(measure);
for (const element of [head, document.body]) sizes.observe(element);

head.querySelector("[data-write]")?.addEventListener("click", (event) => {
  const field = document.querySelector("#messages textarea");
  if (field === null) return;
  event.preventDefault();
  if (narrow.matches) open(links.find((link) => link.hash === "#messages"));
  field.focus();
});

for (const menu of document.querySelectorAll("[data-menu]")) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget !== null && !menu.contains(event.relatedTarget)) menu.open = false;
  });
}

// --- On paper ----------------------------------------------------------------------------------------

// Not every browser lets a style sheet unfold what is printed.
let unfolded = [];
window.addEventListener("beforeprint", () => {
  unfolded = [...parts.querySelectorAll("details:not([open])")];
  for (const fold of unfolded) fold.open = true;
});
window.addEventListener("afterprint", () => {
  for (const fold of unfolded) fold.open = false;
});
