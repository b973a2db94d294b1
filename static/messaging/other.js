// What the other side of a conversation does at the moment. It is shown, and not read out: it changes too often.

const TOLD_EVERY = 3000; // ms
const SHOWN_FOR = 5000; // ms

export class OtherSide {
  // `line` has the sentence for a present other side in `data-other`; `tell` sends a frame and returns whether it left.
  constructor(line, tell) {
    this.line = line;
    this.tell = tell;
    this.told = 0;
    this.present = null; // until the server has said it
    this.typing = "";
  }

  stop() {
    clearTimeout(this.timer);
  }

  // The user is writing `text`.
  writing(text) {
    const now = Date.now();
    if (text.trim() === "" || now - this.told < TOLD_EVERY) return;
    if (this.tell({ type: "typing" })) this.told = now;
  }

  isPresent(present) {
    this.present = present ? this.line.dataset.other : "";
    this.#say();
  }

  types(name) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.wrote(), SHOWN_FOR);
    this.typing = `${name} écrit…`;
    this.#say();
  }

  wrote() {
    this.typing = "";
    this.#say();
  }

  #say() {
    this.line.textContent = this.typing || this.present || "";
  }
}
