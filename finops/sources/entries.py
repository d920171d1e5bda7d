"""Entries of an export, one at a time: rows of CSV, JSON lines, a JSON array, pages with `data`, Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from finops.errors import DataError
from finops.sources.arrow_schema import arrow_schema
from finops.sources.base import Reject, refuse_flood
from finops.sources.entries_parquet import parquet_entries
from finops.sources.entry_values import Entry, Unreadable
from finops.sources.files import opened
from finops.sources.glimpse import glimpse
from finops.sources.rows import read_rows
from finops.sources.surrogates import mended

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST, LARGEST_PAGE = 256 << 20, 64 << 20
"""The text of a JSON array is held in memory while its items are read one by one, a page as a whole; JSON lines may be of any
size."""
LONGEST_LINE = 16 << 20
"""The same for a line and for an item of an array."""
BATCH_ROWS = 8192

BROKEN = (msgspec.MsgspecError, RecursionError, UnicodeError)
_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=str)
"""Numbers with a fraction stay the text that the file holds, so that amounts keep every digit."""
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])

Numbered = tuple[int, Entry]


def entries(path: Path) -> Iterator[Numbered | Reject]:
    """Each entry with its number from 1; a document that holds a list under `data` stands for the entries of that list."""
    number = 0
    for item in documents(path):
        found = item if isinstance(item, Reject) else item[1]
        listed = found.get("data") if isinstance(found, dict) else None
        for one in listed if isinstance(listed, list) else [found]:
            number += 1
            if isinstance(one, Reject):
                yield Reject(number, one.reason, one.column, one.text)
            elif isinstance(one, dict):
                yield number, one
            else:
                yield Reject(number, "the entry is not a JSON object", text=str(one)[:80])


def documents(path: Path) -> Iterator[Numbered | Reject]:
    """The objects that a file is made of: rows of a table, lines of JSON, items of an array, or the one there is."""
    seen = glimpse(path)
    if seen.form == "table":
        yield from read_rows(seen)
    elif seen.form == "parquet":
        yield from parquet_entries(path)
    elif seen.form != "json":
        what = "the file is empty" if seen.form == "empty" else f"this is {seen.form}, not text"
        raise DataError(what, where=str(path), hint="export it as CSV, JSON or JSON lines")
    elif _is_lines(path):
        yield from _of_lines(path)
    else:
        yield from _of_whole(path)


def batches(
    numbered: Iterable[Numbered | Reject],
    contract: str,
    read: Callable[[Entry], dict[str, Any] | None],
    rejects: list[Reject],
) -> Iterator[pa.RecordBatch]:
    """What `read` makes of each entry, in the contract's Arrow schema; None leaves an entry out. `rejects` fills on the way."""
    import pyarrow as pa

    schema = arrow_schema(contract)
    blank = dict.fromkeys(schema.names)
    rows = _good(numbered, read, rejects)
    while block := [{**blank, **row} for row in islice(rows, BATCH_ROWS)]:
        yield pa.RecordBatch.from_pylist(block, schema=schema)


def _good(
    numbered: Iterable[Numbered | Reject], read: Callable[[Entry], dict[str, Any] | None], rejects: list[Reject]
) -> Iterator[dict[str, Any]]:
    for item in numbered:
        if isinstance(item, Reject):
            rejects.append(item)
            refuse_flood(rejects)
            continue
        number, entry = item
        try:
            row = read(entry)
        except Unreadable as problem:
            rejects.append(Reject(number, problem.reason, problem.column, problem.text))
            refuse_flood(rejects)
        else:
            if row is not None:
                yield row


def _is_lines(path: Path) -> bool:
    """Whether the first line that is not blank is a whole JSON object."""
    with opened(path) as stream:
        for line in _lines(stream):
            if line is None:
                return False
            if line.strip(b" \t\r\n\xef\xbb\xbf"):
                return isinstance(_decoded(line), dict)
    return False


def _of_lines(path: Path) -> Iterator[Numbered | Reject]:
    number = 0
    with opened(path) as stream:
        for line in _lines(stream):
            if line is not None and not line.strip():
                continue
            number += 1
            found = Reject(number, f"the line is longer than {LONGEST_LINE >> 20} MiB") if line is None else _decoded(line)
            if isinstance(found, dict):
                yield number, found
            elif isinstance(found, Reject):
                yield Reject(number, found.reason, text=found.text)
            else:
                yield Reject(number, "the line is not a JSON object", text=(line or b"")[:80].decode("utf-8", "replace"))


def _of_whole(path: Path) -> Iterator[Numbered | Reject]:
    with opened(path) as stream:
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        what = f"this JSON document is larger than {LARGEST >> 20} MiB"
        raise DataError(what, where=str(path), hint="export it as JSON lines, one object per line")
    is_array = content[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")
    if not is_array and len(content) > LARGEST_PAGE:
        what = f"this JSON object is larger than {LARGEST_PAGE >> 20} MiB"
        raise DataError(what, where=str(path), hint="export it as JSON lines, one object per line")
    found = _decoded(content, _ITEMS if is_array else _DECODER)
    if isinstance(found, Reject):
        raise DataError(f"this JSON can't be read: {found.reason}", where=str(path), hint="is it complete? Export it again")
    for number, given in enumerate(found if is_array else [found], start=1):
        item = _item(given) if isinstance(given, msgspec.Raw) else given
        if isinstance(item, dict):
            yield number, item
        elif isinstance(item, Reject):
            yield Reject(number, item.reason, text=item.text)
        else:
            yield Reject(number, "the item is not a JSON object", text=str(item)[:80])


def _item(given: msgspec.Raw) -> Any:
    text = memoryview(given)
    if len(text) > LONGEST_LINE:
        return Reject(0, f"the item is longer than {LONGEST_LINE >> 20} MiB", text=bytes(text[:80]).decode("utf-8", "replace"))
    return _decoded(bytes(text))


def _decoded(content: bytes, decoder: msgspec.json.Decoder[Any] = _DECODER) -> Any:
    try:
        return decoder.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError:
        return Reject(0, "the JSON is nested too deeply")
    except BROKEN as error:
        if (whole := mended(content)) is not None:
            return _decoded(whole, decoder)
        return Reject(0, f"it is not JSON: {error}", text=content[:80].decode("utf-8", "replace"))


def _lines(stream: IO[bytes]) -> Iterator[bytes | None]:
    """Lines as bytes; None for one that is too long."""
    while line := stream.readline(LONGEST_LINE):
        if len(line) < LONGEST_LINE or line.endswith(b"\n"):
            yield line
            continue
        while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
            pass
        yield None
