// The room: preview and lobby, then the conversation. The server decides who is let in; this page only shows it.

import { deliver } from "./acts.js";
import { lobbyOf, notesIn } from "./lobby.js";
import { canShareScreen, explain, KINDS, listDevices, openDevices, openScreen, showLevel } from "./media.js";
import { Peer } from "./peer.js";
import { phoneOf } from "./phone.js";
import { NOTHING, watchQuality, WORDS } from "./quality.js";
import { OWN, wordsOf } from "./room_words.js";
import { CLOSED, newId, signallingOf } from "./signalling.js";

const room = document.querySelector("[data-room]");
const find = (selector) => room.querySelector(selector);
const isAdviser = room.dataset.role === "adviser";
const other = room.dataset.peer;
const words = wordsOf({ other, isAdviser });

const remoteVideo = find("[data-remote]");
const selfVideo = find("[data-self]");
const controls = Object.fromEntries(
  [...room.querySelectorAll("[data-control]")].map((button) => [button.dataset.control, button]),
);
const admitButton = find("[data-admit]");
const withoutMicrophone = find("[data-without-microphone]");
const choices = Object.fromEntries(
  [...room.querySelectorAll("[data-choose]")].map((select) => [select.dataset.choose, select]),
);

const state = {
  admitted: false,
  peerTab: "",
  relays: {}, // the configuration of a connection: the servers, and whether everything is relayed
  relayed: false, // there is a relay
  warmUps: 0, // connections that were set up for the person who waits now
  stream: new MediaStream(),
  wanted: { audio: true, video: true }, // what the person has not muted, whichever device is used
  failures: {}, // by kind: the reason why it is missing
  screen: null,
  hand: false,
  theirs: { microphone: true, camera: true, screen: false },
  cut: 0,
  silent: false, // the call stands, and nothing arrives
  ended: room.dataset.phase === "ended", // the call has ended; the report may still be to write
  ending: false, // the server has not confirmed the end yet
  over: false,
};

let peer = null;
const former = new Set(); // the calls that were dropped; what comes late of them means nothing
let stopQuality = () => {};
let stopLevel = () => {};
const signalling = signallingOf(room.dataset.socket, { frame: hear, lost, shut });

// --- What the page says ---------------------------------------------------------------------------

const note = notesIn(find("#room-noted"));

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// The call stands. A connection that waits for the admission is no call.
const linked = () => state.admitted && (peer?.connected ?? false);

function status() {
  if (state.over) return find("[data-status]").textContent;
  return state.ended ? find("#fin-titre").textContent : words.status(state, linked());
}

const tracksOf = (kind) => state.stream.getTracks().filter((track) => track.kind === kind);
const trackOf = (kind) => tracksOf(kind)[0] ?? null;
const isOn = (kind) => trackOf(kind)?.enabled ?? false;

function drawControl(name, { pressed, disabled }) {
  const button = controls[name];
  button.setAttribute("aria-pressed", String(pressed));
  button.disabled = disabled;
}

function draw() {
  room.dataset.phase = state.over ? "over" : state.ended ? "ended" : state.admitted ? "call" : "lobby";
  room.dataset.linked = linked() ? "yes" : "no";
  say(find("[data-status]"), status());
  lobby.draw(state);
  say(find("[data-remote-note]"), words.remoteNote(state, linked()));
  find("[data-ended]").hidden = !state.ended || state.over;
  find("[data-end]").disabled = !state.admitted;
  drawControl("microphone", { pressed: isOn("audio"), disabled: trackOf("audio") === null });
  drawControl("camera", { pressed: isOn("video"), disabled: trackOf("video") === null });
  drawControl("screen", { pressed: state.screen !== null, disabled: !state.admitted || !canShareScreen() });
  drawControl("hand", { pressed: state.hand, disabled: !state.admitted });
  say(find("[data-self-note]"), isOn("video") || state.screen ? "" : "Caméra coupée");
}

// --- Camera, microphone, screen -------------------------------------------------------------------

// An empty stream would keep the page loading for ever, so without a picture there is no stream.
function showSelf() {
  const track = state.screen ?? trackOf("video");
  selfVideo.srcObject = track ? new MediaStream([track]) : null;
}

function showProblem() {
  const problem = explain(state.failures, { withoutMicrophone: withoutMicrophone.checked });
  const box = find("[data-media-problem]");
  const hadFocus = box.contains(document.activeElement);
  box.hidden = problem === "" || state.ended || state.over;
  say(find("[data-media-words]"), problem);
  if (hadFocus && box.hidden) Object.values(controls).find((button) => !button.disabled)?.focus();
}

let opening = Promise.resolve();

// Devices are opened one request after the other. Two at once could leave a camera on without any control.
function useDevices(wish = {}, kinds = usedKinds()) {
  opening = opening.then(() => openAnew(wish, kinds));
  return opening;
}

const usedKinds = () => KINDS.filter((kind) => kind !== "audio" || !withoutMicrophone.checked);

async function openAnew(wish, kinds) {
  if (state.ended || state.over) return;
  for (const kind of kinds) dropTracks(kind);
  const { stream, failures } = await openDevices({ ...wish, kinds });
  if (state.ended || state.over) {
    for (const track of stream.getTracks()) track.stop();
    return;
  }
  Object.assign(state.failures, failures);
  for (const track of stream.getTracks()) {
    track.enabled = state.wanted[track.kind];
    // On a poor network the picture gets smaller before it gets slower: signs are read at 20 pictures a second or more.
    if (track.kind === "video") track.contentHint = "motion";
    track.addEventListener("ended", () => lose(track));
    state.stream.addTrack(track);
  }
  if (withoutMicrophone.checked) dropTracks("audio"); // it may have been ticked while the browser still asked
  await listDevices(choices, state.stream);
  await sendTracks();
}

function dropTracks(kind) {
  for (const track of tracksOf(kind)) {
    track.stop();
    state.stream.removeTrack(track);
  }
  delete state.failures[kind];
}

// A device was unplugged, or its permission was taken back.
async function lose(track) {
  if (!state.stream.getTracks().includes(track)) return;
  state.stream.removeTrack(track);
  state.failures[track.kind] = "lost";
  await sendTracks();
}

async function sendTracks() {
  stopLevel();
  stopLevel = showLevel(state.stream, find("[data-meter]"));
  showSelf();
  await peer?.replaceTrack("audio", trackOf("audio"));
  await peer?.replaceTrack("video", state.screen ?? trackOf("video"));
  tellMedia();
  draw();
  showProblem();
}

function stopDevices() {
  for (const kind of KINDS) dropTracks(kind);
  state.screen?.stop();
  state.screen = null;
  stopLevel();
  stopLevel = () => {};
  showSelf();
  showProblem();
}

function tellMedia() {
  signalling.tell({
    type: "media",
    microphone: isOn("audio"),
    camera: isOn("video"),
    screen: state.screen !== null,
    without_microphone: withoutMicrophone.checked,
  });
}

function toggle(kind) {
  const track = trackOf(kind);
  if (track === null) return;
  track.enabled = state.wanted[kind] = !track.enabled;
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
  if (!state.admitted) {
    track.stop();
    return;
  }
  state.screen = track;
  track.addEventListener("ended", stopScreen);
  await peer?.replaceTrack("video", track);
  showSelf();
  tellMedia();
  draw();
}

function toggleHand() {
  state.hand = !state.hand;
  signalling.tell({ type: "hand", raised: state.hand });
  draw();
}

const acts = {
  microphone: () => toggle("audio"),
  camera: () => toggle("video"),
  screen: toggleScreen,
  hand: toggleHand,
};
const keys = { m: "microphone", v: "camera", p: "screen", l: "hand" };

// A screen reader announces a change of the focused button. In all other cases the page announces it.
async function act(name) {
  const button = controls[name];
  await acts[name]();
  if (document.activeElement !== button) say(find("[data-own]"), OWN[name][button.getAttribute("aria-pressed")]);
}

for (const [name, button] of Object.entries(controls)) button.addEventListener("click", () => act(name));

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.closest("input, textarea, select, dialog, [contenteditable]");
  const name = keys[event.key.toLowerCase()];
  if (!name || typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (find("[data-shortcuts]").checked && !controls[name].disabled) act(name);
});

for (const select of Object.values(choices)) {
  select.addEventListener("change", () => useDevices({ camera: choices.camera.value, microphone: choices.microphone.value }));
}

// Asks again only for what is missing; working devices go on.
find("[data-retry]").addEventListener("click", async ({ currentTarget }) => {
  const missing = Object.keys(state.failures);
  say(find("[data-media-words]"), "Nouvel essai…");
  currentTarget.setAttribute("aria-disabled", "true");
  await useDevices({}, missing);
  find("[data-retry]").removeAttribute("aria-disabled");
});

withoutMicrophone.addEventListener("change", () => {
  if (!withoutMicrophone.checked) return useDevices({}, ["audio"]);
  dropTracks("audio");
  return sendTracks();
});

// --- The connection -------------------------------------------------------------------------------

function dropPeer() {
  stopQuality();
  if (peer) former.add(peer.call);
  peer?.close();
  peer = null;
  remoteVideo.srcObject = null;
  showQuality(0);
}

function showQuality(level) {
  state.silent = level === NOTHING;
  find("[data-quality]").dataset.level = String(level);
  say(find("[data-quality-words]"), WORDS[level]);
}

// While the person waits, the connection is set up without sound and pictures. Nothing of the other side is shown before
// the admission, whatever its browser sends.
function connect(call) {
  const to = state.peerTab;
  peer = new Peer({
    tab: to,
    call,
    opener: isAdviser,
    relays: state.relays,
    relayed: state.relayed,
    admitted: state.admitted,
    tracks: { audio: trackOf("audio"), video: state.screen ?? trackOf("video") },
    send: (data) => signalling.tell({ type: "signal", to, call, data }),
  });
  peer.addEventListener("stream", showRemote);
  peer.addEventListener("state", () => {
    if (linked()) tellMedia();
    draw();
  });
  peer.addEventListener("lost", meetAnew);
  if (state.admitted) watch();
}

function showRemote() {
  if (state.admitted) remoteVideo.srcObject = peer.stream;
}

function watch() {
  stopQuality();
  stopQuality = watchQuality(peer, (level) => {
    showQuality(level);
    draw();
  });
}

// The person was let in. The connection that was set up meanwhile becomes the call.
function letIn() {
  state.admitted = true;
  if (!peer) return;
  showRemote();
  peer.admit();
  watch();
  if (linked()) tellMedia();
}

// Only the adviser's side begins a connection. The other side follows with the first signal of an unknown call.
function meet() {
  if (isAdviser && !peer && !state.ended && state.peerTab) connect(newId());
}

// A way that cannot be found while the person waits is looked for again at the admission.
function meetAnew() {
  if (!isAdviser) return;
  dropPeer();
  state.warmUps += 1;
  if (state.admitted || state.warmUps < 3) meet();
}

// The call is over for both. The socket stays, to announce the report or that the call goes on.
function showEnd() {
  const asked = find("[data-confirm]").open;
  state.ended = true;
  state.admitted = false;
  find("[data-confirm]").close();
  dropPeer();
  stopDevices();
  say(find("[data-hand]"), "");
  draw();
  if (asked || document.activeElement === document.body) find("#fin-titre").focus();
}

function offerToResume() {
  if (isAdviser) window.location.reload();
  else find("[data-resumed]").hidden = false;
}

async function endCall() {
  state.ending = true;
  showEnd();
  const unheard = () => {
    find("[data-unheard]").hidden = false;
  };
  const answer = await deliver(find("[data-end-now]").dataset.url, unheard);
  find("[data-unheard]").hidden = true;
  state.ending = false;
  if (!answer.ok) window.location.reload();
}

function finish(text) {
  state.over = true;
  say(find("[data-status]"), text);
  signalling.stop();
  dropPeer();
  stopDevices();
  draw();
}

const handlers = {
  joined(message) {
    state.cut = 0;
    state.peerTab = ""; // the server will say again who is there
    state.relays = { iceServers: message.ice_servers, iceTransportPolicy: message.relay_only ? "relay" : "all" };
    state.relayed = message.relayed;
    if (!isAdviser) lobby.waits(message.waited);
    if (message.ended) showEnd();
    else if (state.ended && !state.ending) offerToResume();
    else if (message.admitted && !state.admitted && !state.ended) letIn();
  },
  relays(message) {
    state.relays.iceServers = message.ice_servers;
    peer?.useRelays(state.relays);
  },
  peer(message) {
    const keeps = peer?.connected && (message.present ? peer.tab === message.tab : !message.over);
    if (!keeps) dropPeer();
    else if (state.silent) peer.mayBeBack();
    state.peerTab = message.present ? message.tab : "";
    state.warmUps = 0;
    if (isAdviser && message.present) {
      lobby.waits(message.waited);
      if (!state.admitted && !state.ended) lobby.rings();
    }
    if (!message.present) say(find("[data-hand]"), "");
    meet();
  },
  admitted() {
    if (state.ending) return;
    if (state.ended) {
      offerToResume();
      return;
    }
    const byKey = document.activeElement === admitButton;
    letIn();
    meet();
    find("[data-devices]").open = false;
    draw();
    if (byKey) find("[data-status]").focus();
  },
  ended: showEnd,
  hold: () => lobby.held(),
  async signal(message) {
    if (message.from !== state.peerTab || former.has(message.call)) return;
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
    if (find("#room-noted").textContent.trim() !== "") return;
    note("Un problème technique a été signalé : ce ne sera pas une absence.");
  },
  phone() {
    const noted = find("#room-noted").querySelector("[data-phone]");
    if (noted === null || noted.hasAttribute("data-without-number")) continueByPhone();
  },
  replaced() {
    finish("La salle est ouverte dans un autre onglet. Pour reprendre ici, actualisez cette page.");
  },
  closed() {
    finish("La salle est fermée.");
    window.location.reload();
  },
  error(message) {
    if (["relay_down", "refused", "not_now"].includes(message.code)) note(message.text);
  },
};

async function hear(message) {
  await handlers[message.type]?.(message);
  if (!state.over) draw();
}

function lost(failures) {
  state.cut = failures;
  draw();
}

function shut(code, loggedOut) {
  if (loggedOut) window.location.reload();
  else finish(`${code === CLOSED ? "La salle est fermée." : "Cette salle ne vous est plus ouverte."} Actualisez la page.`);
}

for (const button of [admitButton, find("[data-resume]")]) {
  button?.addEventListener("click", () => signalling.tell({ type: "admit" }));
}
find("[data-reload]").addEventListener("click", () => window.location.reload());
find("[data-end]").addEventListener("click", () => find("[data-confirm]").showModal());
find("[data-stay]").addEventListener("click", () => find("[data-confirm]").close());
find("[data-end-now]").addEventListener("click", endCall);

const continueByPhone = phoneOf(room, say);
const lobby = lobbyOf({ room, words, other, isAdviser, say, note, tell: (frame) => signalling.tell(frame) });

window.addEventListener("online", () => state.silent && peer?.mayBeBack());
navigator.mediaDevices?.addEventListener?.("devicechange", () => listDevices(choices, state.stream));

// A person who has not answered the browser's question yet waits in the lobby as well.
draw();
signalling.open();
useDevices();
