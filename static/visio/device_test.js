// Tests what a video interview needs: a camera, a microphone that hears, and a connection that carries a picture.

import { explain, KINDS, listDevices, openDevices, showLevel } from "./media.js";

const PATIENCE = 10_000; // milliseconds for the connection to carry a picture

const page = document.querySelector("[data-test]");
const video = page.querySelector("[data-self]");
const problemLine = page.querySelector("[data-media-problem]");
const meter = page.querySelector("[data-meter]");
const withoutMicrophone = page.querySelector("[data-without-microphone]");
const choices = {
  camera: page.querySelector("[data-choose=camera]"),
  microphone: page.querySelector("[data-choose=microphone]"),
};

let stream = new MediaStream();
let stopLevel = () => {};
let listening = null;
let found = {};
let turn = 0; // number of the current test; results of earlier tests are dropped

function result(name, good, words) {
  const line = page.querySelector(`[data-result=${name}]`);
  line.dataset.state = good === null ? "waiting" : good ? "good" : "bad";
  line.querySelector("span").textContent = words;
  if (good === null) delete found[name];
  else found[name] = good;
  tell();
}

// Returns how long the server takes to answer, in milliseconds, or null without an answer.
async function roundTrip() {
  const times = [];
  try {
    for (let number = 0; number < 3; number += 1) {
      const began = performance.now();
      const answer = await fetch("/healthz", { cache: "no-store" });
      await answer.text(); // otherwise the browser may keep the request open
      times.push(performance.now() - began);
    }
  } catch {
    return null;
  }
  return Math.round(Math.min(...times));
}

function deviceName() {
  const browser = /(Firefox|Edg|OPR|Chrome|Version)\/(\d+)/.exec(navigator.userAgent);
  const names = { Edg: "Edge", OPR: "Opera", Version: "Safari" };
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(navigator.userAgent)?.[1] ?? "";
  return [browser ? `${names[browser[1]] ?? browser[1]} ${browser[2]}` : "", system].filter(Boolean).join(", ");
}

// Once all three results are known, they are stored for the person's adviser.
async function tell() {
  const url = page.dataset.resultUrl;
  if (!url || !["camera", "microphone", "connection"].every((name) => name in found)) return;
  const line = page.querySelector("[data-kept]");
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  const own = turn;
  const answered = await roundTrip();
  if (own !== turn) return;
  const heard = found.microphone && !withoutMicrophone.checked;
  // Without camera and microphone nothing can be sent, so only the connection to the server is tested.
  const carries = found.connection || (!found.camera && !heard && answered !== null);
  const measured = new URLSearchParams({ connection: carries ? "bon" : "faible", device: deviceName() });
  if (found.camera) measured.set("camera", "on");
  if (heard) measured.set("microphone", "on");
  if (withoutMicrophone.checked) measured.set("without_microphone", "on");
  if (answered !== null) measured.set("round_trip_ms", answered);
  try {
    const response = await fetch(url, { method: "POST", headers: { ...headers, "HX-Request": "true" }, body: measured });
    const way = response.headers.get("HX-Redirect");
    if (way) window.location.assign(way);
    else line.textContent = response.status < 500 ? (await response.text()).trim() : "Le résultat n'a pas pu être enregistré. Réessayez plus tard.";
  } catch {
    line.textContent = "Le résultat n'a pas été enregistré\u00a0: vérifiez votre connexion, puis recommencez le test.";
  }
}

// Sends the stream from one connection of this page to another, with the STUN servers if there are any.
async function loop(sent) {
  const stun = page.dataset.stun.split(",").filter(Boolean);
  const configuration = { iceServers: stun.length > 0 ? [{ urls: stun }] : [] };
  const [here, there] = [new RTCPeerConnection(configuration), new RTCPeerConnection(configuration)];
  try {
    here.addEventListener("icecandidate", ({ candidate }) => candidate && there.addIceCandidate(candidate));
    there.addEventListener("icecandidate", ({ candidate }) => candidate && here.addIceCandidate(candidate));
    for (const track of sent.getTracks()) here.addTrack(track, sent);
    const connected = new Promise((resolve) => {
      here.addEventListener("connectionstatechange", () => {
        if (here.connectionState === "connected") resolve(true);
        if (here.connectionState === "failed") resolve(false);
      });
      setTimeout(() => resolve(false), PATIENCE);
    });
    await here.setLocalDescription();
    await there.setRemoteDescription(here.localDescription);
    await there.setLocalDescription();
    await here.setRemoteDescription(there.localDescription);
    return await connected;
  } finally {
    here.close();
    there.close();
  }
}

function listen() {
  clearInterval(listening);
  const until = Date.now() + 15_000;
  listening = setInterval(() => {
    if (meter.value > 0.02) {
      result("microphone", true, "on vous entend");
      clearInterval(listening);
    } else if (Date.now() > until) {
      result("microphone", false, "aucun son : parlez plus fort, ou choisissez un autre micro");
      clearInterval(listening);
    }
  }, 200);
}

async function test(wish) {
  turn += 1;
  const own = turn;
  found = {};
  clearInterval(listening);
  for (const track of stream.getTracks()) track.stop();
  const opened = await openDevices({ ...wish, kinds: withoutMicrophone.checked ? ["video"] : KINDS });
  if (own !== turn) {
    for (const track of opened.stream.getTracks()) track.stop();
    return;
  }
  stream = opened.stream;
  video.srcObject = stream.getVideoTracks().length > 0 ? stream : null;
  const problem = explain(opened.failures, { withoutMicrophone: withoutMicrophone.checked });
  problemLine.hidden = problem === "";
  problemLine.textContent = problem;
  stopLevel();
  stopLevel = showLevel(stream, meter);
  await listDevices(choices, stream);
  if (own !== turn) return;
  const [camera] = stream.getVideoTracks();
  const [microphone] = stream.getAudioTracks();
  result("camera", camera !== undefined, camera ? "elle fonctionne, vous devez vous voir" : "pas d'image");
  if (withoutMicrophone.checked) result("microphone", true, "vous n'en utilisez pas : vous répondrez par écrit");
  else result("microphone", microphone ? null : false, microphone ? "parlez…" : "pas de micro");
  if (microphone) listen();
  if (!camera && !microphone) {
    result("connection", false, "elle ne peut être essayée sans caméra ni micro");
    return;
  }
  result("connection", null, "essai en cours…");
  const good = await loop(stream);
  if (own === turn) result("connection", good, good ? "elle permet la visio" : "la visio risque de ne pas passer : préférez le téléphone");
}

const wish = () => ({ camera: choices.camera.value, microphone: choices.microphone.value });
for (const select of Object.values(choices)) select.addEventListener("change", () => test(wish()));
withoutMicrophone.addEventListener("change", () => test(wish()));
page.querySelector("[data-again]").addEventListener("click", () => test(wish()));

test({});
