// countdown.js: how long something is still held.
//
//   <span class="num" data-until="2026-03-26T15:00:00Z" data-now="2026-03-26T14:50:19Z">9:41</span>
//   <svg …><circle data-until="…" data-from="…" pathLength="1"/></svg>   a ring that empties
//
// The server wrote the first figure, so it is right without this. data-now is the server's clock:
// a phone may be minutes off. At zero the words of data-done appear, if any, and
// data-then="reload" asks the page again.
const started = Date.now();
const skew = new WeakMap();

function now(part) {
  if (!skew.has(part)) {
    const said = Date.parse(part.dataset.now ?? "");
    skew.set(part, Number.isNaN(said) ? 0 : said - started);
  }
  return Date.now() + skew.get(part);
}

function words(seconds) {
  const two = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours} h ${two(minutes)}` : `${minutes}:${two(seconds % 60)}`;
}

function end(part) {
  if (part.hasAttribute("data-ended")) return;
  part.setAttribute("data-ended", "");
  if (part.dataset.done) part.textContent = part.dataset.done;
  part.dispatchEvent(new CustomEvent("countdown:ended", { bubbles: true }));
  if (part.dataset.then === "reload") location.reload();
}

function tick() {
  for (const part of document.querySelectorAll("[data-until]:not([data-ended])")) {
    const until = Date.parse(part.dataset.until);
    const left = Math.max(0, Math.ceil((until - now(part)) / 1000));
    if (part instanceof SVGElement) {
      const whole = (until - Date.parse(part.dataset.from)) / 1000;
      part.setAttribute("stroke-dasharray", `${Math.min(1, left / whole)} 1`);
    } else if (part.textContent !== words(left)) {
      part.textContent = words(left);
    }
    if (left === 0) end(part);
  }
}

setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
tick();
