"""The documents of an OTLP/JSON file of metrics or logs, one after the other; what can't be decoded is a reject."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from finops.errors import DataError
from finops.sources.base import Reject
from finops.sources.files import opened
from finops.sources.otlp_chunks import TOO_LONG
from finops.sources.otlp_lines import Lines, buffered, is_one_document, whole
from finops.sources.otlp_shape import BROKEN, because

Document = TypeVar("Document")


def documents(path: Path, decode: Callable[[bytes], Document], rejects: list[Reject]) -> Iterator[tuple[int, Document]]:
    """Each document with its line. A file of which nothing can be read is an error."""
    found = 0
    for number, data in _pieces(path):
        if data is None:
            rejects.append(Reject(number, TOO_LONG))
            continue
        try:
            document = decode(data)
        except BROKEN as error:
            why = because(error)
            rejects.append(Reject(number, why.reason, why.column))
            continue
        found += 1
        yield number, document
    if not found and rejects:
        where = f"{path}, line {rejects[0].row}"
        hint = "OTLP/JSON is what the OpenTelemetry Collector's file exporter writes with `format: json` and no compression"
        raise DataError(f"nothing can be read from this file: {rejects[0].reason}", where=where, hint=hint)


def _pieces(path: Path) -> Iterator[tuple[int, bytes | None]]:
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
