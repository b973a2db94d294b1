// Panels refresh themselves politely: never under the reader's hands, in a hidden tab only when something has changed
// (its title counts what waits), and a panel whose session has ended takes the whole page to the log-in instead of
// showing it inside. What could not be shown for one of these reasons is asked for again as soon as it can.

const panelOf = (event) => (event.target instanceof Element ? event.target.closest("[data-panel]") : null);

// Nobody is about to press a link of a tab that is not seen; what is typed or open stays as it is there too.
function isInUse(panel) {
  if (panel.querySelector("details[open]") !== null) return true;
  if (!panel.contains(document.activeElement)) return false;
  return !document.hidden || document.activeElement.matches("input, textarea, select");
}

const mayChange = (panel) => panel.dataset.panel !== "filled" || !isInUse(panel);

// A hidden page of the day whose socket is cut has nothing but its own asking to follow by.
const mayAskByItself = (panel) => !document.hidden || panel.closest("[data-desk]:not([data-live])") !== null;

// Ask for a panel again: now, or once nobody is in it.
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
  const told = event.detail.requestConfig.triggeringEvent?.type === "refresh";
  if (panel.dataset.panel !== "filled" || (mayChange(panel) && (told || mayAskByItself(panel)))) return;
  event.preventDefault();
  panel.dataset.stale = "";
});

let focused = null;

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
    return;
  }
  focused = panel.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  const panel = panelOf(event);
  if (panel === null || event.target !== panel) return;
  panel.dataset.panel = "filled";
  if (focused !== null) panel.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  focused = null;
});

// The focus has gone on when the task is over; a closed answer lets its panel change again.
document.body.addEventListener("focusout", () => setTimeout(catchUp));
document.body.addEventListener("toggle", () => setTimeout(catchUp), true);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) catchUp();
});
