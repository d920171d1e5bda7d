"""OTLP traces in messages behind their length, as the Collector's file exporter writes Protobuf, and anything it compresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.errors import DataError
from finops.sources.base import Load, Part, Pattern, Reject, refuse_flood
from finops.sources.files import file_part, opened
from finops.sources.otlp_reading.frames import FRAMED_SUFFIXES, frames, unpacked
from finops.sources.otlp_reading.rows import Rows
from finops.sources.otlp_reading.shape import Traces, Unreadable
from finops.sources.otlp_reading.signal import TRACES
from finops.sources.otlp_reading.wire import resource_spans

if TYPE_CHECKING:
    import pyarrow as pa


class OtlpProto:
    """Spans, each a row of the contract `call`, by the row builder that reads OTLP/JSON. Each message stands behind its length in
    4 bytes, the highest first; it may be compressed with zstd, and then may hold JSON too."""

    name = "otlp_proto"
    title = "OpenTelemetry traces (OTLP Protobuf behind lengths, as the Collector writes it)"
    contracts = ("call",)
    patterns = (Pattern(FRAMED_SUFFIXES, header_all=(TRACES,)),)

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return (file_part(path, root, text=False),)

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:
        rejects: list[Reject] = []
        yield Load("call", _batches(part, tuple(options.get("attributes") or ()), rejects), rejects)


SOURCE = OtlpProto()


def _batches(part: Part, keep: tuple[str, ...], rejects: list[Reject]) -> Iterator[pa.RecordBatch]:
    rows, read = Rows(keep), 0
    rows.rejects = rejects
    with opened(part.path) as stream:
        for frame in frames(stream):
            refuse_flood(rejects)
            try:
                plain = unpacked(frame)
                if plain.startswith(b"{"):
                    rows.feed(plain, frame.number, frame.position)
                else:
                    read += _feed(rows, plain, frame.number)
            except Unreadable as problem:
                rejects.append(Reject(frame.number, problem.reason, problem.column, problem.text))
            if rows.full:
                batch = rows.batch()
                read += batch.num_rows
                yield batch
    last = rows.batch()
    rejects.sort(key=lambda reject: reject.row)
    if not read and not last.num_rows and rejects:
        hint = "give the traces pipeline of a Collector's file exporter, with `format: proto` or `format: json`"
        raise DataError(f"no traces can be read from this file: {rejects[0].reason}", where=str(part.path), hint=hint)
    yield last


def _feed(rows: Rows, message: bytes, number: int) -> int:
    """Feeds a message; answers with its spans."""
    refused: list[Unreadable] = []
    found = resource_spans(message, refused.append)
    rows.rejects += [Reject(number, problem.reason, problem.column, problem.text) for problem in refused]
    rows.feed_document(Traces(found), number, len(message))
    return sum(len(scope.spans or ()) for one in found for scope in one.scopeSpans or ())
