"""What a job would cost on spot: redone work, checkpoints and waits included, beside on-demand and commitments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.config import Overrides, load_settings
from finops.core.committing.commitments import EXACT
from finops.core.placing.offer import PURCHASE_OPTIONS, Offer
from finops.core.placing.unit_cost import exact, rounded
from finops.core.result import Column, Result
from finops.core.spot.hazard import SWEEP, Hazard
from finops.core.spot.job import Job, checkpointed, expected
from finops.errors import DataError, UsageError
from finops.steps.placing.spot_asked import Asked, Market
from finops.steps.placing.spot_figures import Plan, spot_figures
from finops.steps.placing.spot_hazards import hazard_of, read_trace
from finops.steps.placing.spot_notes import SWEPT, spot_notes
from finops.steps.pricing.book import price_files

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.core.explaining.figures import Figure
    from finops.core.spot.trace import Trace
    from finops.core.talk import Talk
    from finops.prices.book import PriceBook

Row = dict[str, Any]
_HOURS = Decimal("0.000001")
GRACE_H = {"aws": 120 / 3600}
"""Notice before spot capacity is taken: two minutes at AWS, half a minute elsewhere."""
OTHER_GRACE_H = 30 / 3600
STARTS = 30
COLUMNS = (
    Column("plan", "Plan"),
    Column("provider", "Provider", wide_only=True),
    Column("region", "Region", wide_only=True),
    Column("instance_type", "Instance type", wide_only=True),
    Column("nodes", "Machines", "count", wide_only=True),
    Column("hazard_per_hour", "Per hour", "number", "interruption_rate"),
    Column("checkpoint_h", "Checkpoint h", "number"),
    Column("billed_h", "Billed h", "number", "billed_hours"),
    Column("interruptions", "Interruptions", "number"),
    Column("makespan_h", "Ends after h", "number"),
    Column("cost", "Cost", "money", "job_cost"),
    Column("cost_p50", "p50", "money", "job_cost", wide_only=True),
    Column("cost_p95", "p95", "money", "job_cost"),
    Column("makespan_p95_h", "Ends p95 h", "number", wide_only=True),
    Column("late", "Late", "ratio", "late_probability"),
    Column("saving", "Saves", "ratio", "job_saving"),
    Column("bears_per_hour", "Bears per hour", "number", "interruption_rate", wide_only=True),
    Column("currency", "Currency", wide_only=True),
    Column("hourly_price", "An hour", "unit_price", "price", wide_only=True),
    Column("price_as_of", "Price as of", "date", wide_only=True),
    Column("price_source", "Source", wide_only=True),
)


def spot(
    overrides: Overrides,
    *,
    instance_type: str,
    asked: Asked,
    talk: Talk,
    provider: str | None = None,
    region: str | None = None,
    hazard: str = "advisor",
    trace: Path | None = None,
    sweep: bool = False,
    assume: Mapping[str, Decimal] | None = None,
) -> Result:
    """The job on demand, on spot, on commitments and, along a trace to a deadline, by two policies that mix them."""
    from finops.steps.pricing.book import price_book

    settings = load_settings(overrides)
    talk.stage("Price the job")
    book = price_book(settings)
    market, chosen = _market(book, settings, instance_type, provider, region, assume or {})
    there = market.spot
    machine = (there.provider, there.region, there.instance_type)
    capacity = read_trace(trace) if trace else None
    believed = hazard_of(hazard, settings, machine, book.buckets(*machine, settings.as_of), capacity)
    grace = GRACE_H.get(there.provider, OTHER_GRACE_H) if asked.grace_h is None else asked.grace_h
    asked = replace(asked, job=replace(asked.job, grace_h=grace, saves_in_grace=asked.checkpoint == "notice"))
    if asked.checkpoint == "notice" and not asked.job.kept:
        raise UsageError(
            f"a checkpoint of {asked.job.write_h * 60:g} minutes does not fit into a notice of {grace * 60:g}",
            where="--checkpoint",
            hint="`--checkpoint best`, or a faster write",
        )
    talk.stage("Simulate the job")
    rows = [_on_demand(market, asked), _on_spot(market, asked, believed)]
    rows += [_committed(market, asked, option) for option in market.committed]
    rows += _policies(market, asked, capacity)
    swept = [Hazard(rate, "given", "swept") for rate in SWEEP] if sweep else []
    hazards = [None, believed, *[None] * (len(rows) - 2), *swept]
    rows += [_on_spot(market, asked, each, SWEPT) for each in swept]

    files = price_files(settings)

    def made(place: int) -> Sequence[Figure]:
        each = hazards[place]
        job = asked.job if each is None else planned(asked, each.per_hour)
        return spot_figures(rows[place], market, Plan(asked, job, each, str(trace) if trace else None), files())

    return Result(
        COLUMNS,
        rows,
        meta={
            "currency": there.currency,
            "metric": "job_cost",
            "as_of": settings.as_of,
            "prices_as_of": min(market.on_demand.as_of, there.as_of),
            "provider": there.provider,
            "region": there.region,
            "instance_type": there.instance_type,
            "hazard": believed.ground,
            "hazard_words": believed.words,
            "hazard_per_hour": round(believed.per_hour, 9),
            "hazard_deviation": None if believed.spread is None else round(believed.spread, 9),
            "work_h": round(asked.job.work_h, 6),
            "deadline_h": asked.deadline_h,
            "paths": asked.paths,
            "seed": asked.seed,
        },
        notes=spot_notes(rows, market, asked, believed, capacity, chosen, settings.as_of),
        made=made,
    )


def _market(
    book: PriceBook, settings: Settings, kind: str, provider: str | None, region: str | None, assume: Mapping[str, Decimal]
) -> tuple[Market, bool]:
    """The prices where the job would run, and whether the region was chosen here: where spot is cheapest."""
    from finops.prices.names import canonical_provider

    cloud = (canonical_provider(provider) or provider) if provider else None
    offers = book.offers(cloud, region, kind, None, settings.as_of)
    by_place: dict[tuple[str, str], dict[str, Offer]] = {}
    for offer in offers:
        by_place.setdefault((offer.provider, offer.region), {})[offer.purchase_option] = offer
    both = {place: found for place, found in by_place.items() if "spot" in found and "on_demand" in found}
    if not both:
        raise _nothing(book, settings, kind, cloud, region)
    place = min(both, key=lambda one: (both[one]["spot"].price, one))
    found = both[place]
    full = found["on_demand"]
    for option in assume:
        if option not in PURCHASE_OPTIONS or option in ("spot", "on_demand"):
            raise UsageError(f"`{option}` is not a way to commit", where="--assume", hint="such as reserved_1y=37%")
    committed: dict[str, tuple[Decimal, Offer | None]] = {}
    for option in PURCHASE_OPTIONS:
        if option in ("spot", "on_demand"):
            continue
        if option in found:
            committed[option] = (found[option].price, found[option])
        elif option in assume:
            committed[option] = (EXACT.multiply(full.price, 1 - assume[option]), None)
    return Market(full, found["spot"], committed), region is None and len(both) > 1


def _nothing(book: PriceBook, settings: Settings, kind: str, cloud: str | None, region: str | None) -> DataError:
    clouds = [cloud] if cloud else sorted({name for name, _ in book.places()})
    known = [name for name in clouds if book.unknown_name(name, None, kind) is None]
    if not known:
        said = [book.unknown_name(name, None, kind) or "" for name in clouds]
        close = next((text.rpartition(": ")[2] for text in said if "did you mean" in text), "`finops prices list` shows them")
        return DataError(f"no price is known of an instance type `{kind}`", where="the price facts", hint=close)
    wrong = book.unknown_name(known[0], region, kind)
    absent = wrong or (book.absence(known[0], region, kind, "spot", settings.as_of) if region else None)
    reason = absent if isinstance(absent, str) else absent.reason if absent else f"no region of {known[0]} has both prices"
    return DataError(
        f"spot and on-demand of `{kind}` can't be compared: {reason}",
        where="the price facts",
        hint=f"`finops prices list --instance-type {kind}` shows what is known",
    )


def _row(market: Market, plan: str, asked: Asked, offer: Offer | None, price: Decimal | None) -> Row:
    return {column.key: None for column in COLUMNS} | {
        "plan": plan, "provider": market.spot.provider, "region": market.spot.region,
        "instance_type": market.spot.instance_type, "nodes": asked.job.nodes, "currency": market.spot.currency,
        "hourly_price": price, "price_as_of": offer.as_of if offer else None,
        "price_source": offer.source if offer else None if price is None else "assumed",
    }  # fmt: skip


def _on_demand(market: Market, asked: Asked) -> Row:
    cost = money(market.on_demand.price, asked.job.work_h, asked.job.nodes)
    row = _row(market, "on demand", asked, market.on_demand, market.on_demand.price)
    return row | _steady(asked, cost) | {"saving": Decimal(0)}


def _committed(market: Market, asked: Asked, option: str) -> Row:
    """Hours of a commitment that are used otherwise too, at its price."""
    from finops.core.spot.job import break_even

    price, offer = market.committed[option]
    row = _row(market, option, asked, offer, price) | _steady(asked, money(price, asked.job.work_h, asked.job.nodes))
    bears = break_even(asked.job, float(market.spot.price), float(price), best=asked.checkpoint == "best")
    return row | {"saving": saved(market, asked, row["cost"]), "bears_per_hour": bears}


def _steady(asked: Asked, cost: Decimal) -> Row:
    hours = asked.job.work_h
    late = None if asked.deadline_h is None else Decimal(hours > asked.deadline_h)
    known = {"cost": cost, "cost_p50": cost, "cost_p95": cost, "late": late}
    return known | {"billed_h": hours_of(hours), "makespan_h": hours_of(hours), "makespan_p95_h": hours_of(hours)}


def planned(asked: Asked, per_hour: float) -> Job:
    """The job with its checkpoints set as asked, at this rate."""
    if asked.checkpoint == "best":
        return checkpointed(asked.job, per_hour)
    return replace(asked.job, segment_h=asked.checkpoint if isinstance(asked.checkpoint, float) else None)


def _on_spot(market: Market, asked: Asked, hazard: Hazard, plan: str = "spot") -> Row:
    import numpy as np

    from finops.core.spot.job import break_even
    from finops.core.spot.paths import simulated

    job = planned(asked, hazard.per_hour)
    price, nodes = market.spot.price, job.nodes
    found = expected(job, hazard.per_hour)
    row = _row(market, plan, asked, market.spot, price) | {
        "hazard_per_hour": round(hazard.per_hour, 9),
        "checkpoint_h": None if job.segment_h is None else hours_of(job.segment_h),
        "bears_per_hour": break_even(job, float(price), float(market.on_demand.price), best=asked.checkpoint == "best"),
    }
    rates: Any = hazard.per_hour
    if hazard.shape is not None and hazard.hours:
        rates = np.random.default_rng(asked.seed).gamma(hazard.shape, 1 / hazard.hours, asked.paths)
    paths = simulated(job, rates, asked.paths, asked.seed)
    if found.endless or paths is None:
        return row | {"late": None if asked.deadline_h is None else Decimal(1)}
    cost = money(price, found.billed_h, nodes)
    return row | {
        "billed_h": hours_of(found.billed_h), "interruptions": hours_of(found.interruptions),
        "makespan_h": hours_of(found.makespan_h), "cost": cost, "saving": saved(market, asked, cost),
        "cost_p50": money(price, paths.quantile(paths.billed_h, 0.5), nodes),
        "cost_p95": money(price, paths.quantile(paths.billed_h, 0.95), nodes),
        "makespan_p95_h": hours_of(paths.quantile(paths.makespan_h, 0.95)),
        "late": None if asked.deadline_h is None else paths.late(asked.deadline_h),
    }  # fmt: skip


def _policies(market: Market, asked: Asked, capacity: Trace | None) -> list[Row]:
    """Greedy and uniform progress from evenly spread starts of the trace; without a trace or a deadline there are none."""
    from finops.core.spot.policies import POLICIES, Task, replayed, starts
    from finops.core.spot.trace import STEP_H

    if capacity is None or asked.deadline_h is None:
        return []
    task = Task(asked.job.work_h, asked.deadline_h, asked.job.restart_h)
    there, nodes = capacity.available(asked.job.nodes), asked.job.nodes
    prices = float(market.spot.price), float(market.on_demand.price)
    rows = []
    for policy in POLICIES:
        ran = [replayed(policy, task, there, STEP_H, start) for start in starts(len(there), STARTS)]
        costs = sorted(one.cost(*prices) * nodes for one in ran)
        cost = rounded(exact(sum(costs) / len(costs)))
        rows.append(
            _row(market, policy.replace("_", " "), asked, None, None)
            | {
                "billed_h": hours_of(sum(one.spot_h + one.on_demand_h for one in ran) / len(ran)),
                "interruptions": hours_of(sum(one.changes - 1 for one in ran) / len(ran)),
                "makespan_h": hours_of(sum(one.end_h for one in ran) / len(ran)),
                "cost": cost,
                "saving": saved(market, asked, cost),
                "cost_p50": rounded(exact(costs[(len(costs) - 1) // 2])),
                "cost_p95": rounded(exact(costs[-(-len(costs) * 19 // 20) - 1])),
                "late": sum(one.late for one in ran) / len(ran),
            }
        )
    return rows


def money(price: Decimal, hours: float, nodes: int) -> Decimal:
    """Billed hours of so many machines at a price."""
    return rounded(EXACT.multiply(EXACT.multiply(price, exact(hours)), Decimal(nodes)))


def saved(market: Market, asked: Asked, cost: Decimal) -> Decimal:
    """The share that a plan saves against on-demand; negative where it is dearer."""
    return round(1 - EXACT.divide(cost, money(market.on_demand.price, asked.job.work_h, asked.job.nodes)), 6)


def hours_of(value: float) -> Decimal | None:
    """Hours to the millionth, for tables and machines alike."""
    return exact(value).quantize(_HOURS) if isfinite(value) else None
