"""The command line: each command parses, makes one library call, prints, and exits.

Heavy modules are imported inside the commands, so that `parley --help` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.apps.evaluate import eval_app
from pipeline.apps.options import AllTags, Force, Quiet, Settings, SettingsFile
from pipeline.apps.tag import tag

if TYPE_CHECKING:
    from pipeline.config import Config

app = typer.Typer(
    name="parley",
    help="Recorded negotiations in, feedback reports out. "
    "Nothing leaves this machine unless you say so.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
models_app = typer.Typer(
    help="The weights: list, fetch, verify.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(models_app, name="models")
app.add_typer(eval_app, name="eval")
app.command()(tag)


def _version(show: bool) -> None:
    if show:
        from pipeline import __version__

        typer.echo(f"parley {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


@app.command()
def analyze(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...", help="Recordings, folders of them, transcripts, or glob patterns."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="Folder for the reports, one folder a recording.")
    ] = Path("reports/out"),
    config: SettingsFile = None,
    set_: Settings = None,
    speakers: Annotated[
        str | None, typer.Option(help="How many people talk, or auto. [default: 2]")
    ] = None,
    names: Annotated[
        str | None, typer.Option(help='Their names in order of first speech: "Ana,Ben".')
    ] = None,
    me: Annotated[
        str | None, typer.Option(help="Whose feedback this is: one of the names, or S1, S2.")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            help="What is looked for and how it is read: job_offer, networking, influence, "
            "or a profile of your own, FILE.toml. [default: general]"
        ),
    ] = None,
    culture: Annotated[
        str | None,
        typer.Option(help="low_context or high_context: how indirect speech and silence are read."),
    ] = None,
    role: Annotated[
        str | None, typer.Option(help="Which side --me is on: candidate or employer.")
    ] = None,
    plan: Annotated[
        str | None,
        typer.Option(metavar="FILE.toml", help="What --me had prepared: docs/plan.example.toml."),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Language code, or auto to recognise it. [default: en]")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Whisper model: a name or a folder. [default: base]")
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda. [default: auto]")] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Recordings worked on at a time. [default: 2; 1 on one core]"),
    ] = None,
    audio: Annotated[
        str | None,
        typer.Option(
            metavar="link|embed|none",
            help="How the page plays the call: call.mp3 beside it, sound in it, or not at all. "
            "[default: link]",
        ),
    ] = None,
    all_tags: AllTags = False,
    earlier: Annotated[
        list[Path] | None,
        typer.Option(
            help="A report.json of an earlier call of yours, or a folder of reports, to compare "
            "with. Repeatable."
        ),
    ] = None,
    force: Force = False,
    json_: Annotated[
        bool, typer.Option("--json", help="Print the outcomes as JSON on standard output.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Analyse recordings and write a feedback report for each.

    A transcript (.srt, .vtt, .txt with “Ana: …”, .jsonl, .csv, .tsv, or a report.json) takes the
    place of a recording where there is no audio: the report is the same, but for what needs
    times of speech, which is withheld with the reason. It holds one call; names are its own
    unless --names is given. A line that cannot be read is named and left out, and the exit code
    is 3. Folders stand for the recordings in them; name transcripts, or a pattern of them.
    """
    from pipeline.apps import console

    options = {
        "diarize.speakers": speakers,
        "report.names": names,
        "report.me": me,
        "report.profile": profile,
        "report.culture": culture,
        "report.role": role,
        "report.plan": plan,
        "transcribe.language": language,
        "transcribe.model": model,
        "run.device": device,
        "page.audio": audio,
        "report.all_tags": "true" if all_tags else None,
    }
    with console.errors_printed():
        settings = _config(config, set_, options)
        code = console.analyze(
            paths,
            config=settings,
            out=out,
            jobs=jobs,
            force=force,
            as_json=json_,
            quiet=quiet,
            earlier=earlier or (),
        )
    raise typer.Exit(code)


def _config(
    file: Path | None, settings: list[str] | None, options: dict[str, str | None]
) -> Config:
    from pipeline.config import load_config

    given = [f"{name}={value}" for name, value in options.items() if value is not None]
    return load_config(file=file, settings=[*(settings or ()), *given])


@app.command()
def relabel(
    recording: Annotated[
        Path,
        typer.Argument(
            help="The recording or transcript, the folder of its report, or its report.json."
        ),
    ],
    speaker: Annotated[
        list[str] | None,
        typer.Option(metavar="ID=NAME", help='What a speaker is called: S1="Ana". Repeatable.'),
    ] = None,
    turn: Annotated[
        list[str] | None,
        typer.Option(metavar="NUMBER=ID", help="Who said a turn: 14=S2. Repeatable."),
    ] = None,
    merge: Annotated[
        list[str] | None,
        typer.Option(metavar="ID,ID", help="One person: with S1,S3 S3 becomes S1. Repeatable."),
    ] = None,
    author: Annotated[
        str | None, typer.Option(help="Who corrects. [default: this machine's user]")
    ] = None,
    undo: Annotated[
        bool,
        typer.Option("--undo", help="Take back the last correction; again for the one before."),
    ] = False,
    show: Annotated[
        bool, typer.Option("--show", help="List the corrections, and the turns with their numbers.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option(help="Settings file; only where things lie is read from it.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="run.KEY=VALUE", help="Where things lie; may be repeated."),
    ] = None,
) -> None:
    """Correct names and speakers, and write the report again.

    Nothing is recognised anew. Numbers of turns and ids of speakers are always those of the call
    before any correction, as --show lists them. Corrections are kept beside the results and hold
    when the recording is analysed again; the results themselves stay as they are.
    """
    from pipeline.apps import console
    from pipeline.apps.relabel import relabel as run

    with console.errors_printed():
        run(
            recording,
            speakers=speaker or [],
            turns=turn or [],
            merges=merge or [],
            author=author,
            undo=undo,
            show=show,
            config=_config(config, set_, {}),
        )


@app.command()
def report(
    recording: Annotated[
        Path,
        typer.Argument(
            help="The recording or transcript, the folder of its report, or its report.json."
        ),
    ],
    format_: Annotated[
        list[str] | None,
        typer.Option(
            "--format", metavar="html|pdf|md|docx|json", help="What to write. Repeatable."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write to, or the file. [default: beside the report]"),
    ] = None,
    transcript: Annotated[
        bool, typer.Option("--transcript", help="Put the whole transcript in pdf, md and docx.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option(help="Settings file; only where things lie is read from it.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="run.KEY=VALUE", help="Where things lie; may be repeated."),
    ] = None,
) -> None:
    """Write the feedback report of an analysed recording in a form to hand on.

    Corrections are in it; nothing is recognised anew. Without --format report.html is brought up
    to date, and where it lies is printed. A PDF is printed by Chromium, Chrome or Edge, or by
    WeasyPrint where there is none; PARLEY_CHROMIUM names another browser.
    """
    from pipeline.apps import console
    from pipeline.apps.report import report as run

    with console.errors_printed():
        run(
            recording,
            formats=format_ or [],
            out=out,
            transcript=transcript,
            config=_config(config, set_, {}),
        )


@app.command()
def export(
    recording: Annotated[
        Path,
        typer.Argument(
            help="The recording or transcript, the folder of its report, or its report.json."
        ),
    ],
    format_: Annotated[
        list[str],
        typer.Option(
            "--format",
            help="srt, vtt, textgrid, elan, convokit, csv, parquet, xlsx, or all. Repeatable.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder to write to, or the name of the one file. [default: the report's folder]"
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Settings file; only where things lie is read from it.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="run.KEY=VALUE", help="Where things lie; may be repeated."),
    ] = None,
) -> None:
    """Export a report for other tools, speakers and tactics in each: the report as it stands now.

    Subtitles (srt, vtt) with the tactics in brackets; tiers for Praat (textgrid) and ELAN
    (elan); a ConvoKit corpus; tables as csv, parquet or one workbook (xlsx). Nothing is
    recognised anew. Of a transcript without times there are no subtitles and no tiers.
    """
    from pipeline.apps import console
    from pipeline.apps.export import export as run

    with console.errors_printed():
        run(recording, formats=format_, out=out, config=_config(config, set_, {}))


@app.command()
def enrol(
    name: Annotated[str | None, typer.Argument(help="Whose voice it is.")] = None,
    clip: Annotated[
        Path | None, typer.Argument(help="A recording of that person alone, 5 s or more.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List who is enrolled.")] = False,
    delete: Annotated[
        str | None, typer.Option(metavar="NAME", help="Delete a person's voice.")
    ] = None,
    config: SettingsFile = None,
    set_: Settings = None,
) -> None:
    """Keep a voice on this machine, so that later analyses name it. Ask the person first.

    What is kept is a list of numbers that tells voices apart, in a folder that only you can
    read; the clip is not kept. Nobody is ever enrolled by anything but this command.
    """
    from pipeline.apps import console
    from pipeline.apps.enrol import run

    with console.errors_printed():
        run(name, clip, list_=list_, delete_=delete, config=_config(config, set_, {}))


@models_app.command("list")
def models_list() -> None:
    """List the weights that Parley knows, and which of them are here."""
    from pipeline.apps import console

    with console.errors_printed():
        console.list_models()


@models_app.command("fetch")
def models_fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which weights; those a report needs if none.")
    ] = None,
) -> None:
    """Download weights that are not here yet, and verify their hashes."""
    from pipeline.apps import console

    with console.errors_printed():
        console.fetch_models(names or [])


@models_app.command("verify")
def models_verify() -> None:
    """Hash all weights that are here and compare them with what they must be."""
    from pipeline.apps import console

    with console.errors_printed():
        code = console.verify_models()
    raise typer.Exit(code)


@app.command()
def doctor() -> None:
    """Check this machine: one line each, ok or a problem and what to do."""
    from pipeline.apps import console

    with console.errors_printed():
        code = console.doctor()
    raise typer.Exit(code)


def main() -> Any:
    """The entry point of the `parley` command."""
    return app()
