// Camera, microphone and screen: opening them, choosing among them, and saying what to do when it fails.

const SENTENCES = {
  unsupported:
    "Votre navigateur ne permet pas la visio ici. Utilisez une version récente de Firefox, Chrome, Edge ou Safari, ou continuez par téléphone.",
  refused:
    "L'accès au micro et à la caméra est bloqué. Autorisez-le avec l'icône à gauche de l'adresse de la page, puis rechargez la page ; ou continuez par téléphone.",
  busy: "Le micro ou la caméra sert déjà à un autre logiciel. Fermez-le, puis rechargez la page ; ou continuez par téléphone.",
  none: "Aucun micro ni caméra n'a été trouvé. Branchez un casque ou un micro, puis rechargez la page ; ou continuez par téléphone.",
  noCamera: "Aucune caméra n'a été trouvée : l'entretien se fera au son seulement.",
  noMicrophone: "Aucun micro n'a été trouvé : on vous verra sans vous entendre. Branchez un casque, ou continuez par téléphone.",
};

const supported = () => window.isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);

const wished = (id) => (id ? { deviceId: { exact: id } } : true);

// Returns {stream, problem}: a stream with what there is (perhaps nothing), and a sentence or "".
export async function openDevices({ camera = "", microphone = "" } = {}) {
  if (!supported() || !window.RTCPeerConnection) return { stream: new MediaStream(), problem: SENTENCES.unsupported };
  const tries = [
    [{ audio: wished(microphone), video: wished(camera) }, ""],
    [{ audio: wished(microphone) }, SENTENCES.noCamera],
    [{ video: wished(camera) }, SENTENCES.noMicrophone],
  ];
  let reason = SENTENCES.none;
  for (const [constraints, problem] of tries) {
    try {
      return { stream: await navigator.mediaDevices.getUserMedia(constraints), problem };
    } catch (error) {
      if (error.name === "NotAllowedError" || error.name === "SecurityError") {
        return { stream: new MediaStream(), problem: SENTENCES.refused };
      }
      if (error.name === "NotReadableError" || error.name === "AbortError") reason = SENTENCES.busy;
    }
  }
  return { stream: new MediaStream(), problem: reason };
}

// Returns a track of the screen, or null when the person changed their mind.
export async function openScreen() {
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: true });
    return stream.getVideoTracks()[0];
  } catch {
    return null;
  }
}

export const canShareScreen = () => Boolean(navigator.mediaDevices?.getDisplayMedia);

// Fills the two lists with what is plugged in, the one in use chosen.
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

// Moves a <meter> with the loudness of a stream. Returns a function that stops it.
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
