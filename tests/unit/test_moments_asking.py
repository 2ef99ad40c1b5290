"""One's own ask, freed of its softeners, in one plain sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import shipped_rulebook
from pipeline.stages.moments.asking import plain_ask

SOFTENERS = shipped_rulebook().patterns("softeners")

ASKS = (
    (
        "I was kind of wondering if maybe there's any chance we could possibly look at the base a"
        " little bit?",
        "",
        "I’d like us to look at the base",
    ),
    (
        "So, um, sorry to ask, and it's totally fine if not, but would it perhaps be possible to"
        " get a small discount or something?",
        "",
        "I’d like a small discount",
    ),
    (
        "Could you maybe send me the price list by Wednesday, if that's okay?",
        "",
        "I’d like you to send me the price list by Wednesday",
    ),
    (
        "I was just hoping we could maybe do 23 days of vacation?",
        "23 days",
        "I’d like 23 days of vacation",
    ),
    (
        "I guess I'd kind of like a signing bonus of $6,000, if possible.",
        "$6,000",
        "I’d like a signing bonus of $6,000",
    ),
    ("Would it be possible to start in May?", "", "I’d like to start in May"),
    (
        "Is there any way you could come down to 7.20 a piece?",
        "7.20",
        "I’d like 7.20 a piece",
    ),
    ("Maybe we could sort of talk about remote work?", "", "I’d like us to talk about remote work"),
    ("I was hoping for maybe 95,000 or so.", "95,000", "I’d like 95,000"),
    ("Is there any flexibility on the salary, perhaps?", "", "I’d like to talk about the salary"),
    ("Can I maybe get the Fridays off?", "", "I’d like the Fridays off"),
    (
        "Could we possibly get a little closer to 95?",
        "95",
        "I’d like to get closer to 95",
    ),
    ("What about maybe two days from home?", "two days", "I’d like two days from home"),
    (
        "Do you think you could put in a word with Lena?",
        "",
        "I’d like you to put in a word with Lena",
    ),
    (
        "If it's not too much trouble, I'd love an introduction to your boss.",
        "",
        "I’d like an introduction to your boss",
    ),
    (
        "Maybe a base of around 92,000 would be, I don't know, possible?",
        "92,000",
        "I’d like a base of 92,000",
    ),
    (
        "I'd maybe like to work from home two days a week, if possible.",
        "two days",
        "I’d like to work from home two days a week",
    ),
    ("We'd love, if possible, maybe 30 days to pay?", "30 days", "I’d like 30 days to pay"),
    (
        "Could I possibly ask for a few more days of vacation?",
        "",
        "I’d like a few more days of vacation",
    ),
    ("I don't know, it's just a thought.", "", ""),
    ("Would you mind sending me the slides?", "", ""),
    ("", "", ""),
)


@pytest.mark.parametrize(("said", "figure", "expected"), ASKS)
def test_an_ask_is_said_plainly(said: str, figure: str, expected: str) -> None:
    """What is wanted stays in the words it had; what softened it goes."""
    at = said.index(figure) if figure else None
    span = None if at is None else (at, at + len(figure))
    assert plain_ask(said, softeners=SOFTENERS, figure=span) == expected


@given(st.text(max_size=200))
def test_any_text_gives_an_ask_or_none(text: str) -> None:
    """Whatever was said: no error, and a line is a wish of one's own."""
    line = plain_ask(text, softeners=SOFTENERS)
    assert line == "" or line.startswith("I’d like ")
