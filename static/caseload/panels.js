// Panels refresh themselves without disturbing the reader. A panel in use does not change. In a hidden tab a panel
// refreshes only when something has changed, because the title of the tab counts what is waiting. When the session has
// ended, the whole page goes to the log-in. A refresh that was put off happens as soon as it can.

const panelOf = (event) => (event.target instanceof Element ? event.target.closest("[data-panel]") : null);

// In a hidden tab nobody is about to click a link, but typed text and open answers must stay.
function isInUse(panel) {
  if (panel.querySelector("details[open] form, [data-act-form] form") !== null) return true;
  if (!panel.contains(document.activeElement)) return false;
  return !document.hidden || document.activeElement.matches("input, textarea, select");
}

const mayChange = (panel) => panel.dataset.panel !== "filled" || !isInUse(panel);

// Who needs the page to stand still can say so (RGAA 13.8).
const isPaused = (panel) => panel.closest("[data-desk]")?.dataset.paused !== undefined;

// A hidden page of the day without a socket has only its own requests to stay up to date.
const mayAskByItself = (panel) => !document.hidden || panel.closest("[data-desk]:not([data-live])") !== null;

// Reload a panel: now, or as soon as nobody is using it.
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
  if (panel.dataset.panel !== "filled" || (mayChange(panel) && (told || (mayAskByItself(panel) && !isPaused(panel))))) return;
  event.preventDefault();
  if (told || !isPaused(panel)) panel.dataset.stale = "";
});

let focused = null;
let unfolded = [];

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
  // Somebody may have begun to use the panel since the request.
  if (panel.dataset.panel === "filled" && isInUse(panel)) {
    event.detail.shouldSwap = false;
    panel.dataset.stale = "";
    return;
  }
  unfolded = [...panel.querySelectorAll("details[open][id]")].map((details) => details.id);
  focused = panel.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  const panel = panelOf(event);
  if (panel === null || event.target !== panel) return;
  panel.dataset.panel = "filled";
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
  if (focused !== null) panel.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  focused = null;
});

// The panel may change again when the focus leaves it or an answer is closed.
document.body.addEventListener("focusout", () => setTimeout(catchUp));
document.body.addEventListener("toggle", () => setTimeout(catchUp), true);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) catchUp();
});
