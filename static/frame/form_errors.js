// What follows a refused form: a link of the summary leads to the first choice of a group, and what is corrected is no
// longer shown as wrong. The server stays the truth: it judges again when the form is sent.

const ERROR_CLASSES = ["fr-fieldset", "fr-input-group", "fr-select-group", "fr-upload-group", "fr-checkbox-group"].map(
  (name) => `${name}--error`,
);
const MARKED = ERROR_CLASSES.map((name) => `.${name}`).join(", ");

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-error-summary] a[href^='#']");
  const group = link && document.getElementById(link.hash.slice(1));
  const first = group && !group.matches("input, select, textarea") && group.querySelector("input:not([disabled])");
  if (!first) return;
  event.preventDefault();
  first.focus();
});

function takeBack(event) {
  // What is filled in by a script, a kept draft for instance, has not been corrected by anybody.
  if (!event.isTrusted) return;
  const group = event.target.closest?.(MARKED);
  if (!group) return;
  group.classList.remove(...ERROR_CLASSES);
  for (const field of group.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  // What the server has said; a line that a script of the page fills stays.
  for (const message of group.querySelectorAll(".fr-messages-group > .fr-message--error")) message.remove();
}

document.addEventListener("input", takeBack);
document.addEventListener("change", takeBack);
