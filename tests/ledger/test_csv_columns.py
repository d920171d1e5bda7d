"""Large CSV files are read by the block: what comes out is what the engine's own reader gives, or the file is left to that."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops.errors import DataError
from finops.ledger import csv_columns, scan
from finops.sources.base import TableScan
from finops.sources.focus import SOURCE
from tests.kits.source_kit import FOCUS
from tests.sources.bill_reading import read_bill

HEADER = ("a", "b", "c")
PIECES = st.sampled_from(["x", "1.50", "é", " ", ",", ",", '"', '""', '"y"', '"p,q"', '"v\nw"', "\n", "\n", "\r\n", "\r", "NULL"])
CELLS = st.sampled_from(
    ["", "x", "1.50", "é", 'say "no"', "p,q", "v\nw", '"', ",", " pad ", "NULL", "a longer text than a block of the least"]
)


@dataclass
class Read:
    """Rows in order, and whether the engine set lines aside or refused the file."""

    rows: list[tuple[Any, ...]]
    odd: bool


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_columns, "LEAST_BYTES", 0)
    monkeypatch.setattr(csv_columns, "BLOCK_BYTES", 160)
    monkeypatch.setattr(csv_columns, "GROUP_BYTES", 400)


def table(path: Path) -> TableScan:
    return TableScan(path, "csv", HEADER, {name: f'"{name}"' for name in HEADER})


def by_the_engine(path: Path) -> Read:
    with duckdb.connect() as connection:
        try:
            rows = connection.execute(f"SELECT a, b, c FROM ({scan._csv(connection, table(path))}) ORDER BY part_row").fetchall()
            return Read(rows, bool(scan.malformed_rows(connection, 1, "x")))
        except (duckdb.Error, DataError):
            return Read([], True)


def by_the_block(path: Path, threads: int = 2) -> list[tuple[Any, ...]] | None:
    target = path.with_name("texts.parquet")
    if not csv_columns.as_parquet(table(path), HEADER, HEADER, target, threads):
        assert not target.exists()
        return None
    with duckdb.connect() as connection:
        return connection.execute(
            f"SELECT a, b, c FROM read_parquet('{target}', file_row_number = true) ORDER BY file_row_number"
        ).fetchall()


SHARED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SHARED
@given(st.lists(PIECES, max_size=40))
def test_what_is_taken_reads_as_the_engine_reads_it(tmp_path: Path, pieces: list[str]) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(("a,b,c\n" + "".join(pieces)).encode())
    taken = by_the_block(path)
    if taken is not None:
        assert Read(taken, False) == by_the_engine(path)


@SHARED
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=30), st.sampled_from(["", ".gz"]), st.integers(1, 3))
def test_a_sound_file_is_taken(tmp_path: Path, rows: list[tuple[str, ...]], packing: str, threads: int) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows([HEADER, *rows])
    path = tmp_path / f"t.csv{packing}"
    content = written.getvalue().encode()
    path.write_bytes(gzip.compress(content) if packing else content)
    found = by_the_block(path, threads)
    assert found == [tuple(cell or None for cell in row) for row in rows]
    assert Read(found, False) == by_the_engine(path)


@pytest.mark.parametrize(
    "content",
    [
        'a,b,c\n1,2,"3\n1,2,3\n',
        'a,b,c\n1,2,"3"x\n',
        'a,b,c\n1,2,x"3\n',
        'a,b,c\n1,2, "3"\n',
        "a,b,c\n1,2\n",
        "a,b,c\n1,2,3,4\n",
        "a,b,c\n1,2,3\r\n4,5,6\n",
        "a,b,c\n1,2,3\r4,5,6\n",
        "a,b,c\r1,2,3\r",
        "a,b,c\n1,2," + "3" * 160 + "\n",
        "a,b,c\n",
    ],
)
def test_what_readers_differ_on_is_left_to_the_engine(tmp_path: Path, content: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content.encode())
    assert by_the_block(path) is None


def test_a_delimiter_of_several_bytes_is_left_to_the_engine(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a§b§c\n1§2§3\n", encoding="utf-8")
    given = replace(table(path), delimiter="§")
    assert not csv_columns.as_parquet(given, HEADER, HEADER, path.with_name("texts.parquet"), 2)


def test_a_file_cut_short_is_left_to_the_engine(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,b,c\n" + b"1,2,3\n" * 999)[:-9])
    assert by_the_block(path) is None


def test_many_lines_within_one_quote_take_no_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_columns, "BLOCK_BYTES", 1 << 20)
    path = tmp_path / "t.csv"
    path.write_bytes(b'a,b,c\n"' + b"\n" * (2 << 20))
    assert by_the_block(path) is None


@pytest.mark.parametrize("block", [1 << 10, 1 << 20])
def test_a_bill_has_the_same_rows_and_rejects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    header, first, *_ = FOCUS.split("\n")
    lines = [first.replace("1,USD", f'"{n}\n{n % 3}",USD') for n in range(50)]
    path = tmp_path / "bill.csv"
    path.write_text("\n".join([header, *lines, first.replace("Usage", '"Us"age'), ""]), encoding="utf-8")
    odd = read_bill(SOURCE, path, tmp_path)
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    monkeypatch.setattr(csv_columns, "BLOCK_BYTES", block)
    sound = read_bill(SOURCE, path, tmp_path)
    monkeypatch.setattr(csv_columns, "LEAST_BYTES", 1 << 30)
    engine = read_bill(SOURCE, path, tmp_path)
    assert sound == engine
    assert (len(sound.rows), sound.rejects) == (50, [])
    assert (odd.rows, len(odd.rejects)) == (engine.rows, 1)
