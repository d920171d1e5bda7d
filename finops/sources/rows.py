"""Rows of CSV and JSON lines as text by column name, in bounded memory; a row that can't be read is a Reject."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import msgspec

from finops.errors import DataError
from finops.sources.base import Reject
from finops.sources.files import HEAD_BYTES, opened
from finops.sources.glimpse import Glimpse
from finops.sources.surrogates import mended

NULLS = frozenset({"", "NULL", "(NULL)", "N/A"})
"""Texts that mean null, in upper case and without blanks around."""
_MAY_BEGIN_NULL = frozenset("nN( \t\r\n\f\v\xa0")

Row = tuple[int, dict[str, str | None]]
"""The row's number (from 1, without the header and blank lines) and its texts; null is None."""


def read_rows(seen: Glimpse) -> Iterator[Row | Reject]:
    """The rows of a table or of JSON lines. Names of columns and keys are as the file writes them."""
    return _json_rows(seen.path) if seen.form == "json" else _table_rows(seen)


def table_cells(seen: Glimpse) -> Iterator[tuple[int, list[str]] | Reject]:
    """The data rows of a table as cells, unchanged."""
    with opened(seen.path) as stream:
        lines = _lines(stream, seen.path)
        for _ in range(seen.skip):
            next(lines, None)
        reader, number = csv.reader(lines, delimiter=seen.delimiter, strict=True), 0
        while True:
            before = reader.line_num
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                number += 1
                if reader.line_num - before > 1:  # the lines between would be lost
                    what = "a quote opens a cell here and does not close it as it should"
                    where = f"{seen.path}, line {seen.skip + before + 1}"
                    raise DataError(what, where=where, hint="close it, and write quotes within a cell twice") from error
                yield Reject(number, f"the row can't be read: {error} (check its quotes)")
                continue
            if cells:
                number += 1
                yield number, cells


def null_or(text: str | None) -> str | None:
    """The text, or None where it is one of the spellings of null."""
    if text and text[0] not in _MAY_BEGIN_NULL:
        return text
    return None if text is None or text.strip().upper() in NULLS else text


def _table_rows(seen: Glimpse) -> Iterator[Row | Reject]:
    width = len(seen.header)
    for item in table_cells(seen):
        if isinstance(item, Reject):
            yield item
            continue
        number, cells = item
        if len(cells) != width:
            yield Reject(number, f"the row has {len(cells)} fields and the header {width}", text=_start(cells))
        else:
            yield number, dict(zip(seen.header, map(null_or, cells), strict=True))


def _json_rows(path: Path) -> Iterator[Row | Reject]:
    number = 0
    with opened(path) as stream:
        for line in _lines(stream, path):
            if not line.strip():
                continue
            number += 1
            try:
                values = _keys(line.encode())
                yield number, {key: null_or(_text(value)) for key, value in values.items()}
            except RecursionError:
                yield Reject(number, "the JSON is nested too deeply", text=line[:80])
            except (msgspec.MsgspecError, UnicodeError) as error:
                yield Reject(number, f"the line is not a JSON object: {error}", text=line[:80])


def _keys(line: bytes) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        if (whole := mended(line)) is None:
            raise
        return msgspec.json.decode(whole, type=dict[str, msgspec.Raw])


def _text(value: msgspec.Raw) -> str | None:
    """A JSON value as text: a string's content, else what stands in the file (so that numbers keep every digit)."""
    raw = bytes(value)
    if raw == b"null":
        return None
    return msgspec.json.decode(raw, type=str) if raw.startswith(b'"') else raw.decode()


def _lines(stream: IO[bytes], path: Path) -> Iterator[str]:
    number = 0
    while line := stream.readline(HEAD_BYTES):
        number += 1
        if len(line) == HEAD_BYTES and not line.endswith(b"\n"):
            what = f"a line is longer than {HEAD_BYTES >> 20} MiB"
            raise DataError(what, where=f"{path}, line {number}", hint="check for a missing line break or closing quote")
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise DataError("the text is not UTF-8", where=f"{path}, line {number}", hint="convert it to UTF-8") from error


def _start(cells: Sequence[str]) -> str:
    return ",".join(cells)[:80]


def repeated(names: Sequence[str], wanted: Mapping[str, object]) -> str | None:
    """The first wanted name (lower case) that stands in the header more than once."""
    seen: set[str] = set()
    for name in names:
        folded = name.lower()
        if folded in seen and folded in wanted:
            return name
        seen.add(folded)
    return None
