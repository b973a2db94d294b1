// The socket of a room: joins with this tab's id, comes back after a cut, and tells when it cannot.

const HEARTBEAT = 10_000; // milliseconds between two pings
const PATIENCE = 8_000; // milliseconds that an answer may take
const DELAYS = [300, 1_000, 2_000, 4_000, 8_000]; // milliseconds before each new try
const SESSION_OVER = 4401;
const SESSION_ASKED_AFTER = 2_000; // milliseconds: a password that was changed in another tab brings a new session
const TOO_MANY = 4429;
const CALMED_DOWN_AFTER = 30_000; // milliseconds

export const REFUSED = 4403;
const REPLACED = 4409;
const FINAL_CODES = new Set([REFUSED, REPLACED, 4410]);

// Returns a new id, for a tab or a connection.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export class Signalling extends EventTarget {
  constructor(path) {
    super();
    this.url = new URL(path, window.location.href);
    this.url.protocol = window.location.protocol === "https:" ? "wss:" : "ws:";
    this.tab = newId();
    this.failures = 0;
    this.stopped = false;
    this.back = () => this.#hurry();
    window.addEventListener("online", this.back);
  }

  open() {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.addEventListener("open", () => this.send({ type: "join", tab: this.tab }));
    socket.addEventListener("message", (event) => this.#received(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => this.#closed(socket, event.code));
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  stop() {
    this.stopped = true;
    window.removeEventListener("online", this.back);
    clearTimeout(this.retry);
    clearInterval(this.heartbeat);
    clearTimeout(this.waiting);
    this.socket?.close();
  }

  #received(message) {
    clearTimeout(this.waiting);
    if (message.type === "joined") {
      this.failures = 0;
      clearInterval(this.heartbeat);
      this.heartbeat = setInterval(() => this.#ping(), HEARTBEAT);
    }
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
  }

  #ping() {
    this.send({ type: "ping" });
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.#closed(this.socket, 0), PATIENCE);
  }

  // A socket that the network swallowed may never say that it is closed, so silence counts as a cut.
  #closed(socket, code) {
    if (socket !== this.socket || this.stopped) return;
    clearInterval(this.heartbeat);
    clearTimeout(this.waiting);
    this.socket = null;
    socket.close();
    if (FINAL_CODES.has(code)) {
      this.stopped = true;
      this.dispatchEvent(new CustomEvent("shut", { detail: { code } }));
      return;
    }
    if (code === SESSION_OVER) {
      setTimeout(() => this.#comeBack(), SESSION_ASKED_AFTER);
      return;
    }
    this.failures += 1;
    this.dispatchEvent(new CustomEvent("cut", { detail: { failures: this.failures } }));
    this.refused = code === TOO_MANY;
    const wait = this.refused ? CALMED_DOWN_AFTER : DELAYS[Math.min(this.failures, DELAYS.length) - 1];
    this.retry = setTimeout(() => this.#again(), wait);
  }

  #again() {
    clearTimeout(this.retry);
    this.retry = undefined;
    if (!this.stopped) this.open();
  }

  // The browser says that the network is back: a socket that survived is asked at once, one that is gone made anew.
  #hurry() {
    if (this.socket?.readyState === WebSocket.OPEN) this.#ping();
    else if (this.retry !== undefined && !this.refused) this.#again();
  }

  // The page itself tells whether anybody is still logged in here: if not, it gives way to the log-in.
  async #comeBack() {
    const answer = await fetch(window.location.href).catch(() => null);
    if (answer?.redirected) window.location.reload();
    else if (!this.stopped) this.open();
  }
}
