"""The scripts that measure a call in its pages: the first picture that is presented and the first sound that is heard.

Times are milliseconds of the clock that all processes of a machine share.
"""

# When the other side was first seen and heard on this page of a room. A sound counts once it is played.
WATCH_THE_ROOM = """
window.roomConnections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...args) { super(...args); window.roomConnections.push(this); }
};
const first = (window.firstOnes = {});
window.firstOf = new Promise((done) => document.addEventListener("DOMContentLoaded", () => {
  const video = document.querySelector("[data-remote]");
  const note = (what, at) => {
    first[what] ??= performance.timeOrigin + at;
    if (first.seen && first.heard) done(Math.max(first.seen, first.heard));
  };
  video?.requestVideoFrameCallback((_, { presentationTime }) => note("seen", presentationTime));
  const listen = () => {
    const receivers = window.roomConnections.flatMap((one) => one.getReceivers());
    const sources = receivers.flatMap((one) => one.track.kind === "audio" ? one.getSynchronizationSources() : []);
    const plays = video.srcObject && !video.paused;
    if (plays && sources.some((one) => one.audioLevel > 0.01)) note("heard", performance.now());
    if (!first.heard) setTimeout(listen, 5);
  };
  if (video) listen();
}));
"""

CLICK = """() => {
  const at = performance.timeOrigin + performance.now();
  document.querySelector("[data-admit]").click();
  return at;
}"""

FIRST = """() => Promise.race([
  window.firstOf,
  new Promise((_, fail) => setTimeout(() => fail(new Error(JSON.stringify([
    window.firstOnes,
    document.querySelector("[data-status]").textContent,
    document.querySelector("[data-remote]").paused,
    window.roomConnections.map((one) => one.connectionState),
  ]))), 30_000)),
])"""

NEXT_FRAME = """(after) => new Promise((done) => {
  const video = document.querySelector("[data-remote]");
  const look = (_, { presentationTime }) => {
    if (performance.timeOrigin + presentationTime > after) done(performance.timeOrigin + presentationTime);
    else video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
})"""

# Two connections of one page, without anything between them but the network. Returns the milliseconds until the slower
# side sees and hears. Warm: they stand already, and replaceTrack begins.
FLOOR = """async ({ configuration, warm }) => {
  window.floorStream ??= await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  for (const track of window.floorStream.getVideoTracks()) track.contentHint = "motion";
  const sides = [0, 1].map(() => {
    const video = document.createElement("video");
    Object.assign(video, { autoplay: true, playsInline: true, srcObject: new MediaStream() });
    document.body.append(video);
    return { connection: new RTCPeerConnection(configuration), video };
  });
  const [one, two] = sides;
  const first = sides.map(({ connection, video }) => new Promise((done) => {
    const first = {};
    const note = (what) => {
      first[what] ??= performance.now();
      if (first.seen && first.heard) done(Math.max(first.seen, first.heard));
    };
    connection.addEventListener("track", ({ track }) => video.srcObject.addTrack(track));
    video.requestVideoFrameCallback(() => note("seen"));
    const listen = () => {
      const receivers = connection.getReceivers().filter(({ track }) => track.kind === "audio");
      if (receivers.some((one) => one.getSynchronizationSources().some((two) => two.audioLevel > 0.01))) note("heard");
      if (!first.heard) setTimeout(listen, 5);
    };
    listen();
  }));
  const tracks = warm ? [] : window.floorStream.getTracks();
  const sending = (connection) => {
    for (const line of connection.getTransceivers()) {
      line.direction = "sendrecv";
      line.sender.replaceTrack(tracks.find(({ kind }) => kind === line.receiver.track.kind) ?? null);
    }
  };
  const standing = sides.map(({ connection }) => new Promise((done) => {
    connection.addEventListener("connectionstatechange", () => connection.connectionState === "connected" && done());
  }));
  let began = performance.now();
  const tell = (from, to) => from.addEventListener("icecandidate", ({ candidate }) => {
    if (candidate) to.addIceCandidate(candidate);
  });
  tell(one.connection, two.connection);
  tell(two.connection, one.connection);
  for (const kind of ["audio", "video"]) one.connection.addTransceiver(kind, { direction: "sendrecv" });
  sending(one.connection);
  const offer = await one.connection.createOffer();
  // Both sides need the other's description before its candidates come.
  const described = two.connection.setRemoteDescription(offer);
  await one.connection.setLocalDescription(offer);
  await described;
  sending(two.connection);
  const answer = await two.connection.createAnswer();
  const answered = one.connection.setRemoteDescription(answer);
  await two.connection.setLocalDescription(answer);
  await answered;
  if (warm) {
    await Promise.all(standing);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    began = performance.now();
    tracks.push(...window.floorStream.getTracks());
    sending(one.connection);
    sending(two.connection);
  }
  const never = new Promise((_, fail) => setTimeout(() => fail(new Error("no picture or no sound")), 30_000));
  const ended = Math.max(...await Promise.race([Promise.all(first), never]));
  for (const { connection, video } of sides) {
    connection.close();
    video.remove();
  }
  return ended - began;
}"""
