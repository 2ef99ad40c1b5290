"""A line one could have said, made of the call's own words.

The other side's words are turned round ("I had to fight for this" becomes "you had to fight for
this"), one's own ask is freed of what softens it, figures are quoted as they were said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import Formatter

from pipeline.stages.moments.finders import Hit, Search
from pipeline.stages.moments.scene import Place, Row
from pipeline.tactics.offers.ledger import POSITIONS
from pipeline.tactics.text import MARKS, Passage, read_passage

MAX_WORDS = 16
_ECHO_WORDS = 4
_TURNED = {
    "i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself",
    "we": "you", "us": "you", "our": "your", "ours": "yours", "ourselves": "yourselves",
    "your": "my", "yours": "mine", "yourself": "myself", "am": "are",
}  # fmt: skip
_AFTER_I = {"was": "were", "is": "are"}
_OBJECTIVE = frozenset(
    "for to with of about from by on at without give gives gave told tell help let ask".split()
)
_LEADS = frozenset(
    [
        *"well yes yeah yep no okay ok so and but right oh look listen honestly because".split(),
        *"then now sure great good".split(),
        *("you know", "i mean", "i think", "i guess", "to be honest", "to be fair"),
    ]
)
_SHORT = (
    ("you are", "you’re"), ("you will", "you’ll"), ("you have", "you’ve"), ("you would", "you’d"),
    ("do not", "don’t"), ("does not", "doesn’t"), ("can not", "can’t"), ("could not", "couldn’t"),
    ("is not", "isn’t"), ("it is", "it’s"), ("that is", "that’s"), ("did not", "didn’t"),
    ("will not", "won’t"), ("would not", "wouldn’t"), ("has not", "hasn’t"), ("i am", "I’m"),
    ("have not", "haven’t"), ("was not", "wasn’t"), ("were not", "weren’t"), ("i will", "I’ll"),
)  # fmt: skip
_SOFT_START = re.compile(
    r"^(?:.*?\b(?:wondering|hoping|thinking|guess|suppose)\b(?: if| whether| that)?\s*,?\s*)?"
    r"(?:(?:would|could|can|might|may) (?:you|we|i|it)\b|is there any (?:way|chance)(?: that)?"
    r"|would it be (?:possible|okay|alright|all right)(?: to| if)?)?\s*",
)


def suggestion_for(search: Search, hit: Hit) -> str | None:
    """The first line of the rule's that can be made of this call's words; None if none can."""
    known = _slots(search, hit)
    for text in hit.rule.suggestions:
        names = {name for _, name, _, _ in Formatter().parse(text) if name}
        if all(known.get(name) for name in names):
            return _sentence(text.format_map(known))
    return None


def _slots(search: Search, hit: Hit) -> Mapping[str, str]:
    """What a line may be made of; empty where the call has nothing for it.

    turned: what the other side said, turned round; echo: its last words; promise: the same of a
    promise; ask, plain_ask: one's own ask, as said and without softeners; own_figure,
    their_figure: the last position of each before the moment, as said; open_terms: what of a
    package nobody has brought in.
    """
    heard = search.scene.quote(hit.heard) if hit.heard else ""
    return {
        "turned": turned(heard),
        "promise": turned(heard),
        "echo": echo(heard),
        "ask": _capital(search.scene.quote(hit.quote).strip()),
        "plain_ask": _plain_ask(search, hit.quote),
        "own_figure": _figure(search, hit.quote, mine=True),
        "their_figure": _figure(search, hit.quote, mine=False),
        "open_terms": _open_terms(search),
    }


def turned(text: str) -> str:
    """A clause of what somebody said, as the other would say it back: I for you, you for I.

    At most MAX_WORDS words; empty where nothing of use is left.
    """
    passage = read_passage(text)
    clause = _main_clause(passage)
    said = [_shown(passage, index) for index in clause]
    swapped = [_swapped(said, at) for at in range(len(said))]
    return _joined(swapped)


def echo(text: str) -> str:
    """The last words of what was said, to be said back with a question mark."""
    passage = read_passage(text)
    clause = [i for i in _main_clause(passage) if passage.tokens[i].clean not in MARKS]
    return _joined([_swapped_all(passage, clause)[at] for at in range(len(clause))][-_ECHO_WORDS:])


def _swapped_all(passage: Passage, clause: Sequence[int]) -> list[str]:
    said = [_shown(passage, index) for index in clause]
    return [_swapped(said, at) for at in range(len(said))]


def _main_clause(passage: Passage) -> list[int]:
    """The tokens of the last sentence with enough in it, its leading words and marks left out."""
    sentences = [list(range(s.first, s.last + 1)) for s in passage.sentences]
    long = [s for s in sentences if len(s) > _ECHO_WORDS] or sentences
    tokens = long[-1] if long else []
    while skipped := _lead(passage, tokens):
        tokens = tokens[skipped:]
    while tokens and passage.tokens[tokens[-1]].clean in MARKS:
        tokens = tokens[:-1]
    cut = next((at for at, i in enumerate(tokens) if at > 3 and _is_break(passage, i)), len(tokens))
    return tokens[: min(cut, MAX_WORDS)]


def _lead(passage: Passage, tokens: Sequence[int]) -> int:
    """How many tokens at the start only lead in: "well", "you know", a comma."""
    clean = [passage.tokens[index].clean for index in tokens[:3]]
    for size in (3, 2, 1):
        words = " ".join(clean[:size])
        if len(clean) >= size and (words in _LEADS or (size == 1 and words in MARKS)):
            return size
    return 0


def _is_break(passage: Passage, index: int) -> bool:
    return passage.tokens[index].clean in MARKS


def _shown(passage: Passage, index: int) -> str:
    """A token as it is written; a contraction written out, a capital only where it is a name."""
    token = passage.tokens[index]
    written = passage.text[token.start : token.end]
    if written.lower() != token.clean:
        return token.clean
    starts = index == 0 or passage.tokens[index - 1].clean in (".", "?", "!")
    return token.clean if starts else written


def _swapped(said: Sequence[str], at: int) -> str:
    """A word as the other side would say it."""
    word = said[at].lower()
    before = said[at - 1].lower().split(" ")[-1] if at else ""
    if word == "you":
        return "me" if before in _OBJECTIVE or at == len(said) - 1 else "I"
    if before in ("i", "we") and word in _AFTER_I:
        return _AFTER_I[word]
    if before == "you" and word == "are":
        return "am"
    if " " in word:
        parts = word.split(" ")
        return " ".join(_swapped(parts, place) for place in range(len(parts)))
    return _TURNED.get(word, said[at])


def _joined(parts: Sequence[str]) -> str:
    text = " ".join(part for part in parts if part)
    text = re.sub(r" ([,.;!?])", r"\1", text)
    for long, short in _SHORT:
        text = re.sub(rf"\b{long}\b", short, text)
    return re.sub(r"\bi\b", "I", text)


def _sentence(text: str) -> str:
    return _capital(" ".join(text.split()))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# --- one's own ask, and figures


def _plain_ask(search: Search, quote: Place) -> str:
    """What is asked for, without the softeners around it: the figure, or the words."""
    lines = [
        line
        for line in search.scene.said(quote.turn).lines
        if line["kind"] in POSITIONS and quote.start_char <= line["start_char"] < quote.end_char
    ]
    if lines:
        return f"I’d like {search.scene.quote(_line_place(lines[-1])).strip(' .,?')}"
    passage = read_passage(search.scene.quote(quote))
    soft = search.rulebook.patterns("softeners")
    clean = re.sub(rf"(?<!\S)(?:{'|'.join(soft)})(?!\S)", " ", passage.clean)
    kept = _SOFT_START.sub("", " ".join(clean.split()), count=1).strip(" .?!,")
    return f"Could you {_joined(kept.split(' '))}" if kept else ""


def _line_place(line: Row) -> Place:
    return Place(turn=line["turn"], start_char=line["start_char"], end_char=line["end_char"])


def _figure(search: Search, quote: Place, *, mine: bool) -> str:
    """The last number that one side put forward before the moment, in the words of the call.

    Where the moment's turn has numbers, on the same issue.
    """
    here = [line for line in search.scene.stretch_of(quote.turn).lines if line["value"] is not None]
    issues = {(line["issue"], line["item"]) for line in here if line["turn"] == quote.turn}
    lines = [
        line
        for line in search.scene.lines
        if (line["speaker"] == search.me) is mine
        and line["kind"] in POSITIONS
        and line["value"] is not None
        and (not issues or (line["issue"], line["item"]) in issues)
        and (line["turn"] < quote.turn if mine else line["turn"] <= quote.turn)
    ]
    return search.scene.quote(_line_place(lines[-1])).strip(" .,?") if lines else ""


def _open_terms(search: Search) -> str:
    """Terms of a package that nobody has mentioned, the first three, in words."""
    said = {line["issue"] for line in search.scene.lines}
    names = [name for issue, name in search.rulebook.terms if issue not in said][:3]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
