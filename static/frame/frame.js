// What the frame does on every page. Kept small: the design system's script does the menu.

const FAILED = "L'action n'a pas abouti. Vérifiez votre connexion, puis réessayez.";
const logInPath = new URL(document.body.dataset.logIn, window.location.href).pathname;
const toasts = document.getElementById("toasts");
const lastAnswers = new WeakMap();
let failureToast = null;

// The summary of a form's errors takes the focus, so that it is read out first.
function focusErrorSummary(root) {
  const summary = root.querySelector("[data-error-summary]");
  if (summary) summary.focus();
}

// One toast at a time says that the last action failed; it goes when the next one succeeds.
function showFailure() {
  if (failureToast) return;
  failureToast = document.createElement("div");
  failureToast.className = "fr-alert fr-alert--error fr-alert--sm fr-mb-2w";
  const sentence = document.createElement("p");
  sentence.textContent = FAILED;
  failureToast.append(sentence);
  toasts.append(failureToast);
}

function hideFailure() {
  failureToast?.remove();
  failureToast = null;
}

// What a page asks for by itself, every so often, fails in silence.
function isByItself(event) {
  return event.detail.elt.hasAttribute("data-quiet");
}

// What a page says as it comes is there before a screen reader listens: say it again in a region that was empty.
const SAID_AFTER = 500; // ms
const said = document.getElementById("annonces");

function sayToasts() {
  const sentences = [...toasts.children].map((toast) => toast.textContent.trim());
  if (sentences.length > 0) setTimeout(() => (said.textContent = sentences.join(" ")), SAID_AFTER);
}

// A browser leaves what has the focus where it is as soon as a part of it can be seen.
document.addEventListener("focusin", (event) => {
  if (event.target.matches(":focus-visible")) event.target.scrollIntoView({ block: "nearest", inline: "nearest" });
});

sayToasts();
focusErrorSummary(document);

// Who logs out leaves the page: an answer that comes too late must not lead elsewhere, as the way back to the log-in
// would that a panel is shown once the session is over.
let isLoggingOut = false;

document.addEventListener("submit", (event) => {
  if (event.target.getAttribute("action") === document.body.dataset.logOut) isLoggingOut = true;
});

document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (isLoggingOut) event.preventDefault();
});

window.addEventListener("pageshow", (event) => {
  // A page that the browser had put aside may be of a session that is over by now.
  if (event.persisted && document.body.dataset.person) window.location.reload();
});

document.addEventListener("htmx:afterSwap", (event) => focusErrorSummary(event.detail.target));

document.addEventListener("htmx:beforeSwap", (event) => {
  const { elt, xhr } = event.detail;
  // The session is over: the whole page goes to the log-in, not a part of it.
  if (new URL(xhr.responseURL, window.location.href).pathname === logInPath) {
    event.detail.shouldSwap = false;
    window.location.reload();
    return;
  }
  // The same again is not read out again.
  if (elt.hasAttribute("data-quiet")) {
    if (lastAnswers.get(elt) === xhr.responseText) event.detail.shouldSwap = false;
    lastAnswers.set(elt, xhr.responseText);
  }
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (isByItself(event)) return;
  const { successful, xhr } = event.detail;
  if (successful || [409, 422].includes(xhr?.status)) hideFailure();
  else showFailure();
});
