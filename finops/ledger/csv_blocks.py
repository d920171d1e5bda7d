"""A large CSV file by the block: whole records, tokenised column by column, or refused where two readers of CSV may differ on it.

Refused are rows with too many or too few cells, a quote inside a bare cell, text behind a closing quote, a lone carriage return,
and an overlong line: the engine's own reader knows what to say of them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    import pyarrow as pa

    from finops.ledger.handover import Follower

BLOCK_BYTES = 1 << 20
"""Whole records that are tokenised at a time: what a core keeps near. A file with a longer one is left to the engine."""
GROUP_BYTES = 8 << 20
"""Blocks that are worked on together: repeated texts are told once in each."""
_QUOTE = ord(b'"')


class Odd(Exception):
    """The file is one that readers may disagree on."""


@dataclass(frozen=True)
class Cells:
    """How the cells of a file stand: the names of all its columns, and what is between two of them."""

    header: Sequence[str]
    delimiter: str


def opened(path: Path) -> IO[bytes]:
    """The unpacked bytes; the name tells how they are packed, as it does to the engine."""
    if path.name.lower().endswith(".gz"):
        from isal import igzip

        return cast("IO[bytes]", igzip.open(path, "rb"))  # type: ignore[no-untyped-call]  # isal has no types
    import pyarrow as pa

    return cast("IO[bytes]", pa.input_stream(os.fspath(path), compression="detect"))


class Source(Protocol):
    """What blocks are read from."""

    def read(self, size: int, /) -> bytes: ...


class Shown:
    """A stream of which every piece is shown to a follower, in a thread of its own. `end` waits until it has seen all."""

    MOST_WAITING = 8

    def __init__(self, stream: IO[bytes], follower: Follower) -> None:
        self._stream, self._follower = stream, follower
        self._beside, self._waiting = ThreadPoolExecutor(1), deque[Future[None]]()
        follower.begin()

    def __enter__(self) -> Shown:
        return self

    def __exit__(self, *_: object) -> None:
        self._beside.shutdown(cancel_futures=True)

    def read(self, size: int, /) -> bytes:
        """The next piece."""
        piece = self._stream.read(size)
        self._waiting.append(self._beside.submit(self._follower.feed, piece))
        while len(self._waiting) > self.MOST_WAITING:
            self._waiting.popleft().result()
        return piece

    def end(self) -> None:
        """Nothing follows."""
        while self._waiting:
            self._waiting.popleft().result()
        self._follower.end()


def groups(stream: Source, skip: int) -> Iterator[list[bytes]]:
    """The blocks, several at a time, without the first `skip` lines."""
    group: list[bytes] = []
    size = 0
    for block in _blocks(stream, skip):
        group.append(block)
        size += len(block)
        if size >= GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _blocks(stream: Source, skip: int) -> Iterator[bytes]:
    """Whole records, as many as a block holds."""
    rest, ends = b"", set[bool]()
    while piece := stream.read(BLOCK_BYTES - len(rest)):
        if ends and (end := _end_of_both(rest, piece)):
            block, rest = b"".join((rest, memoryview(piece)[:end])), piece[end:]
            ends.add(b"\r" in block)
            if len(ends) > 1:  # not all lines end alike
                raise Odd
            yield block
            continue
        text = rest + piece
        for _ in range(skip):
            at = text.find(b"\n") + 1
            if not at:
                raise Odd
            ends.add(b"\r" in text[:at])
            text = text[at:]
        skip = 0
        end = _records_end(text)
        if not end and len(text) >= BLOCK_BYTES:
            raise Odd
        block, rest = text[:end], text[end:]
        if block:
            ends.add(b"\r" in block)
            if len(ends) > 1:
                raise Odd
            yield block
    if skip:
        raise Odd
    if rest:
        yield rest


def _end_of_both(rest: bytes, piece: bytes) -> int:
    """Behind the last line break of the piece, where it ends a record: nearly always. Else 0. `rest` comes before the piece, and
    begins with a record; what is made of both at once is copied once."""
    end = piece.rfind(b"\n") + 1
    return 0 if (_quotes(rest, len(rest)) + _quotes(piece, end)) % 2 else end


def _records_end(text: bytes) -> int:
    """Behind the last line break that is not within quotes, of text that begins with a record; 0 where there is none."""
    end = text.rfind(b"\n") + 1
    within = _quotes(text, end) % 2
    while end and within:
        before = text.rfind(b"\n", 0, end - 1) + 1
        within = (within - text.count(b'"', before, end)) % 2
        end = before
    return end


def _quotes(text: bytes, end: int) -> int:
    import numpy as np

    return int(np.count_nonzero(np.frombuffer(text, np.uint8, end) == _QUOTE)) if end else 0


def tokenised(group: Sequence[bytes], cells: Cells, types: Mapping[str, pa.DataType]) -> pa.Table:
    """The columns named in `types`, texts as they are and empty ones as null. Refuses what readers differ on."""
    import pyarrow as pa

    return pa.concat_tables([_tokenised(block, cells, types) for block in group])


def _tokenised(block: bytes, cells: Cells, types: Mapping[str, pa.DataType]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv as csv

    _refuse_odd(block, cells.delimiter)
    return csv.read_csv(
        pa.py_buffer(block),
        read_options=csv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=list(cells.header)),
        parse_options=csv.ParseOptions(delimiter=cells.delimiter),
        convert_options=csv.ConvertOptions(
            check_utf8=not block.isascii(),
            include_columns=list(types),
            column_types=dict(types),
            strings_can_be_null=True,
            null_values=[""],
        ),
    )


def _refuse_odd(block: bytes, delimiter: str) -> None:
    """Refuses quotes that do not enclose a whole cell, and carriage returns that do not end a line as all others do."""
    if b"\r" in block and not block.count(b"\r") == block.count(b"\r\n") == block.count(b"\n"):
        raise Odd
    if b'"' not in block:
        return
    import numpy as np

    letters = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(letters == _QUOTE)
    if len(quotes) % 2:
        raise Odd
    opening, closing = quotes[::2], quotes[1::2]  # a doubled quote closes and opens again
    if opening[0] == 0:
        opening = opening[1:]
    if closing[-1] == len(block) - 1:
        closing = closing[:-1]
    between = delimiter.encode()
    if letters.take(opening - 1).tobytes().translate(None, b'"\n' + between):
        raise Odd
    if letters.take(closing + 1).tobytes().translate(None, b'"\n\r' + between):
        raise Odd
