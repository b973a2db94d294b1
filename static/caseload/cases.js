// Shows the rows that a search finds, out of those that the page holds. What is typed is looked for here at once, as
// it is spelt; the server then answers whom it found, those who are spelt nearly so included, and in which order.
// On a telephone only the first rows are in sight, until more are asked for.

import { counted } from "../frame/words.js";

const PAGE = 50;
const AT_ONCE = 16; // rows that a letter shows before the next picture: a window holds about so many
const LIGATURES = { œ: "oe", æ: "ae", ß: "ss", ø: "o", ł: "l" };
const MOST_WORDS = 6;

const field = document.getElementById("recherche");
const filters = field?.form.querySelector("[data-filters]");
const list = () => document.getElementById("personnes");
const state = () => document.getElementById("personnes-trouvees");
const body = () => list()?.querySelector("tbody") ?? null;
const rows = () => [...(body()?.rows ?? [])];
const keyOf = (row) => row.querySelector("input[name=personne]").value;

const names = new WeakMap();
const out = new WeakSet(rows().filter((row) => row.hidden)); // rows that the list does not show
let coming = null;
let limit = PAGE;
let asked = null;
let hasStaleChoices = false;

// As `accompaniment/rules/spelling.py` compares names.
function plain(text) {
  const letters = text.toLowerCase().replace(/[œæßøł]/g, (letter) => LIGATURES[letter]);
  return letters.normalize("NFKD").replace(/\p{M}/gu, "");
}

function namesOf(row) {
  if (!names.has(row)) {
    const name = plain(row.querySelector("bdi").textContent);
    names.set(row, { name, identifier: row.querySelector(".case-sub").textContent.trim().split(/\s/)[0].toLowerCase() });
  }
  return names.get(row);
}

function isFound(row, words) {
  const { name, identifier } = namesOf(row);
  return words.every((word) => name.includes(word) || identifier.startsWith(word));
}

// Whether the list shows a row, or is about to.
export const isListed = (row) => !out.has(row);

function page() {
  const shown = rows().filter(isListed);
  shown.forEach((row, number) => row.toggleAttribute("data-later", number >= limit));
  const table = body()?.parentElement;
  if (table) table.hidden = shown.length === 0;
  const later = list()?.querySelector(".cases-later");
  if (!later) return;
  later.hidden = shown.length <= limit;
  later.querySelector("button").textContent = `Afficher la suite (${counted(shown.length - limit, "une personne")})`;
}

// Drawing two hundred rows takes longer than a letter may, so those that nobody sees yet come after the picture.
function keep(isKept) {
  let listed = 0;
  for (const row of rows()) {
    if (isKept(row)) out.delete(row);
    else out.add(row);
    if (isListed(row)) listed += 1;
    if (row.hidden && isListed(row) && listed <= AT_ONCE) row.hidden = false;
    else if (!row.hidden && !isListed(row)) row.hidden = true;
  }
  page();
  if (listed > AT_ONCE) showNextAfterPicture();
}

function showNextAfterPicture() {
  cancelAnimationFrame(coming);
  coming = requestAnimationFrame(() => setTimeout(showNext));
}

function showNext() {
  const next = rows().filter((row) => row.hidden && isListed(row));
  for (const row of next.slice(0, AT_ONCE)) row.hidden = false;
  if (next.length > AT_ONCE) showNextAfterPicture();
}

function searchHere() {
  const typed = field.value.trim();
  const words = (plain(typed).match(/[a-z0-9]+/g) ?? []).slice(0, MOST_WORDS);
  limit = PAGE;
  keep((row) => typed === "" || (words.length > 0 && isFound(row, words)));
}

// The links that sort the list keep what is searched for.
function carrySearch() {
  const words = new URLSearchParams(state().dataset.address).get("q");
  for (const link of list().querySelectorAll("[data-sorts] a")) {
    const address = new URL(link.href);
    address.searchParams.delete("q");
    if (words) address.searchParams.set("q", words);
    link.href = address.href;
  }
}

// Not by htmx, which would write the whole page down beside it.
function keepAddress() {
  const { address } = state().dataset;
  window.history.replaceState(window.history.state, "", window.location.pathname + (address === "?" ? "" : address));
}

// Who is spelt only nearly so comes last and is marked.
function showAnswer() {
  const { found, near } = state().dataset;
  if (field.value !== asked) return;
  const keys = found.split(" ").filter(Boolean);
  const byKey = new Map(rows().map((row) => [keyOf(row), row]));
  if (keys.some((key) => !byKey.has(key))) {
    // Somebody has come, or the page was opened with a search: it does not hold everybody.
    window.htmx.ajax("GET", window.location.pathname + state().dataset.address, { target: "#personnes", swap: "outerHTML" });
    return;
  }
  const wanted = new Set(keys);
  const inPlace = [...byKey.keys()].filter((key) => wanted.has(key));
  if (inPlace.some((key, number) => key !== keys[number])) body().append(...keys.map((key) => byKey.get(key)));
  for (const mark of body()?.querySelectorAll("[data-near]") ?? []) mark.remove();
  for (const key of near.split(" ").filter(Boolean)) {
    const mark = list().querySelector("[data-near-mark]").content.cloneNode(true);
    byKey.get(key).querySelector(".case-sub").append(mark);
  }
  keep((row) => wanted.has(keyOf(row)));
  carrySearch();
  keepAddress();
}

// Brings a row in sight that is further down than a telephone shows, or that is about to come.
export function reveal(row) {
  row.hidden = !isListed(row);
  if (!row.hasAttribute("data-later")) return;
  const place = rows().filter(isListed).indexOf(row);
  limit = Math.ceil((place + 1) / PAGE) * PAGE;
  page();
}

field?.addEventListener("input", searchHere);

// An answer to what is no longer in the field is not shown: the next one is on its way.
field?.addEventListener("htmx:beforeRequest", () => {
  asked = field.value;
});

// The counts of the filters follow the search only where they are seen.
field?.addEventListener("htmx:configRequest", (event) => {
  hasStaleChoices = !filters.open;
  if (filters.open) event.detail.parameters.choix = "1";
});
filters?.addEventListener("toggle", () => {
  if (filters.open && hasStaleChoices) window.htmx.trigger(field, "choices");
});

// Enter leads to the first person found; if nobody is, the form is sent.
field?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  const first = rows().find(isListed);
  const way = first && [...first.querySelectorAll("th a, th summary")].find((one) => one.checkVisibility());
  if (!way) return;
  event.preventDefault();
  way.focus();
});

document.addEventListener("click", (event) => {
  if (!event.target.closest?.(".cases-later button")) return;
  const next = rows().find((row) => row.hasAttribute("data-later"));
  limit += PAGE;
  page();
  next?.querySelector("summary").focus();
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "personnes-trouvees") showAnswer();
  if (event.target.id !== "personnes") return;
  for (const row of rows()) if (row.hidden) out.add(row);
  page();
});

page();
