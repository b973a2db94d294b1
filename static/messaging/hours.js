// Days and hours as `accompaniment/french.py` writes them, in the reader's zone: « mardi 1er décembre 2026 », « 9 h 05 ».

const clockOf = (timeZone) =>
  new Intl.DateTimeFormat("fr-FR", { timeZone, hour: "numeric", minute: "2-digit", hourCycle: "h23" });

export class Hours {
  // zone: the reader's, zoneWords: how it is said, zones: those of both sides, between spaces.
  constructor({ zone: timeZone, zoneWords, zones }) {
    this.zoneWords = zoneWords;
    this.clock = clockOf(timeZone);
    this.others = zones.split(" ").filter(Boolean).map(clockOf);
    const parts = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
    this.days = new Intl.DateTimeFormat("fr-FR", { timeZone, ...parts });
    this.keys = new Intl.DateTimeFormat("sv-SE", { timeZone });
  }

  day(at) {
    return this.days.format(at).replace(/\b1(?=\s)/, "1er");
  }

  // « 2026-12-01 », which sorts.
  key(at) {
    return this.keys.format(at);
  }

  // Says whose hour it is, where the clock of the other side shows another one.
  hour(at) {
    const parts = this.clock.formatToParts(at);
    const part = (type) => Number(parts.find((one) => one.type === type).value);
    const minutes = part("minute");
    const own = this.clock.format(at);
    const zone = this.others.some((clock) => clock.format(at) !== own) ? ` (${this.zoneWords})` : "";
    return `${part("hour")}\u00a0h${minutes ? `\u00a0${String(minutes).padStart(2, "0")}` : ""}${zone}`;
  }
}
