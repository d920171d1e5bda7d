"""How many injected events the detector finds at a stated alert budget, and its false discoveries among many tenants.

`python -m tests.bench.anomaly_events [TASKS.parquet]` runs on the longest history of every real series of a forecast task set."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from finops.core.detecting.anomalies import DAYS_PER_MONTH, SETTLE_D, judge
from finops.core.detecting.bursts import HOURS_PER_MONTH, SETTLE_H, runaways
from finops.steps.detecting.runaways import BUDGET

Array = NDArray[np.float64]
TASKS = Path(__file__).resolve().parents[3] / "shared" / "data" / "forecast" / "tasks.parquet"
EVENTS: dict[str, tuple[int, Array]] = {
    "spike x2": (1, np.array([2.0])),
    "3-day loop x2": (3, np.full(3, 2.0)),
    "level x1.5": (14, np.full(14, 1.5)),
    "drift 4 %/day": (14, 1.04 ** np.arange(1, 15)),
}
REPEATS = 10
TENANTS, DAYS, SETTLED_D, SPIKY = 1_000, 150, 40, 0.01
NOISES = ("real", "normal", "heavy and lasting", "shared days", "shared days, more or less", "days by group", "sparse", "seldom")
AGENTS, HOURS = 30, 24 * 90


def series(tasks: Path) -> tuple[Array, NDArray[np.int64]]:
    """The longest history of each real series of at least 120 days, right-aligned, and where each begins."""
    table = pd.read_parquet(tasks, columns=["unique_id", "ds", "y"]).drop_duplicates(["unique_id", "ds"])
    table["series"] = table.unique_id.str.split("|").str[0]
    sizes = table.groupby(["series", "unique_id"]).size().reset_index(name="days").sort_values(["days", "unique_id"])
    longest = sizes.groupby("series").tail(1)
    longest = longest[(longest.days >= 120) & ~longest.series.str.startswith("synth")].sort_values("series")
    width = int(longest.days.max())
    rows = [table[table.unique_id == name].sort_values("ds").y.to_numpy() for name in longest.unique_id]
    spend = np.array([np.concatenate([np.zeros(width - len(row)), row]) for row in rows])
    return spend, np.array([width - len(row) for row in rows])


def events(spend: Array, first: NDArray[np.int64], budget: float) -> dict[str, Any]:
    """Detection by class in per cent; an event is found where a new alert begins inside it."""
    plain = judge(spend, first, budget=budget)
    months = float((spend.shape[1] - first - SETTLE_D).sum()) / DAYS_PER_MONTH
    chance = np.random.default_rng(20261121)
    found: dict[str, float] = {}
    for name, (length, times) in EVENTS.items():
        hits = 0
        for _ in range(REPEATS):
            changed = spend.copy()
            begins = [int(chance.integers(start + 60, spend.shape[1] - 14)) for start in first]
            for row, day in enumerate(begins):
                changed[row, day : day + length] *= times
            judged = judge(changed, first, budget=budget)
            new = judged.spike | judged.drift
            hits += sum(bool(new[row, day : day + length].any()) for row, day in enumerate(begins))
        found[name] = round(100 * hits / (REPEATS * len(spend)), 1)
    alerts = int((plain.spike | plain.drift).sum())
    return {
        **{"alert budget per series-month": round(budget, 3), "new alerts per series-month": round(alerts / months, 3)},
        **{"found %": found, "found % over the four": round(sum(found.values()) / len(found), 1)},
    }


def noise(kind: str, spend: Array, chance: np.random.Generator) -> Array:
    """Factors of tenants' days: the residuals of the real series; logarithms that are normal, heavy-tailed and lasting, or shared
    by the tenants of a day, alike, more or less, or in five groups; a few runs a day (`sparse`), or none on many (`seldom`)."""
    size = (TENANTS, DAYS)
    if kind == "real":
        usual = np.median(np.stack([np.roll(spend, 7 * k, axis=1) for k in range(1, 5)]), axis=0)[:, 35:]
        ratios = (spend[:, 35:] / np.where(usual > 0, usual, np.nan)).ravel()
        return np.asarray(chance.choice(ratios[np.isfinite(ratios)], size))
    if kind == "normal":
        return np.asarray(np.exp(chance.uniform(0.05, 0.5, (TENANTS, 1)) * chance.standard_normal(size)))
    if kind == "shared days":
        return np.asarray(np.exp(0.15 * chance.standard_normal((1, DAYS)) + 0.1 * chance.standard_t(5, size)))
    if kind == "shared days, more or less":
        moves = chance.uniform(0, 2, (TENANTS, 1)) * 0.15 * chance.standard_normal((1, DAYS))
        return np.asarray(np.exp(moves + 0.1 * chance.standard_t(5, size)))
    if kind == "days by group":
        moves = 0.15 * chance.standard_normal((5, DAYS))
        return np.asarray(np.exp(moves[chance.integers(0, 5, TENANTS)] + 0.1 * chance.standard_t(5, size)))
    if kind == "seldom":
        return np.asarray((chance.random(size) < chance.uniform(0.2, 0.9, (TENANTS, 1))) * chance.lognormal(0, 0.25, size))
    if kind == "sparse":
        return np.asarray(chance.poisson(chance.uniform(1, 30, (TENANTS, 1)), size) * chance.lognormal(0, 0.3, size) / 15)
    lasting, shocks = np.zeros(size), chance.uniform(0.05, 0.25, (TENANTS, 1)) * chance.standard_t(5, size)
    for day in range(1, DAYS):
        lasting[:, day] = 0.6 * lasting[:, day - 1] + shocks[:, day]
    return np.exp(lasting)


def tenants(spend: Array, share: float, kind: str = "real") -> dict[str, Any]:
    """1,000 tenants with noise of a kind, of which `share` spike x2 to x3 on a day."""
    chance = np.random.default_rng(7)
    week = 1 + 0.15 * chance.standard_normal((TENANTS, 7)).clip(-2, 2)
    made = chance.lognormal(4, 1, (TENANTS, 1)) * week[:, np.arange(DAYS) % 7] * noise(kind, spend, chance)
    true = np.zeros((TENANTS, DAYS), bool)
    true[:, SETTLED_D:] = chance.random((TENANTS, DAYS - SETTLED_D)) < share
    made = np.where(true, made * chance.uniform(2, 3, made.shape), made)
    true &= made > 0
    judged = judge(made, np.zeros(TENANTS, np.int64))
    alerts, true = (judged.spike | judged.drift)[:, SETTLED_D:], true[:, SETTLED_D:]
    answer: dict[str, Any] = {
        "noise": kind,
        "tenants that spike %": 100 * share,
        "alerts per day": round(float(alerts.sum()) / (DAYS - SETTLED_D), 2),
    }
    if share:
        answer["false discoveries %"] = round(100 * float((alerts & ~true).sum()) / max(int(alerts.sum()), 1), 1)
        answer["power %"] = round(100 * float((alerts & true).sum()) / int(true.sum()), 1)
    return answer


def agents_by_hour(series: int, kind: str) -> Array:
    """Made hours of agents: a day and a week with noise that lingers, or a few runs an hour (`sparse`)."""
    chance = np.random.default_rng(3)
    hours = np.arange(HOURS)
    shape = (1 + 0.8 * np.sin((hours % 24 - 9) / 24 * 2 * np.pi)) * np.where(hours // 24 % 7 < 5, 1.15, 0.6)
    if kind == "sparse":
        return np.asarray(chance.poisson(3 * shape, (series, HOURS)) * chance.lognormal(0, 0.5, (series, HOURS)))
    noise, shocks = np.zeros((series, HOURS)), 0.2 * chance.standard_t(4, (series, HOURS))
    for hour in range(1, HOURS):
        noise[:, hour] = 0.7 * noise[:, hour - 1] + shocks[:, hour]
    return np.asarray(chance.lognormal(3, 1, (series, 1)) * shape * np.exp(noise))


def hourly(kind: str, times: float) -> dict[str, Any]:
    """Agents that cost `times` the usual for a day: how many are found, after how many hours, and false alerts without them."""
    spend = agents_by_hour(AGENTS, kind)
    quiet, _ = runaways(spend, budget=BUDGET)
    begins = np.diff(quiet.astype(int), axis=1) > 0
    false = sum(int((np.diff(np.nonzero(row)[0], prepend=-100) > 24).sum()) for row in begins)
    chance = np.random.default_rng(11)
    found, waits = 0, []
    for _ in range(REPEATS):
        changed = spend.copy()
        starts = chance.integers(24 * 40, HOURS - 30, AGENTS)
        for row, start in enumerate(starts):
            changed[row, start : start + 24] *= times
        alerts, _ = runaways(changed, budget=BUDGET)
        for row, start in enumerate(starts):
            hit = np.nonzero(alerts[row, start : start + 24])[0]
            found += bool(len(hit))
            waits += [int(hit[0]) + 1] if len(hit) else []
    months = AGENTS * (HOURS - SETTLE_H) / HOURS_PER_MONTH
    return {
        **{"agents": kind, "times": times, "found %": round(100 * found / (REPEATS * AGENTS), 1)},
        **{"median hours": float(np.median(waits)), "false alerts per series-month": round(false / months, 2)},
    }


def report(tasks: Path = TASKS) -> dict[str, Any]:
    """Everything, where the task set is present."""
    if not tasks.exists():
        return {"anomalies": f"no {tasks.name} here"}
    spend, first = series(tasks)
    return {
        "series": len(spend),
        "events": [events(spend, first, budget) for budget in (1 / 6, 1 / 2)],
        "tenants": [tenants(spend, share, kind) for kind in NOISES for share in (0.0, SPIKY)],
        "runaways": [hourly(kind, times) for kind in ("smooth", "sparse") for times in (3.0, 5.0, 10.0)],
    }


if __name__ == "__main__":
    json.dump(report(Path(sys.argv[1])) if len(sys.argv) > 1 else report(), sys.stdout, indent=2)
    sys.stdout.write("\n")
