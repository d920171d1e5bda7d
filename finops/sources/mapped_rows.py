"""The cells of some columns of any file, as text, row by row: tables with any delimiter, JSON lines with paths, Parquet."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from finops.core.settings import Import
from finops.errors import DataError
from finops.sources.base import Reject
from finops.sources.entries import Numbered, documents
from finops.sources.entry_values import Unreadable, found, plain
from finops.sources.files import HEAD_BYTES, bare_name, head, opened
from finops.sources.glimpse import Glimpse, glimpse
from finops.sources.rows import null_or, table_cells

if TYPE_CHECKING:
    import pyarrow as pa

Cells = tuple[int, list[str | None]]
"""The row's number and the texts of the wanted columns, in their order; null is None."""

_PARQUET_ROWS = 8192


def look(path: Path, given: Import) -> Glimpse:
    """A first look at the file with the eyes of the mapping."""
    if given.encoding is None:
        return as_mapped(glimpse(path), given)
    start = head(path)
    text = start.decode(given.encoding, errors="replace").removeprefix("\ufeff")
    return as_mapped(Glimpse(path, bare_name(path), "table" if text.strip() else "empty", text), given)


def as_mapped(seen: Glimpse, given: Import) -> Glimpse:
    """The glimpse of a table with the delimiter and the header that the mapping says; of any other file as it is."""
    if seen.form != "table" or (given.delimiter is None and not given.skip_lines and given.encoding is None):
        return seen
    lines = seen.text.split("\n")
    at = next((i for i, line in enumerate(lines) if i >= given.skip_lines and line.strip("\r")), None)
    if at is None:
        return replace(seen, header=(), skip=len(lines))
    line = lines[at].rstrip("\r")
    delimiter = given.delimiter or max(",;\t|", key=line.count)
    try:
        names = next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter), [])
    except csv.Error as error:
        raise DataError(f"the header can't be read: {error}", where=str(seen.path), hint="check the quotes in it") from error
    return replace(seen, header=tuple(name.strip() for name in names), delimiter=delimiter, skip=at + 1)


def place_of(name: str, header: Sequence[str]) -> int | None:
    """Where the column stands: by its exact name, else without regard to case."""
    if name in header:
        return header.index(name)
    low = name.lower()
    return next((at for at, one in enumerate(header) if one.lower() == low), None)


def is_there(name: str, seen: Glimpse) -> bool:
    """Whether the file may have the column. Of JSON only the first line is known, of a path only where it begins."""
    if place_of(name, seen.header) is not None:
        return True
    return seen.form != "table" and "." in name and name.split(".", 1)[0] in seen.header


def read_cells(seen: Glimpse, wanted: Sequence[str], missed: set[str], given: Import) -> Iterator[Cells | Reject]:
    """The rows. `missed` ends up with the columns of JSON that no row had."""
    if seen.form == "table":
        yield from _of_table(seen, wanted, table_cells(seen) if given.encoding is None else _decoded_cells(seen, given.encoding))
    elif seen.form == "parquet":
        yield from _of_parquet(seen.path, wanted)
    elif seen.form == "json":
        yield from _of_json(seen.path, wanted, missed, given.items)
    else:
        what = "the file is empty" if seen.form == "empty" else "this is binary data, not a table"
        raise DataError(what, where=str(seen.path), hint="give CSV, Parquet or JSON lines")


def _of_table(seen: Glimpse, wanted: Sequence[str], rows: Iterable[tuple[int, list[str]] | Reject]) -> Iterator[Cells | Reject]:
    width, places = len(seen.header), [place_of(name, seen.header) for name in wanted]
    for item in rows:
        if isinstance(item, Reject):
            yield item
            continue
        number, cells = item
        if len(cells) != width:
            shown = seen.delimiter.join(cells)[:80]
            yield Reject(number, f"the row has {len(cells)} fields and the header {width}", text=shown)
        else:
            yield number, [None if at is None else null_or(cells[at]) for at in places]


def _decoded_cells(seen: Glimpse, encoding: str) -> Iterator[tuple[int, list[str]] | Reject]:
    """The data rows of a table that is not UTF-8."""
    with _decoded_lines(seen.path, encoding) as lines:
        for _ in range(seen.skip):
            next(lines, None)
        reader, number = csv.reader(lines, delimiter=seen.delimiter, strict=True), 0
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                number += 1
                yield Reject(number, f"the row can't be read: {error} (check its quotes)")
                continue
            if cells:
                number += 1
                yield number, cells


@contextmanager
def _decoded_lines(path: Path, encoding: str) -> Iterator[Iterator[str]]:
    with opened(path) as stream:
        text = io.TextIOWrapper(stream, encoding, newline="")
        try:
            yield _bounded_lines(text, path)
        except UnicodeError as error:
            raise DataError(f"the text is not {encoding}: {error}", where=str(path), hint="correct `encoding`") from error
        finally:
            text.detach()  # what is opened here is closed where it was opened


def _bounded_lines(text: io.TextIOWrapper, path: Path) -> Iterator[str]:
    while line := text.readline(HEAD_BYTES):
        if len(line) == HEAD_BYTES and not line.endswith("\n"):
            what = f"a line is longer than {HEAD_BYTES >> 20} MiB"
            raise DataError(what, where=str(path), hint="check for a missing line break or closing quote")
        yield line


def _of_json(path: Path, wanted: Sequence[str], missed: set[str], items: str | None) -> Iterator[Cells | Reject]:
    missed.update(wanted)
    for item in documents(path) if items is None else _items(path, items):
        if isinstance(item, Reject):
            yield item
            continue
        number, entry = item
        values = [found(entry, name) for name in wanted]
        if missed:
            missed.difference_update(name for name, value in zip(wanted, values, strict=True) if value is not None)
        yield number, [_json_text(value) for value in values]


def _items(path: Path, items: str) -> Iterator[Numbered | Reject]:
    """The entries of the list that each document keeps under the path."""
    number = 0
    for item in documents(path):
        listed = item if isinstance(item, Reject) else found(item[1], items)
        if not isinstance(listed, list | Reject):
            listed = Reject(0, f"there is no list under `{items}`")
        for one in listed if isinstance(listed, list) else [listed]:
            number += 1
            if isinstance(one, dict):
                yield number, one
            else:
                told = one if isinstance(one, Reject) else Reject(0, "the item is not a JSON object", text=str(one)[:80])
                yield Reject(number, told.reason, told.column, told.text)


def _json_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return null_or(value)
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else plain(value)


def _of_parquet(path: Path, wanted: Sequence[str]) -> Iterator[Cells | Reject]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            tops = [_top(name, names) for name in wanted]
            for batch in file.iter_batches(_PARQUET_ROWS, columns=sorted({top for top in tops if top})):
                columns = {name: _values(batch.column(name)) for name in batch.schema.names}
                for at in range(batch.num_rows):
                    number += 1
                    yield (
                        number,
                        [
                            None if top is None else _parquet_text(_below(columns[top][at], name, top))
                            for name, top in zip(wanted, tops, strict=True)
                        ],
                    )
    except (pa.ArrowException, UnicodeDecodeError) as error:
        what = f"this Parquet file can't be read: {error}"
        raise DataError(what, where=str(path), hint="fetch or export the file again") from error


def _top(name: str, names: Sequence[str]) -> str | None:
    """The top-level column that holds the wanted one."""
    at = place_of(name, names)
    first = name.split(".", 1)[0]
    return names[at] if at is not None else first if first in names else None


def _values(column: pa.Array) -> list[Any]:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return list(column.to_pylist())


def _below(value: Any, name: str, top: str) -> Any:
    rest = name.removeprefix(f"{top}.")
    return found(value, rest) if rest != name and isinstance(value, dict) else value


def _parquet_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return null_or(value)
    if isinstance(value, float):
        return None if math.isnan(value) else repr(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return None if not re.fullmatch(rb"[\x20-\x7e]+", value) else value.decode()
    if isinstance(value, list) and value and all(isinstance(one, tuple) and len(one) == 2 for one in value):
        value = dict(value)  # a Parquet map
    if isinstance(value, dict | list):
        if not value:
            return None
        try:
            return msgspec.json.encode(value, enc_hook=str).decode()
        except (msgspec.MsgspecError, TypeError, ValueError) as error:
            raise Unreadable("this value can't be written as text") from error
    return plain(value)
