// Passkeys (WebAuthn), which no page can use without a script. A form says what it is about:
//
//   form[data-passkey="get" | "create"]   what its button asks the browser for
//   data-passkey-options="id"             where the page holds the options, as JSON
//   data-passkey-url="address"            or which address gives them, as {request_options}
//   [data-passkey-answer]                 the field that takes the answer, as JSON; the form is then sent
//   [data-passkey-said]                   where is said, in words, what went wrong
//   [data-passkey-only]                   what is of no use without a script, and hidden until here
//   [data-passkey-without]                the sentence for who has no script
"use strict";

const SAID = {
  NotAllowedError: "The passkey was not used: it was canceled, or the time was over. Try again.",
  InvalidStateError: "This passkey is on your account already.",
  SecurityError: "Passkeys work only at the portal’s own address. Check the address bar.",
  NotSupportedError: "This device cannot make a passkey that is protected by a PIN, a finger or a face.",
  NetworkError: "The portal did not answer. Try again.",
};

function toBytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

function toText(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// Options come as JSON, in which bytes are base64url: the challenge, and ids of the person and of passkeys.
function decoded(options) {
  const given = { ...options.publicKey };
  given.challenge = toBytes(given.challenge);
  if (given.user) given.user = { ...given.user, id: toBytes(given.user.id) };
  for (const list of ["allowCredentials", "excludeCredentials"])
    given[list] = (given[list] || []).map((each) => ({ ...each, id: toBytes(each.id) }));
  return given;
}

function encoded(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  });
}

async function optionsOf(form) {
  if (form.dataset.passkeyOptions) return JSON.parse(document.getElementById(form.dataset.passkeyOptions).textContent);
  const answer = await fetch(form.dataset.passkeyUrl, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new DOMException("", "NetworkError");
  return (await answer.json()).request_options;
}

async function asked(form) {
  const publicKey = decoded(await optionsOf(form));
  if (form.dataset.passkey === "get") return navigator.credentials.get({ publicKey });
  // Kept by the device where it can: it then signs in without the password, too.
  publicKey.authenticatorSelection = { ...publicKey.authenticatorSelection, residentKey: "preferred" };
  return navigator.credentials.create({ publicKey });
}

function say(form, text) {
  const place = form.querySelector("[data-passkey-said]");
  place.textContent = text;
  place.hidden = !text;
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const supported = Boolean(window.PublicKeyCredential && navigator.credentials);
  for (const part of form.querySelectorAll("[data-passkey-only]")) part.hidden = !supported;
  for (const part of form.querySelectorAll("[data-passkey-without]")) part.hidden = true;
  if (!supported) say(form, "This browser has no passkeys. Use another one, or another way.");
  let busy = false;
  // Back shows the page as it was left, from the browser's memory: its button works again.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) busy = false;
  });
  form.addEventListener("submit", async (event) => {
    // Another button of the form, which leads elsewhere, is none of ours.
    if (event.submitter && event.submitter.hasAttribute("formaction")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (busy) return;
    busy = true;
    say(form, "");
    try {
      form.querySelector("[data-passkey-answer]").value = encoded(await asked(form));
      form.submit();
    } catch (error) {
      busy = false;
      say(form, SAID[error.name] || "The passkey could not be used. Try again, or use another one.");
    }
  }, true);
}
