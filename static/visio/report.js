// Shows only the questions for the chosen answer, and copies the notes taken in the room.

const form = document.querySelector("form[data-report]");
const parts = [...form.querySelectorAll("[data-for-outcome]")];

function show() {
  const chosen = form.querySelector("input[name=outcome]:checked");
  for (const part of parts) part.hidden = chosen === null || part.dataset.forOutcome !== chosen.value;
}

form.addEventListener("change", show);
show();

const key = `visio-notes-${form.dataset.report}`;
const conclusions = form.querySelector("textarea[name=conclusions]");
const notes = sessionStorage.getItem(key);
if (notes && conclusions.value === "") conclusions.value = notes;
form.addEventListener("submit", () => sessionStorage.removeItem(key));
