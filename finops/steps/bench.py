"""What was benchmarked, and what a unit of it cost on the machines that it was measured on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finops.config import Overrides, load_settings
from finops.core.offer import STALE_AFTER_DAYS, Offer
from finops.core.placement import Assumptions, Measurement, placed
from finops.core.result import Column, Result
from finops.core.unit_cost import rounded
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


def bench_cost(overrides: Overrides, *, workload: str | None = None, talk: Talk) -> Result:
    """What a million output tokens and a unit of work cost where they were measured, on demand and on spot."""
    from finops.prices.book import PriceBook

    settings = load_settings(overrides)
    talk.stage("Price benchmarks")
    book = PriceBook.load(settings.prices)
    results = benchmark_rows(settings, workload)
    measured = measurements(results, book)
    rows = [row for m in measured for row in _costs(m, book, settings)]
    unpriced = sum(row["unit_cost"] is None for row in rows)
    notes = ["Machines are taken as busy all the time; at half the load a unit costs twice as much."]
    if unpriced:
        notes.append(f"{unpriced} benchmarks have no known price; the column `reason` says why.")
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
    return Result(COST_COLUMNS, rows, meta=meta, notes=notes)


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
