// The conversation in the room: both can write there, whatever the call does. A new message is said once: by the
// conversation if it is open, by the room if it is folded.

import { counted } from "../frame/words.js";

const room = document.querySelector("[data-room]");
const find = (selector) => room.querySelector(selector);
const talk = find("[data-talk]");
const peer = room.dataset.peer;

let unread = null;

function sentence(count) {
  return count === 0 ? "" : `${peer}\u00a0: ${counted(count, "un nouveau message,nouveaux messages")}`;
}

talk.addEventListener("unread", ({ detail: count }) => {
  if (count === unread) return;
  const isNew = unread !== null && count > unread;
  unread = count;
  for (const place of room.querySelectorAll("[data-talk-count]")) place.textContent = count > 0 ? `\u00a0(${count})` : "";
  find("[data-news]").textContent = sentence(count);
  if (count === 0) find("[data-news-said]").textContent = "";
  else if (isNew && !talk.open) find("[data-news-said]").textContent = `${sentence(count)}. E ou «\u00a0Continuer par écrit\u00a0» pour lire.`;
});

function write() {
  talk.open = true;
  const field = talk.querySelector("textarea") ?? talk.querySelector("summary");
  field.focus();
  (field.form ?? field).scrollIntoView({ block: "nearest" });
}

for (const link of room.querySelectorAll("[data-write]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    write();
  });
}

find("[data-without-microphone]").addEventListener("change", ({ target }) => {
  if (target.checked) talk.open = true;
});

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.closest("input, textarea, select, dialog, [contenteditable]");
  if (event.key.toLowerCase() !== "e" || typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (!find("[data-shortcuts]").checked) return;
  event.preventDefault();
  write();
});
