// The field in which one writes: how high it is, which key sends, and what is pointed at before a text leaves it.

import { excess } from "../frame/words.js";
import { kindsIn, warningAbout } from "./guard.js";
import { Keys } from "./keys.js";

const ROWS = 6;

export class Field {
  // `form` is the composer; `send({ despite })` is called when the user sends.
  constructor(form, { send, signal }) {
    this.input = form.elements.body;
    this.tooLong = form.querySelector("[data-too-long]");
    this.doubt = form.querySelector("[data-doubt]");
    const keys = new Keys(form.querySelector("[data-keys-line]"));
    const hear = (target, kind, act) => target.addEventListener(kind, act, { signal });
    hear(form, "submit", (event) => {
      event.preventDefault();
      send({});
    });
    hear(this.doubt.querySelector("[data-despite]"), "click", (event) => {
      event.preventDefault();
      send({ despite: true });
    });
    hear(this.input, "keydown", (event) => {
      if (!keys.sends(event)) return;
      event.preventDefault();
      send({});
    });
    hear(this.input, "input", () => {
      this.doubt.hidden = true;
      this.grow();
    });
    this.grow();
  }

  // The text to send; null if there is none, or if something about it is pointed at. `despite`: the user has read the
  // warning about a number in it. `empty`: there are files, so no text is needed.
  ready({ despite = false, empty = false }) {
    const body = this.input.value.trim();
    const held = (body === "" && !empty) || this.#isTooLong(body) || (!despite && this.#isDoubtful(body));
    return held ? null : body;
  }

  clear() {
    this.input.value = "";
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Puts a text that was not sent before what is in the field.
  takeBack(body) {
    this.input.value = [body, this.input.value].filter((text) => text !== "").join("\n");
    this.grow();
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

  // A number that one should not write without need is pointed at. This looks at the text in the browser only.
  #isDoubtful(body) {
    const kinds = kindsIn(body);
    this.doubt.hidden = kinds.length === 0;
    this.doubt.querySelector("p").textContent = kinds.length > 0 ? warningAbout(kinds) : "";
    return kinds.length > 0;
  }
}
