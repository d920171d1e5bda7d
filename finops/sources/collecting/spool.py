"""The spool: what was received, on disk before it is acknowledged, in files that the sources read once they are closed.

A file that is still written ends in `.open`; closing it is a rename. One process at a time has the spool."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from finops.errors import OutsideError
from finops.sources.collecting.bodies import KINDS, Kind, whole_records
from finops.sources.collecting.segment import OPEN, OpenSegment, sync_folder
from finops.sources.collecting.totals import SETTLED, Totals

SEGMENT_BYTES = 64 << 20
"""A segment is closed once it holds so much."""
QUIET_S = 5.0
"""What comes after a pause is closed after so many seconds, however long segments may stay open in steady traffic."""
RESERVE_BYTES = 64 << 20
"""So much of the disk is left free: the ledger needs room to load what the spool holds."""

_ASIDE = "set-aside"
_LOCK = ".lock"


class Full(Exception):
    """What was received can't be kept now: it must not be acknowledged."""


class Spool:
    """Segments of each kind. `append` may be called by many threads, the rest by one."""

    def __init__(
        self,
        folder: Path,
        *,
        every_s: float,
        limit_bytes: int,
        segment_bytes: int = SEGMENT_BYTES,
        reserve_bytes: int = RESERVE_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        self._every_s, self._limit, self._segment_bytes, self._reserve = every_s, limit_bytes, segment_bytes, reserve_bytes
        self._clock = clock
        self._guard = threading.Lock()
        self._open: dict[Kind, OpenSegment] = {}
        self._last_close: dict[Kind, float] = {}
        self._closed_bytes = 0
        self._ended = False
        self._number = 0
        self._lock_file = self._take()

    def recover(self) -> list[str]:
        """Closes what a dead process left open, cut back to its last whole record; says what was cut."""
        told = []
        for path in sorted(self.folder.glob(f"*{OPEN}")):
            kind = kind_of(path)
            if kind is None or path in {segment.path for segment in self._open.values()}:
                continue
            content = path.read_bytes()
            whole = whole_records(kind, content)
            if whole < len(content):
                told.append(f"cut {len(content) - whole:,} bytes that were never acknowledged off the end of {path.name}")
            if whole <= len(kind.opening):
                path.unlink()
                continue
            with path.open("r+b") as file:
                file.truncate(whole)
                os.fsync(file.fileno())
            path.rename(path.with_suffix(""))
        sync_folder(self.folder)
        self._closed_bytes = sum(path.stat().st_size for path in self.closed())
        return told

    def append(self, kind: Kind, record: bytes) -> None:
        """Keeps a record; it is on disk when this returns. Raises Full where it can't be kept."""
        segment = None
        try:
            with self._guard:
                self._refuse_if_full(len(record))
                segment = self._open.get(kind) or self._begin(kind)
                ticket = segment.write(record)
            segment.sync(ticket)
        except OSError as error:
            if segment is not None:
                self._close(kind, segment)
            raise Full(f"the spool can't be written: {(error.strerror or str(error)).lower()}") from error
        if ticket >= self._segment_bytes:
            self._close(kind, segment)

    def close_due(self) -> None:
        """Closes segments that have been open for long enough. What comes after a pause is closed soon."""
        now = self._clock()
        with self._guard:
            found = list(self._open.items())
        for kind, segment in found:
            last = self._last_close.get(kind)
            due = segment.begun + QUIET_S if last is None else max(segment.begun + QUIET_S, last + self._every_s)
            if now >= due:
                self._close(kind, segment)

    def close_all(self) -> None:
        """Closes every segment and takes nothing more."""
        with self._guard:
            self._ended = True
            found = list(self._open.items())
        for kind, segment in found:
            self._close(kind, segment)

    def closed(self) -> list[Path]:
        """The segments that are ready to load, oldest first."""
        return sorted(path for path in self.folder.iterdir() if path.is_file() and kind_of(path) and path.suffix != OPEN)

    def size(self) -> int:
        """How many bytes wait here."""
        with self._guard:
            return self._closed_bytes + sum(segment.size for segment in self._open.values())

    def remove(self, segments: list[Path]) -> None:
        """Takes away what the ledger has."""
        for path in segments:
            self._forget(path.stat().st_size)
            path.unlink()
        sync_folder(self.folder)

    def settle(self, totals: Totals) -> None:
        """Replaces each closed segment of metrics by what its running totals gained; DataError where one can't be read."""
        for segment in self.closed():
            if segment.name.partition(".")[0].endswith("-metrics") and not segment.name.endswith(SETTLED):
                before = segment.stat().st_size
                self._forget(before - totals.settle(segment).stat().st_size)

    def set_aside(self, segment: Path) -> Path:
        """Moves a segment that the ledger will not take out of the way; it is kept."""
        aside = self.folder / _ASIDE
        aside.mkdir(mode=0o700, exist_ok=True)
        self._forget(segment.stat().st_size)
        moved = segment.rename(aside / segment.name)
        sync_folder(self.folder)
        return moved

    def release(self) -> None:
        """Lets another process have the spool."""
        os.close(self._lock_file)

    def _take(self) -> int:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / _LOCK
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            what = f"another collector has this ledger's spool: {_holder(path)}"
            raise OutsideError(
                what, where=str(self.folder), hint="send to that one, or collect into another `--ledger`"
            ) from None
        os.ftruncate(descriptor, 0)
        said = {"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
        os.pwrite(descriptor, json.dumps(said).encode(), 0)
        return descriptor

    def _begin(self, kind: Kind) -> OpenSegment:
        self._number += 1
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        name = f"{stamp}-{self._number:06}-{os.urandom(3).hex()}-{kind.signal.name}{kind.suffix}{OPEN}"
        segment = OpenSegment(self.folder / name, kind.opening, self._clock())
        self._open[kind] = segment
        return segment

    def _refuse_if_full(self, more: int) -> None:
        if self._ended:
            raise Full("the collector is ending")
        held = self._closed_bytes + sum(segment.size for segment in self._open.values())
        if held + more > self._limit:
            raise Full(f"the spool is full: {self._limit >> 20:,} MiB wait to be loaded")
        disk = os.statvfs(self.folder)
        if disk.f_bavail * disk.f_frsize < self._reserve + more:
            raise Full(f"less than {self._reserve >> 20:,} MiB of the disk are free")

    def _close(self, kind: Kind, segment: OpenSegment) -> None:
        with self._guard:
            if self._open.get(kind) is segment:
                del self._open[kind]
                self._last_close[kind] = self._clock()
        closed = segment.close()
        if closed is not None:
            with self._guard:
                self._closed_bytes += closed

    def _forget(self, size: int) -> None:
        with self._guard:
            self._closed_bytes -= size


def waiting_in(folder: Path) -> int:
    """How many segments lie in a spool, whoever has it."""
    return sum(1 for path in folder.iterdir() if kind_of(path)) if folder.is_dir() else 0


def kind_of(path: Path) -> Kind | None:
    """What a segment holds, by its name."""
    name = path.name.removesuffix(OPEN)
    return next((kind for kind in KINDS if name.endswith(f"-{kind.signal.name}{kind.suffix}")), None)


def _holder(path: Path) -> str:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return f"process {said['pid']}, since {said['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
