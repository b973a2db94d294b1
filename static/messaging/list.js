// Refreshes the list of conversations every half minute, and after an answer at once: who has been answered no longer
// waits. The list stays still while the reader is using it.

const REFRESH_EVERY = 30000; // ms
const found = document.getElementById("talks-found");

function currentConversation() {
  return document.querySelector("conversation-thread")?.dataset.conversation;
}

// The server does not know which conversation this page has open.
function markCurrent() {
  found.querySelectorAll("[data-conversation]").forEach((link) => {
    if (link.dataset.conversation === currentConversation()) link.setAttribute("aria-current", "page");
  });
}

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === found) markCurrent();
});

function refresh() {
  if (!document.hidden && !found.contains(document.activeElement)) window.htmx.trigger(found, "refresh");
}

setInterval(refresh, REFRESH_EVERY);
document.addEventListener("answered", refresh);
document.addEventListener("changed", refresh);
