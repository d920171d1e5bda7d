"""Runs the forecast on a file of tasks: forecast_tasks.py TASKS.parquet PREDICTIONS.parquet [--run-rate]

Tasks: task (eom: 15 days remain, next: the next 30 days), unique_id, ds, y. Series of one file may be the same spend cut off at
different days (their id ends in |DAY); only series cut off on the same day share a pool, so that none learns its own future.
"""

from __future__ import annotations

import runpy
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from finops.core.forecasting.forecast import GRID, forecast
from tests.bench.runrate import run_rate

SHARED = Path(__file__).resolve().parents[3] / "shared"
DAYS = {"eom": 15, "next": 30}
AT = {name: GRID.index(p) for name, p in (("lo95", 0.025), ("lo80", 0.1), ("hi80", 0.9), ("hi95", 0.975))}


def predictions(tasks: pd.DataFrame, *, dashboards: bool = False) -> pd.DataFrame:
    """One row per task and series: the remaining total and its 80 % and 95 % intervals."""
    made: list[dict[str, Any]] = []
    for task, of_task in tasks.groupby("task", sort=True):
        series = {str(name): group.sort_values("ds").y.to_numpy(float) for name, group in of_task.groupby("unique_id", sort=True)}
        pools: dict[str, list[str]] = {}
        for name in series:
            pools.setdefault(name.rpartition("|")[2], []).append(name)
        last = of_task.ds.max().date()
        for names in pools.values():
            made += [
                {"task": task, "unique_id": name, **found}
                for name, found in _pool(names, series, DAYS[str(task)], last, dashboards).items()
            ]
    return pd.DataFrame(made)


def report() -> dict[str, Any]:
    """Scores by the shared tool, of the forecast and of the run-rate, and what the forecast gains on it; says so if absent."""
    tasks, tool = SHARED / "data" / "forecast" / "tasks.parquet", SHARED / "tools" / "forecast_score.py"
    if not (tasks.exists() and tool.exists()):
        return {"absent": "the shared forecast tasks are not on this machine"}
    given, truth = pd.read_parquet(tasks), pd.read_parquet(tasks.with_name("truth.parquet"))
    score = runpy.run_path(str(tool))["score"]
    began = time.perf_counter()
    ours = score(predictions(given), truth)
    seconds = time.perf_counter() - began
    theirs = score(predictions(given, dashboards=True), truth)
    gain = 1 - ours.wape_mean / theirs.wape_mean
    gains = {f"{row.task} {row.panel}": round(float(gain[at]), 3) for at, row in ours.iterrows()}
    return {
        "seconds": round(seconds, 2),
        "forecast": ours.to_dict("records"),
        "run_rate": theirs.to_dict("records"),
        "gain_on_run_rate": gains,
    }


def _pool(names: list[str], series: dict[str, Any], days: int, last: date, dashboards: bool) -> dict[str, dict[str, float]]:
    if dashboards:
        rates = {name: run_rate(series[name].tolist(), days) for name in names}
        return {name: {"point": rate, **dict.fromkeys(AT, rate)} for name, rate in rates.items()}
    longest = max(len(series[name]) for name in names)
    spend = np.zeros((len(names), longest))
    first = np.array([longest - len(series[name]) for name in names])
    for row, name in enumerate(names):
        spend[row, first[row] :] = series[name]
    found = forecast(spend, first, names, days, last=last)
    out = {}
    for row, name in enumerate(names):
        point = float(found.path[row].sum())
        errors = found.error_quantiles(row, days)
        quantiles = {key: max(point + float(errors[at]), 0.0) if errors is not None else np.nan for key, at in AT.items()}
        out[name] = {"point": point, **quantiles}
    return out


if __name__ == "__main__":
    arguments = [a for a in sys.argv[1:] if a != "--run-rate"]
    predictions(pd.read_parquet(arguments[0]), dashboards="--run-rate" in sys.argv).to_parquet(arguments[1])
