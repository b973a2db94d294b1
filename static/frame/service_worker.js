// Shows the offline page when the network fails. It keeps that page and the files that it needs, and nothing else: every
// other page, part of a page and file comes from the network. `config/offline.py` writes `self.offline` before this text.

const PREFIX = "hors-connexion-";
const { version, page, files } = self.offline;
const NAME = PREFIX + version;
const kept = [page, ...files];
const IS_WITHDRAWN = page === "";
const SERVICE = "Accompagnement 100\u00a0% web";

async function keep() {
  const cache = await caches.open(NAME);
  for (const address of kept) {
    // Without cookies: the answer is the one for everybody.
    const answer = await fetch(address, { credentials: "omit" });
    const forbidden = answer.headers.get("Cache-Control")?.includes("no-store");
    if (!answer.ok || answer.redirected || forbidden) throw new Error(`${address} cannot be kept`);
    await cache.put(address, answer);
  }
}

async function forget(isOld) {
  for (const name of await caches.keys()) if (name.startsWith(PREFIX) && isOld(name)) await caches.delete(name);
}

async function withdraw() {
  await forget(() => true);
  await self.registration.unregister();
}

async function begin() {
  await forget((name) => name !== NAME);
  // The browser asks for a page without waiting for this script to start.
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
}

async function pageOf(event) {
  const { method, referrer, url } = event.request;
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch {
    // A form that did not leave: back to its page, which shows what was typed, and which may be loaded again.
    const hasPage = method !== "GET" && new URL(referrer || url).origin === self.location.origin;
    if (hasPage && referrer) return Response.redirect(referrer, 303);
    return (await caches.match(page, { cacheName: NAME })) ?? Response.error();
  }
}

async function fileOf(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(request, { cacheName: NAME })) ?? Response.error();
  }
}

// A browser ends a worker after five minutes, and a large file may take longer.
const isUpload = (request) => (request.headers.get("Content-Type") ?? "").startsWith("multipart/");

function respond(event) {
  const { request } = event;
  if (request.mode === "navigate") {
    if (!isUpload(request)) event.respondWith(pageOf(event));
  } else if (files.includes(new URL(request.url).pathname)) event.respondWith(fileOf(request));
}

// An alert opens a page of ours, in a window that is there already if there is one.
async function tell(event) {
  const { title = SERVICE, body = "", url = "/", tag = "" } = event.data?.json() ?? {};
  await self.registration.showNotification(title, { body, tag, lang: "fr", data: { url } });
}

async function open(event) {
  event.notification.close();
  const address = new URL(event.notification.data?.url ?? "/", self.location.origin);
  if (address.origin !== self.location.origin) return;
  const windows = await self.clients.matchAll({ type: "window" });
  const there = windows.find((one) => one.url === address.href);
  await (there ? there.focus() : self.clients.openWindow(address.href));
}

self.addEventListener("install", (event) => {
  self.skipWaiting();
  if (!IS_WITHDRAWN) event.waitUntil(keep());
});
self.addEventListener("activate", (event) => event.waitUntil(IS_WITHDRAWN ? withdraw() : begin()));
if (!IS_WITHDRAWN) self.addEventListener("fetch", respond);
self.addEventListener("push", (event) => event.waitUntil(tell(event)));
self.addEventListener("notificationclick", (event) => event.waitUntil(open(event)));
