// Selects several people of the portfolio list. The tab remembers who is ticked while the adviser opens a file,
// searches or filters. Space ticks; with shift, by mouse or keyboard, it also ticks everybody in between. Arrows go
// from box to box, Enter goes to the group actions, and Escape comes back.

import { counted, grouped } from "../frame/words.js";
import { isListed, reveal } from "./cases.js";

const CHOSEN = "portefeuille-choisis";
const OPENED = "portefeuille-ouvert";

let chosen = new Set();
let owner = "";
let last = null;

const list = () => document.getElementById("personnes");
const BOX = "input[type=checkbox][name=personne]";
const boxOf = (element) => element.closest("tr").querySelector(BOX);
const state = () => document.getElementById("personnes-trouvees");
const form = () => list()?.querySelector("form[data-selection]") ?? null;
const everyBox = () => [...(form()?.querySelectorAll(BOX) ?? [])];
const boxes = () => everyBox().filter((box) => isListed(box.closest("tr")));

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

// People who are ticked but filtered out are sent with the form as well, and the count includes them.
function carryUnseen(all, shown) {
  const place = form();
  for (const input of place.querySelectorAll("input[data-unseen]")) input.remove();
  const known = new Set(all.map((box) => box.value));
  for (const person of chosen) {
    if (known.has(person)) continue;
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name: "personne", value: person });
    input.dataset.unseen = "";
    place.append(input);
  }
  return [...chosen].filter((person) => !shown.has(person)).length;
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
  const held = everyBox();
  // The list is unfiltered, so people who are missing have left the portfolios, for example by a transfer.
  if (state().hasAttribute("data-whole")) {
    const known = new Set(held.map((box) => box.value));
    chosen = new Set([...chosen].filter((person) => known.has(person)));
  }
  for (const box of held) box.checked = chosen.has(box.value);
  const unseen = carryUnseen(held, new Set(all.map((box) => box.value)));
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

// Returns the people named in the address, and removes them from it. If the page is loaded again, a person who was
// unticked meanwhile stays unticked. Ticks that the browser itself restored are ignored.
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

// Back on the same list after a file: restore the focus on the person seen last, and the scroll position.
function comeBack() {
  const opened = JSON.parse(sessionStorage.getItem(OPENED) ?? "null");
  if (opened === null || opened.person === null || opened.address !== state()?.dataset.address) return;
  sessionStorage.setItem(OPENED, JSON.stringify({ ...opened, person: null }));
  const link = list()?.querySelector(`a[data-person="${opened.person}"]`);
  if (!link) return;
  reveal(link.closest("tr"));
  // The rows beyond the window may not have come yet, and what is not drawn cannot be focused.
  for (const coming of list().getAnimations({ subtree: true })) coming.finish();
  // On a narrow screen the person's line is open, as it was.
  if (!link.checkVisibility()) link.closest("th").querySelector("details").open = true;
  link.focus({ preventScroll: opened.top !== null });
  if (opened.top !== null) window.scrollTo({ top: opened.top, behavior: "instant" });
}

let withShift = false;

document.addEventListener("click", (event) => {
  const box = event.target.closest?.(BOX);
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
    const { address } = state().dataset;
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

// Up and down from what has the focus in a row to the same in the next one; with shift, both are ticked.
document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const kind = [BOX, "a[data-person]", ".case-opener > summary"].find((one) => event.target.matches?.(one));
  if (!step || !kind || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const all = boxes();
  const here = all.indexOf(boxOf(event.target));
  const next = all[here + step];
  if (!next) return;
  if (event.shiftKey) {
    choose([all[here].value, next.value], true);
    last = next.value;
  }
  reveal(next.closest("tr"));
  next.closest("tr").querySelector(kind).focus();
});

document.addEventListener("keydown", (event) => {
  const box = event.target;
  if (!box.matches?.(BOX)) return;
  // A click caused by the space key does not report the shift key.
  if (event.key === " ") withShift = event.shiftKey;
  // By default Enter would press the first button of the form. Go to the choice of actions instead.
  if (event.key === "Enter") {
    event.preventDefault();
    last = box.value;
    form().querySelector("[data-actions]:not([hidden]) button")?.focus();
    return;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !event.target.closest?.("[data-actions]")) return;
  const all = boxes();
  (all.find((box) => box.value === last) ?? all[0])?.focus();
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (["personnes", "personnes-trouvees"].includes(event.target.id)) show();
});

if (document.querySelector("[data-selection-done]")) sessionStorage.removeItem(CHOSEN);
begin();
window.addEventListener("pageshow", (event) => {
  if (event.persisted) begin();
  comeBack();
});
