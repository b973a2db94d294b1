// Camera, microphone and screen: opens them, offers a choice, and explains what to do if this fails.

export const KINDS = ["audio", "video"];

const REASONS = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "none",
  NotReadableError: "busy",
  AbortError: "busy",
  OverconstrainedError: "gone",
};

const RETRY = "puis appuyez sur «\u00a0Réessayer\u00a0».";
const ALLOW = "avec l'icône à gauche de l'adresse de la page,";
const SENTENCES = {
  insecure: {
    both: "Le navigateur n'ouvre la caméra et le micro qu'à une adresse sûre, qui commence par https. Revenez par le lien de votre e-mail, puis appuyez sur «\u00a0Réessayer\u00a0».",
  },
  unsupported: {
    both: "Votre navigateur ne permet pas la visio ici. Utilisez une version récente de Firefox, Chrome, Edge ou Safari, ou continuez par téléphone.",
  },
  refused: {
    both: `L'accès à la caméra et au micro est bloqué. Autorisez-les ${ALLOW} ${RETRY}`,
    audio: `L'accès au micro est bloqué. Autorisez-le ${ALLOW} ${RETRY}`,
    video: `L'accès à la caméra est bloqué. Autorisez-la ${ALLOW} ${RETRY}`,
  },
  none: {
    both: `Aucun micro ni caméra n'a été trouvé. Branchez-les, ${RETRY}`,
    audio: `Aucun micro n'a été trouvé. Branchez un micro ou un casque, ${RETRY}`,
    video: `Aucune caméra n'a été trouvée. Branchez-en une, ${RETRY}`,
  },
  busy: {
    both: `La caméra et le micro servent à un autre logiciel, ou ne répondent pas. Fermez ce logiciel, ${RETRY}`,
    audio: `Le micro sert à un autre logiciel, ou ne répond pas. Fermez ce logiciel, ${RETRY}`,
    video: `La caméra sert à un autre logiciel, ou ne répond pas. Fermez ce logiciel, ${RETRY}`,
  },
  gone: {
    both: `La caméra et le micro choisis ne sont plus là. Rebranchez-les, ${RETRY}`,
    audio: `Le micro choisi n'est plus là. Rebranchez-le, ${RETRY}`,
    video: `La caméra choisie n'est plus là. Rebranchez-la, ${RETRY}`,
  },
  lost: {
    both: `La caméra et le micro se sont arrêtés. Rebranchez-les, ${RETRY}`,
    audio: `Le micro s'est arrêté. Rebranchez-le, ${RETRY}`,
    video: `La caméra s'est arrêtée. Rebranchez-la, ${RETRY}`,
  },
  failed: {
    both: `La caméra et le micro n'ont pas pu être ouverts. Débranchez-les, rebranchez-les, ${RETRY}`,
    audio: `Le micro n'a pas pu être ouvert. Débranchez-le, rebranchez-le, ${RETRY}`,
    video: `La caméra n'a pas pu être ouverte. Débranchez-la, rebranchez-la, ${RETRY}`,
  },
};
const MEANWHILE = {
  both: "Sans eux, vous pouvez tout de même voir et entendre.",
  audio: "En attendant, on vous voit sans vous entendre.",
  video: "En attendant, on vous entend sans vous voir.",
  silent: "En attendant, vous pouvez tout de même voir et entendre.",
};

const supported = () => window.isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);

const wished = (id) => (id ? { deviceId: { exact: id } } : true);

function cannot() {
  if (!window.isSecureContext) return "insecure";
  return supported() && window.RTCPeerConnection ? "" : "unsupported";
}

// Returns what the failures of openDevices mean and what to do, in words; "" without a failure. It does not warn a
// person who chose to go without a microphone that nobody hears them.
export function explain(failures, { withoutMicrophone = false } = {}) {
  const { audio, video } = failures;
  if (!audio && !video) return "";
  const which = audio && video ? "both" : audio ? "audio" : "video";
  const words = [];
  if (which !== "both") words.push((SENTENCES[failures[which]][which] ?? SENTENCES[failures[which]].both));
  else if (audio === video) words.push(SENTENCES[audio].both);
  else words.push(SENTENCES[audio].audio, SENTENCES[video].video);
  if (!["insecure", "unsupported"].includes(audio ?? video)) {
    words.push(MEANWHILE[which === "video" && withoutMicrophone ? "silent" : which]);
  }
  return words.join(" ");
}

// If a person dismissed the question for both devices, do not ask again for each. If one is blocked, the other may
// work.
async function isAnswered(kind) {
  try {
    const { state } = await navigator.permissions.query({ name: kind === "audio" ? "microphone" : "camera" });
    return state !== "prompt";
  } catch {
    return true; // this browser does not tell
  }
}

// Returns {stream, failures}: a stream with the available `kinds` (perhaps none), and the reason for each missing one.
export async function openDevices({ camera = "", microphone = "", kinds = KINDS } = {}) {
  const never = cannot();
  if (never) return { stream: new MediaStream(), failures: Object.fromEntries(kinds.map((kind) => [kind, never])) };
  const wishes = { audio: wished(microphone), video: wished(camera) };
  const ask = (some) => navigator.mediaDevices.getUserMedia(Object.fromEntries(some.map((kind) => [kind, wishes[kind]])));
  const failures = {};
  const tracks = [];
  if (kinds.length === 0) return { stream: new MediaStream(), failures };
  try {
    return { stream: await ask(kinds), failures };
  } catch (error) {
    for (const kind of kinds) failures[kind] = REASONS[error.name] ?? "failed";
  }
  if (kinds.length === 1) return { stream: new MediaStream(), failures };
  for (const kind of kinds) {
    if (failures[kind] === "refused" && !(await isAnswered(kind))) continue;
    try {
      tracks.push(...(await ask([kind])).getTracks());
      delete failures[kind];
    } catch (error) {
      failures[kind] = REASONS[error.name] ?? "failed";
    }
  }
  return { stream: new MediaStream(tracks), failures };
}

// Returns a track of the screen, or null if the person changed their mind.
export async function openScreen() {
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: true });
    const [track] = stream.getVideoTracks();
    track.contentHint = "detail"; // a document must be legible; it may be slow
    return track;
  } catch {
    return null;
  }
}

export const canShareScreen = () => Boolean(navigator.mediaDevices?.getDisplayMedia);

// Fills the two lists with the connected devices, and selects the ones in use.
export async function listDevices(selects, stream) {
  if (!supported()) return;
  const devices = await navigator.mediaDevices.enumerateDevices();
  const inUse = new Set(stream.getTracks().map((track) => track.getSettings().deviceId));
  for (const [name, kind, word] of [["camera", "videoinput", "Caméra"], ["microphone", "audioinput", "Micro"]]) {
    const select = selects[name];
    const found = devices.filter((device) => device.kind === kind && device.deviceId);
    select.replaceChildren(
      ...found.map((device, index) => {
        const option = new Option(device.label || `${word} ${index + 1}`, device.deviceId);
        option.selected = inUse.has(device.deviceId);
        return option;
      }),
    );
    if (found.length === 0) select.replaceChildren(new Option("Aucun appareil", ""));
    select.disabled = found.length < 2;
  }
}

// Shows the loudness of a stream in a <meter>. Returns a function that stops it.
export function showLevel(stream, meter) {
  if (stream.getAudioTracks().length === 0 || !window.AudioContext) return () => {};
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const wake = () => context.resume();
  document.addEventListener("pointerdown", wake, { once: true });
  document.addEventListener("keydown", wake, { once: true });
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    meter.value = Math.min(1, Math.sqrt(power) * 4);
  }, 100);
  return () => {
    clearInterval(timer);
    document.removeEventListener("pointerdown", wake);
    document.removeEventListener("keydown", wake);
    meter.value = 0;
    context.close();
  };
}
