// The field in which one writes: how high it is, which key sends, and what is pointed at before a text leaves it.

import { excess, plural } from "../frame/words.js";
import { kindsIn, warningAbout } from "./guard.js";
import { Keys } from "./keys.js";

const ROWS = 6;

export class Field {
  // `form` is the composer; `send({ button, despite })` is called when the user sends, with the button if there is one.
  constructor(form, { send, signal }) {
    this.input = form.elements.body;
    this.tooLong = form.querySelector("[data-too-long]");
    this.doubt = form.querySelector("[data-doubt]");
    this.unfilled = form.querySelector("[data-unfilled]");
    this.placeholders = (this.input.dataset.placeholders ?? "").split(" ").filter(Boolean);
    const keys = new Keys(form.querySelector("[data-keys-line]"));
    const hear = (target, kind, act) => target.addEventListener(kind, act, { signal });
    hear(form, "submit", (event) => {
      event.preventDefault();
      this.button = event.submitter;
      send({ button: this.button });
    });
    hear(this.doubt.querySelector("[data-despite]"), "click", (event) => {
      event.preventDefault();
      send({ button: this.button, despite: true });
    });
    hear(this.input, "keydown", (event) => {
      if (!keys.sends(event)) return;
      event.preventDefault();
      this.button = null;
      send({});
    });
    hear(this.input, "input", () => {
      this.doubt.hidden = true;
      this.#isUnfilled(this.input.value);
      this.grow();
    });
    hear(this.input, "focus", () => {
      this.caret = true;
    });
    this.#isUnfilled(this.input.value);
    this.grow();
    const replies = form.querySelector("[data-replies]");
    if (replies) this.#offerReplies(replies, hear);
  }

  // The text to send; null if there is none, or if something about it is pointed at. `despite`: the user has read the
  // warning about a number in it. `empty`: there are files, so no text is needed.
  ready({ despite = false, empty = false }) {
    const body = this.input.value.trim();
    const unfilled = this.#isUnfilled(body);
    const held = (body === "" && !empty) || this.#isTooLong(body) || unfilled || (!despite && this.#isDoubtful(body));
    return held ? null : body;
  }

  clear() {
    this.input.value = "";
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Says why the message stays here.
  refuse(sentence) {
    this.tooLong.hidden = false;
    this.tooLong.textContent = sentence;
  }

  // Puts a text that was not sent before what is in the field.
  takeBack(body) {
    this.input.value = [body, this.input.value].filter((text) => text !== "").join("\n");
    this.grow();
  }

  // Puts a text where the user wrote when the list was opened, and keeps all that is there.
  insert(text) {
    const before = this.at > 0 && !/\s/.test(this.input.value[this.at - 1]) ? "\n" : "";
    this.input.focus();
    this.input.setRangeText(before + text, this.at, this.at, "end");
    this.at = this.input.selectionEnd;
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  grow() {
    if (!this.tooLong.hidden) this.#isTooLong(this.input.value.trim());
    this.input.rows = 1;
    while (this.input.rows < ROWS && this.input.scrollHeight > this.input.clientHeight) this.input.rows += 1;
  }

  // A text that is too long stays in its field, and a message says by how much.
  #isTooLong(body) {
    const limit = Number(this.input.dataset.limit);
    const { length } = Array.from(body.normalize("NFC"));
    this.tooLong.hidden = length <= limit;
    this.tooLong.textContent = length > limit ? excess(length, limit) : "";
    return length > limit;
  }

  // The list opens here. Without its script the button leads to a page; what was typed comes back with the next one.
  #offerReplies(button, hear) {
    hear(button, "click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#openReplies(button.href);
    });
    hear(document, "keydown", (event) => {
      const pressed = event.altKey && event.shiftKey && !event.ctrlKey && !event.metaKey && event.code === button.dataset.keys;
      if (!pressed || event.defaultPrevented) return;
      event.preventDefault();
      this.#openReplies(button.href);
    });
  }

  async #openReplies(address) {
    try {
      const { Replies } = await import("./replies.js");
      const dialog = this.input.closest("conversation-thread").querySelector("[data-replies-dialog]");
      if (dialog.open) return;
      // A dialog that closes gives the focus back, but not the place in the text. Nobody has written yet: the end.
      this.at = this.caret ? this.input.selectionEnd : this.input.value.length;
      this.replies ??= new Replies(dialog, {
        insert: (text) => this.insert(text),
        closed: () => this.input.setSelectionRange(this.at, this.at),
      });
      this.replies.open(address);
    } catch {
      window.location.assign(address);
    }
  }

  // Placeholders of a canned reply that have no value for this person. The same sentence is in `messaging/rules.py`.
  #isUnfilled(body) {
    const left = this.placeholders.filter((one) => body.includes(one)).toSorted((one, other) => body.indexOf(one) - body.indexOf(other));
    const instead = plural(left.length, "à sa place ou retirez-le,à leur place ou retirez-les");
    const sentence = `À compléter avant l'envoi\u00a0: ${left.join(", ")}. Écrivez ce qui convient ${instead}.`;
    this.unfilled.hidden = left.length === 0;
    this.input.form.querySelector("[data-unfilled-first]")?.remove(); // it came with the page
    if (left.length > 0 && this.unfilled.textContent !== sentence) this.unfilled.textContent = sentence;
    return left.length > 0;
  }

  // A number that one should not write without need is pointed at. This looks at the text in the browser only.
  #isDoubtful(body) {
    const kinds = kindsIn(body);
    this.doubt.hidden = kinds.length === 0;
    this.doubt.querySelector("p").textContent = kinds.length > 0 ? warningAbout(kinds) : "";
    return kinds.length > 0;
  }
}
