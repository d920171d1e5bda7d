"""Which kinds of files can be read, and whether the files at hand would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from finops.config import Overrides, load_settings
from finops.core.contracts import CONTRACTS
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.errors import FinopsError
from finops.sources import names, source
from finops.sources.base import Load, Part, TableScan
from finops.sources.detect import recognise
from finops.steps.given_files import given_files

_LISTED = (
    Column("source", "Source"),
    Column("title", "Reads"),
    Column("contracts", "Feeds", "list"),
    Column("endings", "Names end in", "list", wide_only=True),
)
_CHECKED = (
    Column("path", "File"),
    Column("source", "Source"),
    Column("status", "Status"),
    Column("rows", "Rows", "count"),
    Column("rejected", "Rejected", "count"),
    Column("columns", "Columns read", "count"),
    Column("reason", "What stands in the way"),
)


def list_sources() -> Result:
    """Every source that is installed."""
    rows = []
    for one in map(source, names()):
        endings = sorted({ending for pattern in one.patterns for ending in pattern.suffixes})
        rows.append({"source": one.name, "title": one.title, "contracts": list(one.contracts), "endings": endings})
    return Result(_LISTED, rows, notes=("each also as .gz; `finops sources check PATH` tells what a file is",))


def check_files(overrides: Overrides, paths: Sequence[Path], *, wanted: str | None, talk: Talk) -> Result:
    """What each file is and whether it can be read; nothing is loaded. Tables are cast when they are loaded, not here."""
    files = [file.path for file in given_files(paths, load_settings(overrides))]
    talk.stage("check", total=len(files))
    rows, notes = [], []
    for path in files:
        row, said = _checked(path, wanted)
        rows.append(row)
        notes += [f"{path}: {note}" for note in (*said, *([row["reason"]] if row["reason"] else []))]
        talk.advance(1)
    return Result(_CHECKED, rows, notes=tuple(notes))


def _checked(path: Path, wanted: str | None) -> tuple[Mapping[str, Any], list[str]]:
    row: dict[str, Any] = {"path": str(path), "source": None, "status": "refused", "rows": None, "rejected": None}
    row |= {"columns": None, "reason": None}
    try:
        one = recognise(path, wanted)
        row["source"] = one.name
        notes: list[str] = []
        for part in one.parts(path, path.parent):
            for load in one.open(part, {}):
                _count(row, part, load)
                notes += load.notes
    except FinopsError as error:
        hint = f" ({error.hint})" if error.hint else ""
        return row | {"reason": f"{error.what}{hint}"}, []
    return row | {"status": "readable"}, notes


def _count(row: dict[str, Any], part: Part, load: Load) -> None:
    if isinstance(load.data, TableScan):
        row["columns"] = len(load.data.columns)
        return
    row["columns"] = len(CONTRACTS[load.contract].names)
    row["rows"] = (row["rows"] or 0) + sum(batch.num_rows for batch in load.data)
    row["rejected"] = (row["rejected"] or 0) + len(load.rejects)
    if load.rejects and row["reason"] is None:
        first = load.rejects[0]
        row["reason"] = f"{part.name}, row {first.row}{f', {first.column}' if first.column else ''}: {first.reason}"
