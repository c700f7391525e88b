// kept-screen.js: what a kiosk can do when the line is down, and what it says when somebody came.
//
//   <div data-kiosk data-id="…" data-key="/kiosk/key" data-kept="/kiosk/kept" data-worker="/kiosk/worker.js">
//     <p class="offline" data-can="yes" hidden>…<b data-waiting></b></p>  <p … data-can="no">…</p>
//     <p data-came="said" hidden>…</p>  <p data-came="kept" hidden>…</p>
//
// kiosk.js says "heard" whenever the service has answered: then what was kept is sent.
import { agree, resend, waiting } from "./kept.js";
import { can } from "./seal.js";

const kiosk = document.querySelector("[data-kept]");
const came = new URLSearchParams(location.search).get("came");
const told = (selector) => [...kiosk.querySelectorAll(selector)];
let sending = false;

async function count() {
  const kept = await waiting();
  for (const place of told("[data-waiting]")) {
    place.textContent = kept;
    place.parentElement.hidden = kept === 0;
  }
  return kept;
}

async function send() {
  if (sending) return;
  sending = true;
  try {
    if (await count()) await resend(kiosk.dataset.kept);
    await count();
  } catch {
    // the line went down again: the next "heard" tries once more
  }
  sending = false;
}

function welcome() {
  for (const words of told("[data-came]")) words.hidden = words.dataset.came !== came;
  if (!came) return;
  history.replaceState(null, "", location.pathname);
  setTimeout(() => told("[data-came]").forEach((words) => (words.hidden = true)), 12_000);
}

async function ready() {
  const { id, key, csrf } = kiosk.dataset;
  await agree(id, key, { "X-CSRFToken": csrf }).catch(() => {});
  await navigator.serviceWorker?.register(kiosk.dataset.worker, { scope: "/kiosk/" });
  await count();
}

told(`.offline[data-can="${can ? "no" : "yes"}"]`).forEach((words) => words.remove());
welcome();
if (can) {
  addEventListener("heard", send);
  ready();
}
