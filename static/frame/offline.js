// The offline page shows at the address that could not be loaded. It loads that address again when the service answers.

const EVERY = 20_000; // milliseconds: the service may be away while the network is there
const AGAIN_AFTER = 2_000; // milliseconds: the first try may come too early for a network that has just come back

async function comeBack() {
  const answer = await fetch("/", { method: "HEAD", redirect: "manual", cache: "no-store" }).catch(() => null);
  if (answer !== null && answer.status < 500) window.location.reload();
}

window.addEventListener("online", () => {
  comeBack();
  setTimeout(comeBack, AGAIN_AFTER);
});
setInterval(comeBack, EVERY);
