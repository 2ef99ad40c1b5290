/* The transcript: filter, search, steps from find to find, and what a tag means. */
(() => {
  const panel = document.getElementById("filter");
  if (!panel) return;
  const MOST_PAINTED = 2000;
  const field = (name) => document.getElementById(`filter-${name}`);
  const [text, tactic, speaker] = ["text", "tactic", "speaker"].map(field);
  const turns = [...document.querySelectorAll(".turn")].map((element) => ({
    element,
    tactics: element.dataset.tactics.split(" "),
    speaker: element.dataset.speaker,
  }));
  let matches = [];
  let current = -1;
  let filter = "";

  const spokenBy = (turn) => {
    if (!turn.spoken) {
      turn.spoken = spokenIn(turn.element);
      turn.lower = turn.spoken.text.toLowerCase();
    }
    return turn;
  };
  const placesIn = (turn, query) => {
    const places = [];
    const { lower } = spokenBy(turn);
    for (let at = lower.indexOf(query); at >= 0; at = lower.indexOf(query, at + query.length)) {
      places.push({ turn, start: at, end: at + query.length });
    }
    return places;
  };
  // A few letters change their length in lower case; there the place is not sure.
  const isSure = ({ turn }) => turn.lower.length === turn.spoken.text.length;
  const rangeOf = ({ turn, start, end }) => rangeIn(turn.spoken, start, end);

  const counted = (number, one, many) => `${number} ${number === 1 ? one : many}`;
  const report = (shown, query) => {
    const all = shown === turns.length;
    const found = query ? `${counted(matches.length, "match", "matches")}; ` : "";
    const said = all && !query ? "" : `${found}${shown} of ${turns.length} shown`;
    field("status").textContent = said;
    field("clear").disabled = all && !query && !tactic.value && !speaker.value;
  };
  const apply = () => {
    const query = text.value.trim().toLowerCase();
    let shown = 0;
    matches = [];
    current = -1;
    filter = tactic.value;
    for (const turn of turns) {
      const places = query ? placesIn(turn, query) : [];
      const fits =
        (!query || places.length > 0) &&
        (!tactic.value || turn.tactics.includes(tactic.value)) &&
        (!speaker.value || turn.speaker === speaker.value);
      turn.element.hidden = !fits;
      shown += fits;
      if (fits) matches = matches.concat(places);
    }
    paint("match", matches.slice(0, MOST_PAINTED).filter(isSure).map(rangeOf));
    paint("match-now", []);
    report(shown, query);
  };
  const clear = () => {
    for (const input of [text, tactic, speaker]) input.value = "";
    apply();
  };

  const isWanted = (label) =>
    !filter ||
    label.getAttribute("popovertarget") === `tip-${filter}` ||
    label.classList.contains(`f-${filter.replace(/^family:/, "")}`);
  const tags = () =>
    [...document.querySelectorAll(".turn:not([hidden]) .label")].filter(isWanted);
  const stepMatch = (by) => {
    const first = by > 0 ? 0 : matches.length - 1;
    current = current < 0 ? first : (current + by + matches.length) % matches.length;
    const match = matches[current];
    match.turn.element.scrollIntoView({ block: "center" });
    paint("match-now", isSure(match) ? [rangeOf(match)] : []);
    field("status").textContent = `Match ${current + 1} of ${matches.length}`;
  };
  const stepTag = (by) => {
    const found = tags();
    const at = found.indexOf(document.activeElement);
    const next = at < 0 ? (by > 0 ? 0 : found.length - 1) : (at + by + found.length) % found.length;
    found[next]?.focus({ preventScroll: true });
    found[next]?.scrollIntoView({ block: "center" });
  };
  const step = (by) => (matches.length ? stepMatch(by) : stepTag(by));

  const METHODS = {
    rule: "by a rule, from the wording",
    learned: "by a trained classifier",
    ledger: "from the offers that came before",
    audio: "from the timing of the speech",
    reader: "by the second reader",
  };
  const explain = (label) => {
    const [method, score] = label.dataset.how.split(" ");
    const tip = document.getElementById(label.getAttribute("popovertarget"));
    const by = METHODS[method.split(":")[0]] || `by ${method}`;
    tip.querySelector(".how").textContent = `Found here ${by}, with a confidence of ${score} of 1.`;
    const { left, bottom } = label.getBoundingClientRect();
    const width = Math.min(352, innerWidth - 16);
    tip.style.margin = "0";
    tip.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
    tip.style.top = `${Math.min(bottom + 6, Math.max(8, innerHeight - 240))}px`;
  };

  for (const input of [text, tactic, speaker]) input.addEventListener("input", apply);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape") clear();
    if (event.key === "Enter" && matches.length) stepMatch(event.shiftKey ? -1 : 1);
  });
  field("clear").addEventListener("click", () => {
    clear();
    text.focus();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    const label = event.target.closest(".label[popovertarget]");
    if (label) explain(label);
    if (link?.dataset.filter) {
      clear();
      tactic.value = link.dataset.filter;
      apply();
    } else if (link?.hash.startsWith("#turn-")) {
      const target = document.getElementById(link.hash.slice(1));
      if (target && target.hidden) clear();
    }
  });
  window.addEventListener("beforeprint", clear);

  shortcuts.set("/", () => text.focus());
  shortcuts.set("n", () => step(1));
  shortcuts.set("p", () => step(-1));
  panel.hidden = false;
  report(turns.length, "");
})();
