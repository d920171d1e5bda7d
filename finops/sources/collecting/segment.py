"""One file of the spool while it is written: appended to in order, and synced once for all who wait."""

from __future__ import annotations

import os
import threading
from pathlib import Path

OPEN = ".open"


class OpenSegment:
    """A file that opens with a message of its kind without records. `begun` is when, by the spool's clock."""

    def __init__(self, path: Path, opening: bytes, begun: float) -> None:
        self.path, self.begun = path, begun
        self.size = self._durable = 0
        self._empty = len(opening)
        self._failed: OSError | None = None
        self._closed = False
        self._syncing = threading.Lock()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self.write(opening)
            sync_folder(path.parent)
        except OSError:
            os.close(self._file)
            path.unlink(missing_ok=True)
            raise

    def write(self, record: bytes) -> int:
        """Appends a record whole or not at all; answers with the place up to which it must be synced. One thread at a time."""
        rest = memoryview(record)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            try:
                os.ftruncate(self._file, self.size)
            except OSError:
                self._failed = error
            raise
        self.size += len(record)
        return self.size

    def sync(self, place: int) -> None:
        """Returns once everything up to `place` is on disk: one thread syncs for all that have written meanwhile."""
        with self._syncing:
            if self._durable >= place:
                return
            if self._failed is not None or self._closed:
                raise self._failed or OSError("the segment is closed")
            reached = self.size
            try:
                os.fsync(self._file)
            except OSError as error:  # the system reports it once: nothing that was written since counts as kept
                self._failed = error
                raise
            self._durable = reached

    def close(self) -> int | None:
        """Closes the file for good under its name without `.open`; answers with its size, or None where it is gone or closed.
        What could not be synced is cut off. Where even that fails the file stays as it is: it is recovered at the next start."""
        with self._syncing:
            if self._closed:
                return None
            self._closed = True
            try:
                if self._failed is not None:
                    os.ftruncate(self._file, self._durable)
                os.fsync(self._file)
                self._durable = self.size = os.fstat(self._file).st_size
                if self.size <= self._empty:
                    self.path.unlink()
                    return None
                self.path.rename(self.path.with_suffix(""))
                sync_folder(self.path.parent)
                return self.size
            except OSError:
                return None
            finally:
                os.close(self._file)


def sync_folder(folder: Path) -> None:
    """Waits until a folder's names are on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
