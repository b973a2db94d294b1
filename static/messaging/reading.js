// What the reader of a conversation has had in sight. A message counts as read if its end was in sight for a moment:
// rendered, in the window, and the page visible.

const READ_AFTER = 400; // ms for which a message must be in sight

export class Reading {
  // `list` has the messages; everything up to `marked` is read. `marks`: a reader who may not write leaves no mark.
  // `older` unread messages are not shown yet; while there are some, nothing is marked either. `read(number)` is told of
  // each mark.
  constructor(list, { marked, marks, older, read, signal }) {
    Object.assign(this, { list, marked, marks, older, read });
    const others = Array.from(list.querySelectorAll("[data-number]:not([data-mine], [data-deleted])"));
    this.unread = new Set(others.map((row) => Number(row.dataset.number)).filter((number) => number > marked));
    this.inSight = new Set();
    this.seen = new Set();
    this.sights = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const number = Number(entry.target.parentElement.dataset.number);
        if (entry.isIntersecting) this.inSight.add(number);
        else this.inSight.delete(number);
      }
      this.#note();
    });
    for (const number of this.unread) this.#watch(list.querySelector(`[data-number="${number}"]`));
    document.addEventListener("visibilitychange", () => this.#note(), { signal });
  }

  stop() {
    this.sights.disconnect();
    clearTimeout(this.timer);
  }

  // How many messages are unread, those that are not shown yet included.
  get count() {
    return this.unread.size + this.older;
  }

  // A message of somebody else is shown that was not: a new one, or an older one.
  add(row, { old = false } = {}) {
    const number = Number(row.dataset.number);
    if (number <= this.marked) return;
    if (old) this.older -= 1;
    this.unread.add(number);
    this.#watch(row);
  }

  // There is nothing to read any more in this message.
  drop(number) {
    this.unread.delete(number);
  }

  #watch(row) {
    const end = document.createElement("span");
    end.className = "message__end";
    row.append(end);
    this.sights.observe(end);
  }

  #note() {
    clearTimeout(this.timer);
    if (document.visibilityState !== "visible") return;
    const news = [...this.inSight].filter((number) => this.unread.has(number) && !this.seen.has(number));
    if (news.length > 0) this.timer = setTimeout(() => this.#read(), READ_AFTER);
  }

  // The mark means "everything up to here", so it stops before the first message that was not in sight.
  #read() {
    if (document.visibilityState !== "visible") return;
    this.inSight.forEach((number) => this.seen.add(number));
    if (!this.marks || this.older > 0) return;
    let mark = this.marked;
    for (const number of [...this.unread].sort((one, other) => one - other)) {
      if (!this.seen.has(number)) break;
      mark = number;
      this.unread.delete(number);
    }
    if (mark === this.marked) return;
    this.marked = mark;
    this.read(mark);
  }
}
