// Refreshes the list of conversations every half minute, but not while the reader is using it.

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

setInterval(() => {
  if (!document.hidden && !found.contains(document.activeElement)) window.htmx.trigger(found, "refresh");
}, REFRESH_EVERY);
