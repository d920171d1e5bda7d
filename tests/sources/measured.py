"""Reads one file in a process of its own, as ingest does, and says how much memory that took: for tests of bounds."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Read:
    """What became of a file: rows and reasons of rejects, or the error. `peak_mib` is the largest that a process became."""

    rows: int
    rejects: list[str]
    error: str | None
    hint: str | None
    peak_mib: int


def read_apart(path: Path, source: str | None = None, processes: int = 1) -> Read:
    """Recognises and reads a file; whatever the ledger reads itself is only looked at."""
    command = [sys.executable, "-m", "tests.sources.measured", str(path), source or "", str(processes)]
    ran = subprocess.run(
        command, capture_output=True, text=True, timeout=300, cwd=Path(__file__).resolve().parents[2], check=False
    )
    assert "Traceback" not in ran.stderr, ran.stderr[-2000:]
    return Read(**json.loads(ran.stdout))


def _own_peak_mib() -> int:
    """The most memory of this program itself: what getrusage says also has that of the process it was started from."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) >> 10


def _main(name: str, source: str, processes: str) -> None:
    from finops.errors import FinopsError
    from finops.sources.base import TableScan
    from finops.sources.detect import recognise

    rows, rejects, path = 0, list[str](), Path(name)
    error: FinopsError | None = None
    try:
        one = recognise(path, source or None)
        for part in one.parts(path, path.parent):
            for load in one.open(part, {"processes": int(processes)}):
                if not isinstance(load.data, TableScan):
                    rows += sum(batch.num_rows for batch in load.data)
                rejects += [reject.reason for reject in load.rejects]
            assert part.content_hash  # at the latest now the ledger asks for it, and the file is checked
    except FinopsError as problem:
        error = problem
    used = [_own_peak_mib(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10]
    told = {"rows": rows, "rejects": rejects[:20], "error": error and error.what, "hint": error and error.hint}
    print(json.dumps({**told, "peak_mib": max(used)}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
