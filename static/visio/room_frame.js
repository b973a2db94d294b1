// What of the room needs no call: the adviser's notes, and how much the picture may take of a telephone's window.

const room = document.querySelector("[data-room]");
const find = (selector) => room.querySelector(selector);

const notes = find("[data-notes]");
if (notes) {
  const key = `visio-notes-${room.dataset.interview}`;
  notes.value = sessionStorage.getItem(key) ?? "";
  notes.addEventListener("input", () => sessionStorage.setItem(key, notes.value));
}

// On a telephone the picture takes what head and bar leave of the window.
const measure = new ResizeObserver(() => {
  for (const part of ["head", "bar"]) {
    document.documentElement.style.setProperty(`--room-${part}`, `${find(`.room__${part}`).offsetHeight}px`);
  }
});
for (const part of ["head", "bar"]) measure.observe(find(`.room__${part}`));
