// Messages that a person has written and the server has not acknowledged yet. They survive a reload and a lost
// connection. All tabs of a person share them; several tabs may send the same message, and the server stores it once
// (by its client_id).

// Returns a new identifier. `crypto.randomUUID` exists only on secure origins.
export function newClientId() {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export class Outbox {
  constructor(me, conversation) {
    this.key = `messagerie:${me}:${conversation}`;
    this.memory = [];
  }

  // Entries {client_id, body, attachments, later, at, failed}, oldest first. `later`: it waits until the agency opens.
  // `failed` is the sentence of a refusal, or "".
  entries() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key) ?? "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return this.memory;
    }
  }

  add(body, attachments = [], later = false) {
    const entry = { client_id: newClientId(), body, attachments, later, at: new Date().toISOString(), failed: "" };
    this.#keep([...this.entries(), entry]);
    return entry;
  }

  remove(clientId) {
    this.#keep(this.entries().filter((entry) => entry.client_id !== clientId));
  }

  // Stores the sentence of a refusal; an empty sentence removes it.
  mark(clientId, sentence) {
    this.#keep(
      this.entries().map((entry) => (entry.client_id === clientId ? { ...entry, failed: sentence } : entry)),
    );
  }

  next() {
    return this.entries().find((entry) => entry.failed === "");
  }

  #keep(entries) {
    this.memory = entries;
    try {
      if (entries.length === 0) localStorage.removeItem(this.key);
      else localStorage.setItem(this.key, JSON.stringify(entries));
    } catch {
      // No storage (private window, full disk): use the page's memory only.
    }
  }
}

// Says under a message of one's own where it stands.
export function say(row, state) {
  row.querySelector(".message__failed")?.remove();
  let line = row.querySelector("[data-state]");
  if (line === null) {
    line = document.createElement("p");
    line.className = "message__state";
    line.dataset.state = "";
    row.append(line);
  }
  if (line.textContent !== state) line.textContent = state;
}

// Says under it, in the element `failed`, why it did not leave.
export function fail(row, failed, sentence) {
  row.querySelector("[data-state]")?.remove();
  row.querySelector(".message__failed")?.remove();
  failed.querySelector(".message__reason").textContent = `Non envoyé – ${sentence}`;
  row.append(failed);
}

// Says over it when it was written.
export function sayHour(row, at, clock) {
  const time = row.querySelector("time");
  time.dateTime = at.toISOString().replace(/\.\d+/, "");
  time.title = clock.moment(at);
  const hour = clock.hour(at);
  if (time.textContent !== hour) time.textContent = hour;
}
