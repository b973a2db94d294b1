// The page of the day, live: a socket names the panels that have changed, and they are asked for again. Without it
// (no websocket, no Redis) each panel asks by itself every minute. The title counts what waits, a live region says
// what has changed, and one sentence stands for the empty panels when nothing waits.

import { refresh } from "./panels.js";

const RETRY_AFTER = [1000, 2000, 5000, 15000, 30000]; // ms
const SESSION_OVER = 4401;
const SESSION_ASKED_AFTER = 2000; // ms: a password that was changed in another tab brings a new session
const TOO_MANY = 4429;
const NOT_A_DESK = 4404;
const HEARTBEAT = 25000; // ms between two pings
const ANSWER_WITHIN = 8000; // ms
const CALMED_DOWN_AFTER = 30000; // ms
const TOGETHER = 150; // ms in which what changes at once is asked for once

const desk = document.querySelector("[data-desk]");
const calm = document.getElementById("rien-n-attend");
const said = document.getElementById("bureau-annonces");
const title = document.title;
const counts = new Map();
const waiting = new Set();
let attempt = 0;
let socket = null;
let retry = null;
let heartbeat = null;
let silence = null;
let timer = null;

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

function connect() {
  clearTimeout(retry);
  retry = null;
  const scheme = window.location.protocol === "https:" ? "wss" : "ws";
  const opened = new WebSocket(`${scheme}://${window.location.host}${desk.dataset.desk}`);
  socket = opened;
  opened.addEventListener("open", () => {
    // What has changed while there was no socket.
    if (attempt > 0) allChanged();
    attempt = 0;
    desk.dataset.live = "";
    heartbeat = setInterval(ask, HEARTBEAT);
  });
  opened.addEventListener("message", (event) => {
    clearTimeout(silence);
    const frame = JSON.parse(event.data);
    if (frame.type === "changed") changed(frame.panels);
  });
  opened.addEventListener("close", (event) => lost(opened, event.code));
}

// A socket that the network swallowed may never say that it is closed, so silence counts as a cut.
function ask() {
  socket.send(JSON.stringify({ type: "ping" }));
  clearTimeout(silence);
  const asked = socket;
  silence = setTimeout(() => lost(asked, 0), ANSWER_WITHIN);
}

function lost(closed, code) {
  if (closed !== socket) return;
  socket = null;
  closed.close();
  clearInterval(heartbeat);
  clearTimeout(silence);
  delete desk.dataset.live;
  if (code === NOT_A_DESK) return;
  if (code === SESSION_OVER) {
    setTimeout(comeBack, SESSION_ASKED_AFTER);
    return;
  }
  const wait = RETRY_AFTER[Math.min(attempt, RETRY_AFTER.length - 1)];
  attempt += 1;
  if (code === TOO_MANY) setTimeout(connect, CALMED_DOWN_AFTER);
  else retry = setTimeout(connect, wait);
}

// An ended session opens no socket: the page itself tells whether there is another one, else it leads to the log-in.
async function comeBack() {
  const answer = await fetch(window.location.href).catch(() => null);
  if (answer?.redirected) window.location.reload();
  else if (answer === null) setTimeout(comeBack, SESSION_ASKED_AFTER);
  else {
    attempt = 1;
    connect();
  }
}

// The browser says that the network is back: a socket that survived is asked at once, one that is gone made anew.
window.addEventListener("online", () => {
  if (socket?.readyState === WebSocket.OPEN) ask();
  else if (retry !== null) connect();
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

connect();
