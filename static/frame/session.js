// Says that the session is about to end, and lets the person stay (RGAA 13.1). frame.js loads it when it is time.

import { counted } from "./words.js";

const { sessionTime, logIn } = document.body.dataset;
const MINUTE = 60; // seconds
const WARNED = 10 * MINUTE;

async function left(method) {
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  try {
    const answer = await fetch(sessionTime, { method, headers, cache: "no-store" });
    return answer.ok && !answer.redirected ? (await answer.json()).left : 0;
  } catch {
    return null; // The network is away; the session may go on.
  }
}

function boxFor(sentence) {
  const box = document.createElement("div");
  const words = document.createElement("p");
  box.className = "frame-session fr-alert fr-alert--warning fr-alert--sm";
  words.tabIndex = -1;
  box.append(words);
  document.getElementById("toasts").append(box);
  words.textContent = sentence;
  return { box, words };
}

function button(label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "fr-btn fr-btn--sm";
  made.textContent = label;
  made.addEventListener("click", act);
  return made;
}

function warn(seconds) {
  const minutes = counted(Math.max(1, Math.floor(seconds / MINUTE)), "une minute");
  const { box, words } = boxFor(`Votre session se termine dans ${minutes}.`);
  const stay = button("Prolonger ma session", async () => {
    const more = await left("POST");
    if (more === null) {
      words.textContent = "Votre session n'a pas pu être prolongée. Vérifiez votre connexion, puis réessayez.";
      return;
    }
    if (more === 0) {
      window.location.assign(logIn);
      return;
    }
    const close = button("Fermer", () => {
      box.remove();
      document.getElementById("contenu").focus();
    });
    box.classList.replace("fr-alert--warning", "fr-alert--success");
    words.textContent = "Votre session continue.";
    stay.replaceWith(close);
    words.focus();
    setTimeout(look, (more - WARNED) * 1000);
  });
  box.append(stay);
}

// Another tab may have made the session longer meanwhile.
async function look() {
  document.querySelector(".frame-session")?.remove();
  const seconds = await left("GET");
  if (seconds === null || seconds > WARNED) setTimeout(look, Math.max(MINUTE, (seconds ?? 0) - WARNED) * 1000);
  else if (seconds > 0) warn(seconds);
}

look();
