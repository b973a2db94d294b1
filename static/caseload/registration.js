// The registration interview: shows what belongs to the chosen track, marks what is filled in, and sees to it
// that the draft is kept. The page works without this file; the draft is then kept by its button.

const form = document.getElementById("registration");
const state = document.getElementById("draft-state");
const problem = document.getElementById("draft-problem");
const web = form.elements.namedItem("track").item(0);
const RETRY_AFTER_MS = 5000;

let unsaved = false;
let leavingByForm = false;

function value(name) {
  const field = form.elements.namedItem(name);
  if (!field) return "";
  return field.type === "checkbox" ? (field.checked ? field.value : "") : field.value;
}

function check(name, wanted) {
  for (const radio of form.querySelectorAll(`input[name="${name}"]`)) radio.checked = radio.value === wanted;
}

// The web track asks for tier "guide"; what the server found in its way stays in its way.
function followTier() {
  const tier = value("tier");
  const notGuide = tier !== "" && tier !== "guide";
  const obstacle = web.dataset.obstacle || (notGuide ? "Le 100 % web demande la modalité « guidé »." : "");
  document.getElementById("web-obstacle").textContent = obstacle;
  web.disabled = obstacle !== "";
  if (notGuide && value("track") !== "classique") {
    check("track", "classique");
    if (value("refusal_reason") === "") check("refusal_reason", "tier");
  }
}

function followTrack() {
  const track = value("track");
  for (const block of form.querySelectorAll("[data-when-track]")) {
    block.hidden = block.dataset.whenTrack !== track;
  }
}

function markSteps() {
  for (const part of form.querySelectorAll("[data-part]")) {
    const names = part.dataset.part.split(" ").filter(Boolean);
    const done = names.length > 0 && names.every((name) => value(name) !== "");
    form.querySelector(`[data-step-of="${part.id}"]`).dataset.done = done ? "yes" : "no";
  }
}

function showAll() {
  followTier();
  followTrack();
  markSteps();
}

function retry() {
  if (unsaved) window.htmx.trigger(state, "retry");
}

function failed(sentence) {
  problem.textContent = sentence;
  setTimeout(retry, RETRY_AFTER_MS);
}

form.addEventListener("input", () => {
  unsaved = true;
  showAll();
});

// The decision takes everything along; a draft that arrived after it would be refused.
form.addEventListener("submit", () => {
  leavingByForm = true;
  window.htmx.trigger(state, "htmx:abort");
});

state.addEventListener("htmx:beforeRequest", (event) => {
  if (leavingByForm) event.preventDefault();
  else unsaved = false;
});

state.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.serverResponse.includes("data-draft-state")) {
    problem.textContent = "";
    return;
  }
  // Somebody logged out, or the page is gone: what came back is no state of the draft.
  event.detail.shouldSwap = false;
  unsaved = true;
  problem.textContent = "Non enregistré : reconnectez-vous dans un autre onglet, puis continuez ici.";
});

for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  state.addEventListener(name, () => {
    unsaved = true;
    failed("Non enregistré : vérifiez votre connexion. Nouvel essai dans quelques secondes.");
  });
}

window.addEventListener("online", retry);

// What was typed in the last second is sent while the page closes.
window.addEventListener("pagehide", () => {
  if (unsaved && !leavingByForm) navigator.sendBeacon(form.dataset.draftUrl, new FormData(form));
});

showAll();
