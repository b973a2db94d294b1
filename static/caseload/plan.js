// Shows the fields of a new plan only when the plan is to change. Without this script they are all shown.

const form = document.querySelector("form[data-plan]");
const part = form.querySelector("[data-for-decision]");

function show() {
  const chosen = form.querySelector("input[name=decision]:checked");
  part.hidden = chosen === null || chosen.value !== part.dataset.forDecision;
}

form.addEventListener("change", show);
show();
