"""The formats of `parley export`: what each writes, and what it needs."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from pipeline.stages.exports import subtitles, tables
from pipeline.stages.exports.call import Call
from pipeline.stages.exports.convokit import corpus
from pipeline.stages.exports.elan import eaf
from pipeline.stages.exports.textgrid import textgrid
from pipeline.stages.exports.typed import typed_tables
from pipeline.stages.exports.workbook import workbook

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format: `ending` makes the name of its file or, where it has several, of its folder.

    `files` gives the content of each file of the folder by name, of the one file under "".
    """

    ending: str
    files: Callable[[Call], Files]
    needs_times: bool = False
    is_folder: bool = False
    uses_word_times: bool = False


def _srt(call: Call) -> Files:
    return {"": subtitles.srt(_cues(call)).encode()}


def _vtt(call: Call) -> Files:
    return {"": subtitles.vtt(_cues(call)).encode()}


def _cues(call: Call) -> tuple[subtitles.Cue, ...]:
    cues = subtitles.cues(call.report, turns=call.turns, words=call.words)
    return subtitles.tagged(cues, report=call.report)


def _textgrid(call: Call) -> Files:
    return {"": textgrid(call).encode()}


def _elan(call: Call) -> Files:
    return {"": eaf(call).encode()}


def _convokit(call: Call) -> Files:
    return {name: text.encode() for name, text in corpus(call).items()}


def _csv(call: Call) -> Files:
    return {
        f"{name}.csv": tables.table(frame.iter_rows(named=True), columns=frame.columns).encode()
        for name, frame in typed_tables(call).items()
    }


def _parquet(call: Call) -> Files:
    """Texts as they are: Parquet is read by programs and has types, so that none is a formula,
    and an apostrophe more would be one in the data."""
    return {f"{name}.parquet": _parquet_of(one) for name, one in typed_tables(call).items()}


def _parquet_of(frame: pl.DataFrame) -> bytes:
    content = io.BytesIO()
    frame.write_parquet(content)
    return content.getvalue()


def _xlsx(call: Call) -> Files:
    return {"": workbook(typed_tables(call))}


FORMATS: Mapping[str, Format] = {
    "srt": Format(ending=".srt", files=_srt, needs_times=True, uses_word_times=True),
    "vtt": Format(ending=".vtt", files=_vtt, needs_times=True, uses_word_times=True),
    "textgrid": Format(ending=".TextGrid", files=_textgrid, needs_times=True, uses_word_times=True),
    "elan": Format(ending=".eaf", files=_elan, needs_times=True, uses_word_times=True),
    "convokit": Format(ending="-convokit", files=_convokit, is_folder=True),
    "csv": Format(ending="-csv", files=_csv, is_folder=True),
    "parquet": Format(ending="-parquet", files=_parquet, is_folder=True),
    "xlsx": Format(ending=".xlsx", files=_xlsx),
}
