"""The planted company's ledger, shared by the tests that look for what was planted."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from tests.company import files, planted


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company's files and its ledger: August's bills came wrong at first, and were restated. Read only. Where several
    processes run the tests, the first that needs it makes it and the others wait."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    where = shared / "company"
    with (shared / "company.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (where / "made").exists():
            shutil.rmtree(where, ignore_errors=True)  # what a process left that failed
            where.mkdir()
            _make(where)
            (where / "made").touch()
    return where


def _make(where: Path) -> None:
    from finops.cli.app import run

    files.write(where, planted.company(), planted.TIMES)
    before = Path.cwd()
    try:
        quiet = ("--config", str(where / "finops.toml"), "--ledger", str(where / "l.duckdb"), "-q", "-f", "json", "-o")
        os.chdir(where / "before")
        assert run(["ingest", "bills", *quiet, "/dev/null"]) == 0
        os.chdir(where)
        assert run(["ingest", "bills", "--restate", "2026-08", *quiet, "restated.json"]) == 0
        assert run(["ingest", "traces", "gateways", "reports", "meters", *quiet, "/dev/null"]) == 0
    finally:
        os.chdir(before)
