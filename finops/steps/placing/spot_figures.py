"""How each figure of `finops spot` is made: facts of prices, the rate of interruptions, Daly's closed forms, and simulations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from finops.core.explaining.figures import Figure, Part
from finops.core.spot.hazard import Hazard
from finops.core.spot.job import Job
from finops.steps.placing.spot_asked import Asked, Market
from finops.steps.placing.work_figures import told

if TYPE_CHECKING:
    from finops.prices.lineage import PriceFiles

Row = dict[str, Any]
Parts = tuple[Part, ...]
_OPTIONS = {"on demand": "on_demand", "spot": "spot", "spot, swept": "spot"}


@dataclass(frozen=True)
class Plan:
    """The job as a row of the table has it: its checkpoints, and the rate that it was asked at, None where it is undisturbed."""

    asked: Asked
    job: Job
    hazard: Hazard | None
    trace: str | None
    """The file of the trace of capacity, where one was given."""

    def ground(self, market: Market, prices: PriceFiles) -> tuple[str | None, int | None, date | None, str | None]:
        """The file, line, date and source of what is believed of interruptions."""
        believed = self.hazard.ground if self.hazard else "given"
        if believed == "advisor":
            bucket = prices.bucket(market.spot)
            return bucket.file, bucket.line, bucket.as_of, bucket.source
        if believed == "trace" and self.trace:
            return self.trace, 1, None, None
        said = "rows: `finops explain commitments --trace --where purchase_option=spot`" if believed == "history" else None
        return None, None, None, said or "--hazard"


def spot_figures(row: Row, market: Market, plan: Plan, prices: PriceFiles) -> Sequence[Figure]:
    """Every figure of one plan."""
    job = plan.job
    work = told("work", job.work_h, "--work", "hours of the job without interruptions")
    nodes = told("nodes", job.nodes, "--nodes", "machines that run together")
    if row["hourly_price"] is None:
        return _replayed(market, plan, prices, (work, nodes))
    formula, facts = _price(row, market, prices)
    found = [Figure("hourly_price", formula, facts), Figure("nodes", "nodes", (nodes,))]
    full, full_facts = prices.behind(market.on_demand)
    undisturbed = tuple(Part(f"full_{part.name}", *_rest(part)) for part in full_facts)
    full = full.replace("listed", "full_listed").replace("saving", "full_saving").replace("discount", "full_discount")
    saving = Figure("saving", f"1 - cost / (({full}) * work * nodes)", (*undisturbed, work, nodes), places=6)
    deadline = told("deadline", plan.asked.deadline_h, "--deadline", "hours until it must be done")
    if plan.hazard is None:
        found += [Figure(name, "hourly_price * work * nodes", (work, nodes)) for name in ("cost", "cost_p50", "cost_p95")]
        found += [Figure(name, "work", (work,), places=6) for name in ("billed_h", "makespan_h", "makespan_p95_h")]
        found += [saving, Figure("late", None, (work, deadline), "1 where the work takes longer than the deadline, else 0")]
        bears = "the rate on spot at which the job costs as much as here, found by halving"
        return [*found, Figure("bears_per_hour", None, (*facts, work, nodes), bears)]
    return [*found, saving, *_interrupted(plan, market, prices, (work, nodes), deadline, undisturbed)]


def _interrupted(plan: Plan, market: Market, prices: PriceFiles, shared: Parts, deadline: Part, full: Parts) -> list[Figure]:
    """Billed hours B, interruptions N and the end B + wait x N in closed form; quantiles by simulation."""
    job, hazard = plan.job, plan.hazard
    assert hazard is not None
    ground = plan.ground(market, prices)
    rate = Part("rate", hazard.per_hour, f"interruptions of a machine's hour: {hazard.words}", *ground)
    again = (told("restart", job.restart_h, "--restart", "hours to start again"),)
    wait = told("wait", job.wait_h, "--wait", "mean hours until capacity returns")
    rates: Parts = (rate,)
    if hazard.shape is not None and hazard.hours:
        counted = Part("counted", hazard.shape, f"1/2 + interruptions: {hazard.words}", *ground)
        rates = (counted, Part("running", hazard.hours, f"running hours: {hazard.words}", *ground))
    hazardous = "rate" if len(rates) == 1 else "counted / running"
    billed, kept = _billed(job, calm=hazard.per_hour <= 0)
    parts = (*shared, *rates, *again, *kept)
    asked = plan.asked
    simulated = f"the quantile of {asked.paths:,} simulated runs, seed {asked.seed}"
    inputs = (*parts, wait)
    found = [
        Figure("hazard_per_hour", hazardous, rates, places=9),
        Figure("pace", f"{hazardous} * nodes", (*rates, *shared)),
        Figure("billed", billed, parts),
        Figure("taken", "work * pace * exp(pace * restart)" if job.kept else "pace * billed", (*shared, *again)),
        Figure("billed_h", "billed", places=6),
        Figure("interruptions", "taken", places=6),
        Figure("makespan_h", "billed + wait * taken", (wait,), places=6),
        Figure("cost", "hourly_price * nodes * billed", shared),
        *(Figure(name, None, inputs, simulated) for name in ("cost_p50", "cost_p95", "makespan_p95_h")),
        Figure(
            "late", None, (*inputs, deadline), f"the share of {asked.paths:,} simulated runs that end later, seed {asked.seed}"
        ),
    ]
    bears = "the rate at which the job costs as much on spot as on demand, found by halving"
    found.append(Figure("bears_per_hour", None, (*full, *parts), bears))
    if job.segment_h is not None:
        if asked.checkpoint == "best":
            least = "the time between checkpoints that is billed least, in equal parts of the work"
            found.append(Figure("checkpoint_h", None, parts, least))
        else:
            found.append(Figure("checkpoint_h", "segment_1", kept, places=6))
    return found


def _billed(job: Job, *, calm: bool) -> tuple[str, Parts]:
    """B = the sum over segments of many exp(R/M) (exp((length + C)/M) - 1) M; saved within the notice, W (exp(R/M) + C/M)."""
    write = told("write", job.write_h if job.kept else job.written_h, "--write", "hours to write a checkpoint")
    if job.kept:
        return "work * (exp(pace * restart) + pace * write)", (write,)
    terms: list[str] = []
    parts: list[Part] = [write]
    for number, (many, length) in enumerate(job.segments(), 1):
        parts += [told(f"many_{number}", many, "--checkpoint", "segments of one length")]
        parts += [told(f"segment_{number}", length, "--checkpoint", "hours of work in each of them")]
        each = f"exp(pace * restart) * (exp(pace * (segment_{number} + write)) - 1) / pace"
        terms.append(f"many_{number} * (segment_{number} + write)" if calm else f"many_{number} * {each}")
    return " + ".join(terms), tuple(parts)


def _price(row: Row, market: Market, prices: PriceFiles) -> tuple[str, Parts]:
    """The price of an hour by the facts, or as it was assumed: the price on demand less a discount."""
    option: str = _OPTIONS.get(row["plan"]) or row["plan"]
    offer = {"on_demand": market.on_demand, "spot": market.spot}.get(option) or market.committed[option][1]
    if offer is not None:
        return prices.behind(offer)
    formula, facts = prices.behind(market.on_demand)
    share = 1 - row["hourly_price"] / market.on_demand.price
    return f"({formula}) * (1 - assumed)", (*facts, told("assumed", share, "--assume", "discount off on demand"))


def _replayed(market: Market, plan: Plan, prices: PriceFiles, shared: Parts) -> list[Figure]:
    """A policy along the trace: means and quantiles over its starts."""
    starts = Part("trace", "starts along it", "capacity by the hour", plan.trace, 1)
    parts = (starts, *shared, *prices.behind(market.spot)[1], *prices.behind(market.on_demand)[1])
    said = "the job replayed by this policy from evenly spread starts of the trace: mean, or quantile, of its {}"
    names = {"billed_h": "hours", "interruptions": "changes", "makespan_h": "ends", "cost": "costs", "cost_p50": "costs"}
    names |= {"cost_p95": "costs", "late": "runs past the deadline", "saving": "costs against on demand"}
    return [Figure(name, None, parts, said.format(what)) for name, what in names.items()] + [Figure("nodes", "nodes", shared[1:])]


def _rest(part: Part) -> tuple[Any, ...]:
    return part.value, part.what, part.file, part.line, part.as_of, part.source
