// The slot picker says on its button what it will book, and shows later days without losing the place.

const LATER_DAYS = "jours-suivants";

const picked = (form, name) => form.querySelector(`input[name="${name}"]:checked:not(:disabled)`)?.dataset.words;

// « Réserver mardi 1er décembre, 10 h 30, en visio ». Until an hour is chosen the button says what the server wrote.
function repeatChoice(form) {
  const channel = picked(form, "channel");
  for (const button of document.querySelectorAll(`button[form="${form.id}"], #${form.id} button[data-act]`)) {
    const hour = button.dataset.words ?? picked(form, "slot");
    button.dataset.plain ??= button.textContent;
    button.textContent = hour ? [`${button.dataset.act} ${hour}`, channel].filter(Boolean).join(", ") : button.dataset.plain;
  }
}

const pickers = () => document.querySelectorAll("form[data-slot-picker]");

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-slot-picker]");
  if (form) repeatChoice(form);
});

// The first of the days that came has the focus: reading goes on where it stopped.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== LATER_DAYS) return;
  document.getElementById(LATER_DAYS).querySelector("[data-first-day]")?.focus();
});

window.addEventListener("pageshow", () => pickers().forEach(repeatChoice));
pickers().forEach(repeatChoice);
