// Keeps in this browser what is being typed into the forms marked `data-keep`, so that a session that ends, a lost
// connection or a closed window loses nothing. Kept by account, page and form; forgotten when the form has gone
// through (the server names its token in the cookie `sent_forms`), after half a day, and at the log-out.

const PREFIX = "kept:";
const OTHER_DRAFTS = ["messagerie:"];
const KEPT_FOR = 12 * 60 * 60 * 1000; // milliseconds
const SENT_COOKIE = "sent_forms";
const FIELDS = "input, select, textarea";
const NOT_KEPT = new Set(["hidden", "password", "file", "submit", "button", "reset", "image"]);

const person = document.body.dataset.person ?? "";
const untouched = new WeakMap();

function keyOf(form) {
  const action = form.getAttribute("action") ?? "";
  // A form that several addresses show says itself of what it is.
  const place = form.dataset.keep || window.location.pathname;
  return `${PREFIX}${person}:${place}:${form.id || action}`;
}

// What a person can type or choose; a hidden field that belongs to it is marked `data-keep-too`.
function fieldsOf(form) {
  return [...form.elements].filter(
    (field) => field.matches(FIELDS) && field.name && (!NOT_KEPT.has(field.type) || "keepToo" in field.dataset),
  );
}

function valuesOf(form) {
  const values = [];
  for (const field of fieldsOf(form)) {
    if (field.type === "radio" || field.type === "checkbox") {
      if (field.checked) values.push([field.name, field.value]);
    } else if (field.type === "select-multiple") {
      for (const option of field.selectedOptions) values.push([field.name, option.value]);
    } else values.push([field.name, field.value]);
  }
  return values;
}

const same = (some, others) => JSON.stringify(some) === JSON.stringify(others);

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function save(form) {
  const values = valuesOf(form);
  const token = (form.elements.namedItem("once")?.value ?? "").split(".")[0];
  try {
    if (same(values, untouched.get(form))) localStorage.removeItem(keyOf(form));
    else localStorage.setItem(keyOf(form), JSON.stringify({ values, token, at: Date.now() }));
  } catch {
    // No storage (private window, full disk): the form has to do without.
  }
}

function forget(form) {
  delete form.dataset.unsent;
  untouched.set(form, valuesOf(form));
  try {
    localStorage.removeItem(keyOf(form));
  } catch {
    // Nothing was kept either.
  }
}

// What the form would hold if nobody had touched it. A person types before this file has come, too.
function pristineOf(form) {
  const copy = form.cloneNode(true);
  copy.reset();
  return valuesOf(copy);
}

const ofName = (all, wanted) => all.filter(([name]) => name === wanted);

// The names of the fields that hold something else than `values` says.
function changedSince(values, form) {
  const now = valuesOf(form);
  const names = new Set(fieldsOf(form).map((field) => field.name));
  return new Set([...names].filter((name) => !same(ofName(now, name), ofName(values, name))));
}

function fill(form, values, left = new Set()) {
  for (const field of fieldsOf(form)) {
    if (left.has(field.name)) continue;
    const typed = values.filter(([name]) => name === field.name).map(([, value]) => value);
    if (field.type === "radio" || field.type === "checkbox") field.checked = !field.disabled && typed.includes(field.value);
    else if (field.type === "select-multiple") {
      for (const option of field.options) option.selected = typed.includes(option.value);
    } else if (typed.length > 0) field.value = typed[0];
  }
  form.dispatchEvent(new Event("input", { bubbles: true }));
  form.dispatchEvent(new Event("change", { bubbles: true }));
}

function say(form, before) {
  const note = document.createElement("div");
  note.className = "fr-alert fr-alert--info fr-alert--sm fr-mb-2w";
  note.setAttribute("role", "status");
  note.dataset.keptNote = "";
  const sentence = document.createElement("p");
  sentence.textContent = "Ce que vous aviez écrit sans l'envoyer est revenu ici. ";
  const undo = document.createElement("button");
  undo.type = "button";
  undo.className = "fr-btn fr-btn--sm fr-btn--tertiary-no-outline";
  undo.textContent = "L'effacer";
  undo.addEventListener("click", () => {
    fill(form, before);
    forget(form);
    note.remove();
    fieldsOf(form).find((field) => field.offsetParent !== null)?.focus();
  });
  note.append(sentence, undo);
  form.prepend(note);
}

function begin(form) {
  if (untouched.has(form)) return;
  const before = valuesOf(form);
  const isItsAnswer = form.dataset.keep || new URL(form.action).pathname === window.location.pathname;
  if ("answersForm" in document.body.dataset && isItsAnswer) {
    // The page is the answer to this form, which was not accepted: what it shows is what was typed, or newer.
    untouched.set(form, null);
    save(form);
    return;
  }
  const pristine = pristineOf(form);
  untouched.set(form, pristine);
  const kept = read(keyOf(form));
  const typed = new Set(fieldsOf(form).flatMap((field) => (field.type === "hidden" ? [] : [field.name])));
  const visible = (values) => values.filter(([name]) => typed.has(name));
  if (kept === null || same(visible(kept.values), visible(before))) return;
  // What the person has typed meanwhile is newer than what was kept.
  fill(form, kept.values, changedSince(pristine, form));
  if (!same(visible(valuesOf(form)), visible(before))) say(form, before);
}

function beginAll(root) {
  if (person === "") return;
  for (const form of root.querySelectorAll("form[data-keep]")) begin(form);
}

// Forget what went through, and what is too old whoever wrote it.
function tidy() {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith(`${SENT_COOKIE}=`));
  const sent = new Set((cookie?.slice(SENT_COOKIE.length + 1) ?? "").split("."));
  for (const key of keysOf([PREFIX])) {
    const kept = read(key);
    if (kept === null || sent.has(kept.token) || Date.now() - kept.at > KEPT_FOR) localStorage.removeItem(key);
  }
}

function keysOf(prefixes) {
  try {
    return Object.keys(localStorage).filter((key) => prefixes.some((prefix) => key.startsWith(prefix)));
  } catch {
    return [];
  }
}

const formOf = (target) => (person === "" ? null : (target?.closest?.("form[data-keep]") ?? null));

function keepWhatIsTyped(target) {
  const form = formOf(target);
  if (form === null || !untouched.has(form)) return;
  // Other scripts of the page may come later than the typing.
  form.dataset.unsent = "";
  save(form);
}

document.addEventListener("input", (event) => {
  keepWhatIsTyped(event.target);
});
document.addEventListener("change", (event) => {
  keepWhatIsTyped(event.target);
});
document.addEventListener("kept:forget", (event) => {
  const form = formOf(event.target);
  if (form) forget(form);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = formOf(event.target);
  // The form itself was answered by a part of a page, and not by the way to the log-in.
  if (form === event.target && event.detail.successful && !event.detail.xhr.getResponseHeader("HX-Redirect")) forget(form);
});
document.addEventListener("htmx:load", (event) => beginAll(event.target.parentElement ?? document));
document.addEventListener("submit", (event) => {
  const action = event.target.getAttribute("action");
  if (action !== document.body.dataset.logOut) return;
  for (const key of keysOf([PREFIX, ...OTHER_DRAFTS])) localStorage.removeItem(key);
  sessionStorage.clear();
});

tidy();
beginAll(document);
