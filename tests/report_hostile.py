"""Reports in which hostile text stands wherever people's words, or files that people bring, can."""

from __future__ import annotations

from typing import Any

import report_builder as build

PAYLOADS = (
    "<script>document.title='taken'</script>",
    "</script><script>document.title='taken'</script>",
    "</style><style>body{display:none}</style>",
    "</title></svg></p></textarea><img src=x onerror=alert(1)>",
    "\"' onmouseover='alert(1)' x=\"",
    "{{ 7 * 7 }}{% for x in y %}",
    "datum.x; alert(1) [1,2] signal: 'width'",
    "\u202egnirts desrever\u202c",
    "\u2066\u2067a\u2069\u2069\u2069",
    "tab\tline\nreturn\rnull\x00bell\x07",
    "half \ud83d of a character \uffff",
    "javascript:alert(1)",
    "W" * 10_000,
    "🙂é\u0301 שלום مرحبا 你好",
)
WORDS = {
    "quote", "text", "name", "why", "sources", "suggestion", "next_time", "lens", "source",
    "setting", "description", "option", "new_words", "question", "phrase", "definition", "note",
    "author", "changes", "time", "reason", "warnings", "licence", "withheld",
}  # fmt: skip
"""Keys of report.json under which text is free; under all others it is out of a fixed list."""


def hostile_report(payload: str) -> dict[str, Any]:
    """The full report with the payload under every key of free text, and as the text of turns."""
    lines = (
        build.line("S0", f"{payload} what now?", 0.0, 90.0, ("open_question", payload)),
        build.line("S1", payload, 91.0, 160.0, ("offer", payload), ("boundary", payload)),
        *build.CALL[2:],
    )
    whole = build.full_report() | {
        key: build.report(lines)[key] for key in ("turns", "tactics", "speech", "codebook")
    }
    speakers = (
        build.speaker("S0", payload, is_me=True),
        build.speaker("S1", payload, talk_ratio=None, talk_ratio_interval=None),
    )
    whole |= {
        "speakers": list(speakers),
        "recording": build.recording(name=payload, language=payload),
        "quality": build.quality(
            warnings=[payload],
            withheld=[{"scope": "S1", "metric": "talk_ratio", "reason": payload}],
        ),
        "definitions": [{"metric": payload, "definition": payload, "note": payload}],
        "corrections": [{"author": payload, "time": payload, "changes": [payload]}],
        "voice_matches": [{"speaker": "S0", "name": payload, "similarity": 0.9, "used": True}],
        "hidden_tactics": [whole["codebook"][0] | {"name": payload, "tag_count": 2}],
        "models": [one | {"stage": payload} for one in whole["models"]],
        "versions": whole["versions"] | {payload: payload},
    }
    said = whole.pop("turns")
    return _filled(whole, payload) | {"turns": said}


def _filled(value: Any, payload: str) -> Any:
    """The same with the payload in the place of all free text."""
    if isinstance(value, dict):
        return {key: _text(one, payload) if key in WORDS else _filled(one, payload)
                for key, one in value.items()}  # fmt: skip
    return [_filled(one, payload) for one in value] if isinstance(value, list | tuple) else value


def _text(value: Any, payload: str) -> Any:
    if isinstance(value, str):
        return payload
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return [payload for _ in value]
    return _filled(value, payload)
