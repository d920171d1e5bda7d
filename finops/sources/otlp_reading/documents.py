"""The documents of an OTLP file of metrics or logs, JSON or Protobuf, one after the other; what can't be decoded is a reject."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from finops.errors import DataError
from finops.sources.base import Reject, refuse_flood
from finops.sources.files import head, opened
from finops.sources.otlp_reading.chunks import TOO_LONG
from finops.sources.otlp_reading.frames import Frame, frames, is_framed, unpacked
from finops.sources.otlp_reading.lines import Lines, buffered, is_one_document, whole
from finops.sources.otlp_reading.shape import BROKEN, Unreadable, because
from finops.sources.surrogates import mended

Document = TypeVar("Document")
Refuse = Callable[[Unreadable], None]


def documents(
    path: Path,
    decode: Callable[[bytes], Document],
    decode_wire: Callable[[bytes, Refuse], Document],
    rejects: list[Reject],
) -> Iterator[tuple[int, Document]]:
    """Each document with its line, or the number of its message. A file of which nothing can be read is an error."""
    found = 0
    for number, piece in _pieces(path):
        refuse_flood(rejects)
        try:
            if piece is None:
                raise Unreadable(TOO_LONG)
            if isinstance(piece, Frame):
                document = _of_frame(piece, decode, decode_wire, rejects)
            else:
                document = _of_json(piece, decode)
        except Unreadable as problem:
            rejects.append(Reject(number, problem.reason, problem.column, problem.text))
            continue
        except BROKEN as error:
            why = because(error)
            rejects.append(Reject(number, why.reason, why.column))
            continue
        found += 1
        yield number, document
    if not found and rejects:
        where = f"{path}, line {rejects[0].row}"
        hint = "it should be what the OpenTelemetry Collector's file exporter writes, with `format: json` or `format: proto`"
        raise DataError(f"nothing can be read from this file: {rejects[0].reason}", where=where, hint=hint)


def _of_frame(
    frame: Frame,
    decode: Callable[[bytes], Document],
    decode_wire: Callable[[bytes, Refuse], Document],
    rejects: list[Reject],
) -> Document:
    def refuse(problem: Unreadable) -> None:
        rejects.append(Reject(frame.number, problem.reason, problem.column, problem.text))

    plain = unpacked(frame)
    return _of_json(plain, decode) if plain.startswith(b"{") else decode_wire(plain, refuse)


def _of_json(text: bytes, decode: Callable[[bytes], Document]) -> Document:
    try:
        return decode(text)
    except BROKEN:
        whole = mended(text)
        if whole is None:
            raise
        return decode(whole)


def _pieces(path: Path) -> Iterator[tuple[int, bytes | Frame | None]]:
    if is_framed(head(path, 1)):
        with opened(path) as raw:
            yield from ((frame.number, frame) for frame in frames(raw))
        return
    if is_one_document(path):
        document = whole(path)
        try:
            each = msgspec.json.decode(document, type=list[msgspec.Raw]) if document.lstrip().startswith(b"[") else None
        except BROKEN:
            each = None
        yield from ((1, bytes(raw)) for raw in each or (document,))
        return
    with opened(path) as raw:
        for line in Lines(buffered(raw), 1, 0):
            yield line.number, line.data
