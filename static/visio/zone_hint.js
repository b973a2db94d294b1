// Says the zone of an hour only to those whose own clock shows another hour.

function localHour(instant, timeZone) {
  return new Intl.DateTimeFormat("fr", { timeZone, hour: "2-digit", minute: "2-digit", day: "2-digit" }).format(instant);
}

function reveal(root) {
  for (const time of root.querySelectorAll("time[data-zone-hint]")) {
    const instant = new Date(time.dateTime);
    const written = time.dateTime.slice(8, 10) + time.dateTime.slice(11, 16);
    const parts = new Intl.DateTimeFormat("fr", { day: "2-digit", hour: "2-digit", minute: "2-digit" }).formatToParts(instant);
    const part = (type) => parts.find((one) => one.type === type).value;
    const here = `${part("day")}${part("hour")}:${part("minute")}`;
    const label = time.parentElement.querySelector(".visio-zone");
    if (label && here !== written) label.hidden = false;
  }
  for (const line of root.querySelectorAll("p[data-zone-hint]")) {
    const now = new Date();
    line.hidden = localHour(now, line.dataset.zoneHint) === localHour(now, undefined);
  }
}

reveal(document);
document.addEventListener("htmx:afterSwap", (event) => reveal(event.detail.target));
