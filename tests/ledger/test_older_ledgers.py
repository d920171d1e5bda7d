"""Ledgers that an older finops wrote: their parts lack columns, and nothing of theirs is lost."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from finops.errors import DataError
from finops.ledger import migrations
from finops.ledger.store import open_reader, open_writer
from tests.ledger.small_bills import charges, deliver, line, write_bill

ADDED = ("AllocatedTags", "PrincipalId", "InvoiceDetailId")


def aged(ledger: Path) -> None:
    """Makes the ledger one of schema 1, whose parts lack columns of today."""
    parts = [str(part) for part in Path(f"{ledger}.d").glob("charge-*.parquet")]
    with duckdb.connect() as connection:
        rows = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({parts})").fetchall()
    assert not {row[0] for row in rows} & set(ADDED)
    with duckdb.connect(ledger) as connection:
        connection.execute("DROP TABLE invoice")


def test_older_parts_are_read_with_nulls_and_stand_beside_new_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = tmp_path / "finops.duckdb"
    first = migrations.migrations()[:1]
    with monkeypatch.context() as older:
        older.setattr(migrations, "migrations", lambda: first)
        deliver(ledger, write_bill(tmp_path / "a.csv", [line("1"), line("2", day=2), line("4", month="2026-09", invoice="I")]))
    aged(ledger)
    with pytest.raises(DataError, match="older finops"):
        open_reader(ledger)
    deliver(ledger, write_bill(tmp_path / "b.csv", [line("8", day=3)]))
    rows = charges(ledger)
    assert sorted(int(row["BilledCost"]) for row in rows) == [1, 2, 4, 8]
    assert all(row[name] is None for row in rows for name in ADDED)
    deliver(ledger, write_bill(tmp_path / "c.csv", [line("16", day=2)]), how="replacement")
    assert sorted(int(row["BilledCost"]) for row in charges(ledger)) == [1, 4, 8, 16]
    rewritten = [line("1"), line("32", day=2), line("4", month="2026-09", invoice="I")]
    deliver(ledger, write_bill(tmp_path / "a.csv", rewritten))  # September is closed, and the same as it was
    with open_writer(ledger) as writer:
        assert writer.query("SELECT count(*) AS n FROM invoice") == [{"n": 0}]
        assert writer.query("SELECT value FROM meta WHERE key = 'schema_version'") == [
            {"value": str(migrations.newest_version())}
        ]
