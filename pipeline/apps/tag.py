"""The command `parley tag`: a transcript in, the same turns with their tactics out."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from pipeline.apps.options import AllTags, Quiet

if TYPE_CHECKING:
    from pipeline.apps.second_reading import Asked
    from pipeline.tactics import Learned
    from pipeline.tactics.codebook import Codebook
    from pipeline.tagging import Tagged
    from pipeline.transcripts.lines import Refused

_MAX_REASONS = 20

Write = Callable[[object], None]


def tag(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A transcript: .jsonl, .txt (“Ana: …”), .srt, .vtt, .csv, .tsv or report.json.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Write the tagged turns here. [default: standard output]")
    ] = None,
    offers: Annotated[
        Path | None, typer.Option(help="Write the offer ledger here, a dialogue a line.")
    ] = None,
    rules: Annotated[
        bool, typer.Option("--rules", help="The rules alone: faster, without any weights.")
    ] = False,
    all_tags: AllTags = False,
    reader: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Have a language model read too: an OpenAI-compatible endpoint on this machine, "
            "such as http://localhost:8080/v1. Its key, if any: PARLEY_READER_KEY.",
        ),
    ] = None,
    reader_model: Annotated[
        str | None, typer.Option(metavar="NAME", help="What the endpoint calls its model.")
    ] = None,
    reader_remote: Annotated[
        bool,
        typer.Option(
            "--reader-remote",
            help="Allow an endpoint elsewhere: what was said then leaves this machine.",
        ),
    ] = False,
    agreement: Annotated[
        Path | None, typer.Option(help="Write here how far the reader agrees with the tagger.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Tag the tactics of a transcript, and read its offers; no audio needed.

    A turn a line goes out as JSON, with "tactics" added. A line that cannot be read is named
    with its reason, the rest is done, and the exit code is 3. Tags are for English only: a
    dialogue in another language is named, and its turns go out without any. Where a second reader
    fails, the dialogue keeps the tags of the built-in tagger, and the exit code is 4; 1 where both
    happened.
    """
    from pipeline.apps import console
    from pipeline.apps.second_reading import Asked

    asked = Asked(url=reader, model=reader_model, remote=reader_remote, quiet=quiet)
    with console.errors_printed():
        outputs = _Outputs(turns=out, offers=offers, agreement=agreement)
        outputs.check(asked)
        count = _tag(file, outputs, asked=asked, rules=rules, all_tags=all_tags)
    if count.refused > _MAX_REASONS:
        console.STDERR.print(f"… and {count.refused - _MAX_REASONS} more lines")
    if not quiet:
        console.STDERR.print(count.sentence())
    raise typer.Exit(count.exit_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outputs:
    """Where turns, ledgers and the second reader's agreement are written."""

    turns: Path | None
    offers: Path | None
    agreement: Path | None

    def check(self, asked: Asked) -> None:
        """Raises ConfigError for a file named twice, and for an agreement with nobody."""
        from pipeline.errors import ConfigError

        named = [path.absolute() for path in (self.turns, self.offers, self.agreement) if path]
        if len(set(named)) < len(named):
            names = "--out, --offers and --agreement"
            raise ConfigError(f"{names} name the same file; give each its own")
        if self.agreement and asked.url is None:
            raise ConfigError("--agreement needs a second reader to agree with: add --reader URL")


@dataclass(slots=True, kw_only=True)
class _Count:
    """What a transcript held; `hidden` are experimental tags that were not written.

    `failed` are the dialogues that the second reader did not read.
    """

    turns: int = 0
    tags: int = 0
    hidden: int = 0
    refused: int = 0
    failed: int = 0

    @property
    def exit_code(self) -> int:
        """0, the code of what went wrong, or 1 where two things did."""
        if self.refused and self.failed:
            return 1
        return 3 if self.refused else 4 if self.failed else 0

    def sentence(self) -> str:
        """The sum, for people."""
        hidden = f", {self.hidden} experimental not shown (--all-tags)" if self.hidden else ""
        unread = f", {self.refused} lines could not be read" if self.refused else ""
        failed = f", dialogues without the second reader: {self.failed}" if self.failed else ""
        return f"{self.turns} turns, {self.tags} tags{hidden}{unread}{failed}"


def _tag(file: Path, outputs: _Outputs, *, asked: Asked, rules: bool, all_tags: bool) -> _Count:
    """Tag a transcript."""
    from pipeline.apps.second_reading import second_reading
    from pipeline.config import shipped_codebook
    from pipeline.models.device import usable_cores
    from pipeline.tagging import tag_dialogues
    from pipeline.transcripts.formats import read_transcript

    lines = read_transcript(file)
    second = second_reading(asked, codebook=shipped_codebook(), name=file.name)
    codebook, learned = _taggers(rules=rules)
    refusals = _Refusals(file.name)
    count = _Count()
    withheld = _Withheld(file.name)
    with (
        _written(outputs.turns) as write_turn,
        _written(outputs.offers, default=False) as write_ledger,
        _written(outputs.agreement, default=False) as write_agreement,
    ):
        for dialogue in tag_dialogues(
            lines,
            codebook=codebook,
            refuse=refusals.add,
            learned=learned,
            experimental=_experimental(),
            all_tags=all_tags,
            processes=usable_cores(),
            second=second.reader if second else None,
        ):
            for turn in dialogue.turns:
                write_turn(turn)
                count.tags += len(turn["tactics"])
            count.turns += len(dialogue.turns)
            count.hidden += dialogue.hidden_count
            write_ledger(dialogue.offers)
            withheld.add(dialogue)
        if second:
            write_agreement(second.document())
    if second and not asked.quiet:
        second.print_agreement()
    count.refused = refusals.count
    count.failed = second.reader.failure_count if second else 0
    return count


def _taggers(*, rules: bool) -> tuple[Codebook, Learned | None]:
    """The codebook, and the classifier unless the rules are to be alone. Raises ModelError."""
    from pipeline.config import Config, shipped_codebook

    if rules:
        return shipped_codebook(), None
    from pipeline.models.weights import locate
    from pipeline.stages.tactics import load_learned

    config = Config().tactics
    return config.codebook, load_learned(config, locate=locate)


def _experimental() -> frozenset[str]:
    """The tactics whose tags are shown on demand only."""
    from pipeline.config import measured_precision
    from pipeline.tactics.measured import PRECISION_BAR, below_bar

    return below_bar(measured_precision(), bar=PRECISION_BAR)


class _Withheld:
    """Names each dialogue that is not in English, once where it comes in parts."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.latest: str | None = None

    def add(self, dialogue: Tagged) -> None:
        from pipeline.apps import console
        from pipeline.records import ENGLISH
        from pipeline.stages.page.wording import language_name, name_of

        which = dialogue.offers["dialogue"]
        if dialogue.language == ENGLISH or which == self.latest:
            return
        self.latest = which
        called = f", dialogue {name_of(which)}" if which else ""
        language = language_name(dialogue.language)
        text = f"{self.name}{called}: in {language}; tags are for English only, and are withheld"
        console.STDERR.print(console.one_line(text), soft_wrap=True)


class _Refusals:
    """Names unreadable lines as they come, the first of them; counts all."""

    def __init__(self, name: str) -> None:
        self.name, self.count = name, 0

    def add(self, line: Refused) -> None:
        from pipeline.apps import console

        self.count += 1
        if self.count <= _MAX_REASONS:
            text = console.one_line(f"{self.name}, line {line.number}: {line.reason}")
            console.STDERR.print(text, soft_wrap=True)


@contextlib.contextmanager
def _written(path: Path | None, *, default: bool = True) -> Iterator[Write]:
    """What writes rows as JSON lines: to a file, or without one to standard output or nowhere.

    Raises StoreError. A file is there only when all of it was written; what was there before
    stays until then.
    """
    if path is None:
        yield _row_writer(_standard_output(), "standard output") if default else _nowhere
        return
    path = Path(os.path.realpath(path))  # what a link points to is written, the link stays
    draft = _draft(path)
    with _storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = draft.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
    try:
        yield _row_writer(file, path)
        with _storing(path):
            file.close()
            if draft != path:
                draft.replace(path)
    finally:
        with contextlib.suppress(OSError):
            file.close()
        if draft != path:
            draft.unlink(missing_ok=True)


def _draft(path: Path) -> Path:
    """Where a file is written until it is whole; a device such as /dev/null is written itself."""
    from pipeline.errors import StoreError

    with _storing(path):
        if path.is_dir():
            raise StoreError(f"{path}: is a folder; name a file in it")
        if path.exists() and not path.is_file():
            return path
        return path.with_name(f".{path.name}.{os.getpid()}")


def _row_writer(file: IO[str], name: object) -> Write:
    def write(row: object) -> None:
        with _storing(name):
            file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")

    return write


def _nowhere(row: object) -> None:
    pass


def _standard_output() -> IO[str]:
    """Standard output in UTF-8; half of a surrogate pair goes out as the escape it came in as."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    return sys.stdout


@contextlib.contextmanager
def _storing(name: object) -> Iterator[None]:
    from pipeline.errors import StoreError

    try:
        yield
    except BrokenPipeError:
        raise  # whoever reads has seen enough; the command line ends without a word
    except OSError as err:
        raise StoreError(f"{name}: cannot be written: {err.strerror}") from err
