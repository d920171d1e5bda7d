"""OTLP/JSON traces, as the OpenTelemetry Collector's file exporter writes them: one document per line, or a single document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from finops.errors import DataError
from finops.sources.base import Load, Part, Pattern, Reject, refuse_flood
from finops.sources.files import file_part, opened
from finops.sources.otlp_reading.chunks import Chunk, cores, feed, file_chunks, in_parallel, reuse_memory, stream_chunks
from finops.sources.otlp_reading.lines import buffered, is_one_document, resume, whole
from finops.sources.otlp_reading.rows import Rows
from finops.sources.otlp_reading.shape import BROKEN

if TYPE_CHECKING:
    import pyarrow as pa

PARALLEL_BYTES = 256 << 20
PARALLEL_PACKED_BYTES = 16 << 20
"""From these sizes on, starting processes costs less than it saves."""

_ZSTD = b"\x28\xb5\x2f\xfd"
_PACKED = (".gz", ".zst")


class Otlp:
    """Spans, each a row of the contract `call`. Options: `offset` reads only what follows those (decompressed) bytes of a file
    that has grown; `attributes` names further attributes to keep; `processes` overrides the number of cores."""

    name = "otlp"
    title = "OpenTelemetry traces (OTLP/JSON)"
    contracts = ("call",)
    patterns = (Pattern(suffixes=(".json", ".jsonl", ".ndjson"), head_any=('"resourceSpans"', '"resource_spans"')),)
    append_only = True
    """A file that has grown may be loaded from where it ended."""

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        _refuse_length_prefixed(path)
        return (file_part(path, root, text=False),)  # a line that is no text is refused alone

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:
        rejects: list[Reject] = []
        notes: list[str] = []
        yield Load("call", _Reading(part, options, rejects, notes).batches(), rejects, notes=notes)


SOURCE = Otlp()


class _Reading:
    """One pass over a part; rejects and notes fill while its batches are taken."""

    def __init__(self, part: Part, options: Mapping[str, Any], rejects: list[Reject], notes: list[str]) -> None:
        self._path, self._size = part.path, part.size
        self._offset = int(options.get("offset") or 0)
        self._keep = tuple(options.get("attributes") or ())
        self._processes = int(options.get("processes") or cores())
        self._rejects, self._notes = rejects, notes
        self._documents = self._other_signals = 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        if self._offset == 0 and is_one_document(self._path):
            yield from self._of_one_document()
        else:
            yield from self._of_lines()
        self._rejects.sort(key=lambda reject: reject.row)
        if self._other_signals:
            self._notes.append(f"{self._other_signals:,} lines hold metrics or logs: left out, only traces are read here")
        if self._documents == 0 and self._rejects and self._offset == 0:
            raise self._nothing_readable()

    def _of_one_document(self) -> Iterator[pa.RecordBatch]:
        document, rows = whole(self._path), Rows(self._keep)
        for one in _documents(document):
            rows.feed(one, 1, 0)
        yield from self._remaining(rows)

    def _of_lines(self) -> Iterator[pa.RecordBatch]:
        packed = self._path.name.lower().endswith(_PACKED)
        with opened(self._path) as raw:
            stream = buffered(raw)
            number, position, begun = resume(stream, self._offset)
            least = PARALLEL_PACKED_BYTES if packed else PARALLEL_BYTES
            here = self._processes < 2 or self._size - (0 if packed else position) < least
            chunks = stream_chunks(stream, position, begun) if packed else file_chunks(self._path, position, self._size)
            yield from self._here(chunks, number) if here else self._elsewhere(chunks, number)

    def _here(self, chunks: Iterable[Chunk], number: int) -> Iterator[pa.RecordBatch]:
        rows = Rows(self._keep)
        reuse_memory()
        for chunk in chunks:
            for _ in feed(rows, chunk, number + rows.lines):
                if rows.full:
                    yield rows.batch()
        yield from self._remaining(rows)

    def _elsewhere(self, chunks: Iterable[Chunk], number: int) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        for done in in_parallel(chunks, self._keep, self._processes):
            self._rejects += [Reject(r.row + number - 1, r.reason, r.column, r.text) for r in done.rejects]
            refuse_flood(self._rejects)
            self._documents += done.documents
            self._other_signals += done.other_signals
            number += done.lines
            with pa.ipc.open_stream(done.arrow) as reader:
                yield from reader

    def _remaining(self, rows: Rows) -> Iterator[pa.RecordBatch]:
        yield rows.batch()
        self._rejects += rows.rejects
        self._documents += rows.documents
        self._other_signals += rows.other_signals

    def _nothing_readable(self) -> DataError:
        first = self._rejects[0]
        where = f"{self._path}, line {first.row}" + (f", {first.column}" if first.column else "")
        hint = "OTLP/JSON is what the OpenTelemetry Collector's file exporter writes with `format: json` and no compression"
        return DataError(f"no traces can be read from this file: {first.reason}", where=where, hint=hint)


def _documents(whole_file: bytes) -> list[bytes]:
    """A document, or each of a list of documents."""
    if whole_file.lstrip().startswith(b"["):
        try:
            return [bytes(raw) for raw in msgspec.json.decode(whole_file, type=list[msgspec.Raw])]
        except BROKEN:
            return [whole_file]
    return [whole_file]


def _refuse_length_prefixed(path: Path) -> None:
    """The Collector writes compressed and Protobuf output as messages behind their length, which is no text."""
    with opened(path) as stream:
        if stream.read(8)[4:] == _ZSTD:
            what = "this file is compressed message by message, as the Collector does with `compression: zstd`"
            raise DataError(what, where=str(path), hint="write it without `compression`, and compress whole files with gzip")
