// What the frame does on every page. Kept small: the design system's script does the menu.

// The summary of a form's errors takes the focus, so that it is read out first.
function focusErrorSummary(root) {
  const summary = root.querySelector("[data-error-summary]");
  if (summary) summary.focus();
}

focusErrorSummary(document);
document.addEventListener("htmx:afterSwap", (event) => focusErrorSummary(event.detail.target));
