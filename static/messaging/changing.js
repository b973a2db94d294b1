// Changing and deleting one's own message, for a quarter of an hour, and showing what others have changed.

import { kindsIn, warningAbout } from "./guard.js";
import { withLinks } from "./links.js";
import { newClientId } from "./outbox.js";

const WITHIN = 15 * 60 * 1000; // ms
const ANSWER_WITHIN = 10000; // ms
const DELETED = "Message supprimé";
const NO_ANSWER = "Le service ne répond pas. Réessayez.";

export class Changing {
  // `tell(frame)` sends a frame and returns whether it left; `clone(name)` returns a copy of a template of the page;
  // `dropped(number)` is told of each message that is deleted.
  constructor(list, { address, tell, clone, dropped }) {
    Object.assign(this, { list, address, tell, clone, dropped });
    this.asked = new Map(); // what waits for an answer, by its client_id
    this.timers = [];
    for (const row of list.querySelectorAll("[data-acts]")) this.#offerFor(row.closest("li"), Number(row.dataset.left) * 1000);
  }

  stop() {
    this.timers.forEach(clearTimeout);
  }

  // The user's own stored message may be changed for a while.
  offer(row, at) {
    const left = Math.min(WITHIN, at.getTime() + WITHIN - Date.now());
    if (left <= 0 || row.querySelector("[data-acts]")) return;
    const acts = this.clone("acts");
    for (const link of acts.querySelectorAll("a")) link.href = `${this.address}${row.dataset.number}/${link.dataset.act}/`;
    row.append(acts);
    this.#offerFor(row, left);
  }

  // A link was pressed. Without a socket it leads to the page that does the same.
  pressed(event, live) {
    const row = event.target.closest("[data-number]");
    const act = event.target.closest("a[data-act]")?.dataset.act;
    if (!row || !act || !live || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.#close(row);
    if (act === "modifier") this.#edit(row);
    else this.#ask(row);
  }

  // Shows a message as it is now. Older news of it than what is shown is left out.
  apply(item) {
    const row = this.list.querySelector(`[data-number="${item.number}"]`);
    if (row === null || item.change === undefined || Number(row.dataset.change ?? 0) >= item.change) return;
    row.dataset.change = item.change;
    const body = row.querySelector(".message__body");
    if (item.deleted) {
      row.dataset.deleted = "";
      this.#close(row, { gone: true });
      row.querySelectorAll("[data-acts], .message__changed, .message__card, .message__plan, .files").forEach((part) => part.remove());
      body.textContent = DELETED;
      body.removeAttribute("dir");
      row.querySelector(".message__note")?.replaceChildren(item.email ?? "");
      this.dropped(item.number);
    } else {
      body.replaceChildren(...withLinks(item.body));
      if (!row.querySelector(".message__changed")) row.querySelector(".message__head").append(" ", this.clone("changed"));
    }
    row.dataset.body = item.body;
  }

  // An `ack` or `refused`; returns whether it answers something that was asked here.
  answered(frame) {
    const asked = this.asked.get(frame.client_id);
    if (!asked) return false;
    this.asked.delete(frame.client_id);
    clearTimeout(asked.timer);
    asked.done(frame.type === "ack" ? "" : frame.sentence);
    return true;
  }

  #offerFor(row, left) {
    this.timers.push(
      setTimeout(() => {
        row.querySelector("[data-acts]")?.remove();
      }, left),
    );
  }

  #edit(row) {
    const form = this.clone("edit");
    const field = form.querySelector("textarea");
    const body = row.querySelector(".message__body");
    field.value = row.dataset.body ?? body.textContent;
    field.rows = Math.min(8, Math.max(2, Math.ceil(field.value.length / 40)));
    let seen = Number(row.dataset.change ?? 0);
    let warned = "";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const kinds = kindsIn(field.value);
      if (kinds.length > 0 && field.value !== warned) {
        warned = field.value;
        this.#refuse(form, `${warningAbout(kinds)} Enregistrez encore une fois pour confirmer.`);
        return;
      }
      const typed = field.value.trim();
      const frame = { type: "edit", number: Number(row.dataset.number), body: typed, change: seen };
      this.#send(frame, form, (sentence) => {
        if (sentence === "") this.#close(row, { focus: true });
        seen = Number(row.dataset.change ?? 0);
      });
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#leave(event, row);
      else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    form.querySelector("[data-cancel]").addEventListener("click", () => this.#close(row, { focus: true }));
    body.hidden = true;
    body.after(form);
    field.focus();
  }

  #ask(row) {
    const form = this.clone("delete");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send({ type: "delete", number: Number(row.dataset.number) }, form, (sentence) => {
        if (sentence === "") this.#close(row, { gone: true });
      });
    });
    form.addEventListener("keydown", (event) => event.key === "Escape" && this.#leave(event, row));
    form.querySelector("[data-cancel]").addEventListener("click", () => this.#close(row, { focus: true }));
    row.querySelector(".message__body").after(form);
    form.querySelector("[data-cancel]").focus();
  }

  // Sends a change; `done` gets the sentence of a refusal, or "". What was typed stays until it is acknowledged.
  #send(frame, form, done) {
    const clientId = newClientId();
    const buttons = [...form.querySelectorAll("button")];
    const answer = (sentence) => {
      buttons.forEach((button) => button.removeAttribute("aria-disabled"));
      this.#refuse(form, sentence);
      done(sentence);
    };
    if (buttons[0].hasAttribute("aria-disabled")) return;
    buttons.forEach((button) => button.setAttribute("aria-disabled", "true"));
    const timer = setTimeout(() => this.answered({ type: "refused", client_id: clientId, sentence: NO_ANSWER }), ANSWER_WITHIN);
    this.asked.set(clientId, { done: answer, timer });
    if (!this.tell({ ...frame, client_id: clientId })) {
      this.answered({ type: "refused", client_id: clientId, sentence: NO_ANSWER });
    }
  }

  // Échap closes what is open here, and nothing else of the page.
  #leave(event, row) {
    event.preventDefault();
    this.#close(row, { focus: true });
  }

  #refuse(form, sentence) {
    const line = form.querySelector("[data-refused]");
    line.hidden = sentence === "";
    line.textContent = sentence;
  }

  // Closes what is open on a row. The focus goes back to its links, or to the messages if the message is gone.
  #close(row, { focus = false, gone = false } = {}) {
    const open = row.querySelector("[data-changing]");
    if (open === null) return;
    const had = open.contains(document.activeElement);
    open.remove();
    row.querySelector(".message__body").hidden = false;
    if (gone && had) this.list.closest("[data-log]").focus();
    else if (focus) (row.querySelector("[data-acts] a") ?? this.list.closest("[data-log]")).focus();
  }
}
