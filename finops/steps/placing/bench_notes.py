"""What is said under the costs of benchmarks: what they assume, and why some have none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from finops.core.numbers import percent, plain_decimal
from finops.core.placing.bench_cost import Limits
from finops.steps.placing.demand import Demand, Load

Row = dict[str, Any]
_SAID = 5


def of_a_day(units: Decimal | None) -> list[str]:
    """How a day's work is told."""
    if units is None:
        return []
    said = f"{plain_decimal(units)} units a day; a month is 730 hours, 30.4 days. Spot's cost has the work that "
    return [said + "is redone, its hours have not."]


def bench_notes(rows: Sequence[Row], load: Load, limits: Limits, demands: Sequence[Demand], left_out: int) -> list[str]:
    """What stands under the costs of benchmarks."""
    return [
        *_taken(load, demands),
        *(["Only requests within the benchmark's own limits count as work."] if limits.stated else []),
        *_repeated(rows),
        *_unpriced(rows),
        *(
            [f"{left_out} results are left out: no time and no rate, or another unit of work than their repeats."]
            if left_out
            else []
        ),
    ]


def _taken(load: Load, demands: Sequence[Demand]) -> list[str]:
    if not demands and load.utilisation == 1:
        return ["Machines are taken as busy all the time; at half the load a unit costs twice as much (`--utilisation 0.5`)."]
    if not demands:
        return [f"Machines are taken as busy {percent(load.utilisation)} of the time; the bill is for all of it."]
    notes = []
    for demand in dict.fromkeys(demands):
        said = f"Sized for the busiest hour of {demand.workflow} ({demand.period}), each machine {percent(load.busy)} busy then; "
        said += "sized by the mean, that hour would wait."
        if demand.model is None:
            said += " No call names the measured model: calls to all models stand for it."
        notes.append(said)
    return notes


def _repeated(rows: Sequence[Row]) -> list[str]:
    names = ("workload", "model", "provider", "region", "instance_type", "count", "load")
    repeats = {tuple(row[name] for name in names): row["repeats"] for row in rows}
    once = sum(number == 1 for number in repeats.values())
    return [f"{once} of {len(repeats)} measurements were not repeated: nothing is known of their error."] if once else []


def _unpriced(rows: Sequence[Row]) -> list[str]:
    """Why benchmarks have no cost, each reason once with what it applies to."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["unit_cost"] is None:
            name = " ".join(str(part) for part in (row["workload"] or "no workload", row["instance_type"]) if part)
            if name not in by_reason[row["reason"] or "no price is known"]:
                by_reason[row["reason"] or "no price is known"].append(name)
    notes = []
    for reason, names in list(by_reason.items())[:_SAID]:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        notes.append(f"No cost: {reason} ({', '.join(names[:3])}{more}).")
    rest = len(by_reason) - _SAID
    return [*notes, f"{rest} more reasons stand in the column `reason` (-v)."] if rest > 0 else notes
