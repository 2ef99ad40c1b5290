"""Analyse one recording in a process of its own and print what it took; see long.py.

python one_call.py RECORDING STORE
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SCRIPTS))


def main() -> None:
    """Run itself once more, so that the child's peak is its own, and print the child's answer.

    A process begins with the peak of the one that started it; this one is small.
    """
    if sys.argv[1] == "--inner":
        print(json.dumps({"seconds": _seconds(Path(sys.argv[2]), store=Path(sys.argv[3]))}))
        return
    command = [sys.executable, __file__, "--inner", *sys.argv[1:]]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    answer = json.loads(done.stdout.splitlines()[-1])
    per_mib = 2**20 if sys.platform == "darwin" else 2**10
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / per_mib
    print(json.dumps({**answer, "peak_mib": peak}))


def _seconds(recording: Path, *, store: Path) -> float:
    """The time of a whole analysis, models loaded before."""
    from core_bench import engines
    from pipeline.models import quiet_dependencies

    quiet_dependencies()
    models = engines.kept_models()
    engines.load_all(recording, models=models)
    started = time.perf_counter()
    engines.analysed(recording, store=store, models=models)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
