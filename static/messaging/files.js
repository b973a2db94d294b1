// What a conversation knows of files. Nearly all of it is in `attachments.js`, which comes with the first file.

const COMES_AGAIN_AFTER = 2000; // ms; each further wait is twice as long, up to a minute
const LEAVES_LATER = "Le message partira dès que les fichiers seront envoyés.";

const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");

export class Files {
  // thread: the <conversation-thread>. `changed` is called when the height of the composer changes.
  constructor(thread, changed) {
    this.thread = thread;
    this.changed = changed;
    this.tray = null;
    this.coming = 0; // files that wait for the script
    this.whenHere = null;
    this.over = false;
  }

  stop() {
    this.over = true;
    this.tray?.stop();
    this.endFollowing?.();
  }

  // The stored files of the message that is being written.
  get items() {
    return this.tray?.items ?? [];
  }

  // Whether there are any, stored or not.
  get some() {
    return this.coming > 0 || this.items.length > 0;
  }

  // Returns true while they are not all stored; calls `act` once they are.
  holds(act) {
    if (this.coming === 0) return this.tray?.holds(act) ?? false;
    this.whenHere = act;
    const said = this.form.querySelector("[data-files-said]");
    said.textContent = LEAVES_LATER;
    said.classList.remove("fr-sr-only");
    return true;
  }

  clear() {
    this.tray?.clear();
  }

  putBack(items = []) {
    if (items.length > 0) this.#withTray((tray) => tray.putBack(items));
  }

  // Takes what is chosen, dropped or pasted.
  listen(form, hear) {
    this.form = form;
    const chosen = form.elements.uploads;
    hear(form.querySelector("[data-attach]"), "click", () => chosen.click());
    hear(chosen, "change", () => {
      this.#add(chosen.files);
      chosen.value = "";
    });
    hear(form.elements.body, "paste", (event) => {
      // What is copied from a spreadsheet comes as a picture, too; its text is meant.
      if (event.clipboardData.files.length === 0 || event.clipboardData.types.includes("text/plain")) return;
      event.preventDefault();
      this.#add(event.clipboardData.files);
    });
    hear(this.thread, "dragover", (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      this.thread.classList.add("thread--drop");
    });
    hear(this.thread, "dragleave", (event) => {
      if (!this.thread.contains(event.relatedTarget)) this.thread.classList.remove("thread--drop");
    });
    hear(this.thread, "drop", (event) => {
      this.thread.classList.remove("thread--drop");
      if (!holdsFiles(event)) return;
      event.preventDefault();
      this.#add(event.dataTransfer.files);
    });
    if (form.querySelector('[name="attachments"]')) this.#withTray(() => {});
  }

  // Draws the files of a message in its row.
  async show(row, items) {
    if (items.length === 0) return;
    const { fileList } = await this.#script();
    row.querySelector(".message__body").after(fileList(items));
    this.changed();
    this.follow();
  }

  // Asks for files that wait for the virus scanner, if there are any.
  async follow() {
    if (this.endFollowing || this.thread.querySelector('.file[data-scan="waiting"]') === null) return;
    const { followWaiting } = await this.#script();
    this.endFollowing ??= followWaiting(this.thread);
  }

  #add(files) {
    const chosen = Array.from(files);
    if (chosen.length > 0) this.#withTray((tray) => tray.add(chosen));
  }

  // A message must not leave without the files that were chosen before it, however late the script comes.
  async #withTray(act) {
    this.coming += 1;
    const { Tray } = await this.#script();
    this.coming -= 1;
    if (this.over) return;
    this.tray ??= new Tray(this.form, this.changed);
    act(this.tray);
    const { whenHere } = this;
    if (this.coming > 0 || whenHere === null) return;
    this.whenHere = null;
    whenHere();
  }

  #script() {
    return import("./attachments.js").catch(() => this.#again());
  }

  // A browser may remember that a script did not come, so each try has an address of its own.
  async #again(tries = 1) {
    await new Promise((resolve) => setTimeout(resolve, COMES_AGAIN_AFTER * 2 ** Math.min(tries - 1, 5)));
    return import(`./attachments.js?${tries}`).catch(() => this.#again(tries + 1));
  }
}
