// Selecting rows of a table: all at once, a range with Shift, and how many are selected. Without this file each
// row has its box all the same.
"use strict";

for (const form of document.querySelectorAll("[data-select]")) {
  const boxes = [...form.querySelectorAll("[data-row] input[type=checkbox]")];
  const told = form.querySelector("[data-selected]");
  const all = form.querySelector("[data-select-all]");
  if (!all) continue; // who only reads selects nothing
  let last = null;

  const tell = () => {
    const count = boxes.filter((box) => box.checked).length;
    told.textContent = count ? `${count} selected` : "None selected";
    all.checked = count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
    for (const box of boxes) box.closest("[data-row]").classList.toggle("selected", box.checked);
  };

  form.addEventListener("click", (event) => {
    const box = boxes.includes(event.target) ? event.target : null;
    if (!box) return;
    if (event.shiftKey && last) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const each of boxes.slice(from, to + 1)) each.checked = box.checked;
    }
    last = box;
  });
  form.addEventListener("change", (event) => {
    if (event.target === all) for (const box of boxes) box.checked = all.checked;
    tell();
  });
  all.closest("[hidden]").hidden = false;
  tell();
}
