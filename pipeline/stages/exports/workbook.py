"""An Excel workbook of the tables, a sheet each."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import polars as pl
import xlsxwriter

from pipeline.stages.exports.tables import cell

CELL_UNITS = 32_767
"""What a cell may hold at most, in units of UTF-16."""
SHEET_ROWS = 1_048_576
_WIDEST, _NARROWEST = 60, 6
_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 - the format has no zones; same report, same file
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}


def workbook(tables: Mapping[str, pl.DataFrame], *, sheet_rows: int = SHEET_ROWS) -> bytes:
    """The tables as an .xlsx file; rows beyond `sheet_rows` go to a further sheet.

    Text that does not fit a cell is cut and ends in “…”. Cells are strings or numbers by type,
    never formulas or links, and are made harmless besides, for whoever saves them as CSV.
    """
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, _OPTIONS) as book:
        book.set_properties({"created": _CREATED})
        bold = book.add_format({"bold": True})
        for name, frame in tables.items():
            for title, rows in _sheets(name, frame, most=sheet_rows - 1):
                _fill(book.add_worksheet(title), rows, head=bold)
    return content.getvalue()


def _sheets(name: str, frame: pl.DataFrame, *, most: int) -> Iterator[tuple[str, pl.DataFrame]]:
    """The table in pieces that fit, each with its sheet's name; one piece where it is empty."""
    for number, start in enumerate(range(0, max(frame.height, 1), most), start=1):
        yield (name if number == 1 else f"{name} {number}"), frame.slice(start, most)


def _fill(sheet: Any, rows: pl.DataFrame, *, head: Any) -> None:
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, rows.columns, head)
    for column, values in enumerate(rows.iter_columns()):
        shown = [_fitting(cell(value)) for value in values.to_list()]
        sheet.set_column(column, column, _width([values.name, *shown]))
        for row, value in enumerate(shown, start=1):
            if isinstance(value, str):  # never what write() would make of it
                sheet.write_string(row, column, value)
            elif value is not None:
                sheet.write(row, column, value)


def _fitting(value: Any) -> Any:
    """A value of which a cell can hold all."""
    units = value.encode("utf-16-le") if isinstance(value, str) else b""
    if len(units) <= 2 * CELL_UNITS:
        return value
    return units[: 2 * (CELL_UNITS - 1)].decode("utf-16-le", "ignore") + "…"


def _width(values: list[Any]) -> int:
    """As wide as the longest value, within what a screen can take."""
    longest = max(len(str(value)) for value in values if value is not None)
    return min(max(longest + 1, _NARROWEST), _WIDEST)
