// awake.js: a screen on a wall stays lit and, when asked, fills the whole of it.
//
//   <button type="button" data-full hidden>Full screen</button>
//
// Browsers give the whole screen only to somebody who touches it, and take the light back whenever
// the page is out of sight.
const full = document.querySelector("[data-full]");

function fits() {
  full.hidden = !document.fullscreenEnabled || Boolean(document.fullscreenElement);
}

function stayLit() {
  if (!document.hidden) navigator.wakeLock?.request("screen").catch(() => {});
}

full.addEventListener("click", () => document.documentElement.requestFullscreen().catch(() => {}));
document.addEventListener("fullscreenchange", fits);
document.addEventListener("visibilitychange", stayLit);
fits();
stayLit();
