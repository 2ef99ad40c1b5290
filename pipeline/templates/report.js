"use strict";
(() => {
  const panel = document.getElementById("filter");
  if (!panel) return;
  const field = (name) => document.getElementById(`filter-${name}`);
  const [text, tactic, speaker] = ["text", "tactic", "speaker"].map(field);

  const words = (turn) => {
    const said = turn.querySelector(".said").cloneNode(true);
    said.querySelectorAll(".label").forEach((label) => label.remove());
    return said.textContent.toLowerCase();
  };
  const turns = [...document.querySelectorAll(".turn")].map((element) => ({
    element,
    words: words(element),
    tactics: element.dataset.tactics.split(" "),
    speaker: element.dataset.speaker,
  }));

  const apply = () => {
    const query = text.value.trim().toLowerCase();
    let shown = 0;
    for (const turn of turns) {
      const fits =
        turn.words.includes(query) &&
        (!tactic.value || turn.tactics.includes(tactic.value)) &&
        (!speaker.value || turn.speaker === speaker.value);
      turn.element.hidden = !fits;
      shown += fits;
    }
    const all = shown === turns.length;
    field("status").textContent = all ? "" : `${shown} of ${turns.length} shown`;
    field("clear").disabled = all && !query && !tactic.value && !speaker.value;
  };
  const clear = () => {
    for (const input of [text, tactic, speaker]) input.value = "";
    apply();
  };

  for (const input of [text, tactic, speaker]) input.addEventListener("input", apply);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape") clear();
  });
  field("clear").addEventListener("click", () => {
    clear();
    text.focus();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    if (link.dataset.filter) {
      clear();
      tactic.value = link.dataset.filter;
      apply();
    } else if (link.hash.startsWith("#turn-")) {
      const target = document.getElementById(link.hash.slice(1));
      if (target && target.hidden) clear();
    }
  });
  window.addEventListener("beforeprint", clear);

  panel.hidden = false;
  apply();
})();
