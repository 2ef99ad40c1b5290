"""Text with a name before what is said: plain text and subtitles.

Subtitles are read here and not by a library: those at hand leave out a cue that they cannot
read without a word, know no line numbers, and hold the whole file.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.tactics.wording import word_set
from pipeline.transcripts.lines import MAX_TEXT_CHARS, Refused, Row, opened, text_lines

CLOCK = re.compile(r"(?:(\d{1,6}):)?(\d{1,3}):(\d{1,2}(?:[.,]\d{1,9})?)")
_NAMED = re.compile(
    r"\s*+(?:[\[(](?P<range>[\d:.,\s>-]{1,60})[\])]\s*+"  # [00:01:02] or (00:01 --> 00:02)
    r"|(?P<bare>\d{1,3}(?::\d\d){1,2}(?:[.,]\d{1,3})?)\s++(?:-\s++)?)?"
    r"(?P<speaker>[^\s:][^:\n]{0,59}?)[^\S\n]{0,9}"
    r"(?:[\[(](?P<after>[\d:.,]{1,20})[\])]\s{0,9})?:(?=\s|$)(?P<text>.*)",
    re.DOTALL,
)
_IN_SENTENCES = word_set(
    "i i'm i'd i'll my we we're our you you're your he she it it's its they is are was were be am "
    "this that that's there here here's what what's so if but because then"
)
"""Two or more words before a colon are no name where one of these is among them."""
_VOICE = re.compile(r"<v(?:\.[^\s<>]{0,60})?\s+([^<>]{1,100})>")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")
_NO_CUE = ("WEBVTT", "NOTE", "STYLE", "REGION")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some of a turn; without a speaker it goes on with the turn before."""

    number: int
    speaker: str | None
    text: str
    start_s: float | None = None
    end_s: float | None = None


def text_rows(path: Path) -> Iterator[Row]:
    """ "Ana: …" a line; a line without a name goes on with the turn before."""
    with opened(path) as file:
        yield from _joined(
            _piece(raw, number=number) for number, raw in text_lines(file) if raw.strip()
        )


def _piece(raw: str, *, number: int) -> Piece:
    match = _NAMED.match(raw)
    words = match["speaker"].lower().replace("’", "'").split() if match else []
    if match is None or (len(words) > 1 and not _IN_SENTENCES.isdisjoint(words)):
        return Piece(number=number, speaker=None, text=raw.strip())
    clock = CLOCK.search(match["range"] or match["bare"] or match["after"] or "")
    return Piece(
        number=number,
        speaker=match["speaker"],
        text=match["text"].strip(),
        start_s=clock_s(clock) if clock else None,
    )


def _joined(pieces: Iterable[Piece | Refused]) -> Iterator[Row]:
    """Turns out of pieces; after an unreadable one, nobody knows who goes on without a name."""
    held: list[Piece] = []
    chars = 0
    for piece in pieces:
        unnamed = isinstance(piece, Piece) and piece.speaker is None
        if held and not (unnamed and held[0].speaker):
            yield _spoken(held)
            held, chars = [], 0
        if isinstance(piece, Refused):
            yield piece
            continue
        if chars <= MAX_TEXT_CHARS:  # a longer turn is refused in any case
            held.append(piece)
        chars += len(piece.text)
    if held:
        yield _spoken(held)


def _spoken(pieces: Sequence[Piece]) -> Row:
    """The turn that its pieces make; keys that have no value are left out."""
    found = {
        "speaker": pieces[0].speaker,
        "text": " ".join(piece.text for piece in pieces if piece.text),
        "start_s": pieces[0].start_s,
        "end_s": pieces[-1].end_s,
    }
    return pieces[0].number, {key: value for key, value in found.items() if value is not None}


# --- subtitles


def subtitle_rows(path: Path) -> Iterator[Row]:
    with opened(path) as file:
        blocks = _blocks(text_lines(file))
        yield from _joined(piece for block in blocks for piece in _cue(block))


def _blocks(lines: Iterable[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Lines up to each empty one; of a block that is too long for a turn, what makes it so."""
    block: list[tuple[int, str]] = []
    chars = 0
    for number, raw in lines:
        if raw.strip() and chars <= MAX_TEXT_CHARS:
            block.append((number, raw.strip()))
            chars += len(raw)
        elif not raw.strip():
            if block:
                yield block
            block, chars = [], 0
    if block:
        yield block


def _cue(block: Sequence[tuple[int, str]]) -> Iterator[Piece | Refused]:
    """What is said in a cue, a piece a line or voice; nothing for headers, notes and styles."""
    timed = [at for at, (_, text) in enumerate(block) if "-->" in text]
    number = block[timed[0] if timed else 0][0]
    if not timed:
        if not block[0][1].startswith(_NO_CUE):
            yield Refused(number=number, reason="not a cue: no times")
        return
    if len(timed) > 1:
        number = block[timed[1]][0]
        yield Refused(number=number, reason="times inside a cue; an empty line must be before it")
        return
    start, _, rest = block[timed[0]][1].partition("-->")
    clocks = [CLOCK.fullmatch(text) for text in (start.strip(), *rest.split()[:1])]
    times = [clock_s(clock) for clock in clocks if clock]
    if len(times) < 2:
        yield Refused(number=number, reason="times cannot be read; 00:01:02.500 is expected")
        return
    for _, text in block[timed[0] + 1 :]:
        for speaker, said in _voices(text):
            yield Piece(number=number, speaker=speaker, text=said, start_s=times[0], end_s=times[1])


def _voices(text: str) -> Iterator[tuple[str | None, str]]:
    """Who says what in a line of a cue, by its voice tags or by a name before a colon."""
    before, *tagged = _VOICE.split(text)
    if plain := _without_markup(before):
        piece = _piece(plain.removeprefix("- "), number=0)
        yield piece.speaker, piece.text
    for speaker, said in zip(tagged[::2], tagged[1::2], strict=True):
        yield html.unescape(speaker).strip(), _without_markup(said)


def _without_markup(text: str) -> str:
    return html.unescape(_MARKUP.sub("", text)).strip()


def clock_s(clock: re.Match[str]) -> float:
    """The seconds of a clock, to the microsecond."""
    hours, minutes, seconds = clock.groups()
    total_s = int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
    return round(total_s, 6)
