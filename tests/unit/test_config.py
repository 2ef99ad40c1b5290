"""Settings: defaults, files, options, and what is said about those that are wrong."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import (
    SETTABLE,
    Config,
    configs_directory,
    definitions,
    load_config,
    measured_precision,
    reasons,
    shipped_codebook,
    store_directory,
)
from pipeline.errors import ConfigError
from pipeline.stages.replies import RepliesConfig
from pipeline.stages.report import ReportConfig

DEFAULTS = configs_directory() / "default.toml"
ALL = [(section, key) for section, keys in SETTABLE.items() for key in keys]


def written(tmp_path: Path, text: str | bytes) -> Path:
    """A settings file of that text."""
    path = tmp_path / "settings.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def value(config: Config, name: str) -> Any:
    """A setting by its dotted name."""
    section, _, key = name.partition(".")
    return getattr(getattr(config, section), key)


# --- configs/default.toml


def test_default_toml_lists_every_setting() -> None:
    """Each setting that can be given stands in the file, and nothing else does."""
    listed = tomllib.loads(DEFAULTS.read_text("utf-8"))
    assert [(section, key) for section, keys in listed.items() for key in keys] == ALL


@pytest.mark.parametrize(("section", "key"), ALL, ids=lambda part: part)
def test_default_toml_says_the_defaults(section: str, key: str) -> None:
    """Each value in the file is the default of its dataclass."""
    listed = tomllib.loads(DEFAULTS.read_text("utf-8"))[section][key]
    default = value(Config(), f"{section}.{key}")
    assert (tuple(listed) if isinstance(listed, list) else listed) == default


def test_default_toml_changes_nothing() -> None:
    """Loading the file gives what loading no file gives."""
    assert load_config(file=DEFAULTS) == load_config()


def test_default_toml_is_commented() -> None:
    """Every section, and every setting or group of settings, has words above it."""
    lines = DEFAULTS.read_text("utf-8").splitlines()
    groups = re.findall(r"(?m)^(.*)\n(?:\[[a-z]+\]|[a-z_]+ = .*)$", "\n".join(lines))
    starts = [above for above in groups if not re.match(r"[a-z_]+ = ", above)]
    assert starts
    assert all(above.startswith("#") for above in starts), starts


# --- what is not typed by people


def test_every_config_class_of_a_stage_is_settable_or_data() -> None:
    """A setting is either given by people or filled in from data files: none is forgotten."""
    filled_in = {
        "metrics": {"families"},
        "tactics": {
            *("codebook", "classifier", "interruption_overlap_ms", "interruption_length_ms"),
        },
        "offers": {"codebook"},
        "replies": {f.name for f in dataclasses.fields(RepliesConfig)},
        "moments": {"rulebook", "weights"},
        "report": {f.name for f in dataclasses.fields(ReportConfig)}
        - {"names", "me", "all_tags", "precision_bar", "profile", "culture", "role", "plan"},
    }
    for field in dataclasses.fields(Config):
        known = {f.name for f in dataclasses.fields(getattr(Config(), field.name))}
        given_by_people = set(SETTABLE.get(field.name, ()))
        assert given_by_people | filled_in.get(field.name, set()) == known, field.name


def test_data_files_reach_the_stages() -> None:
    """Families come from the codebook, definitions and reasons from metrics.toml."""
    config = load_config()
    assert dict(config.metrics.families) == {t.id: t.family for t in shipped_codebook().tactics}
    assert config.report.definitions == definitions()
    assert config.report.reasons == reasons()
    assert config.report.codebook == config.tactics.codebook == shipped_codebook()
    assert config.report.measured == measured_precision()


def test_tags_and_figures_agree_on_what_an_interruption_is() -> None:
    """The settings of the metrics reach the tactics, by default and when changed."""
    changed = ["metrics.interruption_overlap_ms=500", "metrics.interruption_length_ms=700"]
    for config in (Config(), load_config(), load_config(settings=changed)):
        assert (
            config.tactics.interruption_overlap_ms,
            config.tactics.interruption_length_ms,
        ) == (config.metrics.interruption_overlap_ms, config.metrics.interruption_length_ms)
    assert load_config(settings=changed).tactics.interruption_overlap_ms == 500
    assert load_config(settings=changed).tactics.interruption_length_ms == 700


# --- files and --set


def test_the_last_word_wins(tmp_path: Path) -> None:
    """A file changes defaults, --set changes the file, a later --set an earlier one."""
    file = written(tmp_path, "[turns]\nsnap_ms = 1\nmax_pause_ms = 2\n[run]\ndevice = 'cpu'\n")
    config = load_config(file=file, settings=["turns.snap_ms=3", "turns.snap_ms=4"])
    assert (config.turns.snap_ms, config.turns.max_pause_ms) == (4, 2)
    assert config.run.device == "cpu"
    assert config.audio == Config().audio


@pytest.mark.parametrize(
    ("setting", "read"),
    [
        ("diarize.speakers=3", 3),
        ("diarize.speakers=auto", "auto"),
        ("transcribe.pad_s=1", 1.0),
        ("transcribe.pad_s=0.25", 0.25),
        ("run.offline=true", True),
        ("run.offline=False", False),
        ("run.device=cuda", "cuda"),
        ("report.names=Ana, Ben", ("Ana", "Ben")),
        ("report.names=Ana", ("Ana",)),
        ("transcribe.model=/models/my=model", "/models/my=model"),
        (" turns.snap_ms = 5 ", 5),
        ("transcribe.model=3", "3"),
    ],
)
def test_set_is_read_as_the_type_of_the_setting(setting: str, read: Any) -> None:
    """What is typed becomes a number, a truth, a text or a list, as the setting needs it."""
    found = value(load_config(settings=[setting]), setting.partition("=")[0].strip())
    assert found == read
    assert type(found) is type(read)


@pytest.mark.parametrize(
    ("text", "name", "read"),
    [
        ("[report]\nnames = ['Ana', 'Ben']", "report.names", ("Ana", "Ben")),
        ("[transcribe]\npad_s = 1", "transcribe.pad_s", 1.0),
        ("[diarize]\nspeakers = 'auto'", "diarize.speakers", "auto"),
        ("[turns]\nbackchannel_words = []", "turns.backchannel_words", ()),
    ],
)
def test_toml_values_are_read_as_the_type_of_the_setting(
    text: str, name: str, read: Any, tmp_path: Path
) -> None:
    """Lists become tuples and whole numbers decimal ones where the setting is one."""
    found = value(load_config(file=written(tmp_path, text)), name)
    assert found == read
    assert type(found) is type(read)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("diarize.speaker", "diarize.speakers"),
        ("diarise.speakers", "diarize.speakers"),
        ("transcribe.beamsize", "transcribe.beam_size"),
        ("speakers", "diarize.speakers"),
        ("run.dvice", "run.device"),
        ("turns.max_pause", "turns.max_pause_ms"),
    ],
)
def test_a_misspelt_setting_is_answered_with_the_nearest(name: str, hint: str) -> None:
    """The error names what was given and the setting that was probably meant."""
    with pytest.raises(ConfigError, match=re.escape(f"did you mean {hint}?")) as caught:
        load_config(settings=[f"{name}=1"])
    assert str(caught.value).startswith(name)


@pytest.mark.parametrize("name", ["xyzzy.plugh", "", "tactics.codebook", "report.digest", "run"])
def test_what_is_no_setting_is_refused(name: str) -> None:
    """Nonsense, and what people may not set, is a ConfigError."""
    with pytest.raises(ConfigError, match="no such setting"):
        load_config(settings=[f"{name}=1"])


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("diarize.speakers=two", "a whole number or one of auto"),
        ("diarize.speakers=2.5", "a whole number"),
        ("diarize.speakers=0", "1 to 8"),
        ("diarize.speakers=99", "1 to 8"),
        ("report.precision_bar=1.5", "0 to 1"),
        ("report.precision_bar=60 %", "a number"),
        ("transcribe.pad_s=wide", "a number"),
        ("transcribe.max_chunk_s=300", "5 to 30 s"),
        ("transcribe.language=english!", "code such as en"),
        ("run.offline=perhaps", "true or false"),
        ("run.device=tpu", "one of auto, cpu, cuda"),
        ("turns.snap_ms=", "a whole number"),
        ("turns.snap_ms", "stage.key=value"),
    ],
)
def test_a_wrong_value_says_what_is_wanted(setting: str, why: str) -> None:
    """The error says what the setting takes."""
    with pytest.raises(ConfigError, match=re.escape(why)):
        load_config(settings=[setting])


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_numbers_without_a_value_are_refused(number: str) -> None:
    """NaN and infinity are no amounts of seconds: nothing could be computed with them."""
    with pytest.raises(ConfigError, match=r"transcribe\.pad_s"):
        load_config(settings=[f"transcribe.pad_s={number}"])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[diarize]\nspeakers = '2'", "diarize.speakers"),
        ("[diarize]\nspeakers = true", "diarize.speakers"),
        ("[turns]\nsnap_ms = 1.5", "a whole number"),
        ("[turns]\nbackchannel_words = [1]", "a list of texts"),
        ("[report]\nnames = 3", "a list of texts"),
        ("[run]\noffline = 1", "true or false"),
        ("[turns]\nsnap_ms = [1]", "turns.snap_ms"),
        ("[turns]\nsnap_ms = {a = 1}", "turns.snap_ms"),
        ("speakers = 2", "settings stand in sections"),
        ("[diarise]\nspeakers = 2", "did you mean diarize.speakers"),
        ("[diarize", "not valid TOML"),
        ("[a]\n[a]", "not valid TOML"),
        (b"\xff\xfe", "not valid TOML"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(text: str | bytes, why: str, tmp_path: Path) -> None:
    """A wrong type, key, section or syntax in a file is a ConfigError."""
    with pytest.raises(ConfigError, match=re.escape(why)):
        load_config(file=written(tmp_path, text))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file and a folder are ConfigErrors that name the path."""
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ConfigError, match=re.escape(f"{path}: cannot be read")):
            load_config(file=path)


# --- names


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (["report.names=Ana,Ben", "report.me=Eve"], "Eve is not among the names"),
        (["report.names=Ana,Ana", "report.me=Ana"], "two speakers have that name"),
    ],
)
def test_me_must_be_somebody(settings: list[str], why: str) -> None:
    """Whose feedback it is must be one of the names, or a speaker's number."""
    with pytest.raises(ConfigError, match=why):
        load_config(settings=settings)


@pytest.mark.parametrize(
    "settings",
    [["report.me=S2"], ["report.names=Ana,Ben", "report.me=S2"]],
    ids=["without names", "with names"],
)
def test_me_may_be_a_speakers_number(settings: list[str]) -> None:
    """S2 is the second to speak, whether names are given or not."""
    assert load_config(settings=settings).report.me == "S2"


def test_no_names_are_no_names() -> None:
    """An empty text is an empty list, not the list of an empty name."""
    assert load_config(settings=["report.names="]).report.names == ()


@pytest.mark.parametrize("names", ["Ana,,Ben", "Ana,", ","])
def test_nobody_has_an_empty_name(names: str) -> None:
    """A name left out between commas is refused: the report would show nothing for that voice."""
    with pytest.raises(ConfigError, match="name"):
        load_config(settings=[f"report.names={names}"])


# --- anything at all


@given(st.text(max_size=40))
def test_any_setting_is_read_or_refused(text: str) -> None:
    """Whatever is typed after --set gives a Config or a ConfigError, and nothing else."""
    with contextlib.suppress(ConfigError):
        assert isinstance(load_config(settings=[text]), Config)


@given(st.sampled_from(ALL), st.text(max_size=12))
def test_any_value_is_read_or_refused(name: tuple[str, str], text: str) -> None:
    """Whatever value a real setting is given, the answer is a Config or a ConfigError."""
    with contextlib.suppress(ConfigError):
        assert isinstance(load_config(settings=[f"{'.'.join(name)}={text}"]), Config)


# --- where artefacts lie


def test_the_store_lies_where_it_is_wanted() -> None:
    """run.store goes before PARLEY_STORE, which goes before the cache folder."""
    config = load_config(settings=["run.store=/mine"])
    environment = {"PARLEY_STORE": "/theirs", "XDG_CACHE_HOME": "/cache"}
    assert store_directory(config, environment) == Path("/mine")
    assert store_directory(Config(), environment) == Path("/theirs")
    assert store_directory(Config(), {"XDG_CACHE_HOME": "/c"}) == Path("/c/parley/artefacts")
    assert store_directory(Config(), {}) == Path.home() / ".cache" / "parley" / "artefacts"


def test_letters_of_sources_are_works_in_the_report() -> None:
    """Every letter that a tactic of the codebook cites has a name."""
    config = load_config()
    cited = {letter for tactic in shipped_codebook().tactics for letter in tactic.sources}
    assert cited <= set(dict(config.report.sources))
