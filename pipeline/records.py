"""The nouns that stages pass to each other: polars schemas, audio tracks, and their checks.

Times are integer milliseconds here and seconds in report.json. "No speech" is an empty
frame of the right schema, never None. A call that is known by its transcript alone has an empty
speech map, words without times, and turns with the times of captions or none: null.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

SAMPLE_RATE_HZ = 16_000
BACKCHANNEL, TURN = "backchannel", "turn"

PLAYBACK_NAME = "call.mp3"
"""The sound of a call, beside the page that plays it."""

Samples = npt.NDArray[np.int16]

SPEECH = pl.Schema(
    {
        "start_ms": pl.UInt32,
        "end_ms": pl.UInt32,
        "speaker": pl.String,
        "confidence": pl.Float32,
        "track": pl.UInt8,
    }
)
"""The speech map: who speaks when, sorted by start. Overlaps are allowed. `track` is the one
the speaker is heard on: 0, or the channel where each voice has one of its own."""

WORDS = pl.Schema(
    {
        "word": pl.UInt32,
        "start_ms": pl.UInt32,
        "end_ms": pl.UInt32,
        "text": pl.String,
        "probability": pl.Float32,
        "track": pl.UInt8,
        "language": pl.String,
        "doubt": pl.String,
    }
)
"""Recognised words, sorted by start. `doubt` is empty, or why a word is not to be trusted."""

REPETITION, OUTSIDE_SPEECH, OTHER_LANGUAGE = "repetition", "outside_speech", "other_language"
WITHHELD_DOUBTS = (REPETITION, OUTSIDE_SPEECH)
"""Words that the recogniser made up: recorded and counted, but in no turn."""

_TURNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "turn": pl.UInt32,
    "speaker": pl.String,
    "start_ms": pl.UInt32,
    "end_ms": pl.UInt32,
    "text": pl.String,
    "words": pl.List(pl.UInt32),
    "overlap_ms": pl.UInt32,
    "kind": pl.String,
}
TURNS = pl.Schema(_TURNS)
"""Turns and backchannels, sorted by start. `words` are ids of WORDS in order (a list, since the
other side's backchannel may lie inside a turn) and `text` is those words joined by blanks."""

TACTICS = pl.Schema(
    {
        "turn": pl.UInt32,
        "tactic": pl.String,
        "score": pl.Float32,
        "start_char": pl.UInt32,
        "end_char": pl.UInt32,
        "method": pl.String,
    }
)
"""Tags, each with the span of the turn's text that carries it: text[start_char:end_char]."""

OFFERS = pl.Schema(
    {
        "turn": pl.UInt32,
        "speaker": pl.String,
        "issue": pl.String,
        "item": pl.String,
        "kind": pl.String,
        "value": pl.Float64,
        "high": pl.Float64,
        "unit": pl.String,
        "period": pl.String,
        "option": pl.String,
        "exact": pl.Boolean,
        "rationale": pl.String,
        "step": pl.Float64,
        "gap_share": pl.Float64,
        "toward": pl.String,
        "standing": pl.Boolean,
        "start_char": pl.UInt32,
        "end_char": pl.UInt32,
    }
)
"""The offer ledger, a line for each amount or option said: text[start_char:end_char] of its turn.

`item` says which one where an issue has several (pension, company car). `option` is what has no
number; then `value` is null. `kind`: see pipeline/tactics/offers/ledger.py. `standing` marks the
acceptance that holds at the end of the call. Empty text where something does not apply.
"""

METRICS = pl.Schema(
    {
        "scope": pl.String,
        "speaker": pl.String,
        "metric": pl.String,
        "value": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "unit": pl.String,
        "withheld": pl.String,
    }
)
"""One figure a row. `scope` is call, or first, middle or last for a third of it; `speaker` is
null for totals; `low` to `high` is a 90 % interval where there is one; where `value` is null,
`withheld` says why, else it is empty."""


ENGLISH = "en"
"""The language that tactics and offers are recognised in."""


def language_of(words: pl.DataFrame) -> str | None:
    """The language of most words (WORDS), as an ISO 639 code; None where there are none."""
    return str(words["language"].mode(maintain_order=True)[0]) if words.height else None


def speakers_of(*, speech: pl.DataFrame, turns: pl.DataFrame) -> list[str]:
    """The speakers of SPEECH, by first speech; where nobody was heard, of TURNS by first turn."""
    everyone = turns if speech.is_empty() else speech
    return [str(one) for one in everyone["speaker"].unique(maintain_order=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Decoded audio: `samples` is int16, shape (tracks, samples), at 16 kHz.

    One track for each voice source: a mono call has one, a call whose two channels carry two
    voices has two. The other fields are facts of the uploaded file.
    """

    samples: Samples
    channels: int
    sample_rate_hz: int
    codec: str
    container: str
    truncated: bool

    @property
    def duration_ms(self) -> int:
        """Length of the decoded audio in whole milliseconds."""
        return int(self.samples.shape[1]) * 1000 // SAMPLE_RATE_HZ
