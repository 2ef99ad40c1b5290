"""What was really said, by whom and when: any kind of reference as one record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import InputError
from pipeline.evaluation import formats
from pipeline.evaluation.documents import Node, parse_json, read_text
from pipeline.evaluation.spoken import Interval, Said, bare, in_order, speakers_of, spread

FigureKey = tuple[str | None, str]
"""(speaker, metric); the speaker is None for figures of the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A number that was said; `forms` are ways to write it."""

    said: Said
    forms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The truth about a call; None for what it does not say.

    `words` have times of their own, or times spread over their utterance; `speech` is the exact
    speech map, by start; `figures` are figures given outright, which count more than those that
    follow from words and speech.
    """

    duration_ms: int | None = None
    words: tuple[Said, ...] | None = None
    speech: tuple[Interval, ...] | None = None
    numbers: tuple[Amount, ...] | None = None
    short_replies: tuple[Said, ...] | None = None
    fillers: tuple[Said, ...] | None = None
    figures: Mapping[FigureKey, float] = field(default_factory=dict)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Everybody who speaks."""
        return tuple(dict.fromkeys(speakers_of((*(self.speech or ()), *(self.words or ())))))


def read_reference(files: Mapping[str, Path], *, recording: str) -> Reference:
    """The reference of a recording from its files, by kind: reference, rttm, stm, seglst.

    What the reference JSON leaves out comes from the others; `recording` finds its lines in a
    file of several. Raises InputError.
    """
    told = _from_json(files["reference"]) if "reference" in files else Reference()
    words, speech = told.words, told.speech
    if speech is None and "rttm" in files:
        speech = tuple(formats.read_rttm(files["rttm"], recording=recording))
    if words is None and "seglst" in files:
        words = tuple(formats.read_seglst(files["seglst"], recording=recording))
    if words is None and "stm" in files:
        words = tuple(formats.read_stm(files["stm"], recording=recording))
    whole = Reference(
        duration_ms=told.duration_ms,
        words=words,
        speech=speech,
        numbers=told.numbers,
        short_replies=told.short_replies,
        fillers=told.fillers,
        figures=told.figures,
    )
    _check(whole, where=", ".join(str(path) for path in files.values()))
    return whole


def _check(reference: Reference, *, where: str) -> None:
    if reference.words is None and reference.speech is None:
        raise InputError(f"{where}: says neither who spoke when nor what; nothing can be scored")
    if reference.speech is not None and reference.words:
        strangers = set(speakers_of(reference.words)) - set(speakers_of(reference.speech))
        if strangers:
            raise InputError(
                f"{where}: {min(strangers)!r} has words but no speech in the speech map; "
                "use the same names in both"
            )


def _from_json(path: Path) -> Reference:
    told = parse_json(read_text(path), where=str(path))
    turns = dict(_turns(told))
    return Reference(
        duration_ms=told.get("duration_s").ms() if "duration_s" in told else None,
        words=_words(told, turns.values()),
        speech=_speech(told.get("speech")) if "speech" in told else None,
        numbers=_numbers(told, turns) if "numbers" in told else None,
        short_replies=_listed(told, "short_replies"),
        fillers=_listed(told, "fillers"),
        figures=_figures(told.get("figures")) if "figures" in told else {},
    )


def _turns(told: Node) -> Iterator[tuple[int, Said]]:
    for row in told.get("turns").items() if "turns" in told else ():
        yield row.get("index").whole(), _said(row)


def _said(row: Node) -> Said:
    start_ms, end_ms = row.span_ms()
    speaker, text = row.get("speaker").name(), row.get("text").text()
    return Said(speaker=speaker, start_ms=start_ms, end_ms=end_ms, text=text)


def _words(told: Node, turns: Iterable[Said]) -> tuple[Said, ...] | None:
    """The words, timed in the file or spread over their turns; None where there are neither."""
    if "words" in told:
        return tuple(in_order(_said(row) for row in told.get("words").items()))
    if "turns" not in told:
        return None
    return tuple(in_order(word for turn in turns for word in _spread(turn)))


def _spread(turn: Said) -> list[Said]:
    return spread(turn.text, speaker=turn.speaker, start_ms=turn.start_ms, end_ms=turn.end_ms)


def _speech(told: Node) -> tuple[Interval, ...]:
    found = [
        Interval(speaker=speaker, start_ms=span[0], end_ms=span[1])
        for speaker, spans in told.members()
        for span in (row.span_ms() for row in spans.items())
        if span[0] < span[1]
    ]
    return tuple(sorted(found, key=lambda one: (one.start_ms, one.end_ms)))


def _listed(told: Node, key: str) -> tuple[Said, ...] | None:
    return tuple(_said(row) for row in told.get(key).items()) if key in told else None


def _numbers(told: Node, turns: Mapping[int, Said]) -> tuple[Amount, ...]:
    return tuple(_amount(row, turns) for row in told.get("numbers").items())


def _amount(row: Node, turns: Mapping[int, Said]) -> Amount:
    turn = turns.get(row.get("turn").whole())
    if turn is None:
        raise row.get("turn").wrong("the index of a turn of the file")
    spoken = row.get("spoken").text()
    written = [form.text() for form in row.get("written").items()] if "written" in row else []
    start_ms, end_ms = _place(spoken, turn)
    said = Said(speaker=row.get("speaker").name(), start_ms=start_ms, end_ms=end_ms, text=spoken)
    return Amount(said=said, forms=(spoken, *written))


def _place(phrase: str, turn: Said) -> tuple[int, int]:
    """When a phrase is said in a turn, its words spread evenly; the whole turn if not found."""
    words, wanted = _spread(turn), [bare(word) for word in phrase.split()]
    texts = [bare(word.text) for word in words]
    for first in range(len(texts) - len(wanted) + 1 if wanted else 0):
        if texts[first : first + len(wanted)] == wanted:
            return words[first].start_ms, words[first + len(wanted) - 1].end_ms
    return turn.start_ms, turn.end_ms


def _figures(told: Node) -> dict[FigureKey, float]:
    """Figures by speaker, or "call" for those of the whole call, then by metric."""
    return {
        (None if who == "call" else who, metric): value.number()
        for who, table in told.members()
        for metric, value in table.members()
        if value.value is not None
    }
