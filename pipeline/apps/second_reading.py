"""The second reader on the command line: who it is, where it failed, how far it agrees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.table import Table

from pipeline.apps import console
from pipeline.errors import ConfigError
from pipeline.reader.chat import Chat
from pipeline.reader.endpoint import Endpoint, endpoint_from
from pipeline.reader.post import Answer, Bounds, check_reachable, post
from pipeline.reader.second import SecondReader
from pipeline.tactics.codebook import Codebook

_MAX_REASONS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The second reader that the options ask for: none without a `url`."""

    url: str | None
    model: str | None
    remote: bool
    quiet: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondReading:
    """A second reader with its endpoint and the name of its model."""

    endpoint: Endpoint
    model: str
    reader: SecondReader

    def introduce(self) -> None:
        """Say who reads, and whether the transcript leaves this machine."""
        clear = "" if self.endpoint.encrypted else ", unencrypted"
        away = f" (what was said leaves this machine{clear})" if self.endpoint.remote else ""
        line = f"second reader: {self.model} at {self.endpoint.origin}{away}"
        console.STDERR.print(console.one_line(line), soft_wrap=True)

    def print_agreement(self) -> None:
        """The tactics that somebody saw, with the turns of each; then what was dropped."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("tactic", "both", "built-in only", "reader only", "kappa"):
            table.add_column(name, justify="left" if name == "tactic" else "right")
        for one in self.reader.agreements():
            seen = (one.both, one.only_built_in, one.only_reader)
            kappa = "–" if one.kappa is None else f"{one.kappa:.2f}"
            if any(seen):
                table.add_row(one.tactic, *map(str, seen), kappa)
        if table.row_count:
            console.STDERR.print(table)
        if reasons := self.reader.dropped:
            counts = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
            console.STDERR.print(f"tags of the reader not taken: {counts}", soft_wrap=True)

    def document(self) -> dict[str, Any]:
        """The agreement as JSON, with what was compared."""
        return {
            "endpoint": self.endpoint.origin,
            "model": self.model,
            **self.reader.document(),
        }


def second_reading(asked: Asked, *, codebook: Codebook, name: str) -> SecondReading | None:
    """The reader that the options ask for, None where they ask for none; `name` is the file's.

    Raises ConfigError for options that do not fit, ModelError where its server is not there.
    """
    if asked.url is None:
        if asked.model or asked.remote:
            raise ConfigError("--reader-model and --reader-remote need --reader URL")
        return None
    if not asked.model:
        raise ConfigError("--reader needs --reader-model, the name its server knows the model by")
    endpoint, bounds = endpoint_from(asked.url, remote=asked.remote), Bounds()
    check_reachable(endpoint, bounds)

    def send(body: bytes) -> Answer:
        return post(body, endpoint=endpoint, bounds=bounds)

    chat = Chat(model=asked.model, send=send)
    reader = SecondReader(chat=chat, codebook=codebook, failed=_Failures(name).add)
    reading = SecondReading(endpoint=endpoint, model=asked.model, reader=reader)
    if not asked.quiet:
        reading.introduce()
    return reading


class _Failures:
    """Names the dialogues that the reader failed at, the first of them."""

    def __init__(self, name: str) -> None:
        self.name, self.count = name, 0

    def add(self, dialogue: str, reason: str) -> None:
        self.count += 1
        if self.count > _MAX_REASONS:
            return
        where = f"{self.name}, dialogue {dialogue}" if dialogue else self.name
        line = f"{where}: second reader: {reason}"
        console.STDERR.print(console.one_line(line), style="red", soft_wrap=True)
