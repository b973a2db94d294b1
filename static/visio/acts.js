// Acts that must reach the server even if it does not answer now. Each is sent again until it is answered. The server
// carries it out once, however often it arrives.

const AGAIN_AFTER = 4_000; // milliseconds
const PATIENCE = 15_000; // milliseconds to wait for an answer

const underWay = new Map();

function pause() {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, AGAIN_AFTER);
    window.addEventListener("online", done);
  });
}

async function send(url, unheard) {
  const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "HX-Request": "true" };
  for (;;) {
    try {
      const answer = await fetch(url, { method: "POST", headers, signal: AbortSignal.timeout(PATIENCE) });
      if (answer.status < 500 && answer.status !== 429) return answer;
    } catch {
      // No answer: the network or the server is away.
    }
    unheard();
    await pause();
  }
}

// Posts to `url` until there is an answer, and returns it. Calls unheard() after each attempt without one.
export async function deliver(url, unheard) {
  if (!underWay.has(url)) underWay.set(url, send(url, unheard).finally(() => underWay.delete(url)));
  const answer = await underWay.get(url);
  const way = answer.headers.get("HX-Redirect");
  if (way) window.location.assign(way);
  return answer.clone();
}
