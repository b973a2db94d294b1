// The parts of the room that need no call: the adviser's notes, and the height of the picture on a telephone.

const room = document.querySelector("[data-room]");
const find = (selector) => room.querySelector(selector);

const notes = find("[data-notes]");
if (notes) {
  const key = `visio-notes-${room.dataset.interview}`;
  notes.value = sessionStorage.getItem(key) ?? "";
  notes.addEventListener("input", () => sessionStorage.setItem(key, notes.value));
}

// On a telephone the picture fills the window between header and bar.
const measure = new ResizeObserver(() => {
  for (const part of ["head", "bar"]) {
    document.documentElement.style.setProperty(`--room-${part}`, `${find(`.room__${part}`).offsetHeight}px`);
  }
});
for (const part of ["head", "bar"]) measure.observe(find(`.room__${part}`));

// A theme that is chosen here applies at once, because the room must not be left.
document.addEventListener("theme", ({ detail }) => {
  const page = document.documentElement;
  if (detail.chosen) page.dataset.theme = detail.chosen;
  else delete page.dataset.theme;
  document.querySelector("meta[name=color-scheme]").content = detail.chosen || "light dark";
});
