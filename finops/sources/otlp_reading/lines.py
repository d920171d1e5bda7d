"""Lines of an OTLP file with their place in it: from the start, from an offset, or within a byte range."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

import msgspec

from finops.errors import DataError
from finops.sources.files import head, opened
from finops.sources.otlp_reading.shape import BROKEN
from finops.sources.surrogates import mended

LONGEST_LINE = 128 << 20
"""A line or a document that is longer is refused: it would have to be held in memory whole."""

AS_LINES = "write it as JSON lines, as the Collector's file exporter does, or split it by resource"

BOM = b"\xef\xbb\xbf"
_CHUNK = 1 << 20


class Line(NamedTuple):
    """One line: its number, the position of its first byte in the (decompressed) file, its bytes; None where it is too long."""

    number: int
    position: int
    data: bytes | None


class Lines:
    """The lines from here on that are not blank; those that start before `end`. `number` is that of the next line to come.
    `begun` is the start of the first line where it has been read already."""

    def __init__(self, stream: IO[bytes], number: int, position: int, end: int | None = None, begun: bytes = b"") -> None:
        self.number, self.position = number, position
        self._stream, self._end, self._begun = stream, end, begun

    def __iter__(self) -> Iterator[Line]:
        while (self._end is None or self.position < self._end) and (data := self._next()):
            number, begun, size = self.number, self.position, len(data)
            too_long = size > LONGEST_LINE
            if too_long and not data.endswith(b"\n"):
                size += rest_of_line(self._stream)
            self.number, self.position = number + 1, begun + size
            if too_long:
                yield Line(number, begun, None)
            elif not data.isspace():
                yield Line(number, begun, data.removeprefix(BOM) if begun == 0 else data)

    def _next(self) -> bytes:
        begun, self._begun = self._begun, b""
        return begun + self._stream.readline(LONGEST_LINE + 1)


def rest_of_line(stream: IO[bytes]) -> int:
    """Reads to the end of a line without holding it; answers with how many bytes that were."""
    skipped = 0
    while piece := stream.readline(_CHUNK):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped


def buffered(stream: IO[bytes]) -> IO[bytes]:
    """A stream that gives lines: Arrow's decompressor gives blocks only."""
    if isinstance(stream, io.BufferedIOBase):
        return cast("IO[bytes]", stream)
    return cast("IO[bytes]", io.BufferedReader(cast("io.RawIOBase", stream), _CHUNK))


def resume(stream: IO[bytes], offset: int) -> tuple[int, int, bytes]:
    """Skips what an earlier load has read: number and position of the line to go on with, and its bytes before `offset`.
    A last line that was torn then is given again, whole; one that was complete but for its newline is not."""
    number, position, start, begun = 1, 0, 0, bytearray()
    while position < offset and (chunk := stream.read(min(_CHUNK, offset - position))):
        number += chunk.count(b"\n")
        newline = chunk.rfind(b"\n")
        if newline >= 0:
            begun, start = bytearray(), position + newline + 1
        begun += chunk[newline + 1 :][: LONGEST_LINE + 1 - len(begun)]
        position += len(chunk)
    if is_document(bytes(begun)):
        return number, position, b""
    return number, start, bytes(begun)


def is_document(line: bytes) -> bool:
    """Whether these bytes are one whole JSON object."""
    stripped = line.strip().removeprefix(BOM)
    if not (stripped.startswith(b"{") and stripped.endswith(b"}")):
        return False
    try:
        _any_object.decode(stripped)
    except BROKEN:
        whole_text = mended(stripped)
        return whole_text is not None and is_document(whole_text)
    return True


_any_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


def is_one_document(path: Path) -> bool:
    """Whether the file is a single (usually indented) JSON document, not one per line. Looks at its head."""
    start = head(path).removeprefix(BOM).lstrip()
    if start.startswith(b"["):
        return True
    first, newline, rest = start.partition(b"\n")
    if not newline or is_document(first):
        return False
    return not is_document(rest.lstrip().partition(b"\n")[0])


def whole(path: Path, hint: str = AS_LINES) -> bytes:
    """All bytes of a file that is one document."""
    with opened(path) as stream:
        blocks, size = [], 0
        while block := stream.read(_CHUNK):
            blocks.append(block)
            if (size := size + len(block)) > LONGEST_LINE:
                what = f"this is one JSON document of more than {LONGEST_LINE >> 20} MiB"
                raise DataError(what, where=str(path), hint=hint)
    return b"".join(blocks).removeprefix(BOM)
