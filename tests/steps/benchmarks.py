"""Ledgers with a few benchmarks, each said by how it differs from a default one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from finops.ledger.store import open_writer

AS_OF = ("--as-of", "2026-11-20")
DEFAULT = {
    "workload": "tagging", "tool": "vllm", "model": "vision-7b", "provider": "aws", "region": "us-east-1",
    "instance_type": "g6.2xlarge", "count": 1, "repeat": 1, "duration_s": 1800.0, "units": 5000.0,
    "output_tokens": 900_000.0, "e2e_p95_ms": 820.0, "completed": 5000, "max_concurrency": 16,
}  # fmt: skip


def benched(folder: Path, *rows: dict[str, Any]) -> Path:
    """Writes `finops.duckdb` in the folder."""
    with open_writer(folder / "finops.duckdb", wait_s=1, command="test") as writer:
        for number, row in enumerate(rows):
            full = {**DEFAULT, **row, "batch_id": 1, "part_row": number}
            names = [name for name in full if name != "unit"]
            marks = ", ".join(f"${place}" for place in range(1, len(names) + 1))
            unit = f"MAP {{'unit': '{full.get('unit', 'image')}'}}"
            writer.execute(
                f"INSERT INTO benchmark ({', '.join(names)}, attributes) VALUES ({marks}, {unit})", [full[name] for name in names]
            )
    return folder / "finops.duckdb"
