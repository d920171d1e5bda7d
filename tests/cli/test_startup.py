"""Start-up: `--help` and `--version` stay cheap next to typer itself, measured as ratios in one run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import pytest


def _seconds(code: str, runs: int = 5) -> float:
    """The median wall time of a fresh interpreter on `code`."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


@pytest.mark.parametrize(("argument", "times_typer"), [("--help", 4), ("--version", 2)])
def test_start_up_ratio(argument: str, times_typer: int) -> None:
    code = (
        f"import sys; sys.argv = ['finops', '{argument}']\nfrom finops.__main__ import main\ntry: main()\nexcept SystemExit: pass"
    )
    assert _seconds(code) <= times_typer * _seconds("import typer")
