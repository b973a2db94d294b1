// The page of the day, live: a socket names the panels that have changed, and they are asked for again. Without it
// (no websocket, no Redis) each panel asks by itself every minute. The title counts what waits, a live region says
// what has changed, and one sentence stands for the empty panels when nothing waits.

import { LastingSocket } from "../frame/socket.js";
import { refresh } from "./panels.js";

const HEARTBEAT = 25_000; // ms between two pings
const TOGETHER = 150; // ms in which what changes at once is asked for once

const desk = document.querySelector("[data-desk]");
const calm = document.getElementById("rien-n-attend");
const said = document.getElementById("bureau-annonces");
const title = document.title;
const counts = new Map();
const waiting = new Set();
let timer = null;
let mayHaveMissed = false;

function changed(names) {
  names.forEach((name) => waiting.add(name));
  if (timer !== null) return;
  timer = setTimeout(() => {
    timer = null;
    for (const name of waiting) {
      const panel = document.getElementById(`panneau-${name}`);
      if (panel) refresh(panel);
    }
    waiting.clear();
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
    // What has changed while there was no socket.
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

function tally() {
  const panels = [...desk.querySelectorAll("[data-panel]")];
  const counted = panels.filter((panel) => headingOf(panel) !== null);
  const total = counted.reduce((sum, panel) => sum + Number(headingOf(panel).dataset.count), 0);
  document.title = total > 0 ? `(${total}) ${title}` : title;
  const next = desk.querySelector("[data-next]")?.dataset.next ?? "";
  const nothing = total === 0 && !panels.some((panel) => panel.dataset.panel === "waiting");
  calm.hidden = !nothing;
  calm.textContent = nothing ? `Rien n'attend.${next ? ` Prochain entretien ${next}.` : ""}` : "";
  for (const panel of counted) {
    const empty = headingOf(panel).dataset.count === "0";
    panel.hidden = (nothing && !panel.querySelector("[data-next]")) || (empty && "hiddenWhenEmpty" in panel.dataset);
  }
}

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

socket.open();
