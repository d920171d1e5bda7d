"""A first look at a file: what form it has and which columns it names, from a bounded head."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from finops.errors import DataError
from finops.sources.files import BOMB_BYTES, BOMB_RATIO, HEAD_BYTES, bare_name, head, opened, refuse_wide_encoding
from finops.sources.otlp_reading.frames import is_framed
from finops.sources.otlp_reading.signal import signals
from finops.sources.surrogates import mended

if TYPE_CHECKING:
    import pyarrow.parquet as pq

MAX_COLUMNS = 4096
MOST_ROWS, ROWS_PER_BYTE = 100_000_000, 1000
"""A Parquet file with more rows, and with more for each of its bytes, is refused."""
Form = Literal["empty", "parquet", "binary", "json", "table"]

_DELIMITERS = ",;\t|"
_PARQUET = b"PAR1"
_SEPARATOR = re.compile(r"sep=([,;\t|])\r?\n")
"""The line before the header by which spreadsheets are told the delimiter."""
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Glimpse:
    """`header` holds a table's columns, or the keys of the first line of JSON lines, as written; of binary OTLP the signals that
    it may hold. `text` is the decoded head. `skip` counts the physical lines up to the first data row."""

    path: Path
    name: str
    form: Form
    text: str = ""
    header: tuple[str, ...] = ()
    delimiter: str = ","
    skip: int = 0

    @property
    def is_array(self) -> bool:
        """Whether the file is JSON that begins as one array."""
        return self.form == "json" and self.text.lstrip().startswith("[")


def glimpse(path: Path) -> Glimpse:
    """Looks at no more than the first MiB of the decompressed bytes (Parquet: its footer)."""
    name = bare_name(path)
    start = head(path)
    if not start.strip(b" \t\r\n\xef\xbb\xbf"):
        return Glimpse(path, name, "empty")
    if start.startswith(_PARQUET):
        return Glimpse(path, name, "parquet", header=parquet_columns(path))
    refuse_wide_encoding(path, start)
    if b"\0" in start or is_framed(start):
        return Glimpse(path, name, "binary", header=_otlp_signals(start, path))
    text = _decoded(start, path)
    if text is None:
        return Glimpse(path, name, "binary")
    if text.lstrip().startswith(("{", "[")):
        return Glimpse(path, name, "json", text, _first_keys(text))
    header, delimiter, skip = _table_header(text, path)
    return Glimpse(path, name, "table", text, header, delimiter, skip)


def parquet_columns(path: Path) -> tuple[str, ...]:
    """The top-level column names in a Parquet file's footer."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with opened(path) as stream:
        try:
            file = pq.ParquetFile(stream)
            names = tuple(str(name) for name in file.schema_arrow.names)
        except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
            if getattr(error, "errno", None) is not None:
                raise
            what = "this Parquet file is cut short or damaged"
            raise DataError(what, where=str(path), hint="fetch or export the file again") from error
        _refuse_bomb(path, file.metadata)
    return _bounded(names, path)


def _refuse_bomb(path: Path, footer: pq.FileMetaData) -> None:
    """Refuses a file whose footer tells that it unpacks to far more than a table does."""
    packed = path.stat().st_size
    unpacked = sum(footer.row_group(at).total_byte_size for at in range(footer.num_row_groups))
    if unpacked > max(BOMB_BYTES, BOMB_RATIO * packed) or footer.num_rows > max(MOST_ROWS, ROWS_PER_BYTE * packed):
        what = f"this Parquet file claims to hold {footer.num_rows:,} rows and {unpacked:,} bytes in {packed:,} bytes"
        raise DataError(what, where=str(path), hint="no export packs that well; if it is genuine, write it in smaller files")


def _otlp_signals(start: bytes, path: Path) -> tuple[str, ...]:
    """Which signals of OpenTelemetry the messages of a binary file may hold; none where they are no such messages."""
    found = signals(start)
    if found is None:
        return ()
    if not found.items and len(start) < HEAD_BYTES:
        what = "these OTLP messages hold no spans, metrics or log records, or none that can be read"
        raise DataError(what, where=str(path), hint="leave the file out, or export it again")
    return found.possible


def _decoded(start: bytes, path: Path) -> str | None:
    """The head as text, without a byte order mark and without the half character that the limit may have left."""
    try:
        return start.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(start) == HEAD_BYTES and error.start >= len(start) - 3:
            return start[: error.start].decode("utf-8-sig")
        if sum(byte < 9 or 13 < byte < 32 for byte in start[:4096]) > len(start[:4096]) // 20:
            return None
        line = start.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"the text is not UTF-8: byte 0x{start[error.start]:02X}",
            where=f"{path}, line {line}",
            hint="it looks like Latin-1 or Windows-1252; convert it: `iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW`",
        ) from error


def _first_keys(text: str) -> tuple[str, ...]:
    """The keys of the first line's object; none where the first line is not a whole JSON object."""
    import msgspec

    line = text.lstrip().split("\n", 1)[0]
    try:
        content = line.encode()
        return tuple(msgspec.json.decode(mended(content) or content, type=dict[str, msgspec.Raw]))
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return ()


def _table_header(text: str, path: Path) -> tuple[tuple[str, ...], str, int]:
    blank = len(text) - len(text.lstrip("\r\n"))
    told = _SEPARATOR.match(text, blank)
    blank = told.end() if told else blank
    lead, body = text[:blank].count("\n"), text[blank:]
    line = body.split("\n", 1)[0]
    if len(line.encode()) >= HEAD_BYTES - 4 - blank:
        what = f"the first line is longer than {HEAD_BYTES >> 20} MiB: no table that can be read"
        raise DataError(what, where=str(path), hint="check how the file was exported; a header has at most 4,096 columns")
    if len(set(_LINE_END.findall(text[: blank + len(line) + 1]))) > 1:
        what = "the first lines end in different ways (LF and CRLF)"
        raise DataError(what, where=str(path), hint="write all lines with the same end: `dos2unix FILE`")
    delimiter = told[1] if told else max(_DELIMITERS, key=lambda mark: (line.count(mark), -_DELIMITERS.index(mark)))
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
    try:
        names = next(reader)
    except (csv.Error, StopIteration) as error:
        raise DataError(f"the header can't be read: {error}", where=str(path), hint="check the quotes in it") from error
    if reader.line_num > 1:
        what = "a column's name holds a line break, or a quote in the header is never closed"
        raise DataError(what, where=f"{path}, line {lead + 1}", hint="write the header on one line")
    return _bounded(tuple(name.strip() for name in names), path), delimiter, lead + 1


def _bounded(names: tuple[str, ...], path: Path) -> tuple[str, ...]:
    if len(names) <= MAX_COLUMNS:
        return names
    what = f"the header names {len(names):,} columns; at most {MAX_COLUMNS:,} can be read"
    raise DataError(what, where=str(path), hint="check the delimiter, or export fewer columns")
