"""The demo call's report as it is committed: what its page and a fresh analysis are held against.

`PARLEY_RENEW_GOLDEN=1 python -m pytest tests/e2e/test_demo_report.py` writes it anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent / "data" / "demo_call" / "report.json"
RENEW = "PARLEY_RENEW_GOLDEN"
SETTINGS = (
    "report.names=Ben,Maria",
    "report.me=Maria",
    "report.profile=job_offer",
    "report.role=candidate",
    "page.audio=none",
)


def demo_report() -> dict[str, Any]:
    """The golden report of the stereo demo call, Maria's in a talk about a job offer."""
    report: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
    return report
