// passkey.js: forms that a device answers for its owner.
//
//   <section hidden data-passkey>
//     <form data-passkey-options="/sign-in/passkey/options" data-passkey-does="get" method="post" …>
//       <input type="hidden" name="answer"> … <p hidden data-passkey-failed>…</p>
//
// Where the browser knows passkeys, the section is shown. Sending the form fetches the options,
// lets the device sign, puts the answer into the form, and sends it as any other form.
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const named = (list = []) => list.map((one) => ({ ...one, id: bytes(one.id) }));

function readable(options) {
  options.challenge = bytes(options.challenge);
  if (options.user) options.user.id = bytes(options.user.id);
  options.excludeCredentials = named(options.excludeCredentials);
  options.allowCredentials = named(options.allowCredentials);
  return options;
}

function sendable(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  const { id, type } = credential;
  return JSON.stringify({ id, type, rawId: text(credential.rawId), response, clientExtensionResults: {} });
}

async function answer(form) {
  const { passkeyOptions, passkeyDoes } = form.dataset;
  const asked = await fetch(passkeyOptions, {
    method: "POST",
    headers: { "X-CSRFToken": form.elements.csrf_token.value },
  });
  if (!asked.ok) throw new Error(String(asked.status));
  const publicKey = readable(await asked.json());
  form.elements.answer.value = sendable(await navigator.credentials[passkeyDoes]({ publicKey }));
  form.submit();
}

for (const part of document.querySelectorAll("[data-passkey]")) {
  part.hidden = !window.PublicKeyCredential;
}
for (const form of document.querySelectorAll("form[data-passkey-options]")) {
  const failed = form.querySelector("[data-passkey-failed]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    failed.hidden = true;
    answer(form).catch(() => {
      failed.hidden = false; // refused, cancelled, or none there: the code by mail remains
    });
  });
}
