// The socket of a room. It joins with the id of this tab, also after each reconnection.

import { LastingSocket } from "../frame/socket.js";

const HEARTBEAT = 10_000; // ms: each ping also tells the other side that this tab is still there

export const CLOSED = 4410;

// Returns a new id, for a tab or a connection.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

// Returns the socket for an owner with the callbacks `frame`, `lost` and `shut`.
export function signallingOf(path, owner) {
  const tab = newId();
  return new LastingSocket(path, {
    hello: () => ({ type: "join", tab }),
    ping: () => ({ type: "ping" }),
    every: HEARTBEAT,
    live() {},
    ...owner,
  });
}
