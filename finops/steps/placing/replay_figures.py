"""How each figure of `finops place --replay` is made: tokens of the month's calls by class at the price of each, and outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.explaining.figures import Figure, Part
from finops.core.placing.offer import Offer
from finops.core.placing.placement import Measurement
from finops.core.placing.replay import Band, Cell, tokens_by_price
from finops.steps.placing.work_figures import machines, work

if TYPE_CHECKING:
    from finops.prices.lineage import PriceFiles

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Replay:
    """What was replayed: the calls of a workflow and month, at the bands of each model, as of a day, by these prices of tokens;
    what it cost as it was; and the measurements of own machines."""

    workflow: str
    month: str
    cells: Sequence[Cell]
    bands: Mapping[tuple[str, str], Sequence[Band]]
    as_of: date | None
    source: str
    today: Decimal | None
    measured: Sequence[Measurement]


def replay_figures(row: Row, asked: Replay, prices: PriceFiles) -> Sequence[Figure]:
    """The figures of one model, or of one own machine."""
    model = (str(row["provider"]), row["model"])
    rows = f"rows: `finops explain requests --trace --month {asked.month} --where workflow={asked.workflow}`"
    if row["today"]:
        own = (
            Part(
                "cost", row["monthly_cost"], f"what calls to {row['model']} cost", source=f"{rows} --where model={row['model']}"
            ),
        )
        own_calls = (Part("calls", row["calls"], f"calls to {row['model']}", source=own[0].source),)
        found = [Figure("monthly_cost", "cost", own), Figure("calls", "calls", own_calls)]
        found += [Figure("busy_cost", None, own, "the time in use, without its share of idle time")]
        found += [Figure("unit_cost", None, (*own, *own_calls), "cost / calls, sampling weights unrounded")]
    elif row["instance_type"]:
        found = _on_machines(row, asked, prices, rows)
    else:
        found = _on_api(model, asked, rows)
    today = Part("today", asked.today, "what the calls cost as they were: the rows of today", source=rows)
    judged = (
        f"rows: `finops explain runs --trace --where workflow={asked.workflow} --where model={row['model']} --where judged=yes`"
    )
    runs = (Part("judged_runs", row["judged_runs"], "runs with an outcome", source=judged),)
    share = "accepted of judged runs, and Wilson's 95 % interval"
    return [
        *found,
        Figure("saving", "today - monthly_cost", (today,)),
        Figure("judged_runs", "judged_runs", runs),
        *(Figure(name, None, runs, share) for name in ("success_rate", "success_low", "success_high")),
    ]


def _on_api(model: tuple[str, str], asked: Replay, rows: str) -> list[Figure]:
    """Tokens with what they stand for, by class and price, each at the price in force at the time and size of its call."""
    parts: list[Part] = []
    terms: list[str] = []
    for number, ((kind, price), tokens) in enumerate(sorted(tokens_by_price(asked.cells, asked.bands[model]).items()), 1):
        parts.append(Part(f"tokens_{number}", tokens, f"tokens of class {kind}", source=rows))
        listed = f"list price of one, {model[0]} {model[1]}"
        parts.append(Part(f"price_{number}", price, listed, None, None, asked.as_of, asked.source))
        terms.append(f"tokens_{number} * price_{number}")
    calls = (
        Part(
            "all_calls",
            sum((c.weight * c.calls for c in asked.cells), Decimal(0)),
            "calls, sampled ones as many as they stand for",
            source=rows,
        ),
    )
    return [
        Figure("monthly_cost", " + ".join(terms) or "0", tuple(parts)),
        Figure("unit_cost", "monthly_cost / all_calls", calls),
        Figure("calls", "all_calls", calls, places=0),
    ]


def _on_machines(row: Row, asked: Replay, prices: PriceFiles, rows: str) -> list[Figure]:
    """Own machines at the pace of their benchmark: an estimate over the calls' tokens."""
    same = ("provider", "region", "instance_type", "model")
    m = next(one for one in asked.measured if all(getattr(one, name) == row[name] for name in same))
    names = (row["provider"], row["region"], row["instance_type"], row["purchase_option"])
    offer = Offer(*names, Decimal(0), "hour", row["currency"], row["price_as_of"], "")
    calls = Part("calls", row["calls"], "calls of the month", source=rows)
    parts = (calls, *work(m), machines(m), *prices.behind(offer)[1])
    how = "each call's tokens at the pace of the benchmark, replicas for the busiest hour, at the hourly price"
    found = [Figure(name, None, parts, how) for name in ("count", "monthly_cost", "busy_cost", "unit_cost")]
    latency = "the 95th percentile of the benchmark's worst run"
    return [*found, Figure("calls", "calls", (calls,)), Figure("p95_ms", None, work(m), latency)]
