"""Reads big OTLP files in as many processes as there are cores: each takes a few megabytes of lines and answers in Arrow."""

from __future__ import annotations

import gc
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from multiprocessing import get_context, resource_tracker
from pathlib import Path
from typing import IO, NamedTuple, cast

from finops.errors import OutsideError
from finops.sources.base import Reject
from finops.sources.otlp_reading import lines as otlp_lines
from finops.sources.otlp_reading.lines import LONGEST_LINE, Lines, rest_of_line
from finops.sources.otlp_reading.rows import LARGE_BYTES, Rows

CHUNK_BYTES = 8 << 20
WAITING_BYTES = 64 << 20
"""So much may wait for a process; a longer line waits alone."""

TOO_LONG = f"this line is longer than {LONGEST_LINE >> 20} MiB"


@dataclass(frozen=True)
class Chunk:
    """Whole lines from `start`: the bytes themselves, or where they stand in a file that is not compressed."""

    start: int
    end: int
    data: bytes | None = None
    path: Path | None = None


class Done(NamedTuple):
    """What a chunk held: an Arrow stream, rejects numbered from line 1 of the chunk, and counts."""

    arrow: bytes
    rejects: list[Reject]
    lines: int
    documents: int
    other_signals: int


def file_chunks(path: Path, start: int, size: int) -> Iterator[Chunk]:
    """Byte ranges of a plain file, cut at line ends."""
    with path.open("rb") as stream:
        while start < size:
            stream.seek(min(start + CHUNK_BYTES, size) - 1)
            while (piece := stream.readline(CHUNK_BYTES)) and not piece.endswith(b"\n"):
                pass
            end = stream.tell()
            yield Chunk(start, end, path=path)
            start = end


def stream_chunks(stream: IO[bytes], start: int, begun: bytes) -> Iterator[Chunk]:
    """Pieces of a decompressed stream, cut at line ends. Of a line that is too long only the beginning is given."""
    while data := begun + stream.read(CHUNK_BYTES):
        if not data.endswith(b"\n"):
            data += stream.readline(LONGEST_LINE + 1)
        end = start + len(data)
        if len(data) > LONGEST_LINE and not data.endswith(b"\n"):
            end += rest_of_line(stream)
        yield Chunk(start, end, data=data)
        start, begun = end, b""


def read_chunk(chunk: Chunk, keep: tuple[str, ...]) -> Done:
    """Runs in a process of its own."""
    import pyarrow as pa

    from finops.sources.arrow_schema import arrow_schema

    rows, sink = Rows(keep), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, arrow_schema("call")) as writer:
        for _ in feed(rows, chunk, 1):
            if rows.full:
                writer.write_batch(rows.batch())
        writer.write_batch(rows.batch())
    return Done(sink.getvalue().to_pybytes(), rows.rejects, rows.lines, rows.documents, rows.other_signals)


def feed(rows: Rows, chunk: Chunk, number: int) -> Iterator[None]:
    """Reads a chunk whose first line has that number, and pauses now and then."""
    size = chunk.end - chunk.start
    if chunk.data is not None:
        with BytesIO(chunk.data) as stream:
            yield from _feed(rows, cast("IO[bytes]", stream), chunk, number, size)
        return
    assert chunk.path is not None
    with chunk.path.open("rb") as file:
        file.seek(chunk.start)
        yield from _feed(rows, file, chunk, number, size)


def _feed(rows: Rows, stream: IO[bytes], chunk: Chunk, number: int, size: int) -> Iterator[None]:
    if size <= min(LARGE_BYTES, otlp_lines.LONGEST_LINE):
        rows.feed_text(stream.read(size), number, chunk.start)
        yield
        return
    lines = Lines(stream, number, chunk.start, chunk.end)
    for line in lines:
        if line.data is None:
            rows.rejects.append(Reject(line.number, TOO_LONG))
        else:
            rows.feed(line.data, line.number, line.position)
        yield
    rows.lines += lines.number - number


def reuse_memory() -> None:
    """Lets this process keep the memory that one chunk took for the next: to give it back and to fetch it anew costs a fourth of
    the time. Where the system's C library has no such setting, nothing changes."""
    import ctypes

    import pyarrow as pa

    pa.set_memory_pool(pa.system_memory_pool())
    with suppress(OSError, AttributeError, TypeError):
        settings = ctypes.CDLL(None).mallopt
        settings(_TRIM_THRESHOLD, 4 * WAITING_BYTES)
        settings(_MMAP_THRESHOLD, LARGE_BYTES)


_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


def _prepared() -> None:
    gc.disable()  # a worker makes no circles of objects, so there is no garbage to look for
    reuse_memory()


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_parallel(chunks: Iterable[Chunk], keep: tuple[str, ...], processes: int) -> Iterator[Done]:
    """The chunks' answers in the order of the chunks; only a few are under way at a time, so memory stays flat."""
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_prepared)
    waiting: deque[tuple[Future[Done], int]] = deque()
    held = 0
    try:
        for chunk in chunks:
            size = 0 if chunk.data is None else len(chunk.data)
            while waiting and (len(waiting) > 2 * processes or held + size > WAITING_BYTES):
                first, first_size = waiting.popleft()
                held -= first_size
                yield first.result()
            with _deaf_children():
                waiting.append((pool.submit(read_chunk, chunk, keep), size))
            held += size
            del chunk
        while waiting:
            yield waiting.popleft()[0].result()
    except BrokenProcessPool as error:
        hint = "the machine may be out of memory; try again with less running beside it"
        raise OutsideError("a process that reads traces ended unexpectedly", hint=hint) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes that start within do not hear Ctrl-C, not even while they import: it is the parent's to answer."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # it would lift the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
