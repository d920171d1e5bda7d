"""How each figure of `finops place` is made: facts of prices, rows of the benchmark, rates of moved data, what was told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from finops.core.explaining.figures import Figure, Part
from finops.core.placing.carbon import Carbon
from finops.core.placing.placement import Assumptions, Placement
from finops.core.placing.tiered import parts_of
from finops.steps.placing.placement_limits import Limits, Rates
from finops.steps.placing.work_figures import hourly, largest, machines, measured, redone, told, unit_cost

if TYPE_CHECKING:
    from finops.prices.lineage import PriceFiles


@dataclass(frozen=True)
class Asked:
    """What a placement was asked for: its assumptions, its limits, where the data lives (provider, region), the table of carbon
    and the business date."""

    given: Assumptions
    limits: Limits
    home: tuple[str, str] | None
    carbon: Carbon | None
    at: date


def place_figures(row: Placement, asked: Asked, prices: PriceFiles, rates: Rates | None) -> Sequence[Figure]:
    """Every figure of a place."""
    offer, m, given = row.offer, row.measurement, asked.given
    if offer is None or m is None:
        return ()
    count = machines(m)
    stretch, interrupted = redone(row, given, prices)
    monthly = Figure("monthly_cost", "hourly_price * 730", ())
    if given.units_per_month is not None:
        units = told("units_per_month", given.units_per_month, "--units-per-month", "units of work of a month")
        monthly = Figure("monthly_cost", "unit_cost * units_per_month", (units,))
    rate = tuple(part for part in interrupted if part.name == "rate")
    found = [
        hourly(offer, count, prices),
        Figure("stretch", stretch, interrupted),
        unit_cost(m, given),
        monthly,
        Figure("overhead", "stretch", places=6),
        Figure("interruptions_per_month", "rate * 730" if rate else "0", rate, places=6),
        Figure("count", "count", (count,)),
        Figure("years", None, (), "the years in the name of the purchase option"),
        Figure("price_age_days", None, prices.behind(offer)[1], f"days from the oldest of these facts to {asked.at}"),
    ]
    if row.load is not None:
        first = m.rows[0]
        found.append(Figure("load", "load", (Part("load", row.load, "concurrent requests", first["file"], first["line"]),)))
    if row.p95_ms is not None:
        found.append(_latency(row, asked))
    if row.on_demand_price is not None:
        bears = "the rate at which billed hours x price on spot come to the price on demand, found by halving"
        found.append(Figure("tolerable_interruptions_per_day", None, (*prices.behind(offer)[1], *interrupted), bears))
    if asked.carbon is not None and offer is not None:
        found += _emitted(row, asked.carbon, prices)
    return [*found, *(_traffic(row, asked, prices, rates) if rates is not None and row.moved is not None else ())]


def _latency(row: Placement, asked: Asked) -> Figure:
    assert row.measurement is not None
    formula, parts = largest("p95", measured(row.measurement, "e2e_p95_ms", "p95", "95th percentile of a run, ms"))
    reach = asked.limits.reach(row.region or "")
    if reach:
        away = told("round_trip", reach, "--round-trip", f"ms to users from {row.region}")
        return Figure("p95_ms", f"{formula} + round_trip", (*parts, away))
    return Figure("p95_ms", formula, parts)


def _emitted(row: Placement, carbon: Carbon, prices: PriceFiles) -> Iterator[Figure]:
    """Grams of a unit: those of the machine's hour, over what an hour costs, times what the unit does."""
    assert row.offer is not None
    facts = carbon.facts(row.region, row.instance_type)
    formula = "stated" if "stated" in facts else "grid * draws / 1000000"
    parts = tuple(
        Part(
            name, fact.value, f"{fact.unit} of {fact.region or fact.instance_type}", carbon.file, fact.line, fact.day, fact.source
        )
        for name, fact in facts.items()
    )
    price, told_by = prices.behind(row.offer)
    if parts:
        yield Figure("carbon_g_per_unit", f"{formula} * 1000 * unit_cost / ({price})", (*parts, *told_by))


def _traffic(row: Placement, asked: Asked, prices: PriceFiles, rates: Rates) -> Iterator[Figure]:
    """What is moved and kept, each quantity by the tiers that it falls into."""
    traffic, there = asked.given.traffic, (row.provider, row.region or "")
    assert asked.home is not None
    kept = [("--egress-gb", traffic.internet_gb, there, "egress_internet")]
    kept += [("--disk-gb", traffic.disk_gb * row.count, there, "storage_block")]
    once = []
    if asked.home != there:
        leaving = rates.leaving(asked.home, there)
        kept += [("--sync-gb", traffic.sync_gb, asked.home, leaving), ("--store-gb", traffic.stored_gb, there, "storage_object")]
        once = [("--move-gb", traffic.once_gb, asked.home, leaving)]
    for name, moves in (("transfer_monthly", kept), ("transfer_once", once)):
        parts: list[Part] = []
        terms: list[str] = []
        for option, gb, place, kind in moves:
            found = rates.tiers(place, kind) if gb else None
            for tier, within in parts_of(gb, found.tiers) if found is not None else ():
                number = len(terms) + 1
                fact = prices.tier(found.provider, found.region, found.sku, found.as_of, found.source, tier) if found else None
                said = f"{kind} of {place[0]} {place[1]}, a GB above {tier.above:f}"
                where = (fact.file, fact.line, fact.as_of, fact.source) if fact else ()
                parts += [told(f"gb_{number}", within, option, f"GB of {kind} in this tier")]
                parts += [Part(f"rate_{number}", tier.price, said, *where)]
                terms.append(f"gb_{number} * rate_{number}")
        yield Figure(name, " + ".join(terms) or "0", tuple(parts))
    months = told("months", traffic.months, "--months", "months over which the move is spread")
    units = told("units_per_month", asked.given.units_per_month, "--units-per-month", "units of work of a month")
    yield Figure("total_monthly", "unit_cost * units_per_month + transfer_monthly + transfer_once / months", (units, months))
