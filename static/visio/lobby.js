// The lobby: who waits, for how long, and what the adviser can say to them without letting them in.

import { chime } from "./chime.js";

const COUNT_EVERY = 10_000; // ms

// Returns the way to note something beside the controls. An element of its own, because a place without one is hidden.
export function notesIn(place) {
  return (text) => {
    const note = document.createElement("p");
    note.textContent = text;
    place.replaceChildren(note);
    return note;
  };
}

// `say` sets the text of an element, `note` notes it beside the controls, `tell` sends a frame; `words` are those of the room.
export function lobbyOf({ room, words, other, isAdviser, say, note, tell }) {
  const find = (selector) => room.querySelector(selector);
  const [admit, hold, resume] = ["admit", "hold", "resume"].map((act) => find(`[data-${act}]`));
  let since = null; // performance.now() when the wait began
  let somebodyWaits = false;
  let patience = null; // the note that the person was asked for it

  function count() {
    say(find("[data-waited]"), somebodyWaits ? words.waited((performance.now() - since) / 1000) : "");
  }

  // The person has waited for so many seconds.
  function waits(seconds) {
    since = performance.now() - seconds * 1000;
  }

  function draw(state) {
    somebodyWaits = since !== null && !state.admitted && (!isAdviser || state.peerTab !== "");
    say(find("[data-door-words]"), words.door(state));
    find("[data-nobody]")?.toggleAttribute("hidden", Boolean(state.peerTab));
    for (const act of [admit, hold]) if (act) act.disabled = !state.peerTab || state.admitted;
    if (state.admitted) patience?.remove();
    if (resume) resume.disabled = !state.peerTab;
    count();
  }

  function held() {
    say(find("[data-held]"), `${other} vous demande de patienter encore un peu. Vous gardez votre place.`);
  }

  hold?.addEventListener("click", () => {
    tell({ type: "hold" });
    patience = note(`${other} lit que vous demandez encore un peu de patience.`);
  });
  setInterval(count, COUNT_EVERY);
  return { waits, draw, held, rings: chime };
}
