// « À la suite »: an answer that the server has acknowledged opens the next conversation, Échap leads back to where one
// came from, and each act has keys that also work while one writes. Without scripts the same links and forms do it.

const page = document.querySelector("[data-in-sequence]");
const thread = page.querySelector("conversation-thread");
const state = page.querySelector("[data-quiet]");

function field() {
  return thread?.querySelector("[data-composer] [name=body]") ?? null;
}

// What is still on its way, or already typed again, keeps this conversation open.
function goOn(address) {
  if (thread.outbox.entries().length > 0 || field().value.trim() !== "") {
    if (state) window.htmx.trigger(state, "refresh");
    return;
  }
  window.location.assign(address);
}

// The message is stored, or waits until the agency opens: then the conversation still waits, and is passed over.
page.addEventListener("answered", () => goOn(page.dataset.answered));
page.addEventListener("planned", () => goOn(page.querySelector("[data-pass-over]").href));

// « No reply needed » settles what was shown, also what came while the page was open.
page.addEventListener("submit", ({ target }) => {
  const shown = target.querySelector("[data-last-shown]");
  if (shown && thread) shown.value = Math.max(Number(shown.value), thread.last ?? 0);
});

function leaves(event) {
  if (event.key !== "Escape" || event.isComposing || event.ctrlKey || event.altKey || event.shiftKey) return false;
  return document.querySelector("dialog[open], [popover]:popover-open, main details[open]") === null;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented) return;
  if (leaves(event)) {
    event.preventDefault();
    page.querySelector("[data-leave]").click();
  } else if (event.key === "Escape") {
    // The first press closes what is open.
    page.querySelectorAll("details[open]").forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  } else if (event.altKey && event.shiftKey && !event.ctrlKey && !event.metaKey) {
    const act = page.querySelector(`[data-keys="${event.code}"]`);
    if (act === null) return;
    event.preventDefault();
    act.click();
  }
});

// Who answers forty people begins to write at once. A telephone would cover the messages with its keyboard.
if (matchMedia("(pointer: fine)").matches && !document.querySelector("[data-error-summary]")) {
  field()?.focus({ preventScroll: true });
}
