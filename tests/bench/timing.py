"""Times a command as a whole process: wall seconds, processor seconds and peak memory.

Python keeps its bytecode in a folder of the bench's own, as an installed package has it: without, every start would compile all
modules that it needs, which takes as long as a small load."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

RUNS = 3
_BYTECODE = Path(tempfile.gettempdir()) / "finops-bench-bytecode"


@dataclass(frozen=True)
class Cost:
    """What one run of a process took. `peak_mb` is the largest resident size of the process or one of its children."""

    wall_s: float
    cpu_s: float
    peak_mb: float

    def as_dict(self) -> dict[str, float]:
        return {key: round(value, 3) for key, value in asdict(self).items()}


def run(command: Sequence[object], cwd: Path) -> Cost:
    """Runs a command to its end; a failure shows what it wrote to stderr."""
    begun = time.perf_counter()
    with (cwd / "bench.err").open("wb") as errors:
        process = subprocess.Popen(
            [str(c) for c in command], cwd=cwd, env=_environment(), stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begun
    if process.returncode != 0:
        raise RuntimeError(f"{command} ended with {process.returncode}: {(cwd / 'bench.err').read_text()[-2000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def python(code: str, cwd: Path) -> Cost:
    """Runs Python code in a process of its own."""
    return run([sys.executable, "-c", code], cwd)


def finops(cwd: Path, *arguments: object) -> Cost:
    """Runs `finops ARGUMENTS` in a process of its own."""
    return run([sys.executable, "-m", "finops", *arguments, "-q"], cwd)


def best(measured: Callable[[], Cost]) -> Cost:
    """The run with the least processor time of several: others share the machine."""
    return min((measured() for _ in range(RUNS)), key=lambda cost: cost.cpu_s)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(_BYTECODE)}
