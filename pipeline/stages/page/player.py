"""What the page needs to play the call: where its sound is, and when each word was said."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import polars as pl

from pipeline.records import PLAYBACK_NAME
from pipeline.stages.page import wording

Audio = Literal["embed", "link", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """The sound of the call: the address of the audio element, and what the page's policy allows.

    `starts` holds by turn what `word_starts` says. `is_linked` where the sound is a file beside
    the page.
    """

    address: str
    policy: str
    is_linked: bool
    starts: Mapping[int, str]


def sound(
    report: Mapping[str, Any],
    *,
    audio: Audio,
    words: pl.DataFrame | None,
    turns: pl.DataFrame | None,
    mp3: bytes | None,
) -> Sound | None:
    """The sound that the page plays; None where there is none, or no words with their times.

    `words` (WORDS) and `turns` (TURNS) are those that the report was made of. Where the sound is
    to be embedded, `mp3` holds it. A page that is made of a report alone plays nothing.
    """
    if audio == "none" or words is None or turns is None or not wording.is_heard(report):
        return None
    if audio == "embed" and mp3 is None:
        return None
    if audio == "link":
        # 'self' lets the file beside the page play from a disk and from a server, and on a
        # server nothing else; a bare file name is no source that a policy can name
        address, policy = PLAYBACK_NAME, "'self'"
    else:
        encoded = base64.b64encode(mp3 or b"").decode()
        address, policy = f"data:audio/mpeg;base64,{encoded}", "data:"
    return Sound(
        address=address,
        policy=policy,
        is_linked=audio == "link",
        starts=_starts(words, turns=turns),
    )


def _starts(words: pl.DataFrame, *, turns: pl.DataFrame) -> dict[int, str]:
    """`word_starts` of every turn whose text is its words joined by blanks."""
    known = {
        number: (wording.plain(text), start_ms)
        for number, text, start_ms in words.select("word", "text", "start_ms").iter_rows()
    }
    found = {}
    for turn, text, ids in turns.select("turn", "text", "words").iter_rows():
        spoken = [known[number] for number in ids if number in known]
        if spoken and " ".join(word for word, _ in spoken) == wording.plain(text):
            found[turn] = word_starts(spoken)
    return found


def word_starts(spoken: Sequence[tuple[str, int]]) -> str:
    """When each piece of a turn's text between blanks begins: "6203 31 22".

    `spoken` are the words with their starts in milliseconds. The first number is in hundredths of
    a second from the start of the call, each other one the difference from the one before: short,
    as a long call has 20,000 of them. A word with blanks in it counts as several pieces.
    """
    starts_cs = [
        round(start_ms / 10) for text, start_ms in spoken for _ in range(text.count(" ") + 1)
    ]
    steps = (later - earlier for earlier, later in pairwise(starts_cs))
    return " ".join(str(number) for number in (starts_cs[0], *steps))
