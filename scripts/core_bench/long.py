"""A very long call against a short one: memory that must not grow, time that must grow alike."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import ContractError

from .figures import Bound, Row, figure_row, ratios, spread
from .material import CALL_RATE_HZ, Setup, real_call, repeated, write_call

SHORT_MINUTES, SHORT_OF_LONG = 10.0, 12
_PROGRAM = Path(__file__).with_name("one_call.py")


def short_minutes(long_minutes: float) -> float:
    """How long the short call is: 10 minutes, and less where the long one was shortened."""
    return min(SHORT_MINUTES, long_minutes / SHORT_OF_LONG)


def long(setup: Setup) -> Iterator[Row]:
    """Each analysis in a process of its own; the short call is run before and after the long one.

    Once only, since it takes a quarter of an hour.
    """
    lengths = {"short": short_minutes(setup.long_minutes), "long": setup.long_minutes}
    samples = real_call(setup).mono
    paths = {
        name: write_call(
            setup.folder / f"{name}.wav",
            repeated(samples, length=round(minutes * 60 * CALL_RATE_HZ)),
        )
        for name, minutes in lengths.items()
    }
    before, whole, after = (_measured(paths[name], setup) for name in ("short", "long", "short"))
    names = f"{lengths['long']:g} minutes / {lengths['short']:g} minutes"
    short_peaks = [before["peak_mib"], after["peak_mib"]]
    yield figure_row(
        f"peak memory, a mono call of {names}",
        ratios([whole["peak_mib"]] * 2, short_peaks),
        bound=Bound(most=1.5),
        more=f"{whole['peak_mib']:.0f} MiB against {spread(short_peaks).median:.0f} MiB",
    )
    short_s = [one["seconds"] / lengths["short"] for one in (before, after)]
    long_s = whole["seconds"] / lengths["long"]
    yield figure_row(
        f"time a minute of call, {names} (1 is linear)",
        ratios([long_s] * 2, short_s),
        more=f"{long_s:.2f} s against {spread(short_s).median:.2f} s",
    )


def _measured(path: Path, setup: Setup) -> dict[str, float]:
    """Seconds and the peak (MiB) of the largest process of an analysis."""
    with tempfile.TemporaryDirectory(dir=setup.folder) as store:
        command = [sys.executable, str(_PROGRAM), str(path), store]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise ContractError(
            f"the analysis of the {path.stem} call ended with {done.returncode}; what it printed "
            "above says why (-9 or 137: not enough memory)"
        )
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer
