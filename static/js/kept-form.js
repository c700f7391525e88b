// kept-form.js: a check-in on a kiosk is sent; when the line is down it is kept on the tablet.
//
//   <form data-kept="/kiosk/kept" data-line="/kiosk/code" data-home="/kiosk/screen" data-language="en">
//     <p data-by-hand hidden>The line is down, and this screen cannot keep your words safely. …</p>
//
// The service checks what is typed; kept words are only held to having an address.
import { keep } from "./kept.js";

const form = document.querySelector("form[data-kept]");
const byHand = form.querySelector("[data-by-hand]");
let sending = false;

async function lineIsUp() {
  try {
    const answer = await fetch(form.dataset.line, { signal: AbortSignal.timeout(5000) });
    return answer.status < 500;
  } catch {
    return false;
  }
}

function words(at) {
  const said = new FormData(form);
  const typed = (name) => String(said.get(name) ?? "").slice(0, 1000);
  return {
    ...Object.fromEntries(["name", "email", "skills", "need"].map((name) => [name, typed(name)])),
    // The page may be of yesterday: a time that has passed is the service's to choose.
    until: typed("until") * 1000 > at ? typed("until") : "",
    ...Object.fromEntries(
      ["here_today", "by_mail", "other_lieux"].map((name) => [name, said.has(name)]),
    ),
    language: form.dataset.language,
  };
}

async function send() {
  if (await lineIsUp()) return form.submit();
  const at = Date.now() + Number(localStorage.getItem("kiosk-ahead") ?? 0); // the service's clock
  if (!form.reportValidity()) return;
  try {
    await keep(words(at), at);
    form.reset();
    location.replace(`${form.dataset.home}?came=kept`);
  } catch {
    byHand.hidden = false;
    byHand.scrollIntoView();
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (sending) return;
  sending = true;
  await send();
  sending = false;
});
