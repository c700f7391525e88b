// kept.js: check-ins that a kiosk keeps while the line is down, until the service has answered.
//
// They lie closed in the browser's store (see seal.js). Sent twice, they count once.
import { newKey, sealed } from "./seal.js";

let opened;

const done = (asked) =>
  new Promise((yes, no) => {
    asked.onsuccess = () => yes(asked.result);
    asked.onerror = () => no(asked.error);
  });

function open() {
  const asked = indexedDB.open("serendipity-kiosk", 1);
  asked.onupgradeneeded = () => {
    asked.result.createObjectStore("keys");
    asked.result.createObjectStore("events", { keyPath: "event" });
  };
  return done(asked);
}

async function store(name, mode) {
  return (await (opened ??= open())).transaction(name, mode).objectStore(name);
}

const keys = async () => done((await store("keys")).get("pair"));

// The keys of this pairing, agreed once. What another pairing kept, nobody could open any more.
export async function agree(kiosk, url, headers) {
  if ((await keys())?.kiosk === kiosk) return;
  const { sign, shown } = await newKey();
  const body = new URLSearchParams({ key: shown });
  const answer = await fetch(url, { method: "POST", headers, body });
  if (!answer.ok || answer.redirected) return;
  const { key } = await answer.json();
  await done((await store("events", "readwrite")).clear());
  await done((await store("keys", "readwrite")).put({ kiosk, sign, key }, "pair"));
}

export async function keep(words, at) {
  const event = await sealed(words, at, await keys());
  await done((await store("events", "readwrite")).add(event));
}

export const waiting = async () => done((await store("events")).count());

export async function resend(url) {
  const events = await done((await store("events")).getAll());
  const headers = { "Content-Type": "application/json" };
  for (let first = 0; first < events.length; first += 25) {
    const body = JSON.stringify(events.slice(first, first + 25));
    const answer = await fetch(url, { method: "POST", headers, body });
    if (!answer.ok || answer.redirected) return;
    const became = Object.entries(await answer.json());
    const kept = await store("events", "readwrite");
    for (const [event, outcome] of became) if (outcome !== "refused") kept.delete(event);
  }
}
