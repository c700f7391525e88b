// kiosk.js: the screen at the door.
//
//   <div data-kiosk data-now="2026-03-26T13:32:07Z" data-alive="/kiosk/alive" data-csrf="…">
//     <time data-clock="Europe/Paris">14:32</time>
//     <div data-part="/kiosk/code" data-every="15">…</div>
//
// Each part is fetched at the turn of its step, by the server's clock. The screen says when the
// line is gone. Each answer is told to others as "heard".
const kiosk = document.querySelector("[data-kiosk]");
const clock = kiosk.querySelector("[data-clock]");
const format = (options) =>
  new Intl.DateTimeFormat("en-GB", { timeZone: clock?.dataset.clock, ...options });
const hour = format({ hour: "2-digit", minute: "2-digit" });
const date = format({ dateStyle: "short" });
// How far the service's clock is ahead, in ms; a stored page says an old time.
let ahead = Number(localStorage.getItem("kiosk-ahead") ?? Date.parse(kiosk.dataset.now) - Date.now());
let heard = Date.now();

const now = () => Date.now() + ahead;
const today = date.format(now());

async function ask(url, options) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(8000), ...options });
  if (answer.redirected || answer.status === 403) location.reload(); // no longer this lieu's screen
  if (!answer.ok) throw new Error(answer.status);
  const lang = answer.headers.get("Content-Language"); // whoever spoke another one is gone
  if (lang && lang !== document.documentElement.lang) location.replace(location.pathname);
  heard = Date.now();
  ahead = (Date.parse(answer.headers.get("X-Now")) || now()) - heard;
  localStorage.setItem("kiosk-ahead", ahead);
  dispatchEvent(new Event("heard"));
  notice();
  return answer;
}

async function renew(part) {
  try {
    part.innerHTML = await (await ask(part.dataset.part)).text();
    phase();
  } catch {
    notice();
  }
  plan(part);
}

function plan(part) {
  const step = part.dataset.every * 1000;
  setTimeout(renew, step - (now() % step) + 250, part); // just after the turn
}

// The ring of fifteen stitches must be as far as the code is.
function phase() {
  for (const ring of kiosk.querySelectorAll(".ring .left")) {
    for (const turning of ring.getAnimations()) turning.currentTime = now() % 15_000;
  }
}

function notice() {
  const gone = Date.now() - heard > 40_000 || !navigator.onLine;
  kiosk.classList.toggle("stale", gone);
  kiosk.querySelectorAll(".offline").forEach((words) => (words.hidden = !gone));
}

function tick() {
  const time = hour.format(now());
  if (clock && clock.textContent !== time) clock.textContent = clock.dateTime = time;
  if (date.format(now()) !== today && navigator.onLine) location.reload(); // another day's moments
  notice();
}

function alive() {
  const options = { method: "POST", headers: { "X-CSRFToken": kiosk.dataset.csrf } };
  if (kiosk.dataset.alive) ask(kiosk.dataset.alive, options).catch(notice);
}

kiosk.querySelectorAll("[data-part]").forEach(plan);
["online", "offline"].forEach((name) => addEventListener(name, notice));
setInterval(tick, 1000);
setInterval(alive, 60_000);
phase();
alive();
