"""The ledger's file: snapshots, one writer, commits by rename, and clear words about files that would not do."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest

from finops.errors import DataError, OutOfMemory, OutsideError
from finops.ledger.connect import connect, more_memory
from finops.ledger.store import open_reader, open_writer
from tests.conftest import ROOT
from tests.ledger.small_bills import charges, deliver, line, write_bill


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "finops.duckdb"
    deliver(path, write_bill(tmp_path / "bill.csv", [line("1.5"), line("2.25", day=2)]))
    return path


def test_a_ledger_that_is_not_there_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        open_reader(tmp_path / "none.duckdb")
    assert "finops ingest" in (caught.value.hint or "")


def test_a_reader_keeps_its_snapshot_while_a_writer_commits(ledger: Path, tmp_path: Path) -> None:
    with open_reader(ledger) as before:
        deliver(ledger, write_bill(tmp_path / "bill.csv", [line("10", day=3)]))
        deliver(ledger, write_bill(tmp_path / "other.csv", [line("5", day=4)]))
        assert before.query("SELECT sum(BilledCost) AS s FROM charge") == [{"s": Decimal("3.75")}]
        assert before.query("SELECT count(*) AS n FROM batch") == [{"n": 1}]
    with open_reader(ledger) as after:
        assert after.query("SELECT sum(BilledCost) AS s FROM charge") == [{"s": Decimal("15")}]


def test_a_reader_changes_nothing(ledger: Path) -> None:
    with open_reader(ledger) as reader, pytest.raises(DataError):
        reader.query("DELETE FROM batch")


def test_an_error_in_the_block_leaves_the_file_as_it_was(ledger: Path) -> None:
    before, files = ledger.read_bytes(), sorted(ledger.parent.rglob("*"))
    with suppress(RuntimeError), open_writer(ledger) as writer:
        writer.execute("DELETE FROM batch")
        raise RuntimeError
    assert ledger.read_bytes() == before
    assert sorted(ledger.parent.rglob("*")) == files


def test_a_writer_that_changes_nothing_keeps_the_bytes(ledger: Path) -> None:
    before, inode = ledger.read_bytes(), ledger.stat().st_ino
    with open_writer(ledger) as writer:
        writer.query("SELECT * FROM batch")
    assert (ledger.read_bytes(), ledger.stat().st_ino) == (before, inode)


def test_a_second_writer_waits_then_names_the_holder(ledger: Path) -> None:
    with open_writer(ledger, command="finops ingest"):
        began = time.monotonic()
        with pytest.raises(OutsideError) as caught:
            open_writer(ledger, wait_s=0.3)
        assert time.monotonic() - began >= 0.3
    assert "finops ingest" in caught.value.what
    assert "process" in caught.value.what
    assert caught.value.exit_code == 3


def test_a_second_writer_gets_in_when_the_first_is_done(ledger: Path) -> None:
    entered = threading.Event()

    def first() -> None:
        with open_writer(ledger) as writer:
            entered.set()
            writer.execute("CREATE TABLE one AS SELECT 1 AS x")
            time.sleep(0.3)

    thread = threading.Thread(target=first)
    thread.start()
    entered.wait()
    with open_writer(ledger, wait_s=10) as writer:
        assert writer.query("SELECT x FROM one") == [{"x": 1}]
    thread.join()


def test_leftovers_of_a_killed_writer_are_swept(ledger: Path) -> None:
    parts = Path(f"{ledger}.d")
    stale = [ledger.with_name(f"{ledger.name}.copy-1"), parts / "charge-0123.parquet", parts / ".writing-1-ab"]
    for path in stale:
        path.write_bytes(b"x")
    with open_reader(ledger) as reader:
        assert reader.query("SELECT count(*) AS n FROM charge") == [{"n": 2}]
    with open_writer(ledger):
        pass
    assert not any(path.exists() for path in stale)
    assert len(charges(ledger)) == 2


def test_a_missing_part_is_named(ledger: Path) -> None:
    part = next(Path(f"{ledger}.d").glob("*.parquet"))
    part.unlink()
    with pytest.raises(DataError) as caught:
        open_reader(ledger)
    assert part.name in caught.value.what
    assert "finops doctor" in (caught.value.hint or "")


@pytest.mark.parametrize("content", [b"", b"this is no database " * 300], ids=["empty", "text"])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "finops.duckdb"
    path.write_bytes(content)
    for opened in (open_reader, open_writer):
        with pytest.raises(DataError) as caught:
            opened(path)
        assert caught.value.where == str(path)
        assert caught.value.hint
    assert path.read_bytes() == content


def test_a_ledger_of_a_newer_finops_is_left_alone(ledger: Path) -> None:
    with open_writer(ledger) as writer:
        writer.execute("UPDATE meta SET value = '9999' WHERE key = 'schema_version'")
    before = ledger.read_bytes()
    for opened in (open_reader, open_writer):
        with pytest.raises(DataError, match="newer finops"):
            opened(ledger)
    assert ledger.read_bytes() == before


def test_another_database_is_not_taken_for_a_ledger(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "other.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t (x INTEGER)")
    with pytest.raises(DataError, match="not a finops ledger"):
        open_writer(path)


def test_every_switch_is_set(tmp_path: Path) -> None:
    connection = connect(tmp_path / "spill", memory="512MB", threads=1)
    names = (
        "enable_progress_bar",
        "autoinstall_known_extensions",
        "autoload_known_extensions",
        "TimeZone",
        "memory_limit",
        "threads",
    )
    found = [str(connection.execute(f"SELECT current_setting('{name}')").fetchall()[0][0]) for name in names]
    connection.close()
    assert found == ["False", "False", "False", "UTC", "247.5 MiB", "1"]


_CHILD = """
import sys
from pathlib import Path
from tests.ledger.small_bills import deliver
deliver(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def test_killed_at_any_moment_the_ledger_is_as_before_or_as_after(tmp_path: Path) -> None:
    first = tmp_path / "first.duckdb"
    deliver(first, write_bill(tmp_path / "old.csv", [line("1.5"), line("2.25", day=2)]))
    before = charges(first)
    bill = write_bill(tmp_path / "new.csv", [line(f"{n}.5", month="2026-11", day=n % 28 + 1) for n in range(20_000)])
    began = time.monotonic()
    after = charges(_copied(first, tmp_path / "whole", bill, None))
    took = time.monotonic() - began
    chance = random.Random(7)
    seen = []
    for attempt in range(8):
        ledger = _copied(first, tmp_path / str(attempt), bill, took * (0.35 + 0.6 * chance.random()))
        found = charges(ledger)
        assert found in (before, after)
        seen.append(found == after)
        with open_writer(ledger):
            pass
        with open_reader(ledger) as reader:
            assert {p.name for p in Path(f"{ledger}.d").iterdir()} == {r["file"] for r in reader.query("SELECT file FROM part")}
        assert list(ledger.parent.glob("*.copy-*")) == []
    assert not all(seen)


def _copied(ledger: Path, folder: Path, bill: Path, kill_after_s: float | None) -> Path:
    """A copy of a ledger into which another process loads a bill, and is killed meanwhile."""
    folder.mkdir()
    copy = folder / "finops.duckdb"
    shutil.copyfile(ledger, copy)
    shutil.copytree(f"{ledger}.d", f"{copy}.d")
    child = subprocess.Popen([sys.executable, "-c", _CHILD, copy, bill], cwd=ROOT)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        child.send_signal(signal.SIGKILL)
    assert child.wait() in (0, -signal.SIGKILL)
    return copy


def test_memory_that_does_not_do_is_one_error_that_names_more(tmp_path: Path) -> None:
    with open_writer(tmp_path / "l.duckdb", memory="64MB", threads=1) as writer:
        writer.execute("SET max_temp_directory_size = '1MB'")
        with pytest.raises(OutOfMemory) as caught:
            writer.execute("CREATE TEMP TABLE t AS SELECT random() AS r FROM range(20000000) ORDER BY r")
    assert "`finops build --memory 128MB`" in str(caught.value.hint)
    assert "try 1024MiB" in more_memory("512 MiB")
    assert "try 3GB" in more_memory("1.5GB")
