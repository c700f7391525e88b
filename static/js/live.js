// live.js: parts of a page that follow what happens in the room.
//
//   <div data-live="/live/lieux/la-navette" data-live-on="presence skills"
//        data-live-refresh="/here/_people">…</div>
//
// An event of the stream fetches the part again; without a stream it is fetched every ten seconds.
// Hidden tabs rest, a field being typed in is left alone, focus and details stay.
const EVERY = 10_000;
const sources = new Map();
const shown = new WeakMap();
const waiting = new Set();
let ticks = 0;

const parts = () => [...document.querySelectorAll("[data-live-refresh]")];
const typing = (part) =>
  part.contains(document.activeElement) &&
  document.activeElement.matches("textarea, select, input:not([type=checkbox], [type=radio])");

function open(url, names) {
  const source = new EventSource(url);
  const follow = () => parts().filter((part) => part.dataset.live === url).forEach(later);
  for (const name of ["message", ...names]) source.addEventListener(name, follow);
  sources.set(url, source);
}

function later(part) {
  if (waiting.has(part)) return; // events in one breath are one change
  waiting.add(part);
  setTimeout(() => refresh(part), 100 + Math.random() * 400); // a full room does not ask as one
}

async function refresh(part) {
  if (typing(part) || document.hidden) return void waiting.add(part);
  waiting.delete(part);
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
  const again = had && [...part.querySelectorAll("a, button, summary, input, [tabindex]")];
  if (again) again.find((e) => name(e) === had)?.focus({ preventScroll: true });
  window.htmx?.process(part);
}

function tick() {
  if (document.hidden) return;
  ticks += 1;
  for (const part of parts()) {
    const { live, liveOn = "" } = part.dataset;
    const source = sources.get(live);
    if (live && (!source || (source.readyState === EventSource.CLOSED && ticks % 6 === 0))) {
      open(live, liveOn.split(/\s+/).filter(Boolean));
    }
    if (ticks > 1 && sources.get(live)?.readyState !== EventSource.OPEN) refresh(part);
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
