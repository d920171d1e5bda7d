"""Reads a bill as the ledger does, and gives typed rows, rejects and the exact total of its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops.core.contracts import CONTRACTS
from finops.ledger.loading import load_batch
from finops.ledger.parts import relation_sql
from finops.ledger.store import open_writer
from finops.sources.base import Source


@dataclass
class Bill:
    """What the ledger made of a file. `total` is the exact sum of the text, `rounding` what storing changed."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    total: Decimal = Decimal(0)
    rounding: Decimal = Decimal(0)

    def column(self, name: str) -> list[Any]:
        return [row[name] for row in self.rows]


def read_bill(source: Source, path: Path, folder: Path, options: dict[str, Any] | None = None) -> Bill:
    """The file through the ledger in `folder`, in the file's order."""
    bill = Bill()
    with open_writer(folder / "bill.duckdb", wait_s=0, command="test") as writer:
        for part in source.parts(path, path.parent):
            for load in source.open(part, options or {}):
                batch = load_batch(writer, load, delivery_id=1, ingest=1, where=str(path))
                bill.notes += batch.notes
                bill.total += sum((c.source_total for c in batch.controls), Decimal(0))
                bill.rounding += sum((c.rounding for c in batch.controls), Decimal(0))
        files = [writer.part_path(row["file"]) for row in writer.query("SELECT file FROM part WHERE contract = 'charge'")]
        for row in writer.query(f"SELECT * FROM {relation_sql(CONTRACTS['charge'], files)} ORDER BY part_row") if files else []:
            bill.rows.append({name: value for name, value in row.items() if not name.startswith("fault_")})
        bill.rejects = writer.query("SELECT * FROM reject ORDER BY row_number")
        writer.discard()
    return bill
