/* The text of a turn as it was said: its text nodes, without the names of tactics among them. */
const spokenIn = (turn) => {
  const outside = (node) =>
    node.parentElement.closest(".label") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT;
  const said = turn.querySelector(".said");
  const walker = document.createTreeWalker(said, NodeFilter.SHOW_TEXT, outside);
  const parts = [];
  let text = "";
  while (walker.nextNode()) {
    parts.push({ node: walker.currentNode, start: text.length });
    text += walker.currentNode.data;
  }
  return { parts, text };
};

/* From one place in a spoken text to another, whatever marks and names lie between. */
const rangeIn = ({ parts }, start, end) => {
  const first = parts.findLast((part) => part.start <= start);
  const last = parts.findLast((part) => part.start < end) || first;
  const range = document.createRange();
  range.setStart(first.node, start - first.start);
  range.setEnd(last.node, end - last.start);
  return range;
};

/* Colour ranges without touching the page; where browsers cannot, nothing is coloured. */
const paint = (name, ranges) => {
  if (!globalThis.CSS?.highlights) return;
  const highlight = new Highlight();
  for (const range of ranges) highlight.add(range);
  CSS.highlights.set(name, highlight);
};
