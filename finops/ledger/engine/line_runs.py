"""The model that reads billing lines is built in runs of days: so many lines at a time, so that memory doesn't grow with a month.

It says in its SELECT where the days of a run belong: `{{lines_of_run}}`, of lines `l` that tell when they `begun`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from finops.errors import OutOfMemory
from finops.ledger.engine.database import Database, Readable
from finops.ledger.engine.model import Model
from finops.ledger.engine.slices import within_days

RUN_LINES = 3_000_000
"""A run has about so many lines at first, and at least a day. Where memory does not do for it, it and those after it are
halved."""

_MARK = "lines_of_run"

EVERY_LINE = {_MARK: "TRUE"}
"""The expression that builds the model at once."""


def is_in_runs(model: Model) -> bool:
    """Whether the model can be built in runs of days."""
    return f"{{{{{_MARK}}}}}" in model.sql


def need_runs(database: Readable, model: Model) -> bool:
    """Whether the model can be built so and there are more lines than a run should have."""
    return is_in_runs(model) and len(_runs(database)) > 1


def insert_in_runs(database: Database, insert: Callable[[Mapping[str, str]], int]) -> int:
    """Calls `insert` with the expression of each run of days; how many rows they have together."""
    rows, waiting = 0, _runs(database)
    while waiting:
        days = waiting[0]
        try:
            rows += insert({_MARK: within_days("l.begun", days)})
            waiting = waiting[1:]
        except OutOfMemory:
            if len(days) < 2:
                raise
            waiting = [half for run in waiting for half in (run[: len(run) // 2], run[len(run) // 2 :]) if half]
    return rows


def _runs(database: Readable) -> list[list[date]]:
    """The dirty days in order, in runs of about RUN_LINES lines."""
    days = [row["day"] for row in database.query("SELECT d.charge_day AS day FROM dirty_charge_day d ORDER BY day")]
    if not days:
        return []
    column = 'c."ChargePeriodStart"'
    counted = f"SELECT CAST({column} AS DATE) AS day, count(*) AS n FROM charge c WHERE {within_days(column, days)} GROUP BY day"
    lines = {row["day"]: row["n"] for row in database.query(counted)}
    runs: list[list[date]] = [[]]
    size = 0
    for day in days:
        if runs[-1] and size + lines.get(day, 0) > RUN_LINES:
            runs.append([])
            size = 0
        runs[-1].append(day)
        size += lines.get(day, 0)
    return runs
