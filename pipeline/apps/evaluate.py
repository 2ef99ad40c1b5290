"""The commands `parley eval`: measure results against references.

Heavy modules are imported inside the commands, as in cli.py.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.apps.options import Force, Quiet, Settings

eval_app = typer.Typer(
    help="Measure accuracy against references.", no_args_is_help=True, rich_markup_mode=None
)

Manifest = Annotated[
    Path,
    typer.Argument(
        metavar="MANIFEST", help="manifest.jsonl: a recording with its references a line."
    ),
]
Out = Annotated[Path | None, typer.Option(help="Write the tables as Markdown to this file.")]
Json = Annotated[
    Path | None, typer.Option("--json", help="Write everything, call by call, to this file.")
]
Group = Annotated[
    list[str] | None, typer.Option(help="Only recordings of this group; may be repeated.")
]
Calls = Annotated[
    int | None, typer.Option(min=1, help="Only this many, spread evenly over the manifest.")
]
Work = Annotated[
    Path | None, typer.Option(help="Folder for artefacts. [default: that of analyses]")
]
Hypotheses = Annotated[
    Path | None,
    typer.Option(
        help="Score these results instead of analysing: ID.json as report.json, or "
        "ID.seglst.json with ID.rttm."
    ),
]
Speakers = Annotated[
    str | None,
    typer.Option(help="How many people talk, or auto. [default: as the manifest says, else 2]"),
]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="Settings file.")]


def _command(name: str, part: str | None, summary: str) -> None:
    """Register a command; all of them have the same options."""

    def run(
        manifest: Manifest,
        out: Out = None,
        json_: Json = None,
        group: Group = None,
        calls: Calls = None,
        work: Work = None,
        hypotheses: Hypotheses = None,
        speakers: Speakers = None,
        config: ConfigFile = None,
        set_: Settings = None,
        force: Force = False,
        quiet: Quiet = False,
    ) -> None:
        from pipeline.apps import console, scoring
        from pipeline.evaluation.measures import PARTS

        request = scoring.Request(
            manifest=manifest,
            parts=(part,) if part else PARTS,
            groups=tuple(group or ()),
            calls=calls,
            hypotheses=hypotheses,
            out=out,
            json=json_,
            force=force,
            quiet=quiet,
            command=_shown_command(sys.argv[1:]),
        )
        with console.errors_printed():
            settings = scoring.settings(file=config, given=set_ or (), work=work, speakers=speakers)
            code = scoring.evaluate(request, settings=settings)
        raise typer.Exit(code)

    eval_app.command(name, help=summary)(run)


@eval_app.command("tactics")
def tactics(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with corpora/: AnnoMI, CaSiNo valid, NegoChat (ledger)."),
    ] = None,
    cases: Annotated[
        list[Path] | None,
        typer.Option(help="Hand-written cases (TOML); may be repeated."),
    ] = None,
    spoken: Annotated[
        Path | None,
        typer.Option(
            help="spoken.jsonl of scripts/speak_corpora: tags of CaSiNo valid as typed and as "
            "recognised."
        ),
    ] = None,
    out: Out = None,
    json_: Json = None,
    model: Annotated[
        str | None, typer.Option(help='The text encoder; "" scores the rules alone.')
    ] = None,
    publish: Annotated[
        Path | None,
        typer.Option(
            help="Write each tactic's precision to this file; the package ships "
            "configs/tactics_accuracy.toml."
        ),
    ] = None,
) -> None:
    """How often tags are right: precision, recall and F1 of each tactic."""
    from pipeline.apps import console, tactics_scoring

    request = tactics_scoring.Request(
        data=data,
        cases=cases or (),
        spoken=spoken,
        out=out,
        as_json=json_,
        command=_shown_command(sys.argv[1:]),
        publish=publish,
    )
    with console.errors_printed():
        code = tactics_scoring.evaluate(request, model=model)
    raise typer.Exit(code)


def _shown_command(arguments: list[str]) -> str:
    """The command as typed, but for folders above those that say something to others."""
    short = ["/".join(Path(one).parts[-2:]) if one.startswith("/") else one for one in arguments]
    return shlex.join(["parley", *short])


_command("transcript", "transcript", "Word error rates, amounts, short replies, fillers.")
_command("diarization", "diarization", "Diarization error with its parts, and JER.")
_command("metrics", "metrics", "How far the figures of the report are off.")
_command("all", None, "All of these.")
