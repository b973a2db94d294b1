// Acts that have to reach the server, also when it does not answer now: each is sent again until it is heard.
// The server does each of them once, however often it hears of it.

const AGAIN_AFTER = 4_000; // milliseconds
const PATIENCE = 15_000; // milliseconds that an answer may take

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
      // Nobody answered: the network is away, or the server.
    }
    unheard();
    await pause();
  }
}

// Posts to `url`; calls unheard() each time that nobody answers. Returns the answer, once there is one.
export async function deliver(url, unheard) {
  if (!underWay.has(url)) underWay.set(url, send(url, unheard).finally(() => underWay.delete(url)));
  const answer = await underWay.get(url);
  const way = answer.headers.get("HX-Redirect");
  if (way) window.location.assign(way);
  return answer.clone();
}
