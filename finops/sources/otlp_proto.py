"""OTLP traces in messages behind their length, as the Collector's file exporter writes Protobuf, and anything it compresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from finops.errors import DataError
from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.files import file_part, opened
from finops.sources.glimpse import LENGTH_PREFIXED
from finops.sources.otlp_lines import LONGEST_LINE
from finops.sources.otlp_rows import Rows
from finops.sources.otlp_shape import Traces, Unreadable
from finops.sources.otlp_wire import resource_spans

if TYPE_CHECKING:
    import pyarrow as pa

_ZSTD = b"\x28\xb5\x2f\xfd"
_PIECE = 1 << 20
_LENGTH_BYTES = 4


class OtlpProto:
    """Spans, each a row of the contract `call`, by the row builder that reads OTLP/JSON. Each message stands behind its length in
    4 bytes, the highest first; it may be compressed with zstd, and then may hold JSON too."""

    name = "otlp_proto"
    title = "OpenTelemetry traces (OTLP Protobuf behind lengths, as the Collector writes it)"
    contracts = ("call",)
    patterns = (Pattern((".pb", ".proto", ".binpb", ".bin", ".otlp", ".data", ".json", ".jsonl"), header_all=(LENGTH_PREFIXED,)),)

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
        for number, (position, message) in enumerate(_messages(stream), start=1):
            try:
                plain = _plain(message)
                if plain.lstrip()[:1] == b"{" and message is not plain:
                    rows.feed(plain, number, position)
                else:
                    read += _feed(rows, plain, number)
            except Unreadable as problem:
                rejects.append(Reject(number, f"{problem.reason} (byte {position:,})", problem.column, problem.text))
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


def _messages(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Each message with its place. One that is cut short is given as it is: it will not decode, or lose its last span."""
    position = 0
    while length := _exactly(stream, _LENGTH_BYTES):
        size = int.from_bytes(length, "big")
        if len(length) < _LENGTH_BYTES or not 0 < size <= LONGEST_LINE:
            yield position, b"\0"  # no message begins like this
            return
        message = _exactly(stream, size)
        yield position, message if len(message) == size else b"\0"
        position += _LENGTH_BYTES + size


def _exactly(stream: IO[bytes], size: int) -> bytes:
    """So many bytes, or fewer at the end. They are taken in pieces: a length that lies must not cost memory."""
    pieces, missing = [], size
    while missing and (piece := stream.read(min(missing, _PIECE))):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _plain(message: bytes) -> bytes:
    if not message.startswith(_ZSTD):
        return message
    import pyarrow as pa

    try:
        with pa.CompressedInputStream(pa.BufferReader(message), "zstd") as stream:
            pieces, size = [], 0
            while piece := stream.read(_PIECE):
                pieces.append(piece)
                if (size := size + len(piece)) > LONGEST_LINE:
                    raise Unreadable(f"this message unpacks to more than {LONGEST_LINE >> 20} MiB")
    except OSError as error:
        raise Unreadable("this message is compressed and damaged") from error
    return b"".join(pieces)
