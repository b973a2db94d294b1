// The files of messages. `fileList` draws those of a message as `_attachments.html` does. A `Tray` holds those that
// somebody adds to the message that they are writing: chosen, dropped or pasted, and sent one by one before it.

import { counted, size } from "../frame/words.js";
import { newClientId } from "./outbox.js";

const AGAIN_AFTER = 3000; // ms
const ASK_EVERY = 10000; // ms
const CUT = "Envoi coupé\u00a0: il reprendra de lui-même.";
const CLOSED = "Cette conversation ne vous est plus ouverte.";
const OVER = "Votre session est terminée. Reconnectez-vous, puis ajoutez ce fichier de nouveau.";
const UNCLEAR = "Ce fichier n'est pas parti. Réessayez, ou retirez-le.";

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

// --- The files of a message ------------------------------------------------------------------------

export function fileList(items) {
  const list = element("ul", "fr-raw-list files");
  list.append(...items.map(fileRow));
  return list;
}

function fileRow(item) {
  const row = element("li", "file");
  row.dataset.about = item.about;
  row.dataset.scan = item.state;
  const name = element("bdi", "file__name", item.name);
  if (item.url === "") row.append(name);
  else {
    const link = element("a", "");
    link.href = item.url;
    link.download = "";
    if (item.preview !== "") {
      const picture = element("img", "file__preview");
      picture.alt = "";
      picture.src = item.preview;
      link.append(picture);
    }
    link.append(name);
    row.append(link);
  }
  row.append(" ", element("span", "file__facts", item.words));
  if (item.shown) row.append(" ", openLink(item));
  if (item.said !== "") row.append(" ", element("span", "file__said", item.said));
  return row;
}

function openLink(item) {
  const link = element("a", "file__open", "Ouvrir");
  link.href = item.shown;
  link.target = "_blank";
  link.rel = "noopener";
  link.title = `Ouvrir ${item.name} dans un nouvel onglet`;
  const about = element("span", "fr-sr-only");
  about.append(" ", element("bdi", "", item.name), " dans un nouvel onglet");
  link.append(about);
  return link;
}

// Asks from time to time for the files in a list of messages that wait for the virus scanner. Returns what ends it.
export function followWaiting(list) {
  const timer = setInterval(() => {
    if (document.visibilityState !== "visible") return;
    list.querySelectorAll('.file[data-scan="waiting"]').forEach(askFor);
  }, ASK_EVERY);
  return () => clearInterval(timer);
}

async function askFor(row) {
  try {
    const response = await fetch(row.dataset.about);
    if (!response.ok || response.redirected) return;
    const item = await response.json();
    if (item.state !== row.dataset.scan) row.replaceWith(fileRow(item));
  } catch {
    // Without a network it is asked for again.
  }
}

// --- The files of the message that is being written ------------------------------------------------

export class Tray {
  // form: the composer. `changed` is called when the height of the composer changes.
  constructor(form, changed) {
    this.form = form;
    this.token = form.elements.csrfmiddlewaretoken.value;
    this.changed = changed;
    this.list = form.querySelector("[data-chosen]");
    this.said = form.querySelector("[data-files-said]");
    this.input = form.elements.uploads;
    this.most = Number(this.input.dataset.most);
    this.largest = Number(this.input.dataset.largest);
    this.entries = [];
    this.whenDone = null;
    this.listeners = new AbortController();
    window.addEventListener("online", () => this.#next(), { signal: this.listeners.signal });
    this.#adopt();
  }

  stop() {
    this.listeners.abort();
    clearTimeout(this.again);
    this.entries.forEach((entry) => entry.request?.abort());
  }

  add(files) {
    const room = this.most - this.entries.length;
    const taken = files.slice(0, Math.max(0, room));
    taken.forEach((file) => this.#enter({ client: newClientId(), file, name: file.name, item: null }));
    const excess = files.length - taken.length;
    if (excess > 0) {
      this.#say(`${counted(excess, "un fichier non ajouté,fichiers non ajoutés")}\u00a0: ${this.most} au plus par message.`, { shown: true });
    }
    this.#next();
  }

  // Puts back the stored files of a message that was refused.
  putBack(items) {
    items.forEach((item) => this.#enter({ client: "", file: null, name: item.name, item }));
  }

  // The stored files, for the message that now leaves.
  get items() {
    return this.entries.map((entry) => entry.item);
  }

  // Returns true while the message cannot leave. Calls `act` once all files are stored.
  holds(act) {
    this.whenDone = null;
    const refused = this.entries.find((entry) => entry.refused);
    if (refused) {
      this.#say("Retirez d'abord le fichier qui n'est pas parti.", { shown: true });
      refused.row.querySelector("[data-remove]").focus();
      return true;
    }
    if (this.entries.every((entry) => entry.item !== null)) return false;
    this.whenDone = act;
    this.#say("Le message partira dès que les fichiers seront envoyés.", { shown: true });
    return true;
  }

  clear() {
    this.entries.forEach((entry) => entry.row.remove());
    this.entries = [];
    this.said.textContent = "";
    this.changed();
  }

  // Takes over the files that the server has written after a refusal of the form.
  #adopt() {
    for (const box of this.list.querySelectorAll('[name="attachments"]')) {
      const row = box.closest("li");
      const { name, words, about } = box.dataset;
      row.remove();
      this.putBack([{ id: Number(box.value), name, words, about, state: "ready", said: "", url: "", preview: "" }]);
    }
  }

  #enter(entry) {
    entry.row = this.form.parentElement.querySelector('[data-template="chosen"]').content.firstElementChild.cloneNode(true);
    entry.row.querySelector("[data-name]").textContent = entry.name;
    entry.row.querySelectorAll("[data-of]").forEach((place) => {
      place.textContent = ` ${entry.name}`;
    });
    entry.row.querySelector("progress").setAttribute("aria-label", `Envoi de ${entry.name}`);
    entry.row.querySelector("[data-remove]").addEventListener("click", () => this.#remove(entry));
    entry.row.querySelector("[data-again]").addEventListener("click", () => this.#tryAgain(entry));
    this.entries.push(entry);
    this.list.append(entry.row);
    if (entry.item !== null) this.#stored(entry, entry.item);
    else if (entry.file.size > this.largest) {
      const over = size(entry.file.size - this.largest);
      this.#refuse(entry, `${over} de trop\u00a0: ${size(this.largest)} au plus par fichier. Retirez-le, ou réduisez-le.`);
    } else this.#state(entry, "En attente…");
    this.changed();
  }

  // One after the other, so that they arrive in their order and one of them is soon ready.
  #next() {
    clearTimeout(this.again);
    if (this.entries.some((entry) => entry.request)) return;
    const entry = this.entries.find((one) => one.item === null && !one.refused);
    if (entry) this.#send(entry);
    else if (this.whenDone !== null && this.entries.every((one) => one.item !== null)) {
      const act = this.whenDone;
      this.whenDone = null;
      act();
    }
  }

  #send(entry) {
    const request = new XMLHttpRequest();
    const bar = entry.row.querySelector("progress");
    entry.request = request;
    bar.hidden = false;
    bar.removeAttribute("value");
    this.#state(entry, "Envoi…");
    request.open("POST", this.input.dataset.address);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", this.token);
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      bar.value = event.loaded / event.total;
      this.#state(entry, event.loaded < event.total ? `${Math.round(bar.value * 100)}\u00a0%` : "Vérification…");
    });
    request.addEventListener("load", () => this.#answered(entry, request));
    for (const kind of ["error", "timeout"]) request.addEventListener(kind, () => this.#cut(entry));
    const form = new FormData();
    form.set("file", entry.file, entry.name);
    form.set("client_id", entry.client);
    request.send(form);
  }

  #answered(entry, request) {
    entry.request = null;
    let answer = {};
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      // A page instead of an answer: its status and address say enough.
    }
    const asked = new URL(this.input.dataset.address, location.href).pathname;
    if (request.status >= 500) {
      this.#cut(entry);
      return;
    }
    if (new URL(request.responseURL).pathname !== asked) this.#refuse(entry, OVER);
    else if (request.status === 200) this.#stored(entry, answer);
    else if (request.status === 403 || request.status === 404) this.#refuse(entry, CLOSED);
    else if (answer.sentence) this.#refuse(entry, answer.sentence);
    else this.#refuse(entry, UNCLEAR, { again: true });
    this.#next();
  }

  // The same file goes again under the same name of its own, so it is stored once.
  #cut(entry) {
    entry.request = null;
    entry.row.querySelector("progress").hidden = true;
    this.#state(entry, CUT);
    this.again = setTimeout(() => this.#next(), AGAIN_AFTER);
  }

  #stored(entry, item) {
    entry.item = item;
    entry.row.querySelector("progress").hidden = true;
    entry.row.querySelector("[data-name]").textContent = item.name;
    this.#state(entry, item.said ? `${item.words}. ${item.said}.` : item.words);
    this.#say(`${item.name}\u00a0: fichier ajouté.`);
    this.changed();
  }

  // What the server has refused for a reason, it refuses again.
  #refuse(entry, sentence, { again = false } = {}) {
    entry.refused = true;
    this.whenDone = null;
    entry.row.classList.add("chosen--refused");
    entry.row.querySelector("progress").hidden = true;
    entry.row.querySelector("[data-again]").hidden = !again;
    this.#state(entry, sentence);
    this.#say(`${entry.name}\u00a0: ${sentence}`);
    entry.row.scrollIntoView({ block: "nearest" });
    this.changed();
  }

  #tryAgain(entry) {
    entry.refused = false;
    entry.row.classList.remove("chosen--refused");
    const again = entry.row.querySelector("[data-again]");
    entry.row.querySelector("[data-remove]").focus();
    again.hidden = true;
    this.#state(entry, "En attente…");
    this.#next();
  }

  #remove(entry) {
    entry.request?.abort();
    entry.request = null;
    const place = this.entries.indexOf(entry);
    this.entries.splice(place, 1);
    entry.row.remove();
    if (entry.item !== null) {
      const form = new FormData();
      form.set("csrfmiddlewaretoken", this.token);
      // What stays behind is removed after a day.
      fetch(entry.item.about, { method: "POST", body: form }).catch(() => {});
    }
    this.#say(`${entry.name}\u00a0: fichier retiré.`);
    const next = this.entries[Math.min(place, this.entries.length - 1)];
    (next?.row.querySelector("[data-remove]") ?? this.form.querySelector("[data-attach]")).focus();
    this.changed();
    this.#next();
  }

  #state(entry, words) {
    entry.row.querySelector("[data-stands]").textContent = words;
  }

  // A sentence that is only heard, or also shown above the field.
  #say(sentence, { shown = false } = {}) {
    this.said.textContent = sentence;
    this.said.classList.toggle("fr-sr-only", !shown);
    this.changed();
  }
}
