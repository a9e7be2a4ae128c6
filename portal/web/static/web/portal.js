// Everything works without this file. It adds: copy buttons, a menu that closes, focus on what is wrong,
// a button that cannot be pressed twice while its form is under way, what a draft says while it is typed, and
// what was typed, given back after a session that ended.
"use strict";

// Browsers offer the clipboard over HTTPS and on this machine alone.
for (const command of navigator.clipboard ? document.querySelectorAll("[data-copy]") : []) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-quiet button-small copy";
  const word = document.createTextNode("Copy");
  // Which of several, for who cannot see beside what it stands.
  const what = document.createElement("span");
  what.className = "visually-hidden";
  what.textContent = ` ${command.dataset.copy}`;
  button.append(word, what);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(command.querySelector("[data-copy-text]").textContent);
    word.data = "Copied";
    window.setTimeout(() => { word.data = "Copy"; }, 2000);
  });
  // Read aloud when it changes.
  button.setAttribute("aria-live", "polite");
  command.append(button);
}

for (const menu of document.querySelectorAll("[data-menu]")) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  // Tab leads on out of it; what it covered is then seen again.
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

// What is wrong comes first; else, on a page that asks one thing between two others, the field for it.
const summary = document.querySelector(".error-summary");
const begin = document.querySelector("[data-begin] :is(input:not([type=hidden]), select, textarea)");
if (summary || begin) (summary || begin).focus();

// What the last action did stands in the page when it opens. Screen readers tell what comes into a place of
// news, not what was there before: for them it comes a moment later.
for (const said of document.querySelectorAll(".notice-list[role=status] > *")) {
  said.setAttribute("aria-hidden", "true");
  window.setTimeout(() => said.removeAttribute("aria-hidden"), 300);
}

// A draft saves itself. What is sent while it does waits for it, so that the two do not meet as strangers.
for (const form of document.querySelectorAll("form[data-draft]")) {
  const line = form.querySelector("#saved");
  const unsaved = (said) => {
    line.textContent = `Not saved: ${said} What you typed stays on this page.`;
  };
  form.addEventListener("submit", (event) => {
    if (!form.classList.contains("htmx-request")) return;
    event.preventDefault();
    event.stopPropagation();
    const button = event.submitter;
    form.addEventListener("htmx:afterRequest", () => form.requestSubmit(button), { once: true });
  });
  // Enter in a field saves as a pause does; one stays where one is.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !event.target.matches("input")) return;
    event.preventDefault();
    event.target.dispatchEvent(new Event("change", { bubbles: true }));
  });
  form.addEventListener("htmx:beforeRequest", () => { line.textContent = "Saving …"; });
  form.addEventListener("htmx:sendError", () => unsaved("the portal cannot be reached. It is tried again when you go on."));
  form.addEventListener("htmx:responseError", () => unsaved("the portal refused it. Press “Save the draft” to see why."));
  form.addEventListener("htmx:beforeSwap", (event) => {
    // Led elsewhere, such as to the sign-in page: that page does not belong into this line.
    if (event.detail.xhr.getResponseHeader("X-Draft")) return;
    event.detail.shouldSwap = false;
    if (event.detail.xhr.status < 400) unsaved("you are no longer signed in. Sign in in another tab, then go on here.");
  });
}

for (const field of document.querySelectorAll("textarea[data-limit]")) {
  const count = document.createElement("p");
  const limit = Number(field.dataset.limit);
  const tell = () => {
    const left = limit - field.value.length;
    count.textContent = `${field.value.length.toLocaleString("en-US")} of ${limit.toLocaleString("en-US")} characters`;
    count.className = left < 0 ? "field-count bad" : "field-count";
  };
  field.addEventListener("input", tell);
  tell();
  count.id = `${field.id}_count`;
  field.setAttribute("aria-describedby", `${field.getAttribute("aria-describedby") || ""} ${count.id}`.trim());
  field.after(count);
}

for (const mark of document.querySelectorAll("[data-clear]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-quiet button-small";
  button.textContent = "Clear";
  button.addEventListener("click", () => {
    const place = document.getElementById(mark.dataset.clear);
    for (const field of place.matches("input, select, textarea") ? [place] : place.querySelectorAll("input")) {
      if (field.type === "radio") field.checked = false;
      else field.value = "";
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    (place.querySelector("input") || place).focus();
    mark.remove();
  });
  mark.append(button);
}

// What is sent after the session has ended meets the sign-in page. What was typed waits in this tab meanwhile,
// for the same person and the same form alone; it is gone once a page after the sign-in has been seen.
const UNSENT = "unsent";
const reader = document.body.dataset.reader;
const typedIn = (form) => [...form.elements].filter((field) => field.name && !field.readOnly
  && field.matches("textarea, select, input:not([type=hidden], [type=password], [type=file], [type=submit])"));
const goesTo = (form) => new URL(form.getAttribute("action") || location.href, location.href).pathname;

function keepTyped(form) {
  if (!reader || form.method !== "post" || form.querySelector("[type=password]")) return;
  const fields = typedIn(form).map((field) => [field.name, field.value, field.checked]);
  if (fields.length) sessionStorage.setItem(UNSENT, JSON.stringify({ reader, to: goesTo(form), fields, lost: false }));
}

function giveBack(kept) {
  const form = [...document.forms].find((each) => each.method === "post" && goesTo(each) === kept.to);
  if (!form || kept.reader !== reader) return;
  for (const [name, value, checked] of kept.fields) {
    for (const field of typedIn(form).filter((each) => each.name === name)) {
      if (!["radio", "checkbox"].includes(field.type)) field.value = value;
      else if (field.value === value) field.checked = checked;
    }
  }
  const said = document.createElement("p");
  said.className = "field-help";
  said.setAttribute("role", "status");
  said.textContent = "What you typed before you were signed out is here again. It is not sent yet.";
  form.prepend(said);
}

const kept = JSON.parse(sessionStorage.getItem(UNSENT) || "null");
if (kept && document.querySelector("[data-unsent]")) {
  sessionStorage.setItem(UNSENT, JSON.stringify({ ...kept, lost: true }));
} else if (kept && (reader || !kept.lost)) {
  sessionStorage.removeItem(UNSENT);
  if (kept.lost) giveBack(kept);
}

document.addEventListener("submit", (event) => {
  // A form that brings a file leaves the page where it is; it may be sent again.
  if (event.target.matches("[data-stays]")) return;
  if (event.target.dataset.sent) {
    event.preventDefault();
    return;
  }
  event.target.dataset.sent = "yes";
  keepTyped(event.target);
});

// A page that comes back from the browser's memory can be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
