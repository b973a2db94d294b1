// When a message of an adviser leaves. While the person's agency is closed, it waits until the agency opens, unless the
// adviser says that it is urgent. The page knows the next openings, so it follows them while it stays open.

const LOOK_EVERY = 10000; // ms
const URGENT = "maintenant";

export const NO_FILES = "Une pièce jointe ne peut pas attendre l'ouverture. Retirez-la, ou envoyez maintenant.";

export class When {
  // `form` is the composer; a jobseeker's, or that of an agency without hours, offers no choice.
  constructor(form) {
    this.part = form?.querySelector("[data-when]") ?? null;
    if (this.part === null) return;
    this.usual = form.querySelector("[data-usual]");
    this.ahead = Date.parse(this.part.dataset.now) - Date.now(); // the clock of this device may be wrong
    this.openings = this.part.dataset.when.split("|").map((text) => {
      const [begins, ends, ...words] = text.split(" ");
      return { begins: Date.parse(begins), ends: Date.parse(ends), words: words.join(" ") };
    });
    this.timer = setInterval(() => this.#look(), LOOK_EVERY);
    this.#look();
  }

  stop() {
    clearInterval(this.timer);
  }

  // Whether a message that is sent now waits; `button` is the one that sends it, if there is one.
  waits(button) {
    this.#look();
    return this.part !== null && !this.part.hidden && button?.value !== URGENT;
  }

  #look() {
    if (this.part === null) return;
    const now = Date.now() + this.ahead;
    const next = this.openings.find((one) => one.ends > now);
    const isClosed = next !== undefined && next.begins > now;
    if (isClosed) this.part.querySelector("[data-opens]").textContent = next.words;
    if (this.part.hidden === !isClosed) return;
    this.part.hidden = !isClosed;
    this.usual.hidden = isClosed;
  }
}

// Reads again what is planned in a conversation: `always`, or only if something is.
export function showPlanned(thread, { always = false } = {}) {
  const part = thread.querySelector(always ? "[data-planned]" : "[data-planned]:has(*)");
  if (part) window.htmx.trigger(part, "refresh");
}

// Says on the page that a message waits, and shows it with what is planned.
export function sayPlanned(thread, at) {
  thread.empty.hidden = thread.list.childElementCount > 0;
  thread.line.textContent = `Votre message partira ${thread.clock.moment(new Date(at))}.`;
  showPlanned(thread, { always: true });
  thread.dispatchEvent(new CustomEvent("planned", { bubbles: true }));
}
