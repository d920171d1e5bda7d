"""A large CSV file as one Parquet file of the same texts, made by the block on all cores: the engine types columns of repeated
texts in half the time that lines take.

Only what no two readers of CSV read differently is taken. At the first row with too many or too few cells, quote inside a bare
cell, text behind a closing quote, lone carriage return or overlong line, the whole file is left to the engine's own reader, which
knows what to say of it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    import pyarrow as pa

    from finops.ledger.handover import Scan

LEAST_BYTES, PACKED_TO = 32 << 20, 5
"""A file of less text is read sooner than the libraries are there. Packed ones are taken for a fifth of their text."""
BLOCK_BYTES = 2 << 20
"""Whole records that are read at a time; a file with a longer one is left to the engine."""
GROUP_BYTES = 16 << 20
"""Of text in a row group: what the engine reads at a time, and where repeated texts are told once."""
_LEAST_REPEATS = 4
"""Texts that come so many times on average are told once."""
_QUOTE, _NEWLINE, _RETURN = b'"\n\r'


class _Odd(Exception):
    """The file is one that readers may disagree on."""


def as_parquet(scan: Scan, header: Sequence[str], wanted: Sequence[str], target: Path, threads: int) -> bool:
    """Writes the wanted columns of a CSV file, texts as they are and empty ones as null, in the order of the file. `header` names
    all of its columns. False where the file is small, or left to the engine."""
    packed = scan.path.suffix.lower() in (".gz", ".zst")
    size = scan.path.stat().st_size * (PACKED_TO if packed else 1)
    if size < LEAST_BYTES or len(header) < 2 or scan.skip < 1 or not wanted or len(scan.delimiter.encode()) != 1:
        return False
    import pyarrow as pa
    from isal import isal_zlib

    try:
        with _opened(scan.path) as stream, ThreadPoolExecutor(threads) as pool:
            blocks = _blocks(stream, scan.skip)
            _write(_parsed(blocks, pool, threads, header, wanted, scan.delimiter), target)
    except (_Odd, EOFError, OSError, isal_zlib.error, pa.ArrowException):  # type: ignore[misc]
        target.unlink(missing_ok=True)
        return False
    return True


def _opened(path: Path) -> IO[bytes]:
    """The unpacked bytes; the name tells how they are packed, as it does to the engine."""
    if path.name.lower().endswith(".gz"):
        from isal import igzip

        return cast("IO[bytes]", igzip.open(path, "rb"))  # type: ignore[no-untyped-call]
    import pyarrow as pa

    return cast("IO[bytes]", pa.input_stream(os.fspath(path), compression="detect"))


def _blocks(stream: IO[bytes], skip: int) -> Iterator[bytes]:
    """Whole records, as many as a block holds, without the first lines."""
    rest, ends = b"", set[bool]()
    while piece := stream.read(BLOCK_BYTES - len(rest)):
        text = rest + piece
        for _ in range(skip):
            at = text.find(b"\n") + 1
            if not at:
                raise _Odd
            ends.add(b"\r" in text[:at])
            text = text[at:]
        skip = 0
        end = _records_end(text)
        if not end and len(text) >= BLOCK_BYTES:
            raise _Odd
        block, rest = text[:end], text[end:]
        if block:
            ends.add(b"\r" in block)
            if len(ends) > 1:  # not all lines end alike
                raise _Odd
            yield block
    if skip:
        raise _Odd
    if rest:
        yield rest


def _records_end(text: bytes) -> int:
    """Behind the last line break that is not within quotes, of text that begins with a record; 0 where there is none."""
    end = text.rfind(b"\n") + 1
    within = text.count(b'"', 0, end) % 2
    while end and within:
        before = text.rfind(b"\n", 0, end - 1) + 1
        within = (within - text.count(b'"', before, end)) % 2
        end = before
    return end


def _parsed(
    blocks: Iterator[bytes], pool: ThreadPoolExecutor, threads: int, header: Sequence[str], wanted: Sequence[str], delimiter: str
) -> Iterator[pa.Table]:
    """The blocks as tables, in order; never more than a few of them at a time."""
    waiting: deque[Future[pa.Table]] = deque()
    for block in blocks:
        waiting.append(pool.submit(_table, block, header, wanted, delimiter))
        if len(waiting) > threads + 1:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _table(block: bytes, header: Sequence[str], wanted: Sequence[str], delimiter: str) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv as csv

    _refuse_odd(block, delimiter)
    return csv.read_csv(
        pa.py_buffer(block),
        read_options=csv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=list(header)),
        parse_options=csv.ParseOptions(delimiter=delimiter),
        convert_options=csv.ConvertOptions(
            include_columns=list(wanted),
            column_types=dict.fromkeys(wanted, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
        ),
    )


def _refuse_odd(block: bytes, delimiter: str) -> None:
    """Refuses quotes that do not enclose a whole cell, and carriage returns that do not end a line as all others do."""
    returns = block.count(b"\r")
    if returns and not returns == block.count(b"\r\n") == block.count(b"\n"):
        raise _Odd
    if b'"' not in block:
        return
    import numpy as np

    letters = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(letters == _QUOTE)
    if len(quotes) % 2:
        raise _Odd
    before, behind = (np.zeros(256, np.bool_) for _ in range(2))
    before[[_QUOTE, _NEWLINE, ord(delimiter)]] = True
    behind[[_QUOTE, _NEWLINE, _RETURN, ord(delimiter)]] = True
    opening, closing = quotes[::2], quotes[1::2]  # a doubled quote closes and opens again
    if opening[0] == 0:
        opening = opening[1:]
    if closing[-1] == len(block) - 1:
        closing = closing[:-1]
    if not (before[letters[opening - 1]].all() and behind[letters[closing + 1]].all()):
        raise _Odd


def _write(tables: Iterator[pa.Table], target: Path) -> None:
    """One Parquet file of the tables, several of them in each row group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer: pq.ParquetWriter | None = None
    group: list[pa.Table] = []
    size = 0

    def flush() -> None:
        nonlocal writer, group, size
        table = pa.concat_tables(group)
        if writer is None:
            written = {"compression": "lz4", "use_dictionary": _repeated(table), "write_statistics": False, "store_schema": False}
            writer = pq.ParquetWriter(target, table.schema, **written)
        writer.write_table(table, row_group_size=max(table.num_rows, 1))
        group, size = [], 0

    try:
        for table in tables:
            group.append(table)
            size += table.nbytes
            if size >= GROUP_BYTES:
                flush()
        if group:
            flush()
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        raise _Odd


def _repeated(table: pa.Table) -> list[str]:
    """The columns of which most texts come several times."""
    import pyarrow.compute as compute

    sample = table.slice(0, 20_000)
    return [name for name in sample.column_names if compute.count_distinct(sample[name]).as_py() * _LEAST_REPEATS < len(sample)]
