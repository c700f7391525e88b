// seal.js: words closed for the service alone, and signed by this screen.
//
// Each is closed with a key that is thrown away at once (ECDH P-256, HKDF, AES-GCM) and padded, so
// that what is stored tells nothing, and signed with a key that never leaves the browser.
// serendipity/sealing.py opens them. Not on plain http, where browsers offer no keys.
const ECDH = { name: "ECDH", namedCurve: "P-256" };
const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const PAD = 4096;
const subtle = globalThis.crypto?.subtle;
export const can = Boolean(subtle && globalThis.indexedDB);
const utf8 = (words) => new TextEncoder().encode(words);

function base64(bytes) {
  const plain = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return plain.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const raw = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

// A new key to sign with, and its public half.
export async function newKey() {
  const pair = await subtle.generateKey(ECDSA, false, ["sign", "verify"]);
  return { sign: pair.privateKey, shown: base64(await subtle.exportKey("raw", pair.publicKey)) };
}

async function closed(plain, about, key) {
  const once = await subtle.generateKey(ECDH, false, ["deriveBits"]);
  const salt = new Uint8Array(await subtle.exportKey("raw", once.publicKey));
  const theirs = await subtle.importKey("raw", raw(key), ECDH, false, []);
  const bits = await subtle.deriveBits({ name: "ECDH", public: theirs }, once.privateKey, 256);
  const base = await subtle.importKey("raw", bits, "HKDF", false, ["deriveKey"]);
  const info = utf8("serendipity kept check-in");
  const hkdf = { name: "HKDF", hash: "SHA-256", salt, info };
  const aes = { name: "AES-GCM", length: 256 };
  const secret = await subtle.deriveKey(hkdf, base, aes, false, ["encrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const box = await subtle.encrypt({ name: "AES-GCM", iv, additionalData: about }, secret, plain);
  return base64(await new Blob([salt, iv, box]).arrayBuffer());
}

export async function sealed(words, at, { sign, key }) {
  const event = crypto.randomUUID();
  const said = utf8(JSON.stringify(words));
  const plain = new Uint8Array(Math.ceil(said.length / PAD) * PAD).fill(32);
  plain.set(said);
  const box = await closed(plain, utf8(`${event}.${at}`), key);
  const signature = base64(await subtle.sign(ECDSA, sign, utf8(`${event}.${at}.${box}`)));
  return { event, at, sealed: box, signature };
}
