"""The colours of the page, for light and dark, and the families' shapes.

Charts are drawn once with stand-in colours (`stand_in`), which become CSS variables when the
SVG is put into the page: the same drawing then follows the reader's theme.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

LIGHT: Mapping[str, str] = MappingProxyType(
    {
        "paper": "#ffffff",
        "wash": "#f4f5f7",
        "ink": "#17202b",
        "muted": "#56616e",
        "line": "#d8dde3",
        "track": "#e8ebef",
        "accent": "#1d4474",
        "me": "#1d4474",
        "other": "#77838f",
        "soft": "#7690b6",
        "notice": "#fdf4e0",
        "notice-ink": "#694600",
        "notice-line": "#d9a441",
        "empathy": "#0d6e56",
        "empathy-tint": "#e0f2ec",
        "inquiry": "#1f5bb5",
        "inquiry-tint": "#e3edfb",
        "assertion": "#6f3aab",
        "assertion-tint": "#f0e8fa",
        "exchange": "#7e5200",
        "exchange-tint": "#f9efd8",
        "risk": "#ab261f",
        "risk-tint": "#fce8e6",
        "conduct": "#4c5966",
        "conduct-tint": "#e9edf1",
    }
)

DARK: Mapping[str, str] = MappingProxyType(
    {
        "paper": "#12161b",
        "wash": "#1a2027",
        "ink": "#e9edf2",
        "muted": "#a7b2be",
        "line": "#343e49",
        "track": "#262e37",
        "accent": "#94b9ee",
        "me": "#7fabea",
        "other": "#7f8b98",
        "soft": "#55719a",
        "notice": "#2d2410",
        "notice-ink": "#f2d48f",
        "notice-line": "#96722a",
        "empathy": "#63cdae",
        "empathy-tint": "#143129",
        "inquiry": "#8ab6fb",
        "inquiry-tint": "#192b45",
        "assertion": "#cba6fa",
        "assertion-tint": "#2d2341",
        "exchange": "#e3b658",
        "exchange-tint": "#362a10",
        "risk": "#ff958b",
        "risk-tint": "#421f1d",
        "conduct": "#b0bbc6",
        "conduct-tint": "#28313a",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A family of tactics as the page shows it; `shape` is an SVG path within -1..1."""

    id: str
    name: str
    shape: str


FAMILIES: tuple[Family, ...] = (
    Family(id="empathy", name="Empathy", shape="M-.9,0A.9,.9,0,1,1,.9,0A.9,.9,0,1,1,-.9,0Z"),
    Family(id="inquiry", name="Inquiry", shape="M0,-1L1,.8L-1,.8Z"),
    Family(id="assertion", name="Assertion", shape="M-.8,-.8H.8V.8H-.8Z"),
    Family(id="exchange", name="Exchange", shape="M0,-1L1,0L0,1L-1,0Z"),
    Family(id="risk", name="Risk", shape="M0,1L1,-.8L-1,-.8Z"),
    Family(
        id="conduct",
        name="Conduct",
        shape="M-.3,-1H.3V-.3H1V.3H.3V1H-.3V.3H-1V-.3H-.3Z",
    ),
)


_STAND_INS = {token: f"#fe00{number:02x}" for number, token in enumerate(LIGHT)}

VARIABLES: Mapping[str, str] = MappingProxyType(
    {colour: f"var(--{token})" for token, colour in _STAND_INS.items()}
)
"""Each stand-in colour with the CSS variable that takes its place."""


def stand_in(token: str) -> str:
    """The literal colour that a chart draws with where the page will use `var(--token)`."""
    return _STAND_INS[token]
