// Single keys on pages that offer them. Everything they do is also a link, a button or a field of the page.
//
//   data-key="n"           on a link or button: pressing n follows or presses it; on a field: goes into it
//   data-key-label="…"     what the list of keys says, where the element's own text says too little
//   data-rows, data-row    a list and its rows: j and k move to the [data-row-link] of the next and the last
//                          one, x checks the row's box; Enter opens, as on every link
//   data-list, data-back   a page that lists, and links back to it: they lead to it as it was filtered last, and
//                          the first j or k there to the row that was opened
//
// Nothing happens while a field has the focus, with Ctrl, Alt or Meta, or where the person has turned single
// keys off (WCAG 2.1.4): the html element then says data-keys="off". The key ? lists what this page offers.
"use strict";

const TYPING = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]";
const ROW_KEYS = [["j", "Next row"], ["k", "Row before"], ["Enter", "Open the row"], ["x", "Select the row"]];

const isOff = () => document.documentElement.dataset.keys === "off";
const isShown = (element) => element.getClientRects().length > 0;
const offered = () => [...document.querySelectorAll("[data-key]")].filter((element) => isShown(element) && !element.disabled);
const labelOf = (element) => element.dataset.keyLabel || element.getAttribute("aria-label") || element.textContent.trim();

function goTo(row) {
  const link = row && row.querySelector("[data-row-link]");
  if (!link) return;
  link.focus();
  row.scrollIntoView({ block: "nearest" });
}

function moveRow(step) {
  const rows = [...document.querySelectorAll("[data-rows] [data-row]")];
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const left = rows.find((row) => row.querySelector("[data-row-link]").pathname === sessionStorage.getItem("row"));
  if (here < 0) goTo(left || (step > 0 ? rows[0] : rows[rows.length - 1]));
  else goTo(rows[here + step]);
}

function checkRow() {
  const row = document.activeElement.closest("[data-row]");
  const box = row && row.querySelector("input[type=checkbox]");
  if (box) box.click();
}

function listed() {
  const rows = document.querySelector("[data-rows]");
  const moves = rows ? ROW_KEYS.filter(([key]) => key !== "x" || rows.querySelector("[data-row] input[type=checkbox]")) : [];
  return [...moves, ...offered().map((element) => [element.dataset.key, labelOf(element)]), ["?", "This list"]];
}

function made(tag, text, parent) {
  const element = document.createElement(tag);
  element.textContent = text;
  parent.append(element);
  return element;
}

function showList() {
  const page = document.querySelector("[data-keys-page]");
  const dialog = made("dialog", "", document.body);
  dialog.className = "keys";
  dialog.setAttribute("aria-labelledby", "keys-title");
  made("h2", "Keys of this page", dialog).id = "keys-title";
  const list = made("dl", "", dialog);
  list.className = "keys-list";
  for (const [key, label] of listed()) {
    const entry = made("div", "", list);
    made("kbd", key, made("dt", "", entry));
    made("dd", label, entry);
  }
  const form = made("form", "", dialog);
  form.method = "dialog";
  form.className = "actions";
  const close = made("button", "Close", form);
  close.className = "button button-small";
  if (page) made("a", "Turn single keys off", form).href = page.href;
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  close.focus();
}

function press(key) {
  const found = offered().find((element) => element.dataset.key === key);
  if (found) {
    if (found.matches(TYPING)) found.focus();
    else found.click();
    // A choice is made where the reader then stands; nothing is sent by it.
    if (found.matches("[type=radio], [type=checkbox]")) found.focus();
    return true;
  }
  const moves = { j: () => moveRow(1), k: () => moveRow(-1), x: checkRow };
  const done = key === "?" ? showList : document.querySelector("[data-rows]") && moves[key];
  if (done) done();
  return Boolean(done);
}

document.addEventListener("keydown", (event) => {
  if (isOff() || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (event.target.matches(TYPING) || document.querySelector("dialog[open]")) return;
  if (press(event.key)) event.preventDefault();
});

// A list is left and come back to: as it was filtered, at the row that was opened.
if (document.querySelector("[data-list]")) {
  sessionStorage.setItem(location.pathname, location.search);
  if (!sessionStorage.getItem("back")) sessionStorage.removeItem("row");
  sessionStorage.removeItem("back");
}
for (const link of document.querySelectorAll("a[data-back]")) link.search = sessionStorage.getItem(link.pathname) || "";
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-row-link], a[data-back]");
  if (link) sessionStorage.setItem(link.matches("[data-back]") ? "back" : "row", link.pathname);
});

// Screen readers tell these keys with the elements.
if (!isOff()) for (const element of offered()) element.setAttribute("aria-keyshortcuts", element.dataset.key);
