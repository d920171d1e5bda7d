"""What a unit of benchmarked work costs on the machines that it was measured on, within limits and for a demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.config import Overrides, load_settings
from finops.core.periods import Period, chosen_period
from finops.core.placing.bench_cost import Limits, broken, counted_share, fleet, phases, spread
from finops.core.placing.offer import STALE_AFTER_DAYS, Offer, old_prices
from finops.core.placing.placement import Assumptions, Measurement, Placement, placed
from finops.core.placing.unit_cost import hours_per_unit, monthly_cost, per_month, rounded
from finops.core.result import Column, Result
from finops.steps.placing.bench_figures import api_figures, bench_figures, day_figures, sized_figures
from finops.steps.placing.bench_notes import bench_notes, of_a_day
from finops.steps.placing.demand import Demand, Load, asked_for, demand_of
from finops.steps.placing.measurements import MILLION, PER_MILLION_OUTPUT, benchmark_rows, measurements
from finops.steps.placing.placement_notes import unknown_names
from finops.steps.placing.self_host import against, api_price, compared
from finops.steps.pricing.book import price_files

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.core.explaining.figures import Figure
    from finops.core.talk import Talk
    from finops.prices.book import PriceBook

Row = dict[str, Any]
COLUMNS = (
    Column("workload", "Workload"),
    Column("model", "Model", wide_only=True),
    Column("provider", "Provider", wide_only=True),
    Column("region", "Region"),
    Column("instance_type", "Instance type"),
    Column("count", "Count", "count", wide_only=True),
    Column("load", "Concurrent", "count", wide_only=True),
    Column("repeats", "Repeats", "count", wide_only=True),
    Column("purchase_option", "Bought as"),
    Column("per_1m_output_tokens", "1M out", "money", metric="cost_per_1m_tokens_measured"),
    Column("per_1m_total_tokens", "1M all", "money", metric="cost_per_1m_tokens_measured"),
    Column("per_1m_prefill_tokens", "1M prefill", "money", metric="cost_per_1m_tokens_measured", wide_only=True),
    Column("per_1m_decode_tokens", "1M decode", "money", metric="cost_per_1m_tokens_measured", wide_only=True),
    Column("unit_cost", "Per unit", "unit_price", metric="unit_cost"),
    Column("spread", "±", "ratio", metric="unit_cost"),
    Column("unit", "Unit", wide_only=True),
    Column("currency", "Currency", wide_only=True),
    Column("hourly_price", "An hour", "money", metric="price", wide_only=True),
    Column("p95_ms", "p95 ms", "number", wide_only=True),
    Column("goodput_share", "Goodput", "ratio", wide_only=True),
    Column("machines", "Machines", "count", metric="machines", wide_only=True),
    Column("machines_by_mean", "By mean", "count", metric="machines", wide_only=True),
    Column("busy", "Busy", "ratio", metric="machines", wide_only=True),
    Column("monthly_cost", "Month", "money", metric="monthly_cost", wide_only=True),
    Column("api_per_1m_tokens", "API, 1M", "money", metric="self_host_from", wide_only=True),
    Column("cheaper_from_tokens", "Cheaper from", "number", metric="self_host_from", wide_only=True),
    Column("hours_per_unit", "Hours a unit", "number", "work_hours", wide_only=True),
    Column("gpu_hours_per_unit", "GPU-hours a unit", "number", "work_hours", wide_only=True),
    Column("gpu_hours_per_day", "GPU-hours a day", "number", "work_hours", wide_only=True),
    Column("gpu_hours_per_month", "Hours a month", "number", "work_hours", wide_only=True),
    Column("cost_per_day", "Day", "money", "work_cost", wide_only=True),
    Column("cost_per_month", "Month", "money", "work_cost", wide_only=True),
    Column("price_as_of", "Price as of", "date", wide_only=True),
    Column("reason", "Reason", wide_only=True),
)
_SIZED = ("machines", "monthly_cost")
_AGAINST = ("api_per_1m_tokens", "cheaper_from_tokens")
_OF_A_DAY = ("gpu_hours_per_day", "gpu_hours_per_month", "cost_per_month")
_UNSIZED = ("per_1m_output_tokens", "per_1m_total_tokens", "spread")


def bench_cost(
    overrides: Overrides,
    *,
    workload: str | None = None,
    limits: Limits | None = None,
    load: Load | None = None,
    units_per_day: Decimal | None = None,
    api: str | None = None,
    talk: Talk,
) -> Result:
    """What a million tokens and a unit of work cost where they were measured, at every known way to buy the machine; with
    `units_per_day` also the hours and the cost of so much work a day and a month; with `api`, a model, from how many tokens a
    month they cost less than it."""
    from finops.steps.pricing.book import price_book

    settings = load_settings(overrides)
    load, limits = load or Load(), limits or Limits()
    talk.stage("Price benchmarks")
    book = price_book(settings)
    results = benchmark_rows(settings, workload)
    measured = measurements(results, book)
    demands = _demands(settings, measured, load)
    price = api_price(settings, api) if api else None
    priced = [
        (
            row | _work(m, row["unit_cost"], units_per_day) | against(m, row, price, counted_share(m, limits), load.utilisation),
            m,
            offer,
            there,
        )
        for m in measured
        for row, offer, there in _costs(m, book, settings, limits, load, demands.get(m))
    ]
    rows = [row for row, *_ in priced]
    dates = [row["price_as_of"] for row in rows if row["price_as_of"]]
    left_out = len(results) - sum(m.repeats for m in measured)

    files = price_files(settings)

    def made(place: int) -> list[Figure]:
        row, m, offer, there = priced[place]
        share, demand = counted_share(m, limits), demands.get(m)
        given = Assumptions(utilisation=row["busy"] or load.utilisation)
        found = [*bench_figures(row, m, offer, there, given, share, files()), *day_figures(units_per_day)]
        found += sized_figures(row, m, demand, load.busy, share) if demand is not None else ()
        return [*found, *api_figures(m, price)]

    return Result(
        _shown(
            _SIZED if demands else (),
            (*(_OF_A_DAY if units_per_day is not None else ()), *(_AGAINST if price else ())),
            dated=len({(settings.as_of - day).days > STALE_AFTER_DAYS for day in dates}) > 1,
        ),
        rows,
        meta={
            "as_of": settings.as_of,
            "prices_as_of": min(dates, default=None),
            "metric": "unit_cost",
            "utilisation": None if demands else load.utilisation,
            "busy": load.busy if demands else None,
            "units_per_day": units_per_day,
            "against": price.model if price else None,
        },
        notes=[
            *of_a_day(units_per_day),
            *compared(rows, price),
            *bench_notes(rows, load, limits, list(demands.values()), left_out),
            *old_prices(dates, settings.as_of),
            *unknown_names(measured, book),
        ],
        made=made,
    )


def _shown(sized: Sequence[str], of_a_day: Sequence[str], *, dated: bool) -> list[Column]:
    """The columns: machines for a demand, or a day's work, in the place of tokens; of when prices are where some are old."""
    moved = dict.fromkeys((*sized, *of_a_day), False) | (dict.fromkeys(_UNSIZED, True) if sized or of_a_day else {})
    moved |= {"price_as_of": False} if dated else {}
    return [replace(column, wide_only=moved.get(column.key, column.wide_only)) for column in COLUMNS]


def _work(m: Measurement, cost: Decimal | None, units_per_day: Decimal | None) -> Row:
    """Hours of a unit, and of a day's and a month's work with what they cost."""
    hours = hours_per_unit(m.count, m.duration_s, m.units)
    gpus = m.spec.gpu_count if m.spec else None
    of_gpus = None if gpus is None else hours * gpus
    days = None if units_per_day is None or of_gpus is None else rounded(of_gpus * units_per_day)
    spent = None if units_per_day is None or cost is None else rounded(cost * units_per_day)
    return {
        "hours_per_unit": hours,
        "gpu_hours_per_unit": of_gpus,
        "gpu_hours_per_day": days,
        "gpu_hours_per_month": None if days is None else per_month(days),
        "cost_per_day": spent,
        "cost_per_month": None if spent is None else per_month(spent),
    }


def _demands(settings: Settings, measured: Sequence[Measurement], load: Load) -> dict[Measurement, Demand]:
    """The demand that each measurement is sized for; none where no period was asked for."""
    period = chosen_period(load.month, load.last, settings.as_of)
    if period is None:
        return {}
    known: dict[tuple[str, str | None], Demand] = {}

    def demand(m: Measurement, period: Period) -> Demand:
        key = (load.workflow or m.workload, m.model)
        if key not in known:
            known[key] = demand_of(settings, *key, period)
        return known[key]

    return {m: demand(m, period) for m in measured}


def _costs(
    m: Measurement, book: PriceBook, settings: Settings, limits: Limits, load: Load, demand: Demand | None
) -> Iterator[tuple[Row, Offer | None, Placement | None]]:
    if not (m.provider and m.region and m.instance_type):
        yield (
            _row(m, None, None, None, "the benchmark names no provider, region and instance type: add a hardware sidecar"),
            None,
            None,
        )
        return
    late = broken(m, limits)
    good = replace(m, units=m.units * counted_share(m, limits))
    offers = book.offers(m.provider, m.region, m.instance_type, None, settings.as_of)
    full = next((offer for offer in offers if offer.purchase_option == "on_demand"), None)
    if full is None:
        absence = book.absence(m.provider, m.region, m.instance_type, "on_demand", settings.as_of)
        yield _row(m, "on_demand", None, None, absence.reason if absence else None), None, None
    for offer in offers:
        if late:
            yield _row(m, offer.purchase_option, offer, None, late), offer, None
            continue
        bucket = book.buckets(m.provider, m.region, m.instance_type, settings.as_of)
        sized = _sized(m, offer, demand, load, counted_share(m, limits))
        utilisation = sized["busy"] if sized.get("busy") else load.utilisation
        there = placed(good, offer, None, Assumptions(utilisation=utilisation), bucket, full)
        yield _row(m, offer.purchase_option, offer, there.unit_cost, there.reason) | sized, offer, there


def _sized(m: Measurement, offer: Offer, demand: Demand | None, load: Load, share: Decimal) -> Row:
    asked = None if demand is None else asked_for(demand, m)
    if asked is None:
        return {}
    per_hour, rate, _ = asked
    found = fleet(per_hour, rate * share, m.count, load.busy)
    return {
        "machines": found.machines, "machines_by_mean": found.by_mean, "busy": found.busy,
        "monthly_cost": monthly_cost(offer.price, found.machines),
    }  # fmt: skip


def _row(m: Measurement, option: str | None, offer: Offer | None, cost: Decimal | None, reason: str | None) -> Row:
    split = None if cost is None else phases(m, cost)
    return dict.fromkeys(column.key for column in COLUMNS) | {
        "workload": m.workload, "model": m.model, "provider": m.provider, "region": m.region,
        "instance_type": m.instance_type, "count": m.count, "load": m.load, "repeats": m.repeats,
        "purchase_option": option, "unit_cost": cost, "unit": m.unit,
        "per_1m_output_tokens": cost if m.unit == PER_MILLION_OUTPUT else _per_million(m, cost, m.output_tokens),
        "per_1m_total_tokens": _per_million(m, cost, _added(m.input_tokens, m.output_tokens)),
        "per_1m_prefill_tokens": _per_million(m, split.prefill, m.input_tokens) if split else None,
        "per_1m_decode_tokens": _per_million(m, split.decode, m.output_tokens) if split else None,
        "spread": None if cost is None else spread(m.seconds_per_unit),
        "currency": offer.currency if offer else None, "hourly_price": offer.price * m.count if offer else None,
        "p95_ms": m.p95_ms, "goodput_share": m.goodput, "price_as_of": offer.as_of if offer else None, "reason": reason,
    }  # fmt: skip


def _per_million(m: Measurement, cost: Decimal | None, tokens: Decimal | None) -> Decimal | None:
    return None if cost is None or not tokens else rounded(cost * m.units / tokens * MILLION)


def _added(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other
