"""One writer at a time: an flock on a file beside the ledger that says who holds it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from finops.errors import OutsideError

_PAUSE_S = 0.05


def lock_path(ledger: Path) -> Path:
    """The lock file of a ledger."""
    return ledger.with_name(ledger.name + ".lock")


class WriterLock:
    """The right to write a ledger. The system gives it back when the process ends, however it ends."""

    def __init__(self, ledger: Path, command: str) -> None:
        self._path = lock_path(ledger)
        self._command = command
        self._file: int | None = None

    def acquire(self, wait_s: float) -> None:
        """Takes the lock within `wait_s` seconds, else says who holds it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        give_up = time.monotonic() + max(wait_s, 0)
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= give_up:
                    held = holder(self._path)
                    os.close(descriptor)
                    raise OutsideError(
                        f"the ledger is being written by {held}",
                        where=str(self._path),
                        hint="try again when it has finished, or wait longer with `--wait SECONDS`",
                    ) from None
                time.sleep(_PAUSE_S)
        self._file = descriptor
        said = {"pid": os.getpid(), "command": self._command, "since": datetime.now(UTC).isoformat(timespec="seconds")}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, (json.dumps(said) + "\n").encode(), 0)

    def release(self) -> None:
        """Gives the lock back."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None


def holder(path: Path) -> str:
    """Who holds the lock, in words."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return f"process {said['pid']} (`{said['command']}`, since {said['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
