// The registration interview: shows what belongs to the chosen track, marks the parts that are filled in, sends the
// draft, and takes over what a colleague typed meanwhile. Without this file the page works, and a button saves the
// draft. `keep.js` keeps in the browser what the server has not stored yet.

const form = document.getElementById("registration");
const state = document.getElementById("draft-state");
const problem = document.getElementById("draft-problem");
const base = form.elements.namedItem("base");
const saveButton = form.querySelector("[aria-keyshortcuts='Control+S']");
const web = document.getElementById("id_track_web");
const RETRY_AFTER_MS = 5000;

let unsaved = false;
let leavingByForm = false;
let trackBefore = "";  // the adviser's choice before a tier other than « guidé » hid it

// "Enregistré à 9 h 05" is true only while nothing has been typed since.
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

// The web track requires tier "guide". Obstacles found by the server remain.
function followTier() {
  const tier = value("tier");
  const notGuide = tier !== "" && tier !== "guide";
  const obstacle = web.dataset.obstacle || (notGuide ? "Le 100\u00a0% web demande la modalité «\u00a0guidé\u00a0»." : "");
  const line = document.getElementById("web-obstacle");
  if (line.textContent !== obstacle) line.textContent = obstacle;
  web.disabled = obstacle !== "";
}

// Trying out a tier decides nothing: going back to « guidé » takes back what the other tier has set.
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

// Doubts about the web track are shown when it is chosen. They do not forbid it.
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

const lines = (text) => text.replaceAll("\r\n", "\n");

// A field that a colleague changed takes the stored value, unless the adviser has typed into one of them since the last
// sending. In that case no field takes it: the page says that it still shows what it had sent, and the next answer
// brings the values.
function takeOver(answer) {
  const news = Object.entries(answer.news);
  const stands = news.every(([name]) => lines(value(name)) === lines(answer.sent[name]));
  if (stands) for (const [name, kept] of news) setValue(name, kept);
  base.value = stands ? answer.base : answer.baseOfSent;
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

// The submitted form contains everything. A draft that arrived after it would be refused.
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
  takeOver(JSON.parse(answer));
  saveButton.textContent = "Enregistrer";
  if (!unsaved) form.dispatchEvent(new CustomEvent("kept:forget", { bubbles: true }));
});

for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  state.addEventListener(name, (event) => {
    setUnsaved();
    // The request was closed more than a day ago, or it now belongs to another agency. Trying again would never
    // succeed.
    if (event.detail.xhr?.status === 404) {
      problem.textContent = "Non enregistré\u00a0: cette demande n'est plus ouverte pour vous. Copiez votre texte avant de quitter la page.";
      return;
    }
    failed("Non enregistré\u00a0: vérifiez votre connexion. Votre saisie reste sur cet ordinateur. Nouvel essai dans quelques secondes.");
  });
}

window.addEventListener("online", retry);

// Send what was typed in the last second while the page closes.
window.addEventListener("pagehide", () => {
  if (unsaved && !leavingByForm) navigator.sendBeacon(form.dataset.draftUrl, new FormData(form));
});

// Alt + Shift + 1 to 5 lead to the parts, Ctrl + S saves. The digit is read from the physical key, because layouts
// differ.
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
// The server has neither what `keep.js` put back nor what was typed before htmx listened. htmx begins to listen once it
// has processed the page.
if ("unsent" in form.dataset) setUnsaved();
document.body.addEventListener("htmx:load", retry, { once: true });
