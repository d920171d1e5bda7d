"""Typed rows keep every amount, and every column that says something, whichever rows say it first."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops.core.contracts import CONTRACTS
from finops.ledger.parts import relation_sql
from finops.ledger.sink import Sink, shortened, stored

CHARGE = CONTRACTS["charge"]
NAMES = ("ServiceName", "BilledCost", "EffectiveCost")
LONG_AMOUNT = pa.decimal128(38, 12)


def kept(folder: Path, groups: list[list[tuple[Any, ...]]]) -> tuple[int, list[tuple[Any, ...]]]:
    """How many files the groups of rows come to, and the rows as the ledger reads them."""
    own = [pa.field(field.name, stored(field)) for field in CHARGE.fields if field.name in NAMES]
    with Sink(own, folder, (1, 0), 1, NAMES, narrow=True) as sink:
        for rows in groups:
            columns = zip(*rows, strict=True)
            arrays = [
                shortened(pa.array(column, field.type))
                for column, field in zip(columns, sorted(own, key=lambda f: NAMES.index(f.name)), strict=True)
            ]
            by_name = dict(zip(NAMES, arrays, strict=True))
            sink.add(pa.RecordBatch.from_arrays([by_name[f.name] for f in own], [f.name for f in own]))
    with duckdb.connect() as connection:
        rows = f"FROM {relation_sql(CHARGE, sink.files)} ORDER BY part_row"
        kinds = {row[0]: row[1] for row in connection.execute(f"DESCRIBE SELECT {', '.join(NAMES)} {rows}").fetchall()}
        assert (kinds["BilledCost"], kinds["EffectiveCost"]) == ("DECIMAL(38,12)", "DECIMAL(38,12)")
        return len(sink.files), connection.execute(f"SELECT {', '.join(NAMES)} {rows}").fetchall()


def test_a_column_that_speaks_late_begins_another_file(tmp_path: Path) -> None:
    first, late = [(None, Decimal("1.5"), None)], [("a", Decimal("-2"), None)]
    assert kept(tmp_path / "p", [first, late, first]) == (2, [*first, *late, *first])


def test_amounts_of_a_million_begin_another_file(tmp_path: Path) -> None:
    least, most = Decimal("-999999.999999999999"), Decimal("1000000")
    first, late = [("a", least, least)], [("b", most, None)]
    assert kept(tmp_path / "p", [first, late, first]) == (2, [*first, *late, *first])


AMOUNTS = st.none() | st.decimals(-(10**24), 10**24, places=12) | st.decimals(-10, 10, places=12)
ROWS = st.lists(st.tuples(st.none() | st.just("a"), AMOUNTS, AMOUNTS), min_size=1, max_size=4)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_what_comes_in_goes_out(tmp_path_factory: pytest.TempPathFactory, groups: list[list[tuple[Any, ...]]]) -> None:
    assert kept(tmp_path_factory.mktemp("p") / "p", groups)[1] == [row for group in groups for row in group]
