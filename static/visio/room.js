// The room: preview and lobby, then the conversation. The server decides who is let in; this page only shows it.

import { canShareScreen, listDevices, openDevices, openScreen, showLevel } from "./media.js";
import { Peer } from "./peer.js";
import { watchQuality, WORDS } from "./quality.js";
import { newId, Signalling } from "./signalling.js";

const room = document.querySelector("[data-room]");
const find = (selector) => room.querySelector(selector);
const isAdviser = room.dataset.role === "adviser";
const other = room.dataset.peer;

const remoteVideo = find("[data-remote]");
const selfVideo = find("[data-self]");
const controls = Object.fromEntries(
  [...room.querySelectorAll("[data-control]")].map((button) => [button.dataset.control, button]),
);
const choices = Object.fromEntries(
  [...room.querySelectorAll("[data-choose]")].map((select) => [select.dataset.choose, select]),
);

const state = {
  admitted: false,
  peerTab: "",
  iceServers: [],
  stream: new MediaStream(),
  screen: null,
  hand: false,
  theirs: { microphone: true, camera: true, screen: false },
  cut: 0,
  over: false,
};

let peer = null;
let stopQuality = () => {};
let stopLevel = () => {};
const signalling = new Signalling(room.dataset.socket);

// --- What the page says ---------------------------------------------------------------------------

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function status() {
  if (state.over) return find("[data-status]").textContent;
  if (state.cut >= 3) return "La salle ne répond pas. Nous réessayons ; vous pouvez continuer par téléphone.";
  if (state.cut > 0) return "Connexion coupée, nous la rétablissons…";
  if (peer?.connected) return `Vous êtes en conversation avec ${other}.`;
  if (!state.peerTab && state.admitted) return `${other} n'est plus dans la salle. Restez ici : la conversation reprendra à son retour.`;
  if (!state.peerTab) return isAdviser ? `${other} n'est pas encore là.` : `${other} n'est pas encore dans la salle.`;
  if (!state.admitted) return isAdviser ? `${other} attend.` : "Vous êtes dans la salle d'attente.";
  return "Mise en relation…";
}

function door() {
  if (isAdviser) {
    if (state.peerTab) return `${other} attend. Faites entrer quand vous êtes en place.`;
    return "La personne n'est pas encore dans la salle d'attente. Vous verrez ici quand elle attend.";
  }
  if (state.peerTab) return `Votre arrivée est annoncée à ${other}, qui va vous faire entrer.`;
  return `Vous êtes au bon endroit. ${other} verra que vous attendez et vous fera entrer.`;
}

function remoteNote() {
  if (!peer?.connected) return "";
  const off = [];
  if (!state.theirs.camera && !state.theirs.screen) off.push("Caméra coupée");
  if (!state.theirs.microphone) off.push("Micro coupé");
  return off.length > 0 ? `${other} : ${off.join(", ").toLowerCase()}` : "";
}

const trackOf = (kind) => (kind === "audio" ? state.stream.getAudioTracks()[0] : state.stream.getVideoTracks()[0]) ?? null;
const isOn = (kind) => trackOf(kind)?.enabled ?? false;

function drawControl(name, { pressed, label, disabled }) {
  const button = controls[name];
  button.setAttribute("aria-pressed", String(pressed));
  button.disabled = disabled;
  say(button.querySelector("[data-label]"), label);
}

function draw() {
  room.dataset.phase = state.over ? "over" : state.admitted ? "call" : "lobby";
  say(find("[data-status]"), status());
  say(find("[data-door-words]"), door());
  say(find("[data-remote-note]"), remoteNote());
  const admit = find("[data-admit]");
  if (admit) admit.disabled = !state.peerTab || state.admitted;
  const [microphone, camera] = [isOn("audio"), isOn("video")];
  drawControl("microphone", {
    pressed: microphone,
    label: microphone ? "Micro activé" : "Micro coupé",
    disabled: trackOf("audio") === null,
  });
  drawControl("camera", {
    pressed: camera,
    label: camera ? "Caméra activée" : "Caméra coupée",
    disabled: trackOf("video") === null,
  });
  drawControl("screen", {
    pressed: state.screen !== null,
    label: state.screen ? "Arrêter" : "Partager",
    disabled: !state.admitted || !canShareScreen(),
  });
  drawControl("hand", {
    pressed: state.hand,
    label: state.hand ? "Baisser la main" : "Lever la main",
    disabled: !state.admitted,
  });
  say(find("[data-self-note]"), camera || state.screen ? "" : "Caméra coupée");
}

// --- Camera, microphone, screen -------------------------------------------------------------------

// An empty stream would keep the page loading for ever, so there is none where there is no picture.
function showSelf() {
  const track = state.screen ?? trackOf("video");
  selfVideo.srcObject = track ? new MediaStream([track]) : null;
}

async function useDevices(wish) {
  for (const track of state.stream.getTracks()) track.stop();
  const { stream, problem } = await openDevices(wish);
  state.stream = stream;
  showSelf();
  const note = find("[data-media-problem]");
  note.hidden = problem === "";
  say(note, problem);
  stopLevel();
  stopLevel = showLevel(stream, find("[data-meter]"));
  await listDevices(choices, stream);
  await peer?.replaceTrack("audio", trackOf("audio"));
  if (!state.screen) await peer?.replaceTrack("video", trackOf("video"));
  tellMedia();
  draw();
}

function tellMedia() {
  signalling.send({
    type: "media",
    microphone: isOn("audio"),
    camera: isOn("video"),
    screen: state.screen !== null,
  });
}

function toggle(kind) {
  const track = trackOf(kind);
  if (track === null) return;
  track.enabled = !track.enabled;
  tellMedia();
  draw();
}

async function stopScreen() {
  state.screen?.stop();
  state.screen = null;
  await peer?.replaceTrack("video", trackOf("video"));
  showSelf();
  tellMedia();
  draw();
}

async function toggleScreen() {
  if (state.screen) {
    await stopScreen();
    return;
  }
  const track = await openScreen();
  if (track === null) return;
  state.screen = track;
  track.addEventListener("ended", stopScreen);
  await peer?.replaceTrack("video", track);
  showSelf();
  tellMedia();
  draw();
}

function toggleHand() {
  state.hand = !state.hand;
  signalling.send({ type: "hand", raised: state.hand });
  draw();
}

const acts = {
  microphone: () => toggle("audio"),
  camera: () => toggle("video"),
  screen: toggleScreen,
  hand: toggleHand,
};
const keys = { m: "microphone", v: "camera", p: "screen", l: "hand" };

for (const [name, button] of Object.entries(controls)) button.addEventListener("click", () => acts[name]());

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
  const control = controls[keys[event.key.toLowerCase()]];
  if (!control || typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (find("[data-shortcuts]").checked && !control.disabled) control.click();
});

for (const select of Object.values(choices)) {
  select.addEventListener("change", () => useDevices({ camera: choices.camera.value, microphone: choices.microphone.value }));
}

// --- The connection -------------------------------------------------------------------------------

function dropPeer() {
  stopQuality();
  peer?.close();
  peer = null;
  remoteVideo.srcObject = null;
  showQuality(0);
}

function showQuality(level) {
  find("[data-quality]").dataset.level = String(level);
  say(find("[data-quality-words]"), WORDS[level]);
}

function connect(call) {
  const to = state.peerTab;
  peer = new Peer({
    tab: to,
    call,
    opener: isAdviser,
    iceServers: state.iceServers,
    tracks: { audio: trackOf("audio"), video: state.screen ?? trackOf("video") },
    send: (data) => signalling.send({ type: "signal", to, call, data }),
  });
  peer.addEventListener("stream", () => {
    remoteVideo.srcObject = peer.stream;
  });
  peer.addEventListener("state", () => {
    if (peer?.connected) tellMedia();
    draw();
  });
  peer.addEventListener("lost", meetAnew);
  stopQuality = watchQuality(peer.connection, showQuality);
}

// Only the adviser's side begins a call; the other follows with the first signal of a call that it does not know.
function meet() {
  if (isAdviser && !peer && state.admitted && state.peerTab) connect(newId());
}

function meetAnew() {
  if (!isAdviser) return;
  dropPeer();
  meet();
}

function finish(text) {
  state.over = true;
  say(find("[data-status]"), text);
  signalling.stop();
  dropPeer();
  stopLevel();
  for (const track of [...state.stream.getTracks(), state.screen]) track?.stop();
  draw();
}

const handlers = {
  joined(message) {
    state.cut = 0;
    state.peerTab = ""; // the server tells anew who is there
    state.iceServers = message.ice_servers;
    state.admitted = message.admitted;
  },
  peer(message) {
    const keeps = peer?.connected && (message.present ? peer.tab === message.tab : !message.over);
    if (!keeps) dropPeer();
    state.peerTab = message.present ? message.tab : "";
    if (!message.present) say(find("[data-hand]"), "");
    meet();
  },
  admitted() {
    state.admitted = true;
    // A phone held sideways shows the picture and the controls only below the header.
    if (window.matchMedia("(orientation: landscape) and (max-height: 31.25rem)").matches) {
      find(".room__stage").scrollIntoView();
    }
    meet();
  },
  async signal(message) {
    if (message.from !== state.peerTab) return;
    const begins = !isAdviser && message.data.description?.type === "offer" && message.call !== peer?.call;
    if (begins) {
      dropPeer();
      connect(message.call);
    }
    if (peer && message.call === peer.call) await peer.receive(message.data);
  },
  hand(message) {
    say(find("[data-hand]"), message.raised ? `${other} lève la main` : "");
  },
  media(message) {
    state.theirs = message;
  },
  trouble() {
    if (find("#room-noted").textContent.trim() === "") {
      say(find("#room-noted"), "Un problème technique a été signalé : ce ne sera pas une absence.");
    }
  },
  phone() {
    const noted = find("#room-noted").querySelector("[data-phone]");
    if (noted !== null && !noted.hasAttribute("data-without-number")) return;
    window.htmx.ajax("POST", find("form[action$='/telephone/']").action, { target: "#room-noted" });
  },
  replaced() {
    finish("La salle est ouverte dans un autre onglet. Pour reprendre ici, rechargez cette page.");
  },
  closed() {
    finish("L'entretien est terminé.");
    window.location.reload();
  },
  error(message) {
    if (message.code === "relay_down" || message.code === "refused") say(find("#room-noted"), message.text);
  },
};

signalling.addEventListener("message", async ({ detail }) => {
  await handlers[detail.type]?.(detail);
  if (!state.over) draw();
});
signalling.addEventListener("cut", ({ detail }) => {
  state.cut = detail.failures;
  draw();
});

find("[data-admit]")?.addEventListener("click", () => signalling.send({ type: "admit" }));

// --- Notes ----------------------------------------------------------------------------------------

const notes = find("[data-notes]");
if (notes) {
  const key = `visio-notes-${room.dataset.interview}`;
  notes.value = sessionStorage.getItem(key) ?? "";
  notes.addEventListener("input", () => sessionStorage.setItem(key, notes.value));
}

navigator.mediaDevices?.addEventListener?.("devicechange", () => listDevices(choices, state.stream));

// Who has not answered the browser's question yet waits in the lobby all the same.
draw();
signalling.open();
useDevices({});
