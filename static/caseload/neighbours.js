// Links on a person's page: back to the list from which it was opened, with its filters and order, and to the previous
// and next person of that list. The tab remembers the list (selection.js). Without a list, or without scripts, the link
// leads to the whole portfolio.

const OPENED = "portefeuille-ouvert";

const nav = document.querySelector("[data-neighbours]");

function opened() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(OPENED) ?? "null");
    const known = kept?.owner === nav.dataset.neighbours && kept.people.includes(nav.dataset.person);
    return known && kept.address.startsWith("?") ? kept : null;
  } catch {
    return null;
  }
}

function lead(link, person) {
  if (person === undefined) return;
  link.href = nav.dataset.people.replace("/0/", `/${encodeURIComponent(person)}/`);
  link.hidden = false;
}

const list = opened();
if (list !== null) {
  const here = list.people.indexOf(nav.dataset.person);
  nav.querySelector("[data-back]").href = nav.dataset.list + (list.address === "?" ? "" : list.address);
  lead(nav.querySelector("[data-previous]"), list.people[here - 1]);
  lead(nav.querySelector("[data-next]"), list.people[here + 1]);
  // When the list opens again, it shows the person seen last.
  const top = list.person === nav.dataset.person ? list.top : null;
  sessionStorage.setItem(OPENED, JSON.stringify({ ...list, person: nav.dataset.person, top }));
}
