// Panels refresh themselves politely: never under the reader's hands, never in a hidden tab, and a panel whose
// session has ended takes the whole page to the log-in instead of showing it inside.

const panelOf = (event) => (event.target instanceof Element ? event.target.closest("[data-panel]") : null);

const isInUse = (panel) => panel.contains(document.activeElement) || panel.querySelector("details[open]") !== null;

document.body.addEventListener("htmx:beforeRequest", (event) => {
  const panel = panelOf(event);
  if (panel === null || event.target !== panel) return;
  const filled = panel.dataset.panel === "filled";
  if (filled && (document.hidden || isInUse(panel))) event.preventDefault();
});

document.body.addEventListener("htmx:beforeSwap", (event) => {
  const panel = panelOf(event);
  if (panel === null || event.target !== panel) return;
  const answered = new URL(event.detail.xhr.responseURL, document.baseURI);
  const asked = new URL(event.detail.pathInfo.requestPath, document.baseURI);
  if (answered.pathname !== asked.pathname) {
    event.detail.shouldSwap = false;
    window.location.reload();
  }
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  const panel = panelOf(event);
  if (panel !== null && event.target === panel) panel.dataset.panel = "filled";
});
