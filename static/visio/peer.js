// The connection between the two people. It follows the pattern of perfect negotiation, and the jobseeker's side is the
// polite one. The adviser's side opens one line for sound and one for images; the other side answers on them.
// replaceTrack changes what a line carries, so switching a camera or sharing a screen needs no new negotiation. Each
// connection is named by its call, which the adviser's side chooses. Signals of another call are ignored.
//
// Each side sends a beat a few times a second, so that the other knows within two seconds that nothing arrives any more,
// also if neither uses a microphone or a camera. Only the adviser's side restarts ICE: two restarts at once collide.

const BEAT_EVERY = 300; // ms
const RESTART_AFTER = 2_500; // ms of silence before ICE looks for another path; each further wait is twice as long
const LOST_AFTER = 10_000; // milliseconds that a first answer or a restart may take before the connection is given up

export class Peer extends EventTarget {
  #makingOffer = false;
  #ignoringOffer = false;
  #takingAnswer = false;
  #lost = null;
  #nextRestart = RESTART_AFTER;
  #beats = null;
  #beating = null;

  constructor({ tab, call, opener, relays, tracks, send }) {
    super();
    this.tab = tab; // the other person's tab
    this.call = call;
    this.opener = opener;
    this.tracks = tracks; // {audio, video}: what this side sends now, or null
    this.send = send;
    this.stream = new MediaStream();
    this.senders = null;
    this.hasBegun = false; // it was connected at least once
    this.heard = 0; // when the last beat came (performance.now())
    this.connection = new RTCPeerConnection(relays);
    this.connection.addEventListener("negotiationneeded", () => this.#offer());
    this.connection.addEventListener("icecandidate", ({ candidate }) => {
      if (candidate) this.send({ candidate: candidate.toJSON() });
    });
    this.connection.addEventListener("track", ({ track }) => this.#addTrack(track));
    this.connection.addEventListener("connectionstatechange", () => this.#changed());
    if (opener) {
      for (const kind of ["audio", "video"]) this.connection.addTransceiver(kind, { direction: "sendrecv" });
      this.#openBeats();
      this.#takeLines();
      this.#giveUpLater(); // an offer or its answer may be lost on the way
    }
  }

  get connected() {
    return this.connection.connectionState === "connected";
  }

  async receive({ description, candidate }) {
    if (candidate) {
      try {
        await this.connection.addIceCandidate(candidate);
      } catch (error) {
        if (!this.#ignoringOffer) throw error;
      }
      return;
    }
    const free = !this.#makingOffer && (this.connection.signalingState === "stable" || this.#takingAnswer);
    this.#ignoringOffer = description.type === "offer" && !free && this.opener;
    if (this.#ignoringOffer) return;
    this.#takingAnswer = description.type === "answer";
    await this.connection.setRemoteDescription(description);
    this.#takingAnswer = false;
    if (description.type !== "offer") return;
    if (!this.opener) this.#openBeats();
    await this.#takeLines();
    await this.connection.setLocalDescription();
    this.send({ description: this.connection.localDescription.toJSON() });
  }

  async replaceTrack(kind, track) {
    this.tracks[kind] = track;
    await this.senders?.[kind]?.replaceTrack(track);
  }

  // New log-ins for the relays count from the next restart on.
  useRelays(relays) {
    if (this.connection.signalingState !== "closed") this.connection.setConfiguration(relays);
  }

  // Nothing has arrived for `silence` milliseconds.
  silentFor(silence) {
    if (silence < this.#nextRestart) return;
    this.#nextRestart = 2 * silence;
    this.mayBeBack();
  }

  // The way to the other side is broken, or may be back.
  mayBeBack() {
    if (this.opener && this.connection.signalingState !== "closed") this.connection.restartIce();
  }

  close() {
    clearTimeout(this.#lost);
    clearInterval(this.#beating);
    this.connection.close();
  }

  // The answering side opens it when the offer is there, and so has nothing to offer itself.
  #openBeats() {
    if (this.#beats) return;
    this.#beats = this.connection.createDataChannel("beats", { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 });
    this.#beats.addEventListener("message", () => {
      this.heard = performance.now();
    });
    this.#beating = setInterval(() => {
      if (this.#beats.readyState === "open") this.#beats.send(".");
    }, BEAT_EVERY);
  }

  async #takeLines() {
    if (this.senders) return;
    this.senders = {};
    for (const line of this.connection.getTransceivers()) {
      if (this.connection.signalingState === "closed") return; // while the last track was being replaced
      line.direction = "sendrecv";
      const kind = line.receiver.track.kind;
      this.senders[kind] = line.sender;
      await line.sender.replaceTrack(this.tracks[kind]);
    }
  }

  async #offer() {
    try {
      this.#makingOffer = true;
      await this.connection.setLocalDescription();
      this.send({ description: this.connection.localDescription.toJSON() });
    } finally {
      this.#makingOffer = false;
    }
  }

  #addTrack(track) {
    for (const old of this.stream.getTracks()) if (old.kind === track.kind) this.stream.removeTrack(old);
    this.stream.addTrack(track);
    this.dispatchEvent(new Event("stream"));
  }

  #changed() {
    const state = this.connection.connectionState;
    clearTimeout(this.#lost);
    if (state === "connected") {
      this.hasBegun = true;
      this.#nextRestart = RESTART_AFTER;
    }
    // ICE looks for another path for the same call. If this takes too long, the call is given up.
    if (state === "disconnected" || state === "failed") {
      if (state === "failed") this.mayBeBack();
      this.#giveUpLater();
    }
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }

  #giveUpLater() {
    this.#lost = setTimeout(() => this.dispatchEvent(new Event("lost")), LOST_AFTER);
  }
}
