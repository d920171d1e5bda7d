"""What was benchmarked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops.config import Overrides, load_settings
from finops.core.result import Column, Result
from finops.steps.placing.bench_figures import listed_figures
from finops.steps.placing.measurements import benchmark_rows

if TYPE_CHECKING:
    from finops.core.talk import Talk

LIST_COLUMNS = (
    Column("workload", "Workload"),
    Column("tool", "Tool", wide_only=True),
    Column("model", "Model", wide_only=True),
    Column("revision", "Revision", wide_only=True),
    Column("provider", "Provider", wide_only=True),
    Column("region", "Region", wide_only=True),
    Column("instance_type", "Instance type"),
    Column("hardware", "Hardware", wide_only=True),
    Column("count", "Count", "count", wide_only=True),
    Column("repeat", "Repeat", "count", wide_only=True),
    Column("time", "Time", "time", wide_only=True),
    Column("max_concurrency", "Concurrent", "count"),
    Column("duration_s", "Seconds", "number"),
    Column("units", "Units", "number", wide_only=True),
    Column("output_tokens", "Output tokens", "number", wide_only=True),
    Column("output_tokens_per_s", "Tokens a second", "number"),
    Column("e2e_p95_ms", "p95 ms", "number", wide_only=True),
    Column("completed", "Completed", "count", wide_only=True),
    Column("failed", "Failed", "count", wide_only=True),
)


def bench_list(overrides: Overrides, *, workload: str | None = None, talk: Talk) -> Result:
    """The benchmark runs in the ledger."""
    settings = load_settings(overrides)
    talk.stage("Read benchmarks")
    rows = benchmark_rows(settings, workload)
    keys = [column.key for column in LIST_COLUMNS]
    return Result(
        LIST_COLUMNS,
        [{key: row[key] for key in keys} for row in rows],
        meta={"as_of": settings.as_of},
        made=lambda place: list(listed_figures(rows[place])),
    )
