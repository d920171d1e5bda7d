"""What was benchmarked, and what a unit of it cost on the machines that it was measured on."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.config import Overrides, load_settings
from finops.core.numbers import plain_decimal
from finops.core.offer import STALE_AFTER_DAYS, Offer
from finops.core.placement import Assumptions, Measurement, placed
from finops.core.result import Column, Result
from finops.core.unit_cost import hours_per_unit, per_month, rounded
from finops.steps.measurements import MILLION, PER_MILLION_OUTPUT, benchmark_rows, measurements
from finops.steps.placement_notes import unknown_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops.config import Settings
    from finops.core.talk import Talk
    from finops.prices.book import PriceBook

LIST_COLUMNS = (
    Column("workload", "Workload"),
    Column("tool", "Tool", wide_only=True),
    Column("model", "Model", wide_only=True),
    Column("revision", "Revision", wide_only=True),
    Column("provider", "Provider", wide_only=True),
    Column("region", "Region", wide_only=True),
    Column("instance_type", "Instance type"),
    Column("hardware", "Hardware", wide_only=True),
    Column("count", "Count", "count", wide_only=True),
    Column("repeat", "Repeat", "count", wide_only=True),
    Column("time", "Time", "time", wide_only=True),
    Column("max_concurrency", "Concurrent", "count"),
    Column("duration_s", "Seconds", "number"),
    Column("units", "Units", "number", wide_only=True),
    Column("output_tokens", "Output tokens", "number", wide_only=True),
    Column("output_tokens_per_s", "Tokens a second", "number"),
    Column("e2e_p95_ms", "p95 ms", "number", wide_only=True),
    Column("completed", "Completed", "count", wide_only=True),
    Column("failed", "Failed", "count", wide_only=True),
)
HOUR_COLUMNS = (
    Column("hours_per_unit", "Hours a unit", "number", "work_hours"),
    Column("gpu_hours_per_unit", "GPU-hours a unit", "number", "work_hours"),
    Column("gpu_hours_per_day", "GPU-hours a day", "number", "work_hours"),
    Column("gpu_hours_per_month", "Hours a month", "number", "work_hours"),
    Column("cost_per_day", "Day", "money", "work_cost"),
    Column("cost_per_month", "Month", "money", "work_cost"),
)
"""With `--units-per-day`; the hours of a unit are always known."""
COST_COLUMNS = (
    Column("workload", "Workload"),
    Column("model", "Model", wide_only=True),
    Column("provider", "Provider", wide_only=True),
    Column("region", "Region"),
    Column("instance_type", "Instance type"),
    Column("count", "Count", "count", wide_only=True),
    Column("load", "Concurrent", "count", wide_only=True),
    Column("repeats", "Repeats", "count", wide_only=True),
    Column("purchase_option", "Bought as"),
    Column("per_1m_output_tokens", "1M output tokens", "money", metric="unit_cost"),
    Column("unit_cost", "Per unit", "unit_price", metric="unit_cost"),
    Column("unit", "Unit", wide_only=True),
    Column("currency", "Currency", wide_only=True),
    Column("hourly_price", "An hour", "money", metric="price", wide_only=True),
    Column("p95_ms", "p95 ms", "number", wide_only=True),
    Column("price_as_of", "Price as of", "date", wide_only=True),
    Column("reason", "Reason", wide_only=True),
)


def bench_list(overrides: Overrides, *, workload: str | None = None, talk: Talk) -> Result:
    """The benchmark runs in the ledger."""
    settings = load_settings(overrides)
    talk.stage("Read benchmarks")
    rows = benchmark_rows(settings, workload)
    keys = [column.key for column in LIST_COLUMNS]
    return Result(LIST_COLUMNS, [{key: row[key] for key in keys} for row in rows], meta={"as_of": settings.as_of})


def bench_cost(overrides: Overrides, *, workload: str | None = None, units_per_day: Decimal | None = None, talk: Talk) -> Result:
    """What a million output tokens and a unit of work cost where they were measured, on demand and on spot; with
    `units_per_day` also the hours and the cost of so much work a day and a month."""
    from finops.prices.book import PriceBook

    settings = load_settings(overrides)
    talk.stage("Price benchmarks")
    book = PriceBook.load(settings.prices)
    results = benchmark_rows(settings, workload)
    measured = measurements(results, book)
    rows = [{**row, **_work(m, row["unit_cost"], units_per_day)} for m in measured for row in _costs(m, book, settings)]
    unpriced = sum(row["unit_cost"] is None for row in rows)
    notes = ["Machines are taken as busy all the time; at half the load a unit costs twice as much."]
    if unpriced:
        notes.append(f"{unpriced} benchmarks have no known price; the column `reason` says why.")
    if units_per_day is not None:
        notes.append(
            f"{plain_decimal(units_per_day)} units a day; a month is 730 hours, 30.4 days. Spot's cost has the work that "
            "is redone, its hours have not."
        )
    left_out = len(results) - sum(m.repeats for m in measured)
    if left_out:
        notes.append(f"{left_out} results are left out: no time and no rate, or another unit of work than their repeats.")
    old = [
        row["price_as_of"] for row in rows if row["price_as_of"] and (settings.as_of - row["price_as_of"]).days > STALE_AFTER_DAYS
    ]
    if old:
        notes.append(f"{len(old)} prices are older than {STALE_AFTER_DAYS} days; the oldest is of {min(old)}.")
    notes += unknown_names(measured, book)
    dates = [row["price_as_of"] for row in rows if row["price_as_of"]]
    meta = {"as_of": settings.as_of, "prices_as_of": min(dates, default=None), "metric": "unit_cost"}
    if units_per_day is not None:
        meta["units_per_day"] = units_per_day
    return Result(_cost_columns(units_per_day is not None), rows, meta=meta, notes=notes)


def _cost_columns(of_a_day: bool) -> tuple[Column, ...]:
    """Of a day's work the table shows hours and cost, else the cost of tokens; machines are given all."""
    shown = {"gpu_hours_per_day", "gpu_hours_per_month", "cost_per_month"} if of_a_day else set()
    hours = tuple(replace(column, wide_only=column.key not in shown) for column in HOUR_COLUMNS)
    own = tuple(replace(c, wide_only=c.wide_only or (of_a_day and c.key in ("per_1m_output_tokens",))) for c in COST_COLUMNS)
    return own[:-1] + hours + own[-1:]


def _work(m: Measurement, cost: Decimal | None, units_per_day: Decimal | None) -> dict[str, Any]:
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


def _costs(m: Measurement, book: PriceBook, settings: Settings) -> Iterator[dict[str, Any]]:
    if not (m.provider and m.region and m.instance_type):
        yield _row(m, None, None, None, "the benchmark names no provider, region and instance type: add a hardware sidecar")
        return
    offers = book.offers(m.provider, m.region, m.instance_type, None, settings.as_of)
    full = next((offer for offer in offers if offer.purchase_option == "on_demand"), None)
    if full is None:
        absence = book.absence(m.provider, m.region, m.instance_type, "on_demand", settings.as_of)
        yield _row(m, "on_demand", None, None, absence.reason if absence else None)
    for offer in offers:
        bucket = book.buckets(m.provider, m.region, m.instance_type, settings.as_of)
        there = placed(m, offer, None, Assumptions(), bucket, full)
        yield _row(m, offer.purchase_option, offer, there.unit_cost, there.reason)


def _row(m: Measurement, option: str | None, offer: Offer | None, cost: Any, reason: str | None) -> dict[str, Any]:
    tokens = None
    if cost is not None and m.unit == PER_MILLION_OUTPUT:
        tokens = cost
    elif cost is not None and m.output_tokens:
        tokens = rounded(cost * m.units / m.output_tokens * MILLION)
    return {
        "workload": m.workload, "model": m.model, "provider": m.provider, "region": m.region,
        "instance_type": m.instance_type, "count": m.count, "load": m.load, "repeats": m.repeats,
        "purchase_option": option, "per_1m_output_tokens": tokens, "unit_cost": cost, "unit": m.unit,
        "currency": offer.currency if offer else None, "hourly_price": offer.price * m.count if offer else None,
        "p95_ms": m.p95_ms, "price_as_of": offer.as_of if offer else None, "reason": reason,
    }  # fmt: skip
