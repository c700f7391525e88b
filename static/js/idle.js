// idle.js: a form on a screen that everybody uses empties itself when nobody touches it.
//
//   <form data-idle="60" data-home="/kiosk/screen">…</form>
//   <dialog class="still">… <b data-left>15</b> … <button type="button">…</button></dialog>
//
// Fifteen seconds before, it asks. The answer is a whole click: a page that goes on at the first
// touch would give the rest of the touch to what lies below. A page that comes back from the
// browser's own store is loaded anew, so that "back" never shows what somebody typed.
const form = document.querySelector("form[data-idle]");
const asks = document.querySelector("dialog.still");
const left = asks.querySelector("[data-left]");
const NOTICE = 15;
let touched = Date.now();

function touch() {
  if (!asks.open) touched = Date.now();
}

function stay() {
  asks.close();
  touch();
}

function leave() {
  form.reset();
  location.replace(form.dataset.home);
}

function tick() {
  const seconds = form.dataset.idle - (Date.now() - touched) / 1000;
  if (seconds <= 0) return leave();
  left.textContent = Math.ceil(Math.min(seconds, NOTICE));
  if (seconds <= NOTICE && !asks.open) asks.showModal();
}

["pointerdown", "keydown", "input"].forEach((name) => addEventListener(name, touch));
asks.addEventListener("click", stay);
asks.addEventListener("close", touch); // by Escape
addEventListener("pageshow", (event) => event.persisted && location.reload());
setInterval(tick, 500);
