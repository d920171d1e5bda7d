"""What all tests share: the command line in-process, real files where they are present, and no network."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"
LONG = os.environ.get("FINOPS_LONG") == "1"
"""`make check-long` runs the full number of generated cases."""

settings.register_profile("finops", deadline=None, derandomize=not LONG, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("finops")


def whole_ledger_cases() -> int:
    """How many whole-ledger cases a property runs."""
    return 500 if LONG else 25


@dataclass(frozen=True)
class Ran:
    """One command: its exit code, what it wrote to stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def finops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs `finops ARGS` in an empty folder, in this process."""
    from finops.cli.app import run

    monkeypatch.chdir(tmp_path)

    def ran(*arguments: object) -> Ran:
        capsys.readouterr()
        code = run([str(a) for a in arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Ran(int(code), captured.out, captured.err)

    return ran


@pytest.fixture
def shared_file() -> Callable[[str], Path]:
    """A real file from the shared folder beside the checkout; the test skips where it is absent."""

    def path(name: str) -> Path:
        found = SHARED / name
        if not found.exists():
            pytest.skip(f"the real file {name} is not on this machine")
        return found

    return path


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests connect to loopback and local sockets only."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample company's files and its built ledger, shared by the whole session: read only.
    Where several processes run the tests, the first that needs it makes it and the others wait."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    home = shared / "sample" / "sample_data"
    with (shared / "sample.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home.parent / "made").exists():
            shutil.rmtree(home.parent, ignore_errors=True)  # what a process left that failed
            _make_sample(home)
            (home.parent / "made").touch()
    return home


def _make_sample(home: Path) -> None:
    from finops.bundled import sample_dir
    from finops.cli.app import run

    own = shutil.ignore_patterns("generator", "generate.py", "README.md", "truth.json")  # not exports
    shutil.copytree(sample_dir(), home, ignore=own)
    ledger = home.parent / "finops.duckdb"
    code = run(["ingest", str(home), "--config", str(home / "finops.toml"), "--ledger", str(ledger), "-q", "-o", "/dev/null"])
    assert code == 0


@pytest.fixture
def sample(finops: Callable[..., Ran], sample_home: Path, tmp_path: Path) -> Callable[..., Ran]:
    """Runs `finops ARGS` on a ledger of the sample company that is the test's own."""
    own = tmp_path / "finops.duckdb"
    link_ledger(sample_home.parent / own.name, own)
    return lambda *arguments: finops(*arguments, "--config", sample_home / "finops.toml", "--ledger", own)


def link_ledger(ledger: Path, to: Path) -> None:
    """A further name for a ledger and its parts: a command that writes puts a new file in the place of the name that it is given,
    and parts are never changed. What writes into the file itself needs a copy."""
    os.link(ledger, to)
    parts = ledger.with_name(ledger.name + ".d")
    if parts.is_dir():
        shutil.copytree(parts, to.with_name(to.name + ".d"), copy_function=os.link)


@pytest.fixture(scope="session")
def _made_once() -> dict[str, Path]:
    return {}


@pytest.fixture
def once(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, _made_once: dict[str, Path]) -> Callable[..., None]:
    """Runs a function in the test's empty folder, once in a process: the next tests that run it, or another of that key, get what
    it left there, files and ledgers. It may depend on nothing else of the test."""

    def made(make: Callable[[], object], key: str = "") -> None:
        name = f"{make.__module__}.{key or make.__qualname__}"
        if name in _made_once:
            _place(_made_once[name], tmp_path)
        else:
            assert not [*tmp_path.iterdir()], "the folder is not empty"
            make()
            kept = tmp_path_factory.mktemp("once")
            _place(tmp_path, kept)
            _made_once[name] = kept

    return made


def _place(folder: Path, to: Path) -> None:
    """Ledgers by name, all else as copies: a test may write into a file."""

    def placed(source: str, target: str) -> None:
        is_ledger = source.endswith((".duckdb", ".parquet"))
        os.link(source, target) if is_ledger else shutil.copyfile(source, target)

    shutil.copytree(folder, to, copy_function=placed, dirs_exist_ok=True)
