/* The player: clips, words and turns that play when they are clicked, and where it stands. */
(() => {
  const bar = document.getElementById("player");
  const sound = bar.querySelector("audio");
  const now = document.getElementById("player-now");
  const follow = document.getElementById("player-follow");
  const smooth = matchMedia("(prefers-reduced-motion: no-preference)");
  const turns = [...document.querySelectorAll(".turn[data-at]")].map((element) => {
    const [start, end] = element.dataset.at.split(" ").map((hundredths) => hundredths / 100);
    return { element, start, end };
  });
  const clip = { start: 0, end: Infinity, button: null };
  let shown = null;
  let shownWord = null;

  /* The words of a turn with their times: data-w has the first start and then the steps. */
  const wordsIn = (turn) => {
    if (!turn.element.dataset.w) return [];
    if (turn.words) return turn.words;
    const spoken = spokenIn(turn.element);
    let time = 0;
    let start = 0;
    const times = turn.element.dataset.w.split(" ").map((step) => (time += +step) / 100);
    turn.words = spoken.text.split(" ").map((word, number) => {
      const end = start + word.length;
      const range = word ? rangeIn(spoken, start, end) : document.createRange();
      start = end + 1;
      return { start: start - 1 - word.length, time: times[number], range };
    });
    turn.parts = spoken.parts;
    if (turn.words.length !== times.length) turn.words = [];
    return turn.words;
  };
  const caretAt = (x, y) => {
    const caret = document.caretPositionFromPoint?.(x, y);
    if (caret) return [caret.offsetNode, caret.offset];
    const range = document.caretRangeFromPoint?.(x, y);
    return range ? [range.startContainer, range.startOffset] : [null, 0];
  };
  const covers = (word, x, y) =>
    [...word.range.getClientRects()].some(
      (box) => box.left <= x && x <= box.right && box.top - 3 <= y && y <= box.bottom + 3,
    );
  /* The word under the pointer; the caret may stand at either side of the blank between two. */
  const wordAt = (turn, x, y) => {
    const [node, offset] = caretAt(x, y);
    const words = wordsIn(turn);
    const part = turn.parts?.find((one) => one.node === node);
    if (!part) return undefined;
    const near = words.findLastIndex((word) => word.start <= part.start + offset);
    return [near, near - 1, near + 1].map((at) => words[at]).find((word) => word && covers(word, x, y));
  };

  const hold = (start, end, button) => {
    clip.button?.removeAttribute("aria-pressed");
    Object.assign(clip, { start, end, button });
    button?.setAttribute("aria-pressed", "true");
  };
  const release = () => hold(0, Infinity, null);
  // What goes wrong is told by the element's error event.
  const start = () => sound.play().catch(() => {});
  const play = (from, until, button) => {
    hold(from, until, button);
    sound.currentTime = from;
    start();
  };
  const press = (button) => {
    if (button === clip.button && !sound.paused) return sound.pause();
    return play(Number(button.dataset.play), Number(button.dataset.until || Infinity), button);
  };
  const toggle = () => (sound.paused ? start() : sound.pause());
  const skip = (seconds) => {
    sound.currentTime = Math.max(0, sound.currentTime + seconds);
  };

  const name = (turn) => {
    shown?.element.removeAttribute("aria-current");
    turn.element.setAttribute("aria-current", "true");
    now.hidden = false;
    now.href = `#${turn.element.id}`;
    now.textContent = `${turn.element.querySelector(".name bdi").textContent}, ${
      turn.element.querySelector(".time").textContent}`;
    if (follow.checked && !turn.element.hidden) {
      turn.element.scrollIntoView({ block: "nearest", behavior: smooth.matches ? "smooth" : "auto" });
    }
    shown = turn;
  };
  const show = (time) => {
    const turn = turns.findLast((one) => one.start <= time && time < one.end);
    if (turn && turn !== shown) name(turn);
    const word = turn && wordsIn(turn).findLast((one) => one.time <= time);
    if (word !== shownWord) paint("spoken", word ? [word.range] : []);
    shownWord = word;
  };
  const tick = () => {
    // Whoever seeks out of a clip has left it: the seeking event says so.
    if (!sound.paused && !sound.seeking && sound.currentTime >= clip.end) sound.pause();
    show(sound.currentTime);
  };
  const watch = () => {
    tick();
    if (!sound.paused) requestAnimationFrame(watch);
  };

  const missing = () => {
    document.documentElement.classList.remove("sounding");
    sound.hidden = true;
    document.getElementById("player-extras").hidden = true;
    document.getElementById("player-missing").textContent = bar.dataset.missing;
  };

  sound.addEventListener("play", watch);
  sound.addEventListener("timeupdate", tick);
  sound.addEventListener("pause", () => {
    if (sound.currentTime >= clip.end) release();
    else clip.button?.removeAttribute("aria-pressed");
  });
  sound.addEventListener("seeking", () => {
    if (sound.currentTime < clip.start - 0.5 || sound.currentTime > clip.end) release();
  });
  sound.addEventListener("error", missing);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-play]");
    if (button) press(button);
    const element = event.target.closest(".said")?.closest(".turn");
    if (!element || sound.hidden || event.target.closest("a, button")) return;
    const turn = turns.find((one) => one.element === element);
    if (!turn || !getSelection().isCollapsed) return;
    const word = wordAt(turn, event.clientX, event.clientY);
    if (word) play(word.time, Infinity, null);
  });

  for (const key of [" ", "k"]) shortcuts.set(key, toggle);
  shortcuts.set("j", () => skip(-5));
  shortcuts.set("l", () => skip(5));
  document.documentElement.classList.add("sounding");
  document.getElementById("player-extras").hidden = false;
  if (sound.error) missing();
})();
