"""Updates of an agent's model or prompt: what its calls and runs did before and after, with intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np

from finops.core.detecting.updates import SIDE_D, Change, change, updates
from finops.core.numbers import percent, unit_price
from finops.ledger.store import Reader

Row = dict[str, Any]
Mixes: TypeAlias = dict[tuple[str, str], tuple[Sequence[str], Any, Any, str | None, int]]
MEASURES: Mapping[str, tuple[str, str, str]] = {
    "errors": ("failed", "told", "share"),
    "accepted": ("accepted", "judged", "share"),
    "input tokens": ("input_tokens", "calls", "count"),
    "output tokens": ("output_tokens", "calls", "count"),
    "latency": ("ms", "answered", "ms"),
    "calls per run": ("calls", "runs", "ratio"),
}
"""Ratios of a day's sums that an update may move, and how they are written."""


def update_rows(reader: Reader, mixes: Mixes, window: Mapping[str, Any], since: date) -> list[Row]:
    """One row for each day with updates from `since` on: the cost of a run before and after with the effect of a day, and what
    else changed for certain. What came together is told together: the figures are of all runs and can't part it."""
    days = (window["end"] - window["first"]).days
    sums: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(lambda: np.full(days, np.nan)))
    for row in reader.read("drift_days", **window):
        for name in (
            "runs",
            "calls",
            "told",
            "failed",
            "answered",
            "ms",
            "input_tokens",
            "output_tokens",
            "cost",
            "judged",
            "accepted",
        ):
            if row[name] is not None:
                sums[row["name"]][name][(row["day"] - window["first"]).days] = float(row[name])
    rows = []
    for (series, what), (names, calls, _, currency, _) in sorted(mixes.items()):
        if what in ("model_mix", "prompt"):
            by_day: dict[int, list[str]] = defaultdict(list)
            for day, place in updates(calls):
                by_day[day].append(names[place])
            for day, changed in by_day.items():
                begun = window["first"] + timedelta(days=day)
                if begun >= since:
                    rows.append(_row(f"{window['by']}={series}", what, ", ".join(changed), begun, day, sums[series], currency))
    return rows


def _row(path: str, what: str, name: str, begun: date, day: int, sums: Mapping[str, Any], currency: str | None) -> Row:
    cost = change(sums["cost"], sums["runs"], day)
    runs = np.nan_to_num(sums["runs"][day : day + SIDE_D])
    a_day = float(runs.mean()) if len(runs) else 0.0
    found = {key: change(sums[top], sums[base], day) for key, (top, base, _) in MEASURES.items()}
    said = [f"{key} {_written(one, MEASURES[key][2])}" for key, one in found.items() if one is not None and one.certain]
    if cost is not None:
        sure = "" if cost.certain else ", not certain"
        before, after = (unit_price(amount, currency) if currency else f"{amount:.3g}" for amount in (cost.before, cost.after))
        said.insert(0, f"a run {before} → {after}{sure}")
    return {
        **{"since": begun, "last": begun + timedelta(days=max(len(runs) - 1, 0)), "path": path, "class": "update"},
        **{"change": f"{'model' if what == 'model_mix' else 'prompt'} {name}: {', '.join(said) or 'too few days to tell'}"},
        **{"currency": currency, "bits": None, "usual": None, "with": []},
        "effect": None if cost is None else _money((cost.after - cost.before) * a_day),
        "effect_low": None if cost is None else _money(cost.low * a_day),
        "effect_high": None if cost is None else _money(cost.high * a_day),
    }


def _written(one: Change, form: str) -> str:
    if form == "share":
        return f"{percent(one.before)} → {percent(one.after)}"
    if form == "ratio":
        return f"{one.before:.2f} → {one.after:.2f}"
    return f"{one.before:,.0f} → {one.after:,.0f}{' ms' if form == 'ms' else ''}"


def _money(amount: float) -> Decimal:
    return Decimal(repr(round(amount, 6)))
