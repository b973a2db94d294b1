// Shows the fields of a new plan only if the plan is to change. Without this script all fields are shown.

function show(form) {
  const part = form.querySelector("[data-for-decision]");
  part.hidden = form.querySelector("input[name=decision]:checked")?.value !== part.dataset.forDecision;
}

const showAll = (root) => root.querySelectorAll("form[data-plan]").forEach(show);

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-plan]");
  if (form) show(form);
});

// On the page of the day the form comes later.
document.addEventListener("htmx:afterSwap", (event) => showAll(event.target));

showAll(document);
