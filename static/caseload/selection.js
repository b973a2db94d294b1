// Several people of the portfolio list at once. A person who is ticked stays ticked while one opens a file, searches
// or filters, and comes back: the tab remembers them. Space ticks, as everywhere; with shift, by mouse or keyboard,
// everybody between the last one and this one is ticked too; arrows go from box to box, Enter goes to the actions in common and Escape back.

import { counted, grouped } from "../frame/words.js";

const CHOSEN = "portefeuille-choisis";
const OPENED = "portefeuille-ouvert";

let chosen = new Set();
let owner = "";
let last = null;

const list = () => document.getElementById("personnes");
const form = () => list()?.querySelector("form[data-selection]") ?? null;
const boxes = () => [...(form()?.querySelectorAll("input[type=checkbox][name=personne]") ?? [])];

function recall() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(CHOSEN) ?? "{}");
    return kept.owner === owner && Array.isArray(kept.people) ? kept.people.map(String) : [];
  } catch {
    return [];
  }
}

function remember() {
  sessionStorage.setItem(CHOSEN, JSON.stringify({ owner, people: [...chosen] }));
}

// Who is ticked but left out by the filters goes with the form all the same, and the count says so.
function carryUnseen(shown) {
  const place = form();
  for (const input of place.querySelectorAll("input[data-unseen]")) input.remove();
  const unseen = [...chosen].filter((person) => !shown.has(person));
  for (const person of unseen) {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name: "personne", value: person });
    input.dataset.unseen = "";
    place.append(input);
  }
  return unseen.length;
}

function sentence(count, unseen) {
  if (count === 0) return "";
  const said = counted(count, "une personne sélectionnée");
  return unseen ? `${said}, dont ${grouped(unseen)} hors de la liste affichée` : said;
}

function show() {
  const place = form();
  if (place === null) return;
  const all = boxes();
  const shown = new Set(all.map((box) => box.value));
  // Where nothing is filtered out, who is not shown has left the portfolios: transferred, for one.
  if (place.hasAttribute("data-whole")) chosen = new Set([...chosen].filter((person) => shown.has(person)));
  for (const box of all) box.checked = chosen.has(box.value);
  const unseen = carryUnseen(shown);
  place.querySelector("[data-count]").textContent = sentence(chosen.size, unseen);
  place.querySelector("[data-actions]").hidden = chosen.size === 0;
  place.querySelector("[data-clear]").hidden = false;
  const every = list().querySelector("[data-select-all]");
  every.closest("label").hidden = false;
  every.checked = all.length > 0 && all.every((box) => box.checked);
  every.indeterminate = !every.checked && all.some((box) => box.checked);
}

function choose(people, wanted) {
  for (const person of people) {
    if (wanted) chosen.add(person);
    else chosen.delete(person);
  }
  remember();
  show();
}

function between(box) {
  const all = boxes();
  const [from, to] = [all.findIndex((one) => one.value === last), all.indexOf(box)];
  if (from < 0) return [box.value];
  return all.slice(Math.min(from, to), Math.max(from, to) + 1).map((one) => one.value);
}

// Whom the address ticks, once: it loses them, so that who is unticked afterwards stays so when the page is loaded
// again. Not what the browser may have ticked by itself.
function tickedByTheAddress() {
  const address = new URL(window.location.href);
  const named = new Set(address.searchParams.getAll("personne"));
  if (named.size === 0) return [];
  address.searchParams.delete("personne");
  window.history.replaceState(window.history.state, "", address);
  return boxes().map((box) => box.value).filter((person) => named.has(person));
}

function begin() {
  const place = form();
  if (place === null) return;
  owner = place.dataset.selection;
  chosen = new Set([...recall(), ...tickedByTheAddress()]);
  remember();
  show();
}

// Coming back from a file to the same list: the focus is on the person seen last, where the list stood.
function comeBack() {
  const opened = JSON.parse(sessionStorage.getItem(OPENED) ?? "null");
  if (opened === null || opened.person === null || opened.address !== form()?.dataset.address) return;
  sessionStorage.setItem(OPENED, JSON.stringify({ ...opened, person: null }));
  const link = [...(list()?.querySelectorAll(`a[data-person="${opened.person}"]`) ?? [])].find(
    (one) => one.offsetParent !== null,
  );
  if (!link) return;
  link.focus({ preventScroll: opened.top !== null });
  if (opened.top !== null) window.scrollTo({ top: opened.top, behavior: "instant" });
}

let withShift = false;

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("input[name=personne][type=checkbox]");
  if (box && form()?.contains(box)) {
    const people = event.shiftKey || withShift ? between(box) : [box.value];
    withShift = false;
    choose(people, box.checked);
    last = box.value;
    return;
  }
  const link = event.target.closest?.("a[data-person]");
  if (link) {
    const people = boxes().map((one) => one.value);
    const address = form().dataset.address;
    const opened = { owner, address, people, person: link.dataset.person, top: window.scrollY };
    sessionStorage.setItem(OPENED, JSON.stringify(opened));
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-select-all]")) choose(boxes().map((box) => box.value), event.target.checked);
});

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-clear]")) return;
  choose([...chosen], false);
  boxes()[0]?.focus();
});

document.addEventListener("keydown", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.name !== "personne" || box.type !== "checkbox") return;
  // The click that a space makes does not say that shift was held.
  if (event.key === " ") withShift = event.shiftKey;
  // Not to the first action of all, as a form does by itself: to where one chooses.
  if (event.key === "Enter") {
    event.preventDefault();
    last = box.value;
    form().querySelector("[data-actions]:not([hidden]) button")?.focus();
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = boxes();
  const next = all[all.indexOf(box) + step];
  if (!next) return;
  if (event.shiftKey) {
    choose([box.value, next.value], true);
    last = next.value;
  }
  next.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !event.target.closest?.("[data-actions]")) return;
  const all = boxes();
  (all.find((box) => box.value === last) ?? all[0])?.focus();
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "personnes" || list()?.contains(event.target)) show();
});

if (document.querySelector("[data-selection-done]")) sessionStorage.removeItem(CHOSEN);
begin();
window.addEventListener("pageshow", (event) => {
  if (event.persisted) begin();
  comeBack();
});
