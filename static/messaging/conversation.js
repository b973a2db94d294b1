// A live conversation: <conversation-thread> takes over the list and the form that the server has written. What people
// wrote is only ever inserted as text.

import { Clock } from "../frame/words.js";
import { Changing } from "./changing.js";
import { Field } from "./field.js";
import { Files } from "./files.js";
import { Link } from "./link.js";
import { withLinks } from "./links.js";
import { OtherSide } from "./other.js";
import { Outbox, fail, say, sayHour } from "./outbox.js";
import { Reading } from "./reading.js";
import { sayOver } from "./over.js";
import { NO_FILES, When, sayPlanned, showPlanned } from "./when.js";

const CUT = "Connexion coupée — vos messages partiront dès son retour.";
const CUT_SHOWN_AFTER = 1500; // ms
const RETRY_AFTER = 3000; // ms
const NEAR_END = 80; // px
const TITLE = document.title.replace(/^\(\d+\) /, "");

class ConversationThread extends HTMLElement {
  connectedCallback() {
    this.log = this.querySelector("[data-log]");
    this.list = this.querySelector("[data-list]");
    this.empty = this.querySelector("[data-empty]");
    this.line = this.querySelector("[data-line]");
    this.jump = this.querySelector("[data-jump]");
    this.other = new OtherSide(this.querySelector("[data-other]"), (frame) => this.link.tell(frame));
    this.form = this.querySelector("[data-composer]");
    this.when = new When(this.form);
    this.files = new Files(this, () => this.atEnd && this.#toTheEnd());
    this.me = Number(this.dataset.me);
    this.staff = this.dataset.staff === "true";
    this.last = Number(this.dataset.last);
    this.changed = Number(this.dataset.changed);
    this.readByOther = Number(this.dataset.readByOther);
    this.clock = new Clock(this.dataset);
    this.#toTheNews();
    if (this.log.clientHeight === 0) this.#toTheNewsOnceShown();
    this.outbox = new Outbox(this.me, this.dataset.conversation);
    this.sending = null;
    this.link = new Link(
      this.dataset, // socket, post, messages, read
      this.form?.elements.csrfmiddlewaretoken.value ?? "",
      { have: () => this.last, changed: () => this.changed, frame: (frame) => this.#frame(frame), state: (name, reason) => this.#state(name, reason) },
    );
    this.listeners = new AbortController();
    this.reading = new Reading(this.list, {
      marked: Number(this.dataset.marked),
      marks: this.form !== null,
      older: Number(this.dataset.olderUnread ?? 0),
      read: (number) => {
        this.link.markRead(number);
        this.#sayTitle();
      },
      signal: this.listeners.signal,
    });
    this.changing = new Changing(this.list, {
      address: this.dataset.post,
      tell: (frame) => this.link.tell(frame),
      clone: (name) => this.#clone(name),
      dropped: (number) => {
        this.reading.drop(number);
        this.#sayTitle();
      },
    });
    this.#loadOlder(this.querySelector("[data-older]"));
    this.#sayWhere();
    // A page of older messages stays as it is; it links to the live one.
    if ("past" in this.dataset) return;
    this.#listen();
    this.files.follow();
    this.outbox.entries().forEach((entry) => this.#showPending(entry));
    if (this.outbox.entries().length > 0) this.#toTheEnd();
    this.link.start();
  }

  disconnectedCallback() {
    this.listeners?.abort();
    this.shown?.disconnect();
    for (const timer of [this.cutTimer, this.retryTimer]) clearTimeout(timer);
    for (const part of [this.reading, this.changing, this.link, this.other, this.files, this.when]) part?.stop();
  }

  #listen() {
    const { signal } = this.listeners;
    const hear = (target, kind, act) => target.addEventListener(kind, act, { signal });
    hear(window, "online", () => this.link.look());
    hear(window, "offline", () => this.link.doubt());
    hear(window, "storage", (event) => event.key === this.outbox.key && this.#followOtherTabs());
    hear(this.log, "scroll", () => this.#sayWhere());
    hear(this.jump, "click", () => {
      this.#toTheEnd();
      this.log.focus();
    });
    hear(this.list, "click", (event) => this.#pressed(event));
    hear(this.list, "htmx:afterSettle", () => this.atEnd && this.#toTheEnd());
    if (this.form === null) return;
    this.input = this.form.elements.body;
    this.files.listen(this.form, hear);
    this.field = new Field(this.form, { send: (facts) => this.#write(facts), signal });
    hear(this.input, "input", () => this.other.writing(this.input.value));
    if (window.visualViewport) {
      hear(window.visualViewport, "resize", () => this.#fit());
      this.#fit();
    }
  }

  // --- Writing -----------------------------------------------------------------------------------

  #write(facts) {
    const { items } = this.files;
    const body = this.field.ready({ ...facts, empty: this.files.some });
    if (body === null) {
      this.input.focus();
      return;
    }
    const later = this.when.waits(facts.button);
    if (later && this.files.some) return this.field.refuse(NO_FILES);
    if (this.files.holds(() => this.#write(facts))) return;
    const entry = this.outbox.add(body, items, later);
    this.files.clear();
    this.field.clear();
    this.#showPending(entry);
    this.#toTheEnd();
    this.input.focus();
    this.#send();
  }

  // Send the waiting messages one by one, so that they arrive in the order in which they were written.
  async #send() {
    if (this.sending !== null) return;
    const entry = this.outbox.next();
    if (entry === undefined) return;
    if (this.link.live) {
      this.sending = entry.client_id;
      const how = entry.later ? { later: true } : { attachments: (entry.attachments ?? []).map((file) => file.id) };
      this.link.tell({ type: "send", client_id: entry.client_id, body: entry.body, ...how });
      this.#retryLater(10000);
    } else if (this.reachable) {
      this.sending = entry.client_id;
      const answer = await this.link.post(entry);
      if (answer !== null) this.#frame(answer);
      else {
        this.sending = null;
        this.#retryLater(RETRY_AFTER);
      }
    }
  }

  #retryLater(wait) {
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => {
      this.sending = null;
      this.#send();
    }, wait);
  }

  #pressed(event) {
    this.changing.pressed(event, this.link.live);
    const row = event.target.closest("[data-client]");
    if (row === null) return;
    if (event.target.closest("[data-retry]")) {
      this.outbox.mark(row.dataset.client, "");
      say(row, "Envoi…");
      this.input.focus();
      this.#send();
    } else if (event.target.closest("[data-drop]")) {
      const entry = this.outbox.entries().find((kept) => kept.client_id === row.dataset.client);
      this.outbox.remove(row.dataset.client);
      row.remove();
      this.files.putBack(entry?.attachments);
      if (entry) this.field.takeBack(entry.body);
      this.input.focus();
    }
  }

  // --- Hearing -----------------------------------------------------------------------------------

  #frame(frame) {
    if (this.changing.answered(frame)) return;
    if (frame.type === "messages") this.#take(frame);
    else if (frame.type === "changes") this.#change(frame);
    else if (frame.type === "read") this.#readUpTo(frame.staff, frame.number);
    else if (frame.type === "typing") this.other.types(frame.name);
    else if (frame.type === "presence") this.other.isPresent(frame.present);
    else if (frame.type === "ack") this.#acknowledged(frame);
    else if (frame.type === "planned") this.#planned(frame);
    else if (frame.type === "refused") this.#refused(frame);
    else if (frame.retry) this.#retryLater(RETRY_AFTER);
  }

  #take(frame) {
    const wasAtEnd = this.#isAtEnd();
    for (const item of frame.items) {
      if (item.number <= this.last) continue;
      if (item.number > this.last + 1) {
        this.link.sync();
        break;
      }
      this.last = item.number;
      if (item.author !== this.me) this.other.wrote();
      this.#show(item, wasAtEnd);
    }
    if (frame.items.length > 0) showPlanned(this);
    if (frame.read_by_staff !== undefined) {
      this.#readUpTo(true, frame.read_by_staff);
      this.#readUpTo(false, frame.read_by_person);
    }
    if (frame.changes) this.#change({ items: frame.changes, changed: frame.changed });
    if (wasAtEnd) this.#toTheEnd();
    this.#sayWhere();
    this.#send();
  }

  #change(frame) {
    const wasAtEnd = this.#isAtEnd();
    frame.items.forEach((item) => this.changing.apply(item));
    this.changed = Math.max(this.changed, frame.changed);
    if (frame.items.length > 0) this.dispatchEvent(new CustomEvent("changed", { bubbles: true }));
    if (wasAtEnd) this.#toTheEnd();
  }

  #acknowledged({ client_id: clientId, number, item }) {
    this.outbox.remove(clientId);
    if (item) this.#take({ items: [item], last: number });
    const row = this.#pending(clientId);
    if (row) say(row, "Envoyé");
    this.dispatchEvent(new CustomEvent("answered", { bubbles: true }));
    this.link.look();
    this.#next(clientId);
  }

  // The message waits until the agency opens. Its place is the part of the page with what is planned.
  #planned({ client_id: clientId, at }) {
    this.outbox.remove(clientId);
    this.#pending(clientId)?.remove();
    sayPlanned(this, at);
    this.#next(clientId);
  }

  #refused(frame) {
    if (frame.retry) {
      this.#retryLater(RETRY_AFTER);
      return;
    }
    this.outbox.mark(frame.client_id, frame.sentence);
    const row = this.#pending(frame.client_id);
    if (row) fail(row, this.#clone("failed"), frame.sentence);
    this.#next(frame.client_id);
  }

  #next(clientId) {
    if (this.sending !== clientId) return;
    clearTimeout(this.retryTimer);
    this.sending = null;
    this.#send();
  }

  #followOtherTabs() {
    const kept = this.outbox.entries();
    kept.filter((entry) => this.#pending(entry.client_id) === null).forEach((entry) => this.#showPending(entry));
  }

  #state(name, reason) {
    this.reachable = name === "slow";
    if (name === "cut") this.#sayCut();
    else if (name === "over") this.#end(reason);
    else {
      clearTimeout(this.cutTimer);
      this.cutTimer = null;
      this.line.textContent = "";
      this.sending = null;
      if (this.reading.marked > Number(this.dataset.marked)) this.link.markRead(this.reading.marked);
      this.#send();
    }
  }

  #sayCut() {
    this.cutTimer ??= setTimeout(() => {
      this.line.textContent = CUT;
    }, CUT_SHOWN_AFTER);
  }

  #end(reason) {
    clearTimeout(this.cutTimer);
    // A log-out in another tab has deleted the waiting messages.
    sayOver(this.line, { reason, login: this.dataset.login, waits: this.outbox.entries().length > 0 });
    if (this.form) this.form.hidden = reason !== "login";
  }

  // --- Showing -----------------------------------------------------------------------------------

  #show(item, seen) {
    const mine = item.author === this.me;
    const pending = mine ? this.#pending(item.client_id) : null;
    if (pending !== null) {
      this.outbox.remove(item.client_id);
      if (this.sending === item.client_id) this.#next(item.client_id);
    }
    const at = new Date(item.at);
    const row = this.#stored(item, pending);
    if (!mine) {
      if ((document.hidden || !seen) && this.list.querySelector("[data-unread]") === null) {
        this.list.insertBefore(this.#clone("unread"), this.#firstPending());
      }
      if (!seen) this.jump.hidden = false;
    }
    this.#showDay(at);
    const next = this.#firstPending();
    if (pending !== null) this.#store(row, at);
    // A row that is taken out and put back is read out again, so it stays if it is where it belongs.
    if (row !== next) this.list.insertBefore(row, next);
    this.#placed(item, row);
    this.empty.hidden = true;
    this.#sayStates();
  }

  #stored(item, pending = null) {
    const mine = item.author === this.me;
    const at = new Date(item.at);
    const row = pending ?? this.#row(item, mine ? "Vous" : item.name, at, item.staff === this.staff);
    row.id = `message-${item.number}`;
    row.dataset.number = item.number;
    if (mine) row.dataset.mine = "";
    return row;
  }

  // What the message offers is a part of another floor, which its address serves.
  #showCard(row, number) {
    const card = this.#clone("card");
    const address = this.dataset.cards.replace(/0\/$/, `${number}/`);
    card.querySelector("a").href = address;
    card.setAttribute("hx-get", address);
    row.querySelector(".message__body").after(card);
    window.htmx.process(card);
  }

  #placed(item, row, facts) {
    const plan = row.querySelector("[data-plan]");
    if (plan && item.body !== "") {
      plan.href = `${this.dataset.post}${item.number}/au-plan/`;
      plan.querySelector("span").textContent = ` : message ${item.number}`;
      plan.parentElement.hidden = false;
    }
    if (item.card && !item.deleted) this.#showCard(row, item.number);
    if (item.author === this.me) this.changing.offer(row, new Date(item.at));
    else if (!item.deleted) this.reading.add(row, facts);
    this.changing.apply(item);
  }

  // Most conversations fit on their page. Without the script, the link leads to the page of older messages.
  async #loadOlder(link) {
    if (link === null) return;
    const { Older } = await import("./older.js").catch(() => ({}));
    if (!Older) return;
    this.older = new Older(this.log, this.list, {
      link,
      address: this.dataset.messages,
      draw: (item) => this.#stored(item),
      drawn: (item, row) => {
        this.#placed(item, row, { old: true });
        this.#sayTitle();
      },
      clone: (name) => this.#clone(name),
      clock: this.clock,
      signal: this.listeners.signal,
    });
  }

  #showDay(at) {
    const key = this.clock.key(at);
    const days = this.list.querySelectorAll("[data-day]");
    if (days.length > 0 && days[days.length - 1].dataset.day >= key) return;
    const day = this.#clone("day");
    day.dataset.day = key;
    day.firstElementChild.textContent = this.clock.day(at);
    this.list.insertBefore(day, this.#firstPending());
  }

  #showPending(entry) {
    const row = this.#row(entry, "Vous", new Date(entry.at), true);
    row.dataset.client = entry.client_id;
    row.dataset.mine = "";
    this.list.append(row);
    this.empty.hidden = true;
    if (entry.failed) fail(row, this.#clone("failed"), entry.failed);
    else say(row, "Envoi…");
    this.#sayStates();
  }

  #row({ body, email = "", attachments = [] }, name, at, ours) {
    const row = this.#clone("message");
    row.classList.toggle("message--ours", ours);
    row.querySelector(".message__author").textContent = name;
    sayHour(row, at, this.clock);
    row.querySelector(".message__body").append(...withLinks(body));
    row.querySelector(".message__note").textContent = email;
    this.files.show(row, attachments);
    return row;
  }

  // The row that waited becomes the stored message.
  #store(row, at) {
    delete row.dataset.client;
    row.querySelector(".message__failed")?.remove();
    sayHour(row, at, this.clock);
  }

  // The state is shown only under the user's own last stored message.
  #sayStates() {
    const own = Array.from(this.list.querySelectorAll("[data-number][data-mine]"));
    const newest = own.pop();
    own.forEach((row) => row.querySelector("[data-state]")?.remove());
    if (newest) say(newest, this.readByOther >= Number(newest.dataset.number) ? "Lu" : "Envoyé");
  }

  #readUpTo(staff, number) {
    // One's own mark is stored: the navigation counts less now.
    if (staff === this.staff && this.reading.count === 0) this.dispatchEvent(new CustomEvent("counts", { bubbles: true }));
    if (staff === this.staff || number <= this.readByOther) return;
    this.readByOther = number;
    this.#sayStates();
  }

  // --- Reading -----------------------------------------------------------------------------------

  #sayWhere() {
    this.atEnd = this.#isAtEnd();
    if (this.atEnd) this.jump.hidden = true;
    this.#sayTitle();
  }

  #sayTitle() {
    this.dispatchEvent(new CustomEvent("unread", { bubbles: true, detail: this.reading.count }));
    if (this.closest("main")?.querySelector("conversation-thread") !== this) return;
    document.title = this.reading.count > 0 ? `(${this.reading.count}) ${TITLE}` : TITLE;
  }

  #isAtEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR_END;
  }

  // Start at the message that the address names, else at the first unread one, or at the end if everything is read.
  #toTheNews() {
    this.#toTheEnd();
    if (/^#message-\d+$/.test(location.hash) && this.#toTheRow(this.list.querySelector(location.hash))) return;
    const line = this.list.querySelector("[data-unread]");
    if (line === null) return;
    const above = line.getBoundingClientRect().top - this.log.getBoundingClientRect().top;
    if (above < 0) this.log.scrollTop += above - NEAR_END / 4;
    if (!this.#isAtEnd()) this.jump.hidden = false;
  }

  // A hit of a search, or another message that the address names.
  #toTheRow(row) {
    if (row === null) return false;
    const above = row.getBoundingClientRect().top - this.log.getBoundingClientRect().top;
    this.log.scrollTop += above - this.log.clientHeight / 3;
    return true;
  }

  // In a part of the page that is not shown yet nothing scrolls.
  #toTheNewsOnceShown() {
    this.shown = new ResizeObserver(() => {
      if (this.log.clientHeight === 0) return;
      this.shown.disconnect();
      this.#toTheNews();
    });
    this.shown.observe(this.log);
  }

  // On a phone the thread fills the screen, with the composer above the keyboard.
  #fit() {
    this.style.setProperty("--thread-height", `${Math.round(window.visualViewport.height)}px`);
    const fillsTheScreen = matchMedia("(max-width: 47.99em)").matches && this.closest("[data-page-of-messages]") !== null;
    if (fillsTheScreen) this.scrollIntoView({ block: "end" });
  }

  #toTheEnd() {
    this.log.scrollTop = this.log.scrollHeight;
  }

  // --- Small things ------------------------------------------------------------------------------

  #clone(name) {
    return this.querySelector(`[data-template="${name}"]`).content.firstElementChild.cloneNode(true);
  }

  #pending(clientId) {
    return this.list.querySelector(`[data-client="${CSS.escape(clientId)}"]`);
  }

  #firstPending() {
    return this.list.querySelector("[data-client]");
  }
}

customElements.define("conversation-thread", ConversationThread);
