// The quality of the connection in three bars and words, measured by the browser.

const EVERY = 2_000; // milliseconds

export const WORDS = ["", "Connexion faible", "Connexion moyenne", "Bonne connexion"];

function judge({ lost, received, roundTrip }) {
  const loss = received + lost > 0 ? lost / (received + lost) : 0;
  if (loss > 0.08 || roundTrip > 0.5) return 1;
  if (loss > 0.02 || roundTrip > 0.25) return 2;
  return 3;
}

// At each change, calls show(level) with 0 (not connected) to 3 (good). Returns a function that stops it.
export function watchQuality(connection, show) {
  let shown = -1;
  let before = { lost: 0, received: 0 };
  const timer = setInterval(async () => {
    let level = 0;
    if (connection.connectionState === "connected") {
      const sum = { lost: 0, received: 0, roundTrip: 0 };
      for (const report of (await connection.getStats()).values()) {
        if (report.type === "inbound-rtp") {
          sum.lost += Math.max(0, report.packetsLost ?? 0);
          sum.received += report.packetsReceived ?? 0;
        }
        if (report.type === "candidate-pair" && report.nominated) sum.roundTrip = report.currentRoundTripTime ?? 0;
      }
      level = judge({
        lost: Math.max(0, sum.lost - before.lost),
        received: Math.max(0, sum.received - before.received),
        roundTrip: sum.roundTrip,
      });
      before = sum;
    }
    if (level !== shown) {
      shown = level;
      show(level);
    }
  }, EVERY);
  return () => clearInterval(timer);
}
