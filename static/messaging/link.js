// The way to the server: a socket, and plain requests for as long as there is none.
//
// The owner gives callbacks: `have()` returns the number up to which it has all messages, `frame(frame)` takes what
// the server says, `state(name)` hears "live", "slow" (requests only), "cut" or "over" with a reason.

const FALLBACK_AFTER = 3000; // ms without a socket until plain requests step in
const POLL_EVERY = 4000; // ms
const QUIET_FOR = 25000; // ms of silence after which the socket is asked whether it lives
const ANSWER_WITHIN = 10000; // ms
const LONGEST_WAIT = 30000; // ms between two attempts to connect
// A session that is over (4401) is asked about by a plain request: a password that was changed in another tab has
// brought this browser a new one.
const GONE = { 4403: "closed", 4404: "closed" };
const SESSION_OVER = 4401;
const SESSION_ASKED_AFTER = 2000; // ms
const TOO_MANY = 4429;

export class Link {
  constructor(addresses, token, owner) {
    this.addresses = addresses;
    this.token = token;
    this.owner = owner;
    this.attempt = 0;
    this.socket = null;
    this.synced = false;
    this.doubted = false;
    this.over = false;
    this.timers = {};
    this.requesting = false;
  }

  start() {
    this.#connect();
    this.#after("fallback", FALLBACK_AFTER, () => this.#poll());
  }

  stop() {
    this.over = true;
    Object.keys(this.timers).forEach((name) => clearTimeout(this.timers[name]));
    this.socket?.close();
  }

  // The browser says that the network is gone. The socket may survive that.
  doubt() {
    if (this.over) return;
    this.doubted = true;
    this.owner.state("cut");
  }

  // The browser says that the network is back: whether the socket is, its answer tells.
  hurry() {
    if (this.over) return;
    if (this.synced) {
      this.#ask();
      return;
    }
    this.attempt = 0;
    this.#connect();
    this.#poll();
  }

  // Ask at once what is new, where no socket tells it.
  look() {
    if (!this.over && !this.synced) this.#poll();
  }

  get live() {
    return this.synced;
  }

  // Send a frame on the socket; false when there is none.
  tell(frame) {
    if (!this.synced) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  sync() {
    this.tell({ type: "sync", after: this.owner.have() });
  }

  // Send one message by a plain request. Returns a frame as the socket would bring it, or null when nothing came back.
  async post(entry) {
    const form = new FormData();
    form.set("body", entry.body);
    form.set("client_id", entry.client_id);
    const response = await this.#request(this.addresses.post, { method: "POST", body: form });
    if (response === null) return null;
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return { type: "ack", client_id: entry.client_id, ...answer };
    if (response.status === 409) {
      return { type: "refused", client_id: entry.client_id, sentence: answer.sentence, retry: false };
    }
    return null;
  }

  async markRead(number) {
    if (this.tell({ type: "read", number })) return;
    const form = new FormData();
    form.set("number", number);
    await this.#request(this.addresses.read, { method: "POST", body: form });
  }

  #connect() {
    if (this.over) return;
    clearTimeout(this.timers.connect);
    if (this.socket !== null) {
      this.socket.onclose = null;
      this.socket.close();
    }
    let socket;
    try {
      const address = new URL(this.addresses.socket, location.href);
      address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
      socket = new WebSocket(address);
    } catch {
      this.#again();
      return;
    }
    this.socket = socket;
    socket.onopen = () => {
      socket.send(JSON.stringify({ type: "sync", after: this.owner.have() }));
      this.#after("quiet", ANSWER_WITHIN, () => this.#drop());
    };
    socket.onmessage = (event) => this.#hear(JSON.parse(event.data));
    socket.onclose = (event) => this.#lost(event.code);
  }

  #hear(frame) {
    this.#after("quiet", QUIET_FOR, () => this.#ask());
    if (!this.synced && frame.type === "messages") {
      this.synced = true;
      this.attempt = 0;
      this.doubted = false;
      clearTimeout(this.timers.fallback);
      this.owner.state("live");
    } else if (this.synced && this.doubted) {
      this.doubted = false;
      this.owner.state("live");
    }
    this.owner.frame(frame);
  }

  // Ask the socket whether it lives: the server answers each `sync`.
  #ask() {
    this.sync();
    this.#after("quiet", ANSWER_WITHIN, () => this.#drop());
  }

  #drop() {
    this.socket.onclose = null;
    this.socket.close();
    this.#lost(0);
  }

  #lost(code) {
    const wasLive = this.synced;
    this.synced = false;
    this.socket = null;
    clearTimeout(this.timers.quiet);
    if (this.over) return;
    if (code in GONE) {
      this.#end(GONE[code]);
      return;
    }
    if (code === SESSION_OVER) {
      this.#after("fallback", SESSION_ASKED_AFTER, () => this.#comeBack());
      return;
    }
    if (wasLive) this.#after("fallback", FALLBACK_AFTER / 2, () => this.#poll());
    if (code === TOO_MANY) this.#after("connect", LONGEST_WAIT, () => this.#connect());
    else this.#again();
  }

  // An ended session opens no socket: only where the plain request finds another one the screen connects again.
  async #comeBack() {
    await this.#poll();
    this.#again();
  }

  #again() {
    if (this.over) return;
    const wait = Math.min(LONGEST_WAIT, 500 * 2 ** this.attempt) * (0.5 + Math.random() / 2);
    this.attempt += 1;
    this.#after("connect", wait, () => this.#connect());
  }

  // Ask over HTTP what is new, again and again until a socket takes over.
  async #poll() {
    clearTimeout(this.timers.fallback);
    if (this.over || this.synced || this.requesting) return;
    this.requesting = true;
    const address = `${this.addresses.messages}?apres=${this.owner.have()}`;
    const response = await this.#request(address, {});
    this.requesting = false;
    if (this.over || this.synced) return;
    if (response?.ok) {
      const page = await response.json();
      this.owner.state("slow");
      this.owner.frame({ type: "messages", ...page });
    } else if (response === null || response.status >= 500) {
      this.owner.state("cut");
    }
    this.#after("fallback", POLL_EVERY, () => this.#poll());
  }

  // A plain request; null when the server cannot be reached. A lost session or right ends everything.
  async #request(address, options) {
    let response;
    try {
      response = await fetch(address, {
        ...options,
        headers: { Accept: "application/json", "X-CSRFToken": this.token },
        signal: AbortSignal.timeout(ANSWER_WITHIN),
      });
    } catch {
      return null;
    }
    if (response.redirected) this.#end("login");
    else if (response.status === 403 || response.status === 404) this.#end("closed");
    return response;
  }

  #end(reason) {
    if (this.over) return;
    this.stop();
    this.owner.state("over", reason);
  }

  #after(name, wait, act) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(act, wait);
  }
}
