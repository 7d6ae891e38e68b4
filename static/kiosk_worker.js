// The kiosk's service worker: with it /kiosk opens without a network, and what waits is sent even when its tab is closed, where
// the browser has Background Sync. The server puts a line in front of it that says what to keep (KioskKeep in
// survey/web/kiosk_wire.go), so that this text changes, and the browser installs it anew, when any of the files does.

import { openQueue } from "./kiosk_queue.js";

const worker = /** @type {any} */ (self);
/** @type {{program: string, build: string, page: string, files: string[], sounds: string[]}} */
const keep = worker.KIOSK;

// The worker that runs keeps its own files while the next one fills another cache. Sounds are shared: their addresses change with
// their content.
const ours = "kiosk ";
const shelf = ours + keep.program + " " + keep.build;
const sounds = ours + "sounds";

/** Takes from an older cache what has not changed, and the rest from the server: all of it or none. */
async function install() {
  const cache = await caches.open(shelf);
  await Promise.all([keep.page, ...keep.files].map(async (address) => {
    const lasting = address.startsWith("/static/");
    const response = (lasting && await caches.match(address)) || await fetch(address, { cache: lasting ? "default" : "no-store" });
    if (!response.ok || response.redirected) throw new Error(address + ": " + response.status);
    await cache.put(address, response);
  }));
}

async function activate() {
  for (const name of await caches.keys()) {
    if (name.startsWith(ours) && name !== shelf && name !== sounds) await caches.delete(name);
  }
  await worker.clients.claim();
}

// A worker that is busy holds its successor up: what it does for later use ends when the page asks for that.
const hush = new AbortController();

/** Fetches the sounds that are not kept yet, one after another, and drops those that are no longer used. */
async function listen() {
  const cache = await caches.open(sounds);
  const kept = new Set((await cache.keys()).map((request) => new URL(request.url).pathname));
  for (const address of kept) {
    if (!keep.sounds.includes(address)) await cache.delete(address);
  }
  for (const address of keep.sounds) {
    if (kept.has(address)) continue;
    const response = await fetch(address, { signal: AbortSignal.any([hush.signal, AbortSignal.timeout(30_000)]) });
    if (!response.ok) throw new Error(address + ": " + response.status);
    await cache.put(address, response);
  }
}

/** @param {Request} request @param {string} address */
async function answer(request, address) {
  const kept = await caches.match(address, { cacheName: keep.sounds.includes(address) ? sounds : shelf });
  return kept ? part(request, kept) : fetch(request);
}

/** Players ask for a piece of a sound, and some take nothing else. @param {Request} request @param {Response} whole */
async function part(request, whole) {
  const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("Range") || "");
  if (!asked) return whole;
  const body = await whole.arrayBuffer();
  const [from, to] = [Number(asked[1]), Math.min(Number(asked[2] || Infinity), body.byteLength - 1)];
  if (from > to) return new Response(null, { status: 416, headers: { "Content-Range": "bytes */" + body.byteLength } });
  const headers = new Headers(whole.headers);
  headers.set("Content-Range", "bytes " + from + "-" + to + "/" + body.byteLength);
  headers.set("Content-Length", String(to + 1 - from));
  return new Response(body.slice(from, to + 1), { status: 206, headers });
}

/** Sends what waits. When something is left the browser calls again later. */
async function send() {
  const queue = await openQueue({ program: keep.program, page: false });
  if (!await queue.drain()) throw new Error("not all is sent");
}

worker.addEventListener("install", (/** @type {any} */ event) => event.waitUntil(install()));
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(activate()));
worker.addEventListener("message", (/** @type {any} */ event) => {
  if (event.data === "take over") event.waitUntil(worker.skipWaiting());
  if (event.data === "hush") hush.abort();
  if (event.data === "listen") event.waitUntil(listen().catch(() => {})); // Without a network; the page asks again.
});
worker.addEventListener("sync", (/** @type {any} */ event) => {
  if (event.tag === "sipas-kiosk") event.waitUntil(send());
});
worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  const opened = event.request.mode === "navigate" && url.pathname === keep.page;
  if (opened || keep.files.includes(url.pathname) || keep.sounds.includes(url.pathname)) {
    event.respondWith(answer(event.request, url.pathname));
  }
});
