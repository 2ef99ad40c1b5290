"""Words as the other side would say them: I for you, you for I, and the verb that goes with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from pipeline.tactics.text import MARKS, STOPS, Passage
from pipeline.tactics.wording import word_set

SUBJECTS = word_set("i we he she it they there")
_TURNED = {
    "i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself",
    "your": "my", "yours": "mine", "yourself": "myself",
    "i'm": "you’re", "i've": "you’ve", "i'd": "you’d", "i'll": "you’ll", "im": "you’re",
    "ive": "you’ve", "you're": "I’m", "you've": "I’ve", "you'd": "I’d", "you'll": "I’ll",
    "youre": "I’m", "youve": "I’ve", "youll": "I’ll",
}  # fmt: skip
_TURNED_WE = {
    "we": "you", "us": "you", "our": "your", "ours": "yours", "ourselves": "yourselves",
    "we're": "you’re", "we've": "you’ve", "we'd": "you’d", "we'll": "you’ll",
}  # fmt: skip
_SHARED = re.compile(
    r"\bwe (?:(?:have|had|just|all|both|two|are|been) )*"
    r"(?:agreed|talked|spoke|discussed|met|settled|arguing|talking|negotiating|close|closer)\b"
    r"|\bwe (?:both|all)\b|\b(?:between|both of) us\b|\bwe (?:have a deal|are getting closer)\b"
    r"|\bwe (?:can|could|will|should|might) (?:work|figure|sort|meet|find a way)\b"
)
"""Here “we” is both sides, and stays."""
_BE_OF_I = {"am": "are", "was": "were", "wasn't": "weren’t", "ain't": "aren’t"}
_BE_OF_YOU = {"are": "am", "were": "was", "aren't": "am not", "weren't": "wasn’t"}
_ADVERBS = word_set(
    "really just still also only already never always honestly truly actually probably certainly "
    "definitely both quite not even now once"
)
_OF_SUBJECT = word_set(
    "are were have had do did will would can could should may might must aren't weren't haven't "
    "hadn't don't didn't won't wouldn't can't couldn't shouldn't cannot need want know think like "
    "said say get got go take make leave sign start come feel"
)
"""Verbs that “you” before them is the subject of."""
_PREPOSITIONS = word_set(
    "for to with of about from by on at without near than behind against between around toward "
    "towards under over into"
)
_CAUSES = word_set("let lets help helps helped make makes made see watch saw hear")
_GIVES = word_set(
    "tell told give gave send sent show showed ask asked offer offered pay paid thank call called "
    "owe bring brought want wanted need hire hired lose find meet put keep trust blame love join "
    "miss appreciate getting having giving telling paying sending hiring losing made"
)
_BEHIND_OBJECT = word_set(
    "to the a an my our your his her their this that these those some any it them anything "
    "something nothing more what how why where when if and or but in on at by for from with about "
    "as back up down out today tomorrow tonight now then again here there is was has i he she we "
    "they she'd he'd they'd i'd we'd i'm we're until next last enough"
)
_OPENS_CLAUSE = word_set(
    "if when that because what how why where who which once until before after as since whether "
    "unless while though although so and but or"
)
_GROUP = word_set("guys folks both all two")
_NAMELIKE = re.compile(
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|january|february|march|april|may|june|july"
    r"|august|september|october|november|december"
)
_LOWER = word_set(
    "i we you he she it they there this that these those the a an my our your his her their its "
    "some any no each every all both everyone everybody everything nobody nothing somebody someone "
    "something people what if when once unless until because but and so or as in on at for from by "
    "with me one two three four five six money time budget cash work management finance things "
    "maybe perhaps probably hopefully not never always most many much more"
)
_PLURAL_VERBS = word_set("are were have do will would can could aren't don't keep need want get")
_PERSON_IS = re.compile(r"^(you(?= are)|we(?= are)|I(?= am)) a(re|m) (?=\w)")
_GAPS = frozenset({"", "-", "/", "&", " & ", "+", "€", "$", "£", " €", " $", " £"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word or mark: as the cues see it, as it was written, and what stands before it."""

    clean: str
    written: str
    gap: str = " "

    @property
    def lower(self) -> str:
        """As written, in lower case with a straight apostrophe."""
        return self.written.lower().replace("’", "'")

    @property
    def is_mark(self) -> bool:
        """Whether it is a mark."""
        return self.clean in MARKS


def words_of(passage: Passage, first: int, last: int) -> list[Word]:
    """Tokens first..last as words: in lower case where only the sentence made them capital."""
    shouted = passage.text.isupper()
    found = []
    for index in range(first, last + 1):
        token = passage.tokens[index]
        written = passage.text[token.start : token.end]
        opens = index == first and (index == 0 or passage.tokens[index - 1].clean in STOPS)
        following = passage.tokens[index + 1].clean if index < last else ""
        if shouted or (opens and _is_common(written, following)):
            written = written.lower()
        gap = passage.text[passage.tokens[index - 1].end : token.start] if index else " "
        found.append(
            Word(
                clean=token.clean,
                written=_EXPANDED.get(written.lower(), written),
                gap=gap if gap in _GAPS else " ",
            )
        )
    return found


_EXPANDED = {"gonna": "going to", "wanna": "want to", "kinda": "kind of", "sorta": "sort of"}


def _is_common(written: str, following: str) -> bool:
    """Whether a word at the start of a sentence would not be a capital within it."""
    lower = written.lower().replace("’", "'")
    if _NAMELIKE.fullmatch(lower) or (len(written) > 1 and written.isupper()):
        return False
    plural = lower.endswith("s") and following.split(" ")[0] in _PLURAL_VERBS
    return lower.partition("'")[0] in _LOWER or lower.endswith(("ing", "ly")) or plural


def swapped(words: Sequence[Word]) -> list[str]:
    """The words as the other side would say them."""
    shared = _shared(words)
    said = [_swapped(words, at, is_shared=at in shared) for at in range(len(words))]
    return _with_me_last(said)


def _shared(words: Sequence[Word]) -> set[int]:
    """The words where “we” is both sides."""
    places = [0, *accumulate(len(word.clean) + 1 for word in words)]
    spans = [one.span() for one in _SHARED.finditer(" ".join(word.clean for word in words))]
    return {
        at
        for at in range(len(words))
        if any(start < places[at + 1] - 1 and places[at] < end for start, end in spans)
    }


def _swapped(words: Sequence[Word], at: int, *, is_shared: bool) -> str:
    word = words[at].lower
    if word == "you":
        return _you(words, at)
    if word in _GROUP - {"both"} and at and words[at - 1].lower == "you":
        return ""
    if word in _TURNED_WE:
        return words[at].written.replace("'", "’") if is_shared else _TURNED_WE[word]
    if word in _TURNED:
        return _TURNED[word]
    return _be(words, at) or words[at].written.replace("'", "’")


def _be(words: Sequence[Word], at: int) -> str:
    """A form of to be, of I or you, as it must be for the other; else empty."""
    word = words[at].lower
    for forms, subject in ((_BE_OF_I, "i"), (_BE_OF_YOU, "you")):
        if word in forms and _subject(words, at) == subject:
            return forms[word]
    return ""


def _subject(words: Sequence[Word], at: int) -> str:
    """The pronoun before a verb, adverbs left out, or else the one right behind it."""
    before = at - 1
    while before >= 0 and words[before].lower in _ADVERBS:
        before -= 1
    pronoun = words[before].lower if before >= 0 else ""
    is_one_of_two = before >= 1 and words[before - 1].lower in ("and", "or")
    if pronoun in ("i", "you"):
        is_object = pronoun == "you" and not _is_subject(words, before)
        return "" if is_one_of_two or is_object else pronoun
    behind = words[at + 1].lower if at + 1 < len(words) else ""
    return behind if behind in ("i", "you") and pronoun not in SUBJECTS else ""


def _you(words: Sequence[Word], at: int) -> str:
    """What “you” becomes: I or me, we or us where it is several."""
    behind = words[at + 1].lower if at + 1 < len(words) else ""
    before = [word.lower for word in words[max(0, at - 2) : at]]
    many = behind in _GROUP or (
        before[-1:] == ["of"] and before[0] in ("both", "all", "most", "two")
    )
    if _is_subject(words, at + (behind in _GROUP), before=at):
        return "we" if many else "I"
    return "us" if many else "me"


def _is_subject(words: Sequence[Word], at: int, *, before: int | None = None) -> bool:
    """Whether “you” does what follows; `at` is the last word that belongs to it."""
    start = at if before is None else before
    behind = words[at + 1].lower if at + 1 < len(words) else ""
    prior = words[start - 1].lower if start else ""
    if not behind or words[at + 1].is_mark:
        return False
    if behind == "and" and not prior:
        return True
    if prior in _PREPOSITIONS or prior in _CAUSES:
        return False
    if behind in _OF_SUBJECT or (behind in _ADVERBS and prior not in _GIVES):
        return True
    if prior in _OPENS_CLAUSE or not prior:
        return True
    is_given = behind in _BEHIND_OBJECT or behind[0].isdigit() or behind.endswith("ing")
    return not (is_given or prior in _GIVES)


def _with_me_last(said: Sequence[str]) -> list[str]:
    """“I and my team” the other way round."""
    if list(said[:3]) == ["I", "and", "my"] and len(said) > 3:
        return ["my", said[3], "and", "I", *said[4:]]
    return list(said)


def joined(said: Sequence[str], words: Sequence[Word]) -> str:
    """Words as a line: marks close up, and “you are” is said short where something follows."""
    text = ""
    for part, word in zip(said, words, strict=True):
        text += part if not text or not part else ("" if word.is_mark else word.gap) + part
    return _PERSON_IS.sub(r"\1’\2 ", text)
