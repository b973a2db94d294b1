// The registration interview: shows what belongs to the chosen track, marks what is filled in, sees to it that the
// draft is kept, and takes over what a colleague typed meanwhile. The page works without this file; the draft is then
// kept by its button. What no server has yet, `keep.js` keeps in the browser.

const form = document.getElementById("registration");
const state = document.getElementById("draft-state");
const problem = document.getElementById("draft-problem");
const base = form.elements.namedItem("base");
const saveButton = form.querySelector("[aria-keyshortcuts='Control+S']");
const web = document.getElementById("id_track_web");
const RETRY_AFTER_MS = 5000;

let unsaved = false;
let leavingByForm = false;
let trackBefore = "";  // what the adviser had chosen before another tier than « guidé » put it aside

// "Enregistré à 9 h 05" speaks of everything on the page only while nothing has been typed since.
function setUnsaved() {
  unsaved = true;
  state.dataset.unsaved = "";
}

function fields(name) {
  const found = form.elements.namedItem(name);
  if (found === null) return [];
  return found instanceof RadioNodeList ? [...found] : [found];
}

function value(name) {
  const [first, ...others] = fields(name);
  if (first === undefined) return "";
  if (first.type === "checkbox") return first.checked ? first.value : "";
  if (first.type === "radio") return [first, ...others].find((radio) => radio.checked)?.value ?? "";
  return first.value;
}

function setValue(name, wanted) {
  for (const field of fields(name)) {
    if (field.type === "radio" || field.type === "checkbox") field.checked = field.value === wanted;
    else field.value = wanted;
  }
}

// The web track asks for tier "guide"; what the server found in its way stays in its way.
function followTier() {
  const tier = value("tier");
  const notGuide = tier !== "" && tier !== "guide";
  const obstacle = web.dataset.obstacle || (notGuide ? "Le 100 % web demande la modalité « guidé »." : "");
  const line = document.getElementById("web-obstacle");
  if (line.textContent !== obstacle) line.textContent = obstacle;
  web.disabled = obstacle !== "";
}

// Trying a tier decides nothing: what another tier than « guidé » has set is taken back with it.
function putTrackAside() {
  const tier = value("tier");
  if (tier !== "guide") {
    if (value("track") === "classique") return;
    trackBefore = value("track");
    setValue("track", "classique");
    if (value("refusal_reason") === "") setValue("refusal_reason", "tier");
  } else if (value("refusal_reason") === "tier") {
    setValue("refusal_reason", "");
    setValue("track", web.disabled ? "" : trackBefore);
  }
}

function followTrack() {
  const track = value("track");
  for (const block of form.querySelectorAll("[data-when-track]")) {
    block.hidden = block.dataset.whenTrack !== track;
  }
}

// What speaks against the web track is said when it is chosen, and forbids nothing.
function followDoubts() {
  const notice = document.getElementById("web-doubts").firstElementChild;
  const doubts = [...notice.querySelectorAll("[data-doubt]")];
  for (const doubt of doubts) {
    const { doubt: name, doubtValue } = doubt.dataset;
    doubt.hidden = name !== "" && value(name) !== doubtValue;
  }
  notice.hidden = value("track") !== "web" || doubts.every((doubt) => doubt.hidden);
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
  followDoubts();
  markSteps();
}

function save() {
  window.htmx.trigger(state, "retry");
}

function retry() {
  if (unsaved) save();
}

function failed(sentence) {
  problem.textContent = sentence;
  setTimeout(retry, RETRY_AFTER_MS);
}

const read = (text) => {
  try {
    return JSON.parse(text || "{}");
  } catch {
    return {};
  }
};
const lines = (text) => text.replaceAll("\r\n", "\n");

// What a colleague typed goes into the fields that nobody touched here; of the others nothing is overwritten.
function takeOver(answer) {
  const shown = read(base.value);
  for (const [name, typed] of Object.entries(answer.news)) {
    if (lines(value(name)) === lines(shown[name] ?? "")) setValue(name, typed);
    else if (shown[name] === undefined) delete answer.base[name];
    else answer.base[name] = shown[name];
  }
  for (const [name, typed] of Object.entries(answer.chosen)) setValue(name, typed);
  base.value = JSON.stringify(answer.base);
  showAll();
}

form.addEventListener("input", (event) => {
  setUnsaved();
  if (event.target.name === "tier") {
    followTier();
    putTrackAside();
  }
  showAll();
});

// The decision takes everything along; a draft that arrived after it would be refused.
form.addEventListener("submit", () => {
  leavingByForm = true;
  window.htmx.trigger(state, "htmx:abort");
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) leavingByForm = false;
});

state.addEventListener("htmx:beforeRequest", (event) => {
  if (leavingByForm) event.preventDefault();
  else unsaved = false;
});

state.addEventListener("htmx:afterSwap", () => {
  problem.textContent = "";
  if (!unsaved) delete state.dataset.unsaved;
  const { answer } = state.querySelector("[data-draft-state]").dataset;
  if (!answer) return;
  takeOver(read(answer));
  saveButton.textContent = "Enregistrer";
  const isAllKept = !unsaved && form.querySelector(".registration-conflicts") === null;
  if (isAllKept) form.dispatchEvent(new CustomEvent("kept:forget", { bubbles: true }));
});

for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  state.addEventListener(name, (event) => {
    setUnsaved();
    // Closed for more than a day, or another agency's by now: trying again would never end.
    if (event.detail.xhr?.status === 404) {
      problem.textContent = "Non enregistré : cette demande n'est plus ouverte pour vous. Copiez votre texte avant de quitter la page.";
      return;
    }
    failed("Non enregistré : vérifiez votre connexion. Votre saisie reste sur cet ordinateur. Nouvel essai dans quelques secondes.");
  });
}

window.addEventListener("online", retry);

// What was typed in the last second is sent while the page closes.
window.addEventListener("pagehide", () => {
  if (unsaved && !leavingByForm) navigator.sendBeacon(form.dataset.draftUrl, new FormData(form));
});

// Alt + Shift + 1 to 5 lead to the parts, Ctrl + S keeps; the digit counts by its key, whatever the keyboard writes.
document.addEventListener("keydown", (event) => {
  const digit = /^Digit([1-5])$/.exec(event.code)?.[1];
  if (event.altKey && event.shiftKey && digit) {
    event.preventDefault();
    const part = form.querySelectorAll("[data-part]")[Number(digit) - 1];
    part.scrollIntoView();
    document.getElementById(part.getAttribute("aria-labelledby")).focus();
  } else if (event.key.toLowerCase() === "s" && (event.ctrlKey || event.metaKey) && !event.altKey) {
    event.preventDefault();
    save();
  }
});

showAll();
// What `keep.js` has put back, and what was typed before htmx listened, is not on the server yet; htmx listens once it
// has loaded the page.
if ("unsent" in form.dataset) setUnsaved();
document.body.addEventListener("htmx:load", retry, { once: true });
