// The live page of the day. A socket names the panels that have changed, and the page loads them again. Without a
// socket (websockets blocked, Redis away) each panel refreshes itself every minute. The title counts the queue, as its
// first tab does, a live region announces changes, and one sentence replaces the empty panels when nothing is waiting.

import { LastingSocket } from "../frame/socket.js";
import { refresh } from "./panels.js";

const HEARTBEAT = 25_000; // ms between two pings
const TOGETHER = 150; // ms in which several changes are loaded together

const desk = document.querySelector("[data-desk]");
const calm = document.getElementById("rien-n-attend");
const said = document.getElementById("bureau-annonces");
const chosen = document.getElementById("besoin");
const tabs = [...document.querySelectorAll("a[data-tab]")];
const EVERY = tabs[0].dataset.tab; // the first tab shows all needs
const pause = document.querySelector("[data-pause]");
const title = document.title;
const counts = new Map();
const waiting = new Set();
let timer = null;
let mayHaveMissed = false;

const isPaused = () => desk.dataset.paused !== undefined;

function changed(names) {
  names.forEach((name) => waiting.add(name));
  if (timer !== null || isPaused()) return;
  timer = setTimeout(() => {
    timer = null;
    for (const name of waiting) {
      const panel = document.getElementById(`panneau-${name}`);
      if (panel) refresh(panel);
    }
    waiting.clear();
    // Its answer brings the counts of the navigation.
    document.querySelector("[data-band]")?.dispatchEvent(new Event("refresh"));
  }, TOGETHER);
}

function allChanged() {
  changed([...document.querySelectorAll("[data-panel]")].map((panel) => panel.id.slice(8)));
}

const ping = () => ({ type: "ping" });

const socket = new LastingSocket(desk.dataset.desk, {
  hello: ping,
  ping,
  every: HEARTBEAT,
  live() {
    // Reload what may have changed while there was no socket.
    if (mayHaveMissed) allChanged();
    mayHaveMissed = true;
    desk.dataset.live = "";
  },
  frame(frame) {
    if (frame.type === "changed") changed(frame.panels);
  },
  lost() {
    mayHaveMissed = true;
    delete desk.dataset.live;
  },
  shut(code, loggedOut) {
    delete desk.dataset.live;
    if (loggedOut) window.location.reload();
  },
});

function headingOf(panel) {
  return panel.querySelector("[data-count]");
}

function nameOf(heading) {
  return heading.textContent.replace(/\s*\(\d+\)\s*$/, "").trim();
}

const countOf = (panel) => Number(headingOf(panel)?.dataset.count ?? 0);

const total = (panels) => panels.reduce((sum, panel) => sum + countOf(panel), 0);

const waits = (panel) => panel.dataset.panel === "waiting";

function tally() {
  const panels = [...desk.querySelectorAll("[data-panel]")];
  const needs = panels.filter((panel) => "tab" in panel.dataset);
  const queued = total(needs);
  document.title = queued > 0 ? `(${queued}) ${title}` : title;
  for (const tab of tabs) {
    const its = tab.dataset.tab === EVERY ? needs : needs.filter((panel) => panel.dataset.tab === tab.dataset.tab);
    const count = total(its);
    tab.querySelector("[data-tab-count]").textContent = count > 0 ? ` (${count})` : "";
  }
  for (const panel of needs) {
    // Among the others a need that nobody has takes no place; on its own tab it says so.
    if (chosen.value !== EVERY) panel.hidden = panel.dataset.tab !== chosen.value;
    else if (!waits(panel)) panel.hidden = countOf(panel) === 0;
  }
  const nothing = chosen.value === EVERY && queued === 0 && !panels.some(waits);
  const next = desk.querySelector("[data-next]")?.dataset.next ?? "";
  calm.hidden = !nothing;
  calm.textContent = nothing ? calmWords(total(panels), next) : "";
}

function calmWords(all, next) {
  if (all > 0) return "Rien d'autre n'attend.";
  return `Rien n'attend.${next ? ` Prochain entretien ${next}.` : ""}`;
}

// A tab shows its need alone, with more of its lines. Its address is that of the page without scripts.
function open(tab) {
  for (const one of tabs) one.toggleAttribute("aria-current", false);
  tab.setAttribute("aria-current", "true");
  chosen.value = tab.dataset.tab;
  chosen.disabled = chosen.value === EVERY;
  for (const panel of desk.querySelectorAll("[data-tab][data-panel=filled]")) {
    if (panel.dataset.tab === chosen.value) refresh(panel);
  }
  tally();
}

for (const tab of tabs) {
  tab.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    history.replaceState(history.state, "", tab.href);
    open(tab);
  });
}

// The reader stops what changes by itself, in this tab until it is closed, and lets it catch up.
function pauseOrGoOn(paused) {
  desk.toggleAttribute("data-paused", paused);
  pause.setAttribute("aria-pressed", String(paused));
  sessionStorage.setItem("journee-en-pause", paused ? "oui" : "non");
}

pauseOrGoOn(sessionStorage.getItem("journee-en-pause") === "oui");
pause.hidden = false;
pause.addEventListener("click", () => {
  pauseOrGoOn(!isPaused());
  if (!isPaused()) allChanged();
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  const panel = event.target instanceof Element ? event.target.closest("[data-panel]") : null;
  if (panel === null) return;
  const heading = headingOf(panel);
  if (heading !== null) {
    const count = Number(heading.dataset.count);
    if (counts.has(panel.id) && counts.get(panel.id) !== count) said.textContent = `${nameOf(heading)} : ${count}`;
    counts.set(panel.id, count);
  }
  tally();
});

// What the page brought with it is no news.
for (const panel of desk.querySelectorAll("[data-panel=filled]")) {
  const heading = headingOf(panel);
  if (heading !== null) counts.set(panel.id, Number(heading.dataset.count));
}

socket.open();
