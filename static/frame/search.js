// Find a person from every page: the field of the header as a combobox (ARIA Authoring Practices), its options from
// the server as somebody types. Without this script it is a form that leads to a page.
// The style sheet shows what was found while the form holds `data-open`.

const form = document.querySelector("[data-search]");
const field = form.querySelector("input");
const list = form.querySelector("[role=listbox]");
const said = form.querySelector("[role=status]");
const menu = document.getElementById("menu");
let active = null;

field.setAttribute("role", "combobox");
field.setAttribute("aria-autocomplete", "list");
field.setAttribute("aria-controls", list.id);
field.setAttribute("aria-expanded", "false");

function options() {
  return [...list.querySelectorAll("[role=option]")];
}

function show(open) {
  const any = open && options().length > 0;
  form.toggleAttribute("data-open", open && said.textContent.trim() !== "");
  list.hidden = !any;
  field.setAttribute("aria-expanded", String(any));
  if (!any) choose(null);
}

function choose(option) {
  active?.setAttribute("aria-selected", "false");
  active = option;
  if (!option) return field.removeAttribute("aria-activedescendant");
  option.setAttribute("aria-selected", "true");
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const all = options();
  if (all.length === 0) return;
  show(true);
  const at = active ? all.indexOf(active) + by : by > 0 ? 0 : all.length - 1;
  choose(all[(at + all.length) % all.length]);
}

function empty() {
  field.value = "";
  list.replaceChildren();
  said.textContent = "";
  show(false);
}

field.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    step(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && active) {
    event.preventDefault();
    window.location.assign(active.dataset.href);
  } else if (event.key === "Escape" && form.hasAttribute("data-open")) {
    // Once closes what was found, twice empties the field; a menu around it stays open.
    event.preventDefault();
    event.stopPropagation();
    show(false);
  } else if (event.key === "Escape" && field.value) {
    event.preventDefault();
    event.stopPropagation();
    empty();
  }
});

// What was found for other letters is no choice any more.
field.addEventListener("input", () => choose(null));

list.addEventListener("mousedown", (event) => event.preventDefault());
list.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (option) window.location.assign(option.dataset.href);
});

form.addEventListener("focusout", (event) => {
  if (!form.contains(event.relatedTarget)) show(false);
});
field.addEventListener("focus", () => show(options().length > 0));

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target === list) show(document.activeElement === field);
});

function isTyping(target) {
  return target.closest?.("input, textarea, select, [contenteditable]") !== null;
}

document.addEventListener("keydown", (event) => {
  const isControlK = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey;
  const isSlash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
  if (!isControlK && !(isSlash && oneKeyShortcuts())) return;
  event.preventDefault();
  if (menu.matches("[popover]") && !field.checkVisibility()) menu.showPopover();
  field.focus();
  field.select();
});

function oneKeyShortcuts() {
  return document.documentElement.dataset.oneKey !== "off";
}

// Over a slow network this script may come after the first answer.
show(document.activeElement === field);
