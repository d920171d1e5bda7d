"""Large tables are hashed and checked while they are read: once, with the same answers as if that came first."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from finops.config import Overrides
from finops.core.talk import Silence
from finops.errors import DataError
from finops.ledger import csv_blocks, csv_typed
from finops.ledger.store import open_reader
from finops.sources import files, late_hash
from finops.sources.files import HEAD_BYTES, content_hash
from finops.steps.ingesting.ingest import Options, ingest
from tests.steps.ingesting.test_ingest import bill, run

COSTS = [f"{random.Random(1).randint(0, 10**6) / 1000}" for _ in range(28)]


@pytest.fixture(autouse=True)
def _large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(late_hash, "LATE_BYTES", 0)
    monkeypatch.setattr(csv_typed, "LEAST_BYTES", 0)
    monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", 1 << 10)
    monkeypatch.setattr(csv_blocks, "GROUP_BYTES", 1 << 11)


def packed(path: Path, text: bytes, level: int = 9) -> Path:
    path.write_bytes(gzip.compress(text, level, mtime=0))
    return path


def text(tmp_path: Path) -> bytes:
    return bill(tmp_path / "plain" / "b.csv", *COSTS).read_bytes()


def held(query: str) -> list[tuple[object, ...]]:
    with open_reader(Path("finops.duckdb")) as reader:
        return [tuple(row.values()) for row in reader.query(query)]


def test_a_large_table_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path / "b.csv.gz", text(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(late_hash, "content_hash", lambda _: pytest.fail("it was read a second time"))
        assert [row["status"] for row in run(path)] == ["loaded"]
    assert held("SELECT content_hash FROM delivery") == [(content_hash(path),)]


@pytest.mark.parametrize("odd", [b"", b'1,US"D,2026-10-01,,2026-10-02,,Usage,1,1,1,1,AWS,AWS,AWS,EC2,,\n', b"1,USD,x\n"])
def test_the_same_content_is_known_however_it_is_packed(tmp_path: Path, odd: bytes) -> None:
    content = text(tmp_path) + odd
    assert [row["status"] for row in run(packed(tmp_path / "b.csv.gz", content))] == ["loaded"]
    before = [held(f"SELECT count(*) FROM {table}") for table in ("delivery", "batch", "part", "charge", "reject", "control")]
    other = packed(tmp_path / "other.csv.gz", content, level=1)
    assert other.stat().st_size != (tmp_path / "b.csv.gz").stat().st_size
    answer = ingest(Overrides(), [other, "b.csv.gz"], Options(build=False), talk=Silence())
    assert [row["status"] for row in answer.rows] == ["unchanged", "unchanged"]
    assert any("the same content is loaded as b.csv.gz" in note for note in answer.notes)
    after = [held(f"SELECT count(*) FROM {table}") for table in ("delivery", "batch", "part", "charge", "reject", "control")]
    assert after == before
    assert len(list(Path("finops.duckdb.d").iterdir())) == before[2][0][0]


def test_two_packings_in_one_call_are_one_content(tmp_path: Path) -> None:
    one, two = (packed(tmp_path / f"{level}.csv.gz", text(tmp_path), level) for level in (1, 9))
    assert [row["status"] for row in run(one, two)] == ["loaded", "unchanged"]


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "nul": lambda text: text[:-20] + b"\0" + text[-20:],
    "latin": lambda text: text[:-20] + b"\xfc" + text[-20:],
    "half": lambda text: text.rstrip() + b"\xc3",
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("quote", [b"", b'a"b'])
def test_what_is_no_text_is_refused_with_the_same_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, quote: bytes
) -> None:
    monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", 1 << 18)
    header, row, *_ = text(tmp_path).replace(b"EC2", b"EC2" + quote).splitlines(keepends=True)
    path = packed(tmp_path / f"{name}.csv.gz", BROKEN[name](header + row * (HEAD_BYTES // len(row) + 100)))
    with pytest.raises(DataError) as early:
        content_hash(path)
    with pytest.raises(DataError) as late:
        run(path)
    assert (late.value.what, late.value.where) == (early.value.what, early.value.where)
    assert not Path("finops.duckdb").exists()


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "b.csv.gz", text(tmp_path))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="cut short or damaged"):
        run(path)


def test_a_bomb_is_refused_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BOMB_BYTES", 1 << 12)
    monkeypatch.setattr(files, "BOMB_RATIO", 2)
    with pytest.raises(DataError, match="unpacks to more than"):
        run(packed(tmp_path / "b.csv.gz", text(tmp_path) + text(tmp_path)[-200:] * 400))
