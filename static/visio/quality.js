// The quality of the connection in three bars and words, measured by the browser.

const LOOK_EVERY = 250; // ms
const JUDGE_EVERY = 8; // looks
const SILENT_AFTER = 1_500; // ms without a packet: the bars of a moment ago then say nothing about now

export const NOTHING = "nothing";
export const WORDS = {
  0: "",
  1: "Connexion faible",
  2: "Connexion moyenne",
  3: "Bonne connexion",
  [NOTHING]: "Rien n'arrive",
};

function judge({ lost, received, roundTrip }) {
  const loss = received + lost > 0 ? lost / (received + lost) : 0;
  if (loss > 0.08 || roundTrip > 0.5) return 1;
  if (loss > 0.02 || roundTrip > 0.25) return 2;
  return 3;
}

async function sumOf(connection) {
  const sum = { lost: 0, received: 0, roundTrip: 0 };
  for (const report of (await connection.getStats()).values()) {
    if (report.type === "inbound-rtp") {
      sum.lost += Math.max(0, report.packetsLost ?? 0);
      sum.received += report.packetsReceived ?? 0;
    }
    if (report.type === "candidate-pair" && report.nominated) sum.roundTrip = report.currentRoundTripTime ?? 0;
  }
  return sum;
}

// At each change, calls show(level) with 0 (not connected), 1 to 3 (good) or NOTHING. Returns a function that stops it.
export function watchQuality(peer, show) {
  let shown = -1;
  let level = 0;
  let looks = 0;
  let heard = performance.now();
  let seen = { received: 0 };
  let before = { lost: 0, received: 0 };
  const timer = setInterval(async () => {
    const sum = await sumOf(peer.connection);
    const now = performance.now();
    if (sum.received > seen.received || !peer.hasBegun) heard = now;
    heard = Math.max(heard, peer.heard);
    seen = sum;
    if (!peer.connected) level = 0;
    else if (looks++ % JUDGE_EVERY === 0) {
      level = judge({
        lost: Math.max(0, sum.lost - before.lost),
        received: Math.max(0, sum.received - before.received),
        roundTrip: sum.roundTrip,
      });
      before = sum;
    }
    const silence = now - heard;
    if (silence > SILENT_AFTER) peer.silentFor(silence);
    const next = silence > SILENT_AFTER ? NOTHING : level;
    if (next === shown) return;
    shown = next;
    show(next);
  }, LOOK_EVERY);
  return () => clearInterval(timer);
}
