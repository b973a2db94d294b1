// What every page needs. Kept small.

const FAILED = "L'action n'a pas abouti. Vérifiez votre connexion, puis réessayez.";
const logInPath = new URL(document.body.dataset.logIn, window.location.href).pathname;
const toasts = document.getElementById("toasts");
// Parts of a page that the design system's own script runs.
const NEED_SYSTEM = ".fr-table";
// Forms that may be refused, except that of a conversation, which says by itself what is wrong.
const NEED_ERRORS = "[data-error-summary], main form[method=post]:not([data-composer])";
const lastAnswers = new WeakMap();
let failureToast = null;

// The summary of a form's errors takes the focus, so that a screen reader reads it first.
function focusErrorSummary(root) {
  const summary = root.querySelector("[data-error-summary]");
  if (summary) summary.focus();
}

// One toast at a time says that the last action failed. It goes when the next action succeeds.
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

// Requests that a page repeats by itself fail silently.
function isByItself(event) {
  return event.detail.elt.hasAttribute("data-quiet");
}

// A part that is replaced may take the focus along. Then it goes on at what is wrong, or at the part itself.
let tookFocus = false;

function giveFocus(part) {
  const next = part.querySelector("[aria-invalid=true]") ?? part;
  if (next === part) part.tabIndex = -1;
  next.focus();
}

// A screen reader misses what comes with a page or with a part of it. Repeat the news in a region that was empty.
const SAID_AFTER = 500; // ms
const said = document.getElementById("annonces");

function say(news) {
  const sentences = [...news].map((one) => one.textContent.replace(/[ \n]+/g, " ").trim()).filter(Boolean);
  if (sentences.length === 0) return;
  const words = sentences.join(" ");
  // What stays true while a part reloads is said once.
  setTimeout(() => {
    if (said.textContent !== words) said.textContent = words;
  }, SAID_AFTER);
}

// A browser does not scroll to a focused element if a part of it is visible.
document.addEventListener("focusin", (event) => {
  if (event.target.matches(":focus-visible")) event.target.scrollIntoView({ block: "nearest", inline: "nearest" });
});

// Scripts that most visits do without come when something needs them, each once. They come as elements, so that a page
// that needs them from its beginning counts as loaded only with them. A network may drop one. A browser may remember
// that, so each further try has an address of its own.
const coming = new Map();
const COMES_AGAIN_AFTER = 2000; // ms; each further wait is twice as long, up to a minute

function ask(address, done, tries = 0) {
  const script = document.createElement("script");
  script.type = "module";
  script.src = tries === 0 ? address : `${address}?${tries}`;
  script.addEventListener("load", done);
  script.addEventListener("error", () => {
    script.remove();
    setTimeout(ask, COMES_AGAIN_AFTER * 2 ** Math.min(tries, 5), address, done, tries + 1);
  });
  document.head.append(script);
}

function bring(address) {
  if (!coming.has(address)) coming.set(address, new Promise((done) => ask(address, done)));
  return coming.get(address);
}

const { errorsScript, keepScript, sessionScript, systemScript } = document.body.dataset;

// The script of the design system is large. Once here, it watches the page itself.
function bringWhatIsNeeded() {
  if (document.querySelector(NEED_SYSTEM)) bring(systemScript);
  if (document.querySelector(NEED_ERRORS)) bring(errorsScript);
  if (document.querySelector("form[data-keep]") || isAnythingKept()) bring(keepScript);
  for (const part of document.querySelectorAll("[data-brings]")) bring(part.dataset.brings);
}

// Whatever this browser keeps begins with one of these names. A log-out deletes it, see below.
const KEPT = "kept:";
const FORGOTTEN_AT_LOG_OUT = [KEPT, "arrivee:", "messagerie:", "raccourcis"];

function keysOf(...prefixes) {
  try {
    return Object.keys(localStorage).filter((key) => prefixes.some((prefix) => key.startsWith(prefix)));
  } catch {
    return []; // A browser may forbid it.
  }
}

const isAnythingKept = () => keysOf(KEPT).length > 0;

// The script that an element of the frame names comes when the element is shown, or with the first key that may be for it.
const unused = new Set(document.querySelectorAll("[data-script]"));

function use(elements) {
  return Promise.all(
    elements.map((element) => {
      unused.delete(element);
      return bring(element.dataset.script);
    }),
  );
}

use([...unused].filter((element) => element.checkVisibility()));

document.addEventListener(
  "beforetoggle",
  ({ target }) => use([...unused].filter((element) => target.contains(element))),
  true,
);

async function useForKey(event) {
  const isControlK = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
  const isOneKey = (event.key === "/" || event.key === "?") && !event.ctrlKey && !event.metaKey;
  if ((!isControlK && !isOneKey) || event.altKey || event.isComposing) return;
  if (isOneKey && (!hasOneKeyShortcuts() || event.target.closest("input, textarea, select, [contenteditable]"))) return;
  const whose = event.key === "?" ? "[data-shortcuts-of-page]" : "[data-search]";
  const needed = [...unused].filter((element) => element.matches(whose));
  if (needed.length === 0) return;
  event.preventDefault();
  await use(needed);
  event.target.dispatchEvent(new KeyboardEvent("keydown", event));
}

document.addEventListener("keydown", useForKey);

// Shortcuts of one key can be switched off (shortcuts.js).
function hasOneKeyShortcuts() {
  return document.documentElement.dataset.oneKey !== "off";
}

function rememberOneKey() {
  try {
    document.documentElement.dataset.oneKey = localStorage.getItem("raccourcis") === "non" ? "off" : "on";
  } catch {
    document.documentElement.dataset.oneKey = "on";
  }
}

// The service worker shows a page of ours when the network fails. It must not hold up the first picture.
function keepOfflinePage() {
  const { worker } = document.body.dataset;
  // Without it (private window, old browser) the browser shows a page of its own.
  if (worker) navigator.serviceWorker?.register(worker, { updateViaCache: "none" }).catch(() => {});
}

window.addEventListener("load", keepOfflinePage);
// What the design system's script does for a password: show it on demand, and say that capitals are locked.
document.addEventListener("change", ({ target }) => {
  if (!target.matches(".fr-password__checkbox input")) return;
  const field = target.closest(".fr-password").querySelector(".fr-password__input");
  field.type = target.checked ? "text" : "password";
});

function sayCapitals(event) {
  if (!event.target.matches?.(".fr-password__input") || typeof event.getModifierState !== "function") return;
  event.target.parentElement.toggleAttribute("data-fr-capslock", event.getModifierState("CapsLock"));
}

document.addEventListener("keydown", sayCapitals);
document.addEventListener("keyup", sayCapitals);

say([...toasts.children, ...document.querySelectorAll("[data-said]")]);
focusErrorSummary(document);
rememberOneKey();
bringWhatIsNeeded();

// During a log-out the page ignores late answers. Otherwise a panel whose session has ended would lead to the log-in
// page, with the way back to this page.
let isLoggingOut = false;

document.addEventListener("submit", (event) => {
  if (event.target.getAttribute("action") !== document.body.dataset.logOut) return;
  isLoggingOut = true;
  // Without a network nobody has logged out, and what is kept stays.
  if (!navigator.onLine) return;
  for (const key of keysOf(...FORGOTTEN_AT_LOG_OUT)) localStorage.removeItem(key);
  sessionStorage.clear();
});

document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (isLoggingOut) event.preventDefault();
});

// The script that warns before the session ends comes when it is time.
if (sessionScript) setTimeout(() => bring(sessionScript), Number(document.body.dataset.sessionWarning) * 1000);

window.addEventListener("pageshow", (event) => {
  // A page restored by the browser may belong to a session that has ended.
  if (event.persisted && document.body.dataset.person) window.location.reload();
});

document.addEventListener("htmx:afterSwap", (event) => {
  focusErrorSummary(event.detail.target);
  // A part that was replaced as a whole is no longer in the page.
  const part = event.detail.target.isConnected ? event.detail.target : event.target;
  if (tookFocus && document.activeElement === document.body) giveFocus(part);
  tookFocus = false;
  say(part.matches("[data-said]") ? [part] : part.querySelectorAll("[data-said]"));
  bringWhatIsNeeded();
});

// What a person asks for may be a form, in which they type as soon as it is there.
document.addEventListener("htmx:beforeRequest", ({ target }) => {
  if (!target.matches("[data-act]")) return;
  bring(errorsScript);
  bring(keepScript);
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { elt, xhr } = event.detail;
  // The session is over: the whole page goes to the log-in, not only a part of it.
  if (new URL(xhr.responseURL, window.location.href).pathname === logInPath) {
    event.detail.shouldSwap = false;
    window.location.reload();
    return;
  }
  // A part that repeats its request by itself stands still while somebody is in it. Without a change it is not
  // replaced, because it would be read out again. What the answer brings beside it is not read out.
  if (elt.hasAttribute("data-quiet")) {
    const [message] = xhr.responseText.split("<template");
    event.detail.serverResponse = message;
    if (lastAnswers.get(elt) === message || elt.contains(document.activeElement)) event.detail.shouldSwap = false;
    else lastAnswers.set(elt, message);
  }
  tookFocus = event.detail.shouldSwap && event.detail.target.contains(document.activeElement);
});

// The answer of the band counts what waits by now. The script that shows it comes when a count has changed.
document.addEventListener("htmx:afterRequest", ({ detail: { elt, xhr, successful } }) => {
  const counted = successful && elt.dataset.band !== undefined && /data-counted="([^"]*)"/.exec(xhr.responseText)?.[1];
  if (typeof counted !== "string" || counted === elt.dataset.band) return;
  elt.dataset.band = counted;
  const answer = new CustomEvent("frame:counted", { detail: xhr.responseText });
  bring(elt.dataset.bandCounts).then(() => document.dispatchEvent(answer));
});

// Something was done here that the navigation counts. It would ask for its counts in a minute.
document.addEventListener("counts", () => {
  const band = document.querySelector("[data-band]");
  if (band) window.htmx.trigger(band, "refresh");
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (isByItself(event)) return;
  const { successful, xhr } = event.detail;
  if (successful || [409, 422].includes(xhr?.status)) hideFailure();
  else showFailure();
});
