"""What `finops spot` says in words: which plan is best, what it rests on, and how many interruptions it bears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.numbers import money_table, percent
from finops.core.placing.offer import STALE_AFTER_DAYS
from finops.core.spot.hazard import Hazard

if TYPE_CHECKING:
    from finops.core.spot.trace import Trace
    from finops.steps.placing.spot_asked import Asked, Market

SWEPT = "spot, swept"
TOLERATED = Decimal("0.05")
"""A plan that is late more often than this is not called the best."""


def spot_notes(
    rows: Sequence[Mapping[str, Any]],
    market: Market,
    asked: Asked,
    hazard: Hazard,
    capacity: Trace | None,
    chosen: bool,
    at: date,
) -> list[str]:
    """All that the table alone would leave out."""
    return [
        _best(rows, market, asked, chosen),
        _rests_on(hazard),
        *_bears(rows, hazard),
        *_committed(rows, market),
        *_checkpoints(rows, asked),
        *_replayed(asked, capacity),
        *_old(market, at),
    ]


def _best(rows: Sequence[Mapping[str, Any]], market: Market, asked: Asked, chosen: bool) -> str:
    where = f"{market.spot.provider} {market.spot.region} {market.spot.instance_type}"
    picked = " (where its spot price is lowest)" if chosen else ""
    plans = [row for row in rows if row["cost"] is not None and row["plan"] not in (SWEPT, *market.committed)]
    timely = [row for row in plans if row["late"] is None or row["late"] <= TOLERATED]
    if not timely:
        return f"On {where}{picked} no plan meets the deadline in 95 of 100 cases."
    best = min(timely, key=lambda row: (row["cost"], row["plan"]))
    said = f"On {where}{picked} the cheapest plan {'in time ' if asked.deadline_h else ''}is {best['plan']}: "
    said += money_table(best["cost"], market.spot.currency)
    if best["saving"]:
        said += f", {percent(best['saving'])} less than on demand"
    return said + "."


def _rests_on(hazard: Hazard) -> str:
    spread = "" if hazard.spread is None else f" ± {hazard.spread:.2g}"
    said = f"Interruptions: {hazard.per_hour:.3g}{spread} per machine and hour ({hazard.words})."
    if hazard.ground == "advisor":
        said += " Accelerators have shown hundreds of times as many: try `--hazard trace`, `--hazard history` and `--sweep`."
    if hazard.ground == "history":
        said += " A machine that was given back counts as taken back."
    return said


def _bears(rows: Sequence[Mapping[str, Any]], hazard: Hazard) -> list[str]:
    row = next(row for row in rows if row["plan"] == "spot")
    if row["cost"] is None:
        return ["At this rate the job would never end on spot: write checkpoints, or use fewer machines."]
    if row["bears_per_hour"] is None:
        return ["Spot is no cheaper than on demand here, however rarely it is taken back."]
    times = f", {_few(row['bears_per_hour'] / hazard.per_hour)} times the rate taken" if hazard.per_hour else ""
    return [f"Spot costs less than on demand up to {_few(row['bears_per_hour'])} interruptions per machine and hour{times}."]


def _committed(rows: Sequence[Mapping[str, Any]], market: Market) -> list[str]:
    notes = []
    spot = next(row for row in rows if row["plan"] == "spot")
    for row in rows:
        if row["plan"] not in market.committed:
            continue
        bears = row["bears_per_hour"]
        said = f"Against {row['plan']} with all of its hours used, spot "
        said += "never pays." if bears is None else f"pays up to {_few(bears)} interruptions per machine and hour."
        if spot["cost"] is not None and row["cost"] < spot["cost"]:
            said += f" At the rate taken it pays where less than {percent(row['cost'] / spot['cost'])} of them are used."
        notes.append(said)
    return notes


def _few(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _checkpoints(rows: Sequence[Mapping[str, Any]], asked: Asked) -> list[str]:
    row = next(row for row in rows if row["plan"] == "spot")
    if asked.checkpoint == "notice":
        return [f"The checkpoint is written within the notice of {asked.job.grace_h * 3600:,.0f} seconds: no work is lost."]
    if asked.checkpoint == "best" and row["checkpoint_h"] is None:
        return ["No checkpoint pays at this rate; what is done is lost at each interruption."]
    if asked.checkpoint == "best":
        return [f"A checkpoint every {row['checkpoint_h'] * 60:,.3g} minutes is billed least at this rate."]
    return []


def _replayed(asked: Asked, capacity: Trace | None) -> list[str]:
    if capacity is None:
        return ["Policies that mix spot and on demand need `--trace FILE`."] if asked.deadline_h else []
    if asked.deadline_h is None:
        return ["Policies that mix spot and on demand need `--deadline`."]
    there = capacity.available(asked.job.nodes)
    said = f"The policies were replayed on a trace of {capacity.hours:,.1f} hours, from evenly spread starts; in "
    said += (
        f"{percent(Decimal(sum(there)) / len(there))} of it there was room. They keep the work done at each change, and a trace "
    )
    said += "does not say which machine was taken: only a lack of room for all of them stops the job."
    if capacity.hours < asked.deadline_h:
        said += " The trace is shorter than the deadline, so it is repeated."
    return [said]


def _old(market: Market, at: date) -> list[str]:
    oldest = min(market.on_demand.as_of, market.spot.as_of)
    return (
        [f"The prices are of {oldest}, more than {STALE_AFTER_DAYS} days ago."] if (at - oldest).days > STALE_AFTER_DAYS else []
    )
