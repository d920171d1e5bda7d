"""Batches in which nothing needs a cast take a way of their own, and come out as they would from the engine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.core.contracts import CONTRACTS, Contract
from finops.ledger import plain as plain_batches
from finops.ledger import sink
from finops.ledger.casting import define_casts
from finops.ledger.marked import marked_sql
from finops.ledger.plain import Plain, write_plain
from finops.ledger.scan import raw_arrow
from finops.sources.arrow_schema import arrow_schema

CALL = CONTRACTS["call"]
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC).replace(tzinfo=None)
USUAL: dict[str, Any] = {"trace": "t" * 32, "start_time": NOON, "operation": "inference", "output": 5, "cache_hit": False}
TEXT = st.one_of(st.none(), st.sampled_from(["a", "N/A.", "gpt-4o-mini", "é", "a text of some length", " x"]))
NULL_WORD = st.sampled_from(["", "NULL", "null", "(null)", "N/A", "  ", "\t" * 9])


def batch(*rows: dict[str, Any], contract: Contract = CALL) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([{name: row.get(name) for name in contract.names} for row in rows], arrow_schema(contract))


def written(batches: list[pa.RecordBatch], folder: Path, contract: Contract = CALL) -> Plain:
    with duckdb.connect() as connection:
        define_casts(connection)
        return write_plain(connection, contract, iter(batches), folder, (7, 10))


def by_the_engine(batches: list[pa.RecordBatch]) -> tuple[list[str], list[Any]]:
    with duckdb.connect() as connection:
        define_casts(connection)
        sql = marked_sql(CALL, raw_arrow(connection, CALL, iter(batches)), (7, 10), "x")
        return names_and_rows(connection, sql)


def names_and_rows(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[list[str], list[Any]]:
    described = connection.execute(f"DESCRIBE {sql}").fetchall()
    return [f"{row[0]} {row[1]}" for row in described], connection.execute(f"{sql} ORDER BY part_row").fetchall()


def read(files: tuple[Path, ...]) -> tuple[list[str], list[Any]]:
    with duckdb.connect() as connection:
        return names_and_rows(connection, f"SELECT * FROM read_parquet({[str(file) for file in files]!r})")


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    made = USUAL | {"model": draw(TEXT), "tenant": draw(TEXT), "end_time": draw(st.sampled_from([None, NOON]))}
    made |= {
        "attributes": draw(st.one_of(st.none(), st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["", "x"]))))
    }
    odd = draw(st.integers(0, 30))
    if odd == 0:
        made |= {"model": draw(NULL_WORD)}
    elif odd == 1:
        made |= {"reported_cost": "0.25"}
    elif odd == 2:
        made |= {"operation": draw(st.sampled_from([None, "N/A"]))}
    return made


@given(st.lists(st.lists(rows(), max_size=5), max_size=4))
@settings(max_examples=60, deadline=None)
def test_files_hold_what_the_engine_would_have_written(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[list[dict[str, Any]]]
) -> None:
    batches = [batch(*one) for one in drawn]
    plain = written(batches, tmp_path_factory.mktemp("plain") / "x")
    taken = pa.Table.from_batches(batches, arrow_schema(CALL)).slice(0, plain.rows).to_batches() if batches else []
    left = [] if plain.rest is None else [row for one in plain.rest for row in one.to_pylist()]
    assert plain.rows + len(left) == sum(map(len, drawn))
    if plain.rows:
        assert read(plain.files) == by_the_engine(taken)


@pytest.mark.parametrize(
    "odd",
    [
        {"operation": None},
        {"model": "N/A"},
        {"model": " "},
        {"tenant": "\t" * 9},
        {"reported_cost": "1"},
        {"sampling_weight": "x"},
        {"attributes": [("a", "1"), ("a", "2")]},
    ],
)
def test_what_the_engine_has_to_look_at_is_left_to_it_with_all_that_follows(tmp_path: Path, odd: dict[str, Any]) -> None:
    batches = [batch(USUAL), batch(USUAL, USUAL | odd), batch(USUAL)]
    plain = written(batches, tmp_path / "x")
    assert plain.rows == 1
    assert plain.rest is not None
    assert [one.num_rows for one in plain.rest] == [2, 1]


def test_amounts_are_never_plain(tmp_path: Path) -> None:
    charge = CONTRACTS["charge"]
    plain = written([batch({"BilledCost": "1.5"}, contract=charge)], tmp_path / "x", contract=charge)
    assert (plain.rows, plain.files) == (0, ())


def test_other_columns_are_left_to_the_engine(tmp_path: Path) -> None:
    other = batch(USUAL).select(list(reversed(CALL.names)))
    assert written([other], tmp_path / "x").rows == 0


def test_files_and_row_groups_stay_within_their_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_batches, "GROUP_ROWS", 4)
    monkeypatch.setattr(sink, "ROWS_PER_FILE", 8)
    plain = written([batch(USUAL, USUAL)] * 9, tmp_path / "x")
    assert (plain.rows, plain.rest) == (18, None)
    assert [
        [pq.ParquetFile(f).metadata.row_group(g).num_rows for g in range(pq.ParquetFile(f).num_row_groups)] for f in plain.files
    ] == [
        [4, 4],
        [4, 4],
        [2],
    ]
    assert [row[CALL.names.index("trace")] for row in read(plain.files)[1]] == ["t" * 32] * 18


def test_a_stream_of_nothing_is_left_to_the_engine(tmp_path: Path) -> None:
    for batches in ([], [batch()]):
        plain = written(batches, tmp_path / "x")
        assert (plain.rows, plain.files) == (0, ())
        assert plain.rest is not None
