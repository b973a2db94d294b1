// Two soft tones. A browser plays them only on a page on which the person has already pressed something.

const TONES = [660, 880]; // Hz
const LASTS = 0.18; // seconds, each
const LOUDNESS = 0.15;

// Returns whether they could be played.
export async function chime() {
  if (!window.AudioContext) return false;
  const context = new AudioContext();
  await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, 300))]);
  if (context.state !== "running") {
    context.close();
    return false;
  }
  TONES.forEach((frequency, place) => {
    const tone = new OscillatorNode(context, { frequency });
    const loudness = new GainNode(context, { gain: LOUDNESS });
    const from = context.currentTime + place * LASTS;
    loudness.gain.setTargetAtTime(0, from + LASTS / 2, LASTS / 6);
    tone.connect(loudness).connect(context.destination);
    tone.start(from);
    tone.stop(from + LASTS);
  });
  setTimeout(() => context.close(), 2000 * LASTS * TONES.length);
  return true;
}
