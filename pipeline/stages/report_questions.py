"""Which of the questions that one had planned were asked, in these words or others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import polars as pl

from pipeline.records import TURN
from pipeline.stages.report_figures import rounded, seconds
from pipeline.tactics.empathy import content_stems
from pipeline.tactics.preparation import Matching
from pipeline.tactics.text import Passage, Span, read_passage, sentences, words

Row = Mapping[str, Any]

_QUESTIONS = ("open_question", "closed_question")
_LIGHT_WEIGHT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a plan is compared with; `speaker` is whose plan it is, None where nobody speaks."""

    speaker: str | None
    turns: Sequence[Row]
    tactics: pl.DataFrame
    offers: Sequence[Row]
    language: str | None


def quote_of(turn: Row, start: int, end: int) -> dict[str, Any]:
    """Words of a turn and where they stand."""
    return {
        "turn": turn["turn"],
        "speaker": turn["speaker"],
        "start_s": seconds(turn["start_ms"]),
        "quote": turn["text"][start:end],
        "start_char": start,
        "end_char": end,
    }


def asked_questions(
    questions: Sequence[str], *, matching: Matching, call: Call
) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Each planned question with the question of the call that is most like it, or None."""
    lexicon = _lexicon(matching)
    heard = list(_heard(call, lexicon)) if questions else []
    for text in questions:
        passage = read_passage(text)
        planned = _content(passage.clean, lexicon)
        likeness = (
            (_likeness(planned, passage.clean, one, least=matching.question_share), one)
            for one in heard
        )
        share, best = max(likeness, key=lambda pair: pair[0], default=(0.0, None))
        found = best is not None and share > 0
        yield text, {**best.quote, "share": rounded(share)} if found and best else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lexicon:
    """Which words are light, and the one word that stands for each of a group."""

    light: frozenset[str]
    canonical: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """What a question is about, each word in one form; light words count half."""

    full: frozenset[str]
    light: frozenset[str]

    @property
    def weight(self) -> float:
        return len(self.full) + _LIGHT_WEIGHT * len(self.light)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """A question of the call: its clean words, what it is about, its quote."""

    clean: str
    content: _Content
    quote: Mapping[str, Any]


def _heard(call: Call, lexicon: _Lexicon) -> Iterator[_Heard]:
    """The questions of the plan's owner, alone and with the sentence before: "The range. How …"."""
    tagged: dict[int, list[tuple[int, int]]] = {}
    tags = call.tactics.filter(pl.col("tactic").is_in(_QUESTIONS))
    for turn, start, end in tags.select("turn", "start_char", "end_char").iter_rows():
        tagged.setdefault(turn, []).append((start, end))
    for turn in call.turns:
        if turn["speaker"] != call.speaker or turn["kind"] != TURN:
            continue
        passage = read_passage(turn["text"])
        spans = sentences(passage)
        before = dict(pairwise(reversed(spans)))
        for span in spans:
            start, end = passage.chars(span)
            if _is_question(passage, span) or _touches(tagged.get(turn["turn"], ()), start, end):
                for one in (span, _joined(before.get(span), span)):
                    clean = passage.clean_of(one)
                    yield _Heard(
                        clean=" ".join(words(clean)),
                        content=_content(clean, lexicon),
                        quote=quote_of(turn, *passage.chars(one)),
                    )


def _joined(before: Span | None, span: Span) -> Span:
    return Span(first=before.first if before else span.first, last=span.last)


def _is_question(passage: Passage, span: Span) -> bool:
    return passage.tokens[span.last].clean == "?"


def _touches(tags: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    return any(first < end and start < last for first, last in tags)


def _lexicon(matching: Matching) -> _Lexicon:
    canonical = {
        form: group[0]
        for group in matching.same
        for word in group
        for form in (word, *map(_rooted, content_stems([word])))
    }
    return _Lexicon(light=frozenset(matching.light), canonical=canonical)


def _rooted(stem: str) -> str:
    """ "Include" and "included" have one stem."""
    return stem.removesuffix("e")


def _content(clean: str, lexicon: _Lexicon) -> _Content:
    said = words(clean)
    stems = map(_rooted, content_stems(word for word in said if word not in lexicon.light))
    return _Content(
        full=frozenset(lexicon.canonical.get(stem, stem) for stem in stems),
        light=frozenset(
            lexicon.canonical.get(word, word) for word in said if word in lexicon.light
        ),
    )


def _likeness(planned: _Content, clean: str, heard: _Heard, *, least: float) -> float:
    """The share of the planned words that were said, 0 where it is too little to count.

    A question of light words alone ("How so?") counts where it was asked in these words.
    """
    said = " ".join(words(clean))
    if said and f" {said} " in f" {heard.clean} ":
        return 1.0
    both = heard.content.full | heard.content.light
    shared = _Content(full=planned.full & both, light=planned.light & both)
    if not shared.full or 2 * len(shared.full) < len(planned.full):
        return 0.0
    share = shared.weight / planned.weight
    return share if share >= least else 0.0
