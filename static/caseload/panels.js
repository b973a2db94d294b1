// Panels refresh themselves politely: never under the reader's hands, never in a hidden tab, and a panel whose
// session has ended takes the whole page to the log-in instead of showing it inside. What could not be shown for one
// of these reasons is asked for again as soon as it can.

const panelOf = (event) => (event.target instanceof Element ? event.target.closest("[data-panel]") : null);

const isInUse = (panel) => panel.contains(document.activeElement) || panel.querySelector("details[open]") !== null;

const mayChange = (panel) => panel.dataset.panel !== "filled" || !(document.hidden || isInUse(panel));

// Ask for a panel again: now, or once nobody is in it and the page is seen.
export function refresh(panel) {
  if (mayChange(panel)) {
    delete panel.dataset.stale;
    panel.dispatchEvent(new Event("refresh"));
  } else {
    panel.dataset.stale = "";
  }
}

function catchUp() {
  for (const panel of document.querySelectorAll("[data-panel][data-stale]")) refresh(panel);
}

document.body.addEventListener("htmx:beforeRequest", (event) => {
  const panel = panelOf(event);
  if (panel === null || event.target !== panel) return;
  if (!mayChange(panel)) event.preventDefault();
});

document.body.addEventListener("htmx:beforeSwap", (event) => {
  const panel = panelOf(event);
  if (panel === null || event.target !== panel) return;
  const answered = new URL(event.detail.xhr.responseURL, document.baseURI);
  const asked = new URL(event.detail.pathInfo.requestPath, document.baseURI);
  if (answered.pathname !== asked.pathname) {
    event.detail.shouldSwap = false;
    window.location.reload();
    return;
  }
  // Somebody may have come into it since it was asked for.
  if (panel.dataset.panel === "filled" && isInUse(panel)) {
    event.detail.shouldSwap = false;
    panel.dataset.stale = "";
  }
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  const panel = panelOf(event);
  if (panel !== null && event.target === panel) panel.dataset.panel = "filled";
});

// The focus has gone on when the task is over; a closed answer lets its panel change again.
document.body.addEventListener("focusout", () => setTimeout(catchUp));
document.body.addEventListener("toggle", () => setTimeout(catchUp), true);
document.addEventListener("visibilitychange", catchUp);
