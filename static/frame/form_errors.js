// After a refused form: a link of the summary leads to the first choice of a group, and a corrected field no longer
// looks wrong. The server decides again when the form is sent.

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
  // A value that a script fills in, such as a kept draft, is not a correction by the person.
  if (!event.isTrusted) return;
  const group = event.target.closest?.(MARKED);
  if (!group) return;
  group.classList.remove(...ERROR_CLASSES);
  for (const field of group.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  // Removes the server's message only. A message that a script of the page has set stays.
  for (const message of group.querySelectorAll(".fr-messages-group > .fr-message--error")) message.remove();
}

document.addEventListener("input", takeBack);
document.addEventListener("change", takeBack);
