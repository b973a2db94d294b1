// On every page of an adviser whose interview is near: asks every few seconds whether the person waits in the room, and
// says it with two tones, once for all pages of this browser.

import { chime } from "./chime.js";

const LOOK_EVERY = 5_000; // ms

const awaited = () => document.querySelector("[data-arrival]");

async function ring() {
  const sign = awaited();
  if (!sign || sign.dataset.arrived === undefined) return;
  const key = `arrivee:${sign.dataset.arrival}`;
  try {
    if (localStorage.getItem(key)) return;
    localStorage.setItem(key, "1");
    if (!(await chime())) localStorage.removeItem(key);
  } catch {
    chime(); // A browser may forbid to keep anything.
  }
}

document.addEventListener("htmx:afterSwap", ring);
document.addEventListener("click", ring);
ring();

setInterval(() => {
  if (awaited() && awaited().dataset.arrived === undefined) document.dispatchEvent(new Event("counts"));
}, LOOK_EVERY);
