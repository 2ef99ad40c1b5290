"""`parley enrol`: keep a voice, list who is kept, delete one; only when somebody asks for it."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from pipeline.apps.console import STDOUT, one_line
from pipeline.config import Config, voices_directory
from pipeline.enrolment import checked_name, delete, enrol, enrolment_of, enrolments
from pipeline.enrolment_clip import clip_voice, decoded
from pipeline.errors import ConfigError, InputError
from pipeline.models import quiet_dependencies
from pipeline.models.activity import load_activity
from pipeline.models.embedding import load_embedding
from pipeline.models.registry import find_weights, shipped_weights
from pipeline.models.weights import locate
from pipeline.stages.voices import EMBEDDING


def run(
    name: str | None, clip: Path | None, *, list_: bool, delete_: str | None, config: Config
) -> None:
    """Enrol, list or delete, as the options say. Raises ConfigError for two of them at once."""
    enrolling = name is not None or clip is not None
    if enrolling + list_ + (delete_ is not None) != 1:
        raise ConfigError("give a name and a clip, or --list, or --delete NAME")
    folder = voices_directory(config)
    if list_:
        _list(folder)
    elif delete_ is not None:
        delete(folder, delete_.strip())
        STDOUT.print(
            f"deleted: the voice of {one_line(delete_.strip())}; reports that name them "
            "stay as they are until they are analysed again",
            soft_wrap=True,
        )
    elif name is None or clip is None:
        raise ConfigError("give a name and a clip of that person alone: parley enrol Ana clip.wav")
    else:
        _enrol(checked_name(name), clip, folder=folder, config=config)


def _list(folder: Path) -> None:
    """Who is enrolled, since when, from how much speech."""
    people = enrolments(folder)
    if not people:
        STDOUT.print("nobody is enrolled")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", "enrolled", "speech", "weights"):
        table.add_column(title)
    for one in people:
        known = one.sha256 == _sha256()
        state = one.weights if known else f"{one.weights}, out of date: enrol again"
        table.add_row(
            one_line(one.name), one_line(one.date), f"{one.speech_s:g} s", one_line(state)
        )
    STDOUT.print(table)
    STDOUT.print(f"folder: {one_line(str(folder))}", soft_wrap=True)


def _sha256() -> str:
    """The digest of the network that voices are made with."""
    pinned = find_weights(EMBEDDING, weights=shipped_weights())
    return pinned.digest if pinned else ""


def _enrol(name: str, clip: Path, *, folder: Path, config: Config) -> None:
    quiet_dependencies()
    track = decoded(clip, config=config)
    directory = Path(config.run.models).expanduser() if config.run.models else None
    path = locate(EMBEDDING, directory=directory, offline=True if config.run.offline else None)
    try:
        voice = clip_voice(track, activity=load_activity(), embed=load_embedding(path))
    except InputError as err:
        raise InputError(f"{one_line(clip.name)}: {err}") from err
    enrolment = enrolment_of(
        name,
        vector=voice.vector.tolist(),
        telephone=voice.telephone,
        speech_s=voice.speech_s,
        weights=EMBEDDING,
        sha256=_sha256(),
    )
    replaced = enrol(folder, enrolment)
    verb = "enrolled anew" if replaced else "enrolled"
    STDOUT.print(f"{verb}: {name}, from {voice.speech_s:.1f} s of speech", soft_wrap=True)
    STDOUT.print(
        "Later analyses name this voice where they hear it. "
        f"`parley enrol --delete {name}` removes it.",
        soft_wrap=True,
    )
