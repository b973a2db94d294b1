// French words that scripts have to write by themselves. `accompaniment/rules/french.py` writes the same, and one table
// of examples tests both. Whatever the server can write, it sends as text.

const NO_BREAK = "\u00a0";

const clockOf = (timeZone) =>
  new Intl.DateTimeFormat("fr-FR", { timeZone, hour: "numeric", minute: "2-digit", hourCycle: "h23" });

// « 2026-12-01 22:30 » in a zone, or in the browser's own zone, for comparing and sorting.
export function wallClock(at, timeZone) {
  const parts = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat("sv-SE", { timeZone, ...parts }).format(at);
}

// « 1 200 ».
export function grouped(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, NO_BREAK);
}

// The ending for a count; 0 and 1 are singular. The endings are "s", or singular and plural as "a,ont".
export function plural(count, forms = "s") {
  const [one, several] = forms.includes(",") ? forms.split(",") : ["", forms];
  return Math.abs(count) >= 2 ? several : one;
}

// « aucune personne choisie », « 1 personne choisie » or « 2 personnes choisies » for "une personne choisie".
export function counted(count, forms) {
  const [one, severalForms] = forms.split(",");
  const [article, ...nouns] = one.split(" ");
  if (count === 0) return `auc${article} ${nouns.join(" ")}`;
  if (count < 2) return `${count} ${nouns.join(" ")}`;
  return `${grouped(count)} ${severalForms ?? nouns.map((noun) => `${noun}s`).join(" ")}`;
}

// « 212 caractères de trop : 5 000 au plus. »
export function excess(length, most) {
  const over = length - most;
  return `${grouped(over)} caractère${plural(over)} de trop${NO_BREAK}: ${grouped(most)} au plus. Raccourcissez ce texte.`;
}

// « 1 Ko », « 820 Ko » or « 1,4 Mo ».
export function size(octets) {
  if (octets < 1024 * 1024) return `${grouped(Math.max(1, Math.ceil(octets / 1024)))}${NO_BREAK}Ko`;
  const tenths = Math.floor((octets * 10) / (1024 * 1024));
  return `${grouped(Math.floor(tenths / 10))}${tenths % 10 ? `,${tenths % 10}` : ""}${NO_BREAK}Mo`;
}

// Days and hours in the reader's zone: « mardi 1er décembre 2026 », « 9 h 05 ».
export class Clock {
  // zone: the reader's, zoneWords: its name, zones: those of both sides, separated by spaces.
  constructor({ zone: timeZone, zoneWords, zones }) {
    this.timeZone = timeZone;
    this.zoneWords = zoneWords;
    this.clock = clockOf(timeZone);
    this.others = zones.split(" ").filter(Boolean).map(clockOf);
    const parts = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
    this.days = new Intl.DateTimeFormat("fr-FR", { timeZone, ...parts });
  }

  day(at) {
    return this.days.format(at).replace(/\b1(?=\s)/, "1er");
  }

  // « 2026-12-01 », which can be sorted.
  key(at) {
    return wallClock(at, this.timeZone).slice(0, 10);
  }

  // Adds the name of the zone if the other side's clock shows another hour.
  hour(at) {
    const parts = this.clock.formatToParts(at);
    const part = (type) => Number(parts.find((one) => one.type === type).value);
    const minutes = part("minute");
    const own = this.clock.format(at);
    const zone = this.others.some((clock) => clock.format(at) !== own) ? ` (${this.zoneWords})` : "";
    return `${part("hour")}${NO_BREAK}h${minutes ? `${NO_BREAK}${String(minutes).padStart(2, "0")}` : ""}${zone}`;
  }

  moment(at) {
    return `${this.day(at)} à ${this.hour(at)}`;
  }
}
