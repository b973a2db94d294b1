// Loads older messages above those that are shown. What the reader looks at stays where it is.

const NEAR_TOP = 120; // px
const QUIET = 1000; // ms for which a screen reader does not read out what comes above

export class Older {
  // `link` leads to the page of older messages; `draw(item)` returns the row of a message, `drawn(item, row)` is told of
  // each that is in its place; `clone(name)` returns a copy of a template; `clock` writes days.
  constructor(log, list, { link, address, draw, drawn, clone, clock, signal }) {
    Object.assign(this, { log, list, link, address, draw, drawn, clone, clock });
    this.loading = false;
    link.addEventListener(
      "click",
      (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        this.load();
      },
      { signal },
    );
    log.addEventListener("scroll", () => log.scrollTop < NEAR_TOP && this.load(), { signal, passive: true });
  }

  async load() {
    const before = this.#first();
    if (this.loading || before === null || before <= 1) return;
    this.loading = true;
    const items = await this.#ask(before);
    if (items !== null && this.#first() === before) this.#insert(items);
    this.loading = false;
  }

  #first() {
    const row = this.list.querySelector("[data-number]");
    return row === null ? null : Number(row.dataset.number);
  }

  async #ask(before) {
    try {
      const response = await fetch(`${this.address}?avant=${before}`, { headers: { Accept: "application/json" } });
      if (!response.ok || response.redirected) return null;
      return (await response.json()).items;
    } catch {
      return null;
    }
  }

  #insert(items) {
    this.log.setAttribute("aria-live", "off");
    const below = this.log.scrollHeight - this.log.scrollTop;
    const rows = [];
    let day = "";
    for (const item of items) {
      const at = new Date(item.at);
      const key = this.clock.key(at);
      if (key !== day) rows.push(this.#day(key, at));
      day = key;
      rows.push(this.draw(item));
    }
    const next = this.list.querySelector("[data-day]");
    if (next?.dataset.day === day) next.remove();
    this.list.prepend(...rows);
    for (const item of items) this.drawn(item, this.list.querySelector(`[data-number="${item.number}"]`));
    this.log.scrollTop = this.log.scrollHeight - below;
    if (items.length === 0 || items[0].number === 1) this.#end();
    else this.link.href = this.link.href.replace(/avant=\d+/, `avant=${items[0].number}`);
    setTimeout(() => this.log.removeAttribute("aria-live"), QUIET);
  }

  #day(key, at) {
    const day = this.clone("day");
    day.dataset.day = key;
    day.firstElementChild.textContent = this.clock.day(at);
    return day;
  }

  #end() {
    const had = this.link === document.activeElement;
    this.link.parentElement.remove();
    if (had) this.log.focus();
  }
}
