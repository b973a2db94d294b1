// On a narrow screen the parts of a file are shown one at a time; the links above them say which. Without this
// script, or on a wide screen, all of them are in the page and the links lead to them.

const nav = document.querySelector("[data-parts]");
const links = [...nav.querySelectorAll("a[href^='#']")];
const narrow = window.matchMedia("(max-width: 47.99em)");
const of = (link) => document.getElementById(link.hash.slice(1));

function chosen() {
  const inside = links.find((link) => location.hash !== "" && of(link).matches(`${location.hash}, :has(${location.hash})`));
  return inside ?? links[0];
}

function show() {
  const current = chosen();
  for (const link of links) {
    of(link).hidden = narrow.matches && link !== current;
    if (narrow.matches && link === current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

narrow.addEventListener("change", show);
window.addEventListener("hashchange", show);
show();
