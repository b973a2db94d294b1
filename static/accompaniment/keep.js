// Keeps in this browser what a person types into forms marked `data-keep`. Nothing is lost when a session ends, the
// network fails or the window closes. A draft is stored per account, page and form. It is deleted when the form has
// gone through (the server names its token in the cookie `sent_forms`), after half a day, and at log-out (frame.js).

const PREFIX = "kept:";
const KEPT_FOR = 12 * 60 * 60 * 1000; // milliseconds
const SENT_COOKIE = "sent_forms";
const FIELDS = "input, select, textarea";
const NOT_KEPT = new Set(["hidden", "password", "file", "submit", "button", "reset", "image"]);

const SECRET = ".fr-password__input"; // its type is "text" while the password is shown

const person = document.body.dataset.person ?? "";
const untouched = new WeakMap();

function keyOf(form) {
  // A form that stands on several pages has one draft for all of them.
  if (form.dataset.keepAs) return `${PREFIX}${person}:${form.dataset.keepAs}`;
  const action = form.getAttribute("action") ?? "";
  // A form that is shown at several addresses has its own key.
  const place = form.dataset.keep || window.location.pathname;
  return `${PREFIX}${person}:${place}:${form.id || action}`;
}

// Fields in which a person can type or choose. A hidden field that belongs to them is marked `data-keep-too`.
function fieldsOf(form) {
  return [...form.elements].filter(
    (field) =>
      field.matches(FIELDS) &&
      field.name &&
      !field.matches(SECRET) &&
      (!NOT_KEPT.has(field.type) || "keepToo" in field.dataset),
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
  const once = form.elements.namedItem("once")?.value ?? "";
  try {
    if (same(values, untouched.get(form))) localStorage.removeItem(keyOf(form));
    else localStorage.setItem(keyOf(form), JSON.stringify({ values, once, at: Date.now() }));
  } catch {
    // No storage (private window, full disk): nothing is kept.
  }
}

function forget(form) {
  delete form.dataset.unsent;
  untouched.set(form, valuesOf(form));
  try {
    localStorage.removeItem(keyOf(form));
  } catch {
    // Nothing was kept, so there is nothing to delete.
  }
}

// The form's values before any typing. A person may type before this script has loaded.
function pristineOf(form) {
  const copy = form.cloneNode(true);
  copy.reset();
  return valuesOf(copy);
}

const ofName = (all, wanted) => all.filter(([name]) => name === wanted);

// The names of the fields whose value differs from `values`.
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
    // The page answers this form, which was refused. Its fields hold what was typed, or something newer.
    untouched.set(form, null);
    save(form);
    return;
  }
  const pristine = pristineOf(form);
  untouched.set(form, pristine);
  const kept = read(keyOf(form));
  const typed = new Set(fieldsOf(form).flatMap((field) => (field.type === "hidden" ? [] : [field.name])));
  const visible = (values) => values.filter(([name]) => typed.has(name));
  if (kept === null || same(visible(kept.values), visible(before))) {
    // This script may come after the first letters.
    if (!same(visible(before), visible(pristine))) keepWhatIsTyped(form);
    return;
  }
  // The draft may have gone through without its answer. With the same token, the same text counts once.
  const once = form.elements.namedItem("once");
  if (once && kept.once) once.value = kept.once;
  // What the person has typed since the page loaded is newer than the draft.
  fill(form, kept.values, changedSince(pristine, form));
  if (!same(visible(valuesOf(form)), visible(before))) say(form, before);
}

function beginAll(root) {
  if (person === "") return;
  for (const form of root.querySelectorAll("form[data-keep]")) begin(form);
}

const tokenOf = (kept) => (kept.once ?? "").split(".")[0];

// Deletes drafts that were sent, and everybody's old drafts.
function tidy() {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith(`${SENT_COOKIE}=`));
  const sent = new Set((cookie?.slice(SENT_COOKIE.length + 1) ?? "").split("."));
  for (const key of keys()) {
    const kept = read(key);
    if (kept === null || sent.has(tokenOf(kept)) || Date.now() - kept.at > KEPT_FOR) localStorage.removeItem(key);
  }
}

function keys() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  } catch {
    return [];
  }
}

const formOf = (target) => (person === "" ? null : (target?.closest?.("form[data-keep]") ?? null));

function keepWhatIsTyped(target) {
  const form = formOf(target);
  if (form === null || !untouched.has(form)) return;
  // Other scripts of the page may load only after the person has typed.
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
  // Forget the draft only if the form itself was answered, and not with a redirect to the log-in.
  if (form === event.target && event.detail.successful && !event.detail.xhr.getResponseHeader("HX-Redirect")) forget(form);
});
document.addEventListener("htmx:load", (event) => beginAll(event.target.parentElement ?? document));

tidy();
beginAll(document);
