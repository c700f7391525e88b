// kiosk-worker.js: keeps the two pages of a kiosk, so that it survives a reload without a line.
//
// Its scope is /kiosk/ alone. Pages come from the service whenever it answers, and from the store
// when it does not; files with a fingerprint come from the store. Nothing else is touched.
const CACHE = `kiosk-${new URL(location).searchParams.get("v")}`;
const PAGES = ["/kiosk/screen", "/kiosk/no-phone"];
const MORE = [
  "/static/js/kept.js",
  "/static/js/seal.js",
  "/static/daylight.svg",
  "/static/cannage.svg",
];

async function fill() {
  const cache = await caches.open(CACHE);
  const files = new Set(MORE);
  for (const page of PAGES) {
    const answer = await fetch(page);
    if (!answer.ok || answer.redirected) return;
    const html = await answer.clone().text();
    for (const [, path] of html.matchAll(/(?:href|src)="(\/static\/[^"#]+)/g)) files.add(path);
    await cache.put(page, answer);
  }
  await Promise.allSettled([...files].map((path) => cache.add(path)));
}

async function tidy() {
  const old = (await caches.keys()).filter((name) => name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await clients.claim();
}

async function page(request, path) {
  try {
    const answer = await fetch(request);
    if (answer.ok) (await caches.open(CACHE)).put(path, answer.clone());
    if (answer.status < 500) return answer;
  } catch {
    // no line: what was stored
  }
  return (await caches.match(path)) ?? Response.error();
}

async function file(request) {
  const stored = await caches.match(request);
  if (stored && request.url.includes("?v=")) return stored;
  try {
    const answer = await fetch(request);
    if (answer.ok) (await caches.open(CACHE)).put(request, answer.clone());
    return answer;
  } catch {
    return stored ?? Response.error();
  }
}

addEventListener("install", (event) => event.waitUntil(fill().then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(tidy()));
addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate" && PAGES.includes(pathname)) {
    event.respondWith(page(request, pathname));
  } else if (pathname.startsWith("/static/")) event.respondWith(file(request));
});
