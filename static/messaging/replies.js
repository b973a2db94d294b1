// Canned replies in the composer: a list to search in, from which one is put where the user writes. The script comes
// with the first press of the button; without it the button leads to the same list on a page.

import { counted } from "../frame/words.js";

const NOTHING = "Aucun résultat";

// Compares words without case and accents.
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

export class Replies {
  // `insert(text)` gets the text that was chosen; `closed()` is called when the list is left, with or without one.
  constructor(dialog, { insert, closed }) {
    this.dialog = dialog;
    this.part = dialog.querySelector("[data-replies-part]");
    this.insert = insert;
    dialog.addEventListener("close", closed);
    dialog.querySelector("[data-replies-close]").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => this.#pressed(event));
    dialog.addEventListener("keydown", (event) => this.#moved(event));
    dialog.addEventListener("input", () => this.#filter());
    dialog.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#choose(this.#shown[0]);
    });
  }

  async open(address) {
    // The list is asked for each time: a colleague may have changed it, and so may the person's next interview.
    this.part.replaceChildren();
    await window.htmx.ajax("GET", address, { source: this.part, target: this.part, swap: "innerHTML" });
    if (this.#search === null || this.dialog.open) return;
    this.dialog.showModal();
    this.#search.focus();
  }

  get #search() {
    return this.part.querySelector("[data-replies-search] input[type=search]");
  }

  get #shown() {
    return [...this.part.querySelectorAll("li:not([hidden]) [data-reply]")];
  }

  #pressed(event) {
    const choice = event.target.closest("[data-reply]");
    if (choice === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.#choose(choice);
  }

  #choose(choice) {
    if (choice === undefined) return;
    const text = choice.dataset.reply;
    this.dialog.close();
    this.insert(text);
  }

  // The arrows go through the list, from the field and back to it.
  #moved(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    const stops = [this.#search, ...this.#shown];
    const at = stops.indexOf(document.activeElement);
    if (at < 0 || stops[at + step] === undefined) return;
    event.preventDefault();
    stops[at + step].focus();
  }

  #filter() {
    const words = plain(this.#search.value).split(/\s+/).filter(Boolean);
    for (const row of this.part.querySelectorAll("[data-replies-list] > li")) {
      const text = plain(row.textContent);
      row.hidden = !words.every((word) => text.includes(word));
    }
    const { length } = this.#shown;
    const none = this.part.querySelector("[data-replies-none]");
    if (none) none.hidden = length > 0;
    this.part.querySelector("[data-replies-said]").textContent =
      length > 0 ? counted(length, "une réponse") : NOTHING;
  }
}
