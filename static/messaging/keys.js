// Which key sends a message. Enter does unless the user has chosen otherwise on this device; Ctrl + Enter always does.

const KEPT = "messagerie:entree";
const SENDS = "Entrée pour envoyer, Maj + Entrée pour aller à la ligne.";
const BREAKS = "Ctrl + Entrée pour envoyer, Entrée pour aller à la ligne.";

export class Keys {
  // `line` says which key sends, beside a button that changes it.
  constructor(line) {
    this.said = line.querySelector("[data-keys-said]");
    const button = line.querySelector("button");
    button.hidden = false;
    button.addEventListener("click", () => {
      this.#keep(!this.enterSends);
      this.#say();
    });
    this.#say();
  }

  get enterSends() {
    try {
      return localStorage.getItem(KEPT) !== "non";
    } catch {
      return this.chosen ?? true;
    }
  }

  // Whether this key press sends the message. On a touch screen Enter begins a line.
  sends(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return false;
    if (event.ctrlKey || event.metaKey) return true;
    return this.enterSends && !event.altKey && !matchMedia("(pointer: coarse)").matches;
  }

  #keep(sends) {
    this.chosen = sends;
    try {
      if (sends) localStorage.removeItem(KEPT);
      else localStorage.setItem(KEPT, "non");
    } catch {
      // No storage: the choice lasts as long as the page.
    }
  }

  #say() {
    this.said.textContent = this.enterSends ? SENDS : BREAKS;
  }
}
