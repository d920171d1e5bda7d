"""How long the replay of a month of calls takes: `finops place --replay` as a whole process, on a ledger of so many calls."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests.bench import ingest_otlp, timing

KINDS = 20_000
"""Calls that are ingested and built; the others are these again, at other times of the same month."""


def measure(calls: int = 10_000_000) -> dict[str, float]:
    """The workflow's calls priced on every model that the ledger has prices of."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        ledger = home / "l.duckdb"
        path = ingest_otlp.write_traces(home / "traces.jsonl", KINDS)
        timing.finops(home, "ingest", path, "--ledger", ledger, "--as-of", "2026-11-20")
        workflow, month, counted = _grown(ledger, calls)
        cost = timing.finops(home, "place", workflow, "--replay", month, "--ledger", ledger, "--as-of", "2026-11-20")
    return {
        "replay_calls": counted, "cores": os.cpu_count() or 1, "replay_wall_s": round(cost.wall_s, 3),
        "replay_cpu_s": round(cost.cpu_s, 3), "replay_calls_per_s": round(counted / cost.wall_s),
    }  # fmt: skip


def _grown(ledger: Path, calls: int) -> tuple[str, str, int]:
    """The ledger with its calls so many times over; the workflow that has the most, its month, and how many calls those are."""
    import duckdb

    connection = duckdb.connect(str(ledger))
    own = connection.execute("SELECT count(*) FROM fct_call").fetchall()[0][0]
    connection.execute(
        "INSERT INTO fct_call SELECT c.* REPLACE (c.start_time + to_seconds(copy * 977 % 600000) AS start_time) "
        f"FROM fct_call c, range(1, {calls // own}) AS copies(copy)"
    )
    connection.execute("UPDATE fct_call SET workflow = 'desk' WHERE workflow IS NULL")
    rows = connection.execute(
        "SELECT workflow, strftime(start_time, '%Y-%m'), count(*) FROM fct_call GROUP BY ALL ORDER BY 3 DESC, 1, 2 LIMIT 1"
    ).fetchall()
    connection.close()
    workflow, month, counted = rows[0]
    return str(workflow), str(month), int(counted)


if __name__ == "__main__":
    import json
    import sys

    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000), indent=2))
