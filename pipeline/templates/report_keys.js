"use strict";
/* Single keys: the scripts that follow note here what each does. */
const shortcuts = new Map();

document.addEventListener("keydown", (event) => {
  const action = shortcuts.get(event.key.toLowerCase());
  const allowed = document.getElementById("keys-on");
  if (!action || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
  if (allowed && !allowed.checked) return;
  const typing = "input, select, textarea, [contenteditable]";
  const pressing = `${typing}, button, a, summary, audio, [tabindex="0"]`;
  if (event.target.closest(event.key === " " ? pressing : typing)) return;
  event.preventDefault();
  action();
});
