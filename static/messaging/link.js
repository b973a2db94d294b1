// The connection to the server: a socket, and plain requests while there is none.
//
// The owner gives callbacks: `have()` returns the number up to which it has all messages, `changed()` the same for their
// changes, `frame(frame)` receives a frame of the server, `state(name)` receives "live", "slow" (requests only), "cut", or "over" with a reason.

import { LastingSocket } from "../frame/socket.js";

const FALLBACK_AFTER = 3000; // ms without a socket before plain requests begin
const POLL_EVERY = 4000; // ms
const SYNC_EVERY = 25000; // ms
const ANSWER_WITHIN = 10000; // ms

export class Link {
  constructor(addresses, token, owner) {
    this.addresses = addresses;
    this.token = token;
    this.owner = owner;
    this.doubted = false;
    this.over = false;
    this.requesting = false;
    this.fallback = null;
    const sync = () => this.#sync();
    this.line = new LastingSocket(addresses.socket, {
      hello: sync,
      ping: sync,
      every: SYNC_EVERY,
      live: () => this.#live(),
      frame: (frame) => this.#hear(frame),
      lost: () => this.#fallBack(),
      shut: (code, loggedOut) => this.#end(loggedOut ? "login" : "closed"),
    });
  }

  start() {
    this.line.open();
    this.#pollAfter(FALLBACK_AFTER);
  }

  stop() {
    this.over = true;
    clearTimeout(this.fallback);
    this.line.stop();
  }

  // The browser says that the network is gone. The socket may survive this.
  doubt() {
    if (this.over) return;
    this.doubted = true;
    this.owner.state("cut");
  }

  // If there is no socket, ask for news at once.
  look() {
    if (!this.over && !this.live) this.#poll();
  }

  get live() {
    return this.line.live;
  }

  // Sends a frame on the socket; returns false if there is none.
  tell(frame) {
    return this.line.tell(frame);
  }

  sync() {
    this.tell(this.#sync());
  }

  // Sends one message by a plain request. Returns a frame as the socket would bring it, or null without an answer.
  async post(entry) {
    const form = new FormData();
    form.set("body", entry.body);
    form.set("client_id", entry.client_id);
    form.set("despite", "on"); // the browser has warned already
    form.set("quand", entry.later ? "ouverture" : "maintenant");
    (entry.attachments ?? []).forEach((file) => form.append("attachments", file.id));
    const response = await this.#request(this.addresses.post, { method: "POST", body: form });
    if (response === null) return null;
    const answer = await response.json().catch(() => ({}));
    if (response.ok && answer.planned) return { type: "planned", client_id: entry.client_id, at: answer.planned };
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

  #sync() {
    return { type: "sync", after: this.owner.have(), changed: this.owner.changed() };
  }

  #live() {
    this.doubted = false;
    clearTimeout(this.fallback);
    this.fallback = null;
    this.owner.state("live");
  }

  #hear(frame) {
    if (this.doubted) this.#live();
    this.owner.frame(frame);
  }

  // Each failed try comes here too; by then the requests are already running.
  #fallBack() {
    if (this.fallback === null && !this.requesting) this.#pollAfter(FALLBACK_AFTER / 2);
  }

  // Asks for news over HTTP at intervals until there is a socket again.
  async #poll() {
    clearTimeout(this.fallback);
    this.fallback = null;
    if (this.over || this.live || this.requesting) return;
    this.requesting = true;
    const address = `${this.addresses.messages}?apres=${this.owner.have()}&changements=${this.owner.changed()}`;
    const response = await this.#request(address, {});
    this.requesting = false;
    if (this.over || this.live) return;
    if (response?.ok) {
      const page = await response.json();
      this.owner.state("slow");
      this.owner.frame({ type: "messages", ...page });
    } else if (response === null || response.status >= 500) {
      this.owner.state("cut");
    }
    this.#pollAfter(POLL_EVERY);
  }

  // A plain request; returns null if the server cannot be reached. The end of the session or of the right ends
  // everything.
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

  #pollAfter(wait) {
    clearTimeout(this.fallback);
    this.fallback = setTimeout(() => this.#poll(), wait);
  }
}
