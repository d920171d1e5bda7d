"""Messages behind their length in 4 bytes, the highest first, as the Collector's file exporter writes them; zstd is unpacked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, NamedTuple

from finops.sources.otlp_reading.lines import LONGEST_LINE
from finops.sources.otlp_reading.shape import Unreadable

ZSTD = b"\x28\xb5\x2f\xfd"
FRAMED_SUFFIXES = (".pb", ".proto", ".binpb", ".bin", ".otlp", ".data", ".json", ".jsonl")
"""How files of such messages may be named; the Collector leaves the choice to whoever configures it."""

LENGTH_BYTES = 4
_PIECE = 1 << 20
_EMPTY_IN_A_ROW = 16
"""An exporter may write an empty message; more of them are the zeros that a crash left at the end of a file."""


class Frame(NamedTuple):
    """One message: its number and place in the file; `data` is None where it is cut short or its length can't be right."""

    number: int
    position: int
    data: bytes | None


def is_framed(start: bytes) -> bool:
    """Whether a file that begins like this holds lengths: no text begins with their first byte."""
    return start[:1] != b"" and start[0] <= min(LONGEST_LINE >> 24, 8)


def frames(stream: IO[bytes]) -> Iterator[Frame]:
    """Every message. What can't be told apart any more, up to the end of the file, is one message that is cut short."""
    position = number = empty = 0
    while length := exactly(stream, LENGTH_BYTES):
        number += 1
        size = int.from_bytes(length, "big")
        empty = 0 if size else empty + 1
        if len(length) < LENGTH_BYTES or size > LONGEST_LINE or empty > _EMPTY_IN_A_ROW:
            yield Frame(number, position, None)
            return
        data = exactly(stream, size)
        yield Frame(number, position, data if len(data) == size else None)
        position += LENGTH_BYTES + size


def exactly(stream: IO[bytes], size: int) -> bytes:
    """So many bytes, or fewer at the end. They are taken in pieces: a length that lies must not cost memory."""
    pieces, missing = [], size
    while missing and (piece := stream.read(min(missing, _PIECE))):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def unpacked(frame: Frame) -> bytes:
    """The message without its compression; raises Unreadable where it is damaged or unpacks to more than is read."""
    message = frame.data
    if message is None:
        raise Unreadable(f"this message is cut short or damaged (byte {frame.position:,})")
    if not message.startswith(ZSTD):
        return message
    plain, whole = decompressed(message, LONGEST_LINE + 1)
    if len(plain) > LONGEST_LINE:
        raise Unreadable(f"this message unpacks to more than {LONGEST_LINE >> 20} MiB (byte {frame.position:,})")
    if not whole:
        raise Unreadable(f"this message is compressed and damaged (byte {frame.position:,})")
    return plain


def decompressed(message: bytes, limit: int, piece_bytes: int = _PIECE) -> tuple[bytes, bool]:
    """The first bytes of a zstd frame, and whether it came to its end or to the limit without damage. Of a damaged one all but
    the last piece is there."""
    import pyarrow as pa

    pieces, size = [], 0
    try:
        with pa.CompressedInputStream(pa.BufferReader(message), "zstd") as stream:
            while size < limit and (piece := stream.read(min(piece_bytes, limit - size))):
                pieces.append(piece)
                size += len(piece)
    except OSError:
        return b"".join(pieces), False
    return b"".join(pieces), True
