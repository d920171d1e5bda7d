"""Reads a benchmark result as the ledger would get it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from finops.sources import source
from finops.sources.arrow_schema import arrow_schema
from finops.sources.base import Reject, TableScan

SAMPLES = Path(__file__).resolve().parent / "samples"


def read(name: str, path: Path) -> tuple[list[dict[str, Any]], list[Reject], list[str]]:
    """The rows, rejects and notes of all loads of a file."""
    one, rows, rejects, notes = source(name), [], [], []
    for part in one.parts(path, path.parent):
        for load in one.open(part, {}):
            assert not isinstance(load.data, TableScan)
            for batch in load.data:
                assert batch.schema == arrow_schema("benchmark")
                rows += [{**row, "attributes": dict(row["attributes"] or ())} for row in batch.to_pylist()]
            rejects += load.rejects
            notes += load.notes
    return rows, rejects, notes
