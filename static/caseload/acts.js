// The act on a line opens in place: its link loads the form of the page behind it under the line. The focus goes into
// the form, Escape or a second press closes it and leads back to the link. What was typed is kept (keep.js) and comes
// back with the form. Without this script the link leads to the page.
//
// After the act the panel loads its lines again. What was done is said in the place of the line, and the focus is on
// the next line, or on the heading above when there is none.

import { refresh } from "./panels.js";

const FIRST = "a[href^='tel:'], select, textarea, input:not([type=hidden]), [data-nothing-to-do]";
const DONE = "acted"; // the state of a panel whose lines are loaded again at once, although it is in use

const queue = document.getElementById("a-traiter");
const said = document.getElementById("bureau-annonces");
const acts = new WeakMap();

const placeOf = (link) => link.parentElement.querySelector("[data-act-form]");

const linkOf = (place) => place.parentElement.querySelector("[data-act]");

const lineOf = (link) => link.closest("li");

function close(link) {
  link.setAttribute("aria-expanded", "false");
  link.focus();
  placeOf(link).replaceChildren();
}

function goOn(link, sentence) {
  const panel = link.closest("[data-panel]");
  const lines = [...lineOf(link).parentElement.children];
  const place = lines.filter((line) => !line.matches("[data-done]")).indexOf(lineOf(link));
  acts.set(panel, { href: link.getAttribute("href"), place, sentence });
  panel.dataset.panel = DONE;
  refresh(panel);
}

// The line that was done may still be there for an instant: it is not the next one.
function nextLink(panel, { href, place }) {
  const links = [...panel.querySelectorAll("[data-act]")];
  const others = links.filter((link) => link.getAttribute("href") !== href);
  return links.length > 0 ? (others[Math.min(place, others.length - 1)] ?? null) : null;
}

function forgetDone() {
  for (const note of document.querySelectorAll("[data-done]")) note.remove();
}

function tell(panel, done) {
  const next = nextLink(panel, done);
  const note = document.createElement(next === null ? "p" : "li");
  note.className = "day-row__done";
  note.dataset.done = "";
  note.textContent = done.sentence;
  forgetDone();
  if (next === null) panel.before(note);
  else lineOf(next).before(note);
  said.textContent = [done.sentence, said.textContent].filter(Boolean).join(" ");
  const heading = panel.querySelector("[data-count] a");
  (next ?? (panel.hidden || heading === null ? queue : heading)).focus();
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const link = event.target;
  if (!link.matches("[data-act]")) return;
  const wasOpen = link.getAttribute("aria-expanded") === "true";
  for (const open of document.querySelectorAll("[data-act][aria-expanded=true]")) close(open);
  if (wasOpen) event.preventDefault();
  link.focus();
});

document.addEventListener("keydown", (event) => {
  const place = event.key === "Escape" ? event.target.closest("[data-act-form]") : null;
  if (place !== null) close(linkOf(place));
});

// From each field of a form, as from the field of a conversation.
document.addEventListener("keydown", (event) => {
  const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat && !event.isComposing;
  const form = sends ? event.target.closest("[data-act-form] form") : null;
  if (form === null) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("[type=submit]"));
});

// Only now htmx sends the form: until then Enter would leave the page.
document.addEventListener("htmx:afterSettle", (event) => {
  const place = event.target;
  if (acts.has(place)) {
    // day.js has counted the lines by now, and hidden a panel without any.
    tell(place, acts.get(place));
    acts.delete(place);
    return;
  }
  if (!place.matches("[data-act-form]")) return;
  if (place.querySelector("form[data-plan]")) import("./plan.js").catch(() => {}); // all its fields stay in sight
  const link = linkOf(place);
  const acted = place.querySelector("[data-acted]");
  link.setAttribute("aria-expanded", String(acted === null));
  link.hidden = acted !== null;
  if (acted !== null) {
    acted.focus();
    goOn(link, acted.textContent);
  }
  // The summary of errors takes the focus by itself (frame.js).
  else if (place.querySelector("[data-error-summary]") === null) {
    (place.querySelector(FIRST) ?? link).focus();
    // The focus shows the field; its button may still be below the window.
    place.scrollIntoView({ block: "nearest" });
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest("a[data-tab]")) forgetDone();
});

// The lines could not be loaded: what was done stays said on its line, and the panel is in use again.
document.addEventListener("htmx:afterRequest", (event) => {
  const panel = event.target;
  if (panel.dataset?.panel === DONE && !event.detail.successful) panel.dataset.panel = "filled";
});
