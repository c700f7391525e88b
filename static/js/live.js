// live.js: parts of a page that follow the room.
//
//   <div data-live="/live/me" data-live-refresh="/here/_now">
//   <div data-live="/live/me" hx-get="…" hx-trigger="live, every 60s">
//
// An event fetches the part again (or htmx does); without a stream, every ten seconds.
// Hidden tabs rest, a field being typed in is left alone, focus and details stay.
const EVERY = 10_000;
const sources = new Map();
const shown = new WeakMap();
const waiting = new Set();
let ticks = 0;

const parts = () => [...document.querySelectorAll("[data-live-refresh], [data-live][hx-get]")];
const typing = (part) =>
  part.contains(document.activeElement) &&
  document.activeElement.matches("textarea, select, input:not([type=checkbox], [type=radio])");

function open(url) {
  const source = new EventSource(url);
  const follow = () => parts().filter((part) => part.dataset.live === url).forEach(later);
  source.addEventListener("message", follow);
  source.addEventListener("over", () => (source.close(), follow()));
  sources.set(url, source);
}

function later(part) {
  if (waiting.has(part)) return; // one breath is one change
  waiting.add(part);
  setTimeout(() => refresh(part), 100 + Math.random() * 400); // not all as one
}

async function refresh(part) {
  if (typing(part) || document.hidden) return void waiting.add(part);
  waiting.delete(part);
  if (!part.dataset.liveRefresh) return void part.dispatchEvent(new Event("live"));
  const answer = await fetch(part.dataset.liveRefresh).catch(() => null);
  if (!answer?.ok || answer.redirected || answer.status === 204) return;
  const html = await answer.text();
  if (html === shown.get(part)) return;
  if (typing(part)) return void waiting.add(part);
  shown.set(part, html);
  swap(part, html);
}

function swap(part, html) {
  const name = (e) => e.id || e.getAttribute("aria-label") || e.textContent.trim();
  const had = part.contains(document.activeElement) && name(document.activeElement);
  const opened = [...part.querySelectorAll("details[open] > summary")].map(name);
  part.innerHTML = html;
  for (const summary of part.querySelectorAll("summary")) {
    summary.parentElement.open ||= opened.includes(name(summary));
  }
  const again = [...part.querySelectorAll("a, button, summary, input, [tabindex]")];
  if (had) again.find((e) => name(e) === had)?.focus({ preventScroll: true });
  window.htmx?.process(part);
}

function tick() {
  if (document.hidden) return;
  ticks += 1;
  for (const part of parts()) {
    const url = part.dataset.live;
    const state = sources.get(url)?.readyState;
    if (url && (state === undefined || (state === EventSource.CLOSED && ticks % 6 === 0))) open(url);
    if (ticks > 1 && state !== EventSource.OPEN) refresh(part);
  }
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return void (tick(), parts().forEach(refresh));
  sources.forEach((source) => source.close());
  sources.clear();
});
document.addEventListener("focusout", () => setTimeout(() => waiting.forEach(refresh)));
setInterval(tick, EVERY);
tick();
