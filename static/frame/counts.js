// Shows how many things wait beside the entries of the navigation, and in the title of a page that counts one of them.
// Nothing is read out: a page that counts for its reader says so itself.

function show(answer) {
  const told = new DOMParser().parseFromString(answer, "text/html").querySelector("template[data-counted]").content;
  for (const entry of told.querySelectorAll("[data-entry]")) {
    const { entry: name, count } = entry.dataset;
    for (const place of document.querySelectorAll(`[data-count-of="${name}"]`)) {
      place.replaceChildren(...entry.cloneNode(true).childNodes);
    }
    if (document.body.dataset.titleCounts !== name) continue;
    const words = document.title.replace(/^\(\d+\) /, "");
    document.title = count === "0" ? words : `(${count}) ${words}`;
  }
}

document.addEventListener("frame:counted", ({ detail }) => show(detail));
