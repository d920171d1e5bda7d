"""Reading the body of a request: bounded as it comes in, bounded once more as it is unpacked."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from email.message import Message
from io import BufferedIOBase

MOST_SENT = 20 << 20
"""Bytes of a body as sent; the OpenTelemetry Collector's own bound."""
MOST_UNPACKED = 64 << 20
SLOWEST_S = 30.0
"""A body that takes longer to come in is given up."""

_PIECE = 1 << 16
_LONGEST_LINE = 1 << 10
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


class BadBody(Exception):
    """A body that was not read to its end: the status code, and why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class TooLarge(Exception):
    """A body that was read and unpacks to too much."""

    reason = f"the body unpacks to more than {MOST_UNPACKED >> 20} MiB"


def read_body(stream: BufferedIOBase, headers: Message, clock: Callable[[], float]) -> bytes:
    """The body as it was sent, by its length or in chunks. Raises BadBody where it would not do or breaks off."""
    give_up = clock() + SLOWEST_S
    if "chunked" in (headers.get("Transfer-Encoding") or "").lower():
        return _chunks(stream, clock, give_up)
    given = (headers.get("Content-Length") or "0").strip()
    if not (given.isascii() and given.isdigit()):
        raise BadBody(400, "the Content-Length is not a number")
    size = int(given[:20])
    if size > MOST_SENT:
        raise _too_large()
    return _exactly(stream, size, clock, give_up)


def unpacked(body: bytes, encoding: str | None) -> bytes:
    """The body without its content encoding: gzip, deflate or none."""
    named = (encoding or "identity").strip().lower()
    if named == "identity":
        return body
    if named not in ("gzip", "deflate"):
        raise BadBody(415, f"the content encoding {named[:40]} is not known; gzip, deflate or none is")
    pieces, size = [], 0
    while body:
        unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            piece = unpacker.decompress(body, MOST_UNPACKED - size + 1)
        except zlib.error as error:
            raise BadBody(400, "the compressed body is damaged") from error
        size += len(piece)
        if size > MOST_UNPACKED:
            raise TooLarge
        if not unpacker.eof:
            raise BadBody(400, "the compressed body is cut short")
        pieces.append(piece)
        body = unpacker.unused_data
    return b"".join(pieces)


def _exactly(stream: BufferedIOBase, size: int, clock: Callable[[], float], give_up: float) -> bytes:
    pieces = []
    while size:
        piece = stream.read1(min(size, _PIECE))
        if not piece:
            raise BadBody(400, "the body is shorter than it says")
        if clock() > give_up:
            raise BadBody(408, f"the body took longer than {SLOWEST_S:.0f} s")
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _chunks(stream: BufferedIOBase, clock: Callable[[], float], give_up: float) -> bytes:
    """A body in chunks, each behind its size in hexadecimal; trailers are read away."""
    pieces, total = [], 0
    while True:
        line = stream.readline(_LONGEST_LINE)
        try:
            size = int(line.partition(b";")[0].strip(), 16)
        except ValueError:
            raise BadBody(400, "the chunks of the body are damaged") from None
        total += size
        if size < 0 or total > MOST_SENT:
            raise _too_large() if size >= 0 else BadBody(400, "the chunks of the body are damaged")
        if size == 0:
            break
        pieces.append(_exactly(stream, size, clock, give_up))
        if stream.readline(_LONGEST_LINE).strip():
            raise BadBody(400, "the chunks of the body are damaged")
    while stream.readline(_LONGEST_LINE).strip() and clock() < give_up:
        pass
    return b"".join(pieces)


def _too_large() -> BadBody:
    return BadBody(413, f"a body may have {MOST_SENT >> 20} MiB at most")
