// The connection between the two people. It follows the pattern of perfect negotiation, and the jobseeker's side is the
// polite one. The adviser's side opens one line for sound and one for images; the other side answers on them.
// replaceTrack changes what a line carries, so switching a camera or sharing a screen needs no new negotiation. Each
// connection is named by its call, which the adviser's side chooses. Signals of another call are ignored.
//
// While the person waits, the two set up their connection without sound and pictures, so that the admission only has to
// replace tracks. Before it neither side learns an address of the other: with a relay both use only the relay, and look
// for a direct way afterwards. Without a relay each side keeps its candidates back until the admission, because there
// is no way that would tell nothing. The server lets nothing else pass either.
//
// Each side sends a beat a few times a second, so that the other knows within two seconds that nothing arrives any more,
// also if neither uses a microphone or a camera. Only the adviser's side restarts ICE: two restarts at once collide.

const BEAT_EVERY = 300; // ms
// ms of silence before ICE looks for another path. It looks again soon while a short cut may end, because a way that was
// begun without a network comes back late. Then each wait is twice as long: a relay counts the ways of a person.
const RESTART_AFTER = 2_500;
const AGAIN_AFTER = 3_000;
const SHORT_CUT = 20_000;
const WIDEN_AFTER = 1_000; // ms: the first picture comes through the relay, then a direct way is looked for
const LOST_AFTER = 10_000; // ms that a first answer may take before the connection is given up
const GIVEN_UP_AFTER = 25_000; // ms that a call may look for another path

function withoutWays({ type, sdp }) {
  return { type, sdp: sdp.replace(/^a=candidate:.*\r?\n/gm, "") };
}

export class Peer extends EventTarget {
  #makingOffer = false;
  #ignoringOffer = false;
  #takingAnswer = false;
  #lost = null;
  #nextRestart = RESTART_AFTER;
  #admitted;
  #kept = []; // candidates that wait for the admission
  #widening = null;
  #beats = null;
  #beating = null;

  constructor({ tab, call, opener, relays, relayed, admitted, tracks, send }) {
    super();
    this.#admitted = admitted;
    this.relays = relays; // the configuration of the call
    this.relayed = relayed;
    this.tab = tab; // the other person's tab
    this.call = call;
    this.opener = opener;
    this.tracks = tracks; // {audio, video}: what this side sends now, or null
    this.send = send;
    this.stream = new MediaStream();
    this.senders = null;
    this.hasBegun = false; // it was connected at least once
    this.heard = 0; // when the last beat came (performance.now())
    this.connection = new RTCPeerConnection(this.#configuration());
    this.connection.addEventListener("negotiationneeded", () => this.#offer());
    this.connection.addEventListener("icecandidate", ({ candidate }) => {
      if (candidate) this.#tell(candidate.toJSON());
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
      if (!this.#mayMeet) return;
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
    await this.connection.setRemoteDescription(this.#mayMeet ? description : withoutWays(description));
    this.#takingAnswer = false;
    if (description.type !== "offer") {
      if (!this.#mayMeet) clearTimeout(this.#lost); // it is answered, and cannot be connected yet
      return;
    }
    if (!this.opener) this.#openBeats();
    await this.#takeLines();
    await this.connection.setLocalDescription();
    this.#describe();
  }

  async replaceTrack(kind, track) {
    this.tracks[kind] = track;
    if (this.#admitted) await this.senders?.[kind]?.replaceTrack(track);
  }

  // The person was let in: sound and pictures go out, on a direct way too if there is one.
  async admit() {
    if (this.#admitted) return;
    this.#admitted = true;
    const sending = Object.entries(this.senders ?? {}).map(([kind, sender]) => sender.replaceTrack(this.tracks[kind]));
    for (const candidate of this.#kept.splice(0)) this.send({ candidate });
    if (this.opener && !this.connected) this.#giveUpLater();
    await Promise.all(sending);
    if (this.relayed && this.relays.iceTransportPolicy !== "relay") {
      this.useRelays(this.relays);
      this.#widening = setTimeout(() => this.mayBeBack(), this.connected ? WIDEN_AFTER : 0);
    } else if (this.connection.connectionState === "failed") this.mayBeBack();
  }

  // New log-ins for the relays count from the next restart on.
  useRelays(relays) {
    this.relays = relays;
    if (this.connection.signalingState !== "closed") this.connection.setConfiguration(this.#configuration());
  }

  // Nothing has arrived for `silence` milliseconds.
  silentFor(silence) {
    if (silence < this.#nextRestart) return;
    this.#nextRestart = silence < SHORT_CUT ? silence + AGAIN_AFTER : 2 * silence;
    this.mayBeBack();
  }

  // The way to the other side is broken, or may be back.
  mayBeBack() {
    if (this.opener && this.connection.signalingState !== "closed") this.connection.restartIce();
  }

  close() {
    clearTimeout(this.#lost);
    clearTimeout(this.#widening);
    clearInterval(this.#beating);
    this.connection.close();
  }

  // Ways may be tried: the person was let in, or they all go through the relay.
  get #mayMeet() {
    return this.#admitted || this.relayed;
  }

  #configuration() {
    return this.#admitted || !this.relayed ? this.relays : { ...this.relays, iceTransportPolicy: "relay" };
  }

  #tell(candidate) {
    if (this.#mayMeet) this.send({ candidate });
    else this.#kept.push(candidate);
  }

  #describe() {
    const description = this.connection.localDescription.toJSON();
    this.send({ description: this.#mayMeet ? description : withoutWays(description) });
  }

  // The answering side opens it when the offer is there, and so has nothing to offer itself.
  #openBeats() {
    if (this.#beats) return;
    this.#beats = this.connection.createDataChannel("beats", { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 });
    this.#beats.addEventListener("message", () => {
      this.heard = performance.now();
    });
    this.#beating = setInterval(() => {
      if (this.#admitted && this.#beats.readyState === "open") this.#beats.send(".");
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
      if (this.#admitted) await line.sender.replaceTrack(this.tracks[kind]);
    }
  }

  async #offer() {
    try {
      this.#makingOffer = true;
      await this.connection.setLocalDescription();
      this.#describe();
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
    if ((state === "disconnected" || state === "failed") && this.#mayMeet) {
      if (state === "failed") this.mayBeBack();
      this.#giveUpLater();
    }
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }

  #giveUpLater() {
    const patience = this.hasBegun ? GIVEN_UP_AFTER : LOST_AFTER;
    this.#lost = setTimeout(() => this.dispatchEvent(new Event("lost")), patience);
  }
}
