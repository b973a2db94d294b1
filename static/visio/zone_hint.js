// Shows the time zone of an hour only if the browser's clock shows another hour.

import { wallClock } from "../frame/words.js";

function reveal(root) {
  for (const time of root.querySelectorAll("time[data-zone-hint]")) {
    const written = time.dateTime.slice(0, 16).replace("T", " ");
    const label = time.parentElement.querySelector(".visio-zone");
    if (label && wallClock(new Date(time.dateTime)) !== written) label.hidden = false;
  }
  for (const line of root.querySelectorAll("p[data-zone-hint]")) {
    const now = new Date();
    line.hidden = wallClock(now, line.dataset.zoneHint) === wallClock(now);
  }
}

reveal(document);
document.addEventListener("htmx:afterSwap", (event) => reveal(event.detail.target));
