"""`parley eval tactics --publish`: the figures that the package ships and reports print."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipeline.apps import console
from pipeline.config import Config
from pipeline.errors import StoreError
from pipeline.evaluation.corpora import Judged
from pipeline.evaluation.published import as_toml, pooled
from pipeline.evaluation.tactics import Found
from pipeline.tactics.measured import below_bar


def publish(
    pairs: Iterable[tuple[Judged, Found]], *, path: Path, config: Config, command: str
) -> None:
    """Write the figures, and say what is below the bar and what was not measured.

    Raises InputError without test data, StoreError where the file cannot be written.
    """
    book = config.tactics.codebook
    tactics = [tactic.id for tactic in book.tactics]
    measured = pooled(pairs, tactics=tactics)
    text = as_toml(
        measured,
        command=command,
        codebook=book.version,
        model=config.tactics.model,
        classifier=config.tactics.classifier if config.tactics.model else "",
    )
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as err:
        raise StoreError(f"{path}: cannot be written: {err.strerror}") from err
    low = below_bar(measured, bar=config.report.precision_bar)
    absent = [tactic for tactic in tactics if tactic not in {one.tactic for one in measured}]
    console.STDERR.print(f"{path.name}: {len(measured)} tactics", soft_wrap=True)
    console.STDERR.print(f"experimental: {', '.join(sorted(low)) or 'none'}", soft_wrap=True)
    console.STDERR.print(f"not measured: {', '.join(absent) or 'none'}", soft_wrap=True)
