"""A replay's rows of machines of one's own: what self-hosted calls cost as they were, and all calls on what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.committing.commitments import EXACT
from finops.core.numbers import money_table, percent
from finops.core.periods import Period
from finops.core.placing.placement import Assumptions, Measurement, placed
from finops.core.placing.replay import Cell
from finops.core.placing.replay_hosted import HOUR_S, Hosted, hosted, pace
from finops.core.placing.unit_cost import exact, rounded
from finops.core.units.economics import UNITS
from finops.errors import DataError
from finops.steps.costs.unit_hosted import hosted_costs
from finops.steps.placing.measurements import benchmark_rows, measurements

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.ledger.store import Reader
    from finops.prices.book import PriceBook

Row = dict[str, Any]
BUSY = Decimal("0.7")
"""How much of the busiest hour a machine is to be at work, as in `finops bench cost`."""
EXPLAINED = Decimal("0.5")
"""Where calls take less than this share of the GPU time that was metered, they are not the work that the machines did."""
DAY_H = 24


def hosted_today(reader: Reader, workflow: str, period: Period, currency: str | None) -> dict[str, Row]:
    """By model: what a workflow's calls on own machines cost in the period, in use and with their share of idle time."""
    unit = UNITS["hosted_1m_tokens"]
    rows = hosted_costs(reader, unit, ("workflow", "model"), period.first, period.end, currency)
    own = [row for row in rows if row["workflow"] == workflow and row["model"]]
    return {row["model"]: row for row in own if sum(other["model"] == row["model"] for other in own) == 1}


def metered_hours(reader: Reader, workflow: str, period: Period) -> Decimal:
    """GPU hours that were metered for the workflow."""
    sql = """SELECT CAST(sum(gpu_seconds) AS DECIMAL(38, 6)) AS seconds FROM meter
             WHERE workflow = $workflow AND hour >= $first AND hour < $end"""
    (row,) = reader.query(sql, {"workflow": workflow, "first": period.first, "end": period.end})
    return EXACT.divide(row["seconds"] or Decimal(0), HOUR_S)


def measured_models(settings: Settings, book: PriceBook) -> list[Measurement]:
    """Every measurement that names its model, its machine and its tokens; none where the ledger holds no benchmark."""
    try:
        rows = benchmark_rows(settings)
    except DataError:
        return []
    found = measurements(rows, book)
    return [m for m in found if m.model and m.provider and m.region and m.instance_type and pace(m) is not None]


def of_model(measured: Sequence[Measurement], name: str) -> list[Measurement]:
    """Those of a model, by its whole name or by what stands after its maker's."""
    return [m for m in measured if name in (m.model, (m.model or "").rpartition("/")[2])]


def hosted_rows(
    cells: Sequence[Cell], measured: Sequence[Measurement], book: PriceBook, at: date, period: Period, today: Decimal | None
) -> Iterator[Row]:
    """The calls on each measured machine, however it can be bought where it was measured: sized for the busiest hour and always
    on for the period (`monthly_cost`), and for the time alone in which it is at work (`busy_cost`)."""
    hours = Decimal((period.end - period.first).days * DAY_H)
    for m in measured:
        found_pace = pace(m)
        assert found_pace is not None
        work = hosted(cells, found_pace)
        offers = book.offers(m.provider, m.region, m.instance_type, None, at)
        full = next((offer for offer in offers if offer.purchase_option == "on_demand"), None)
        for offer in offers:
            bucket = None
            if offer.purchase_option == "spot":
                bucket = book.buckets(str(m.provider), str(m.region), str(m.instance_type), at)
            there = placed(m, offer, None, Assumptions(keep="request"), bucket, full)
            each = offer.price * m.count * (exact(there.overhead) if there.feasible else 1)
            yield _row(m, work, offer.purchase_option, hours, each, today, there.reason) | {
                "currency": offer.currency,
                "price_as_of": offer.as_of,
            }


def _row(
    m: Measurement, work: Hosted, option: str, hours: Decimal, each: Decimal, today: Decimal | None, assumed: str | None
) -> Row:
    row: Row = {
        "provider": m.provider, "region": m.region, "instance_type": m.instance_type, "purchase_option": option,
        "model": m.model, "calls": round(work.calls), "unit": "call", "p95_ms": m.p95_ms, "today": False,
    }  # fmt: skip
    if work.unmeasured:
        return row | {"feasible": False, "reason": f"{work.unmeasured:,.0f} calls have sound or images, which were not measured"}
    replicas = work.replicas(BUSY)
    cost = rounded(EXACT.multiply(hours * replicas, each))
    return row | {
        "feasible": True, "reason": "; ".join(filter(None, (f"measured on {m.workload}", assumed))),
        "count": replicas * m.count, "monthly_cost": cost, "busy_cost": rounded(EXACT.multiply(work.seconds / HOUR_S, each)),
        "unit_cost": rounded(EXACT.divide(cost, work.calls)) if work.calls else None,
        "saving": None if today is None else today - cost,
    }  # fmt: skip


def explained(
    cells: Sequence[Cell], measured: Sequence[Measurement], models: Sequence[str], metered_h: Decimal
) -> Decimal | None:
    """The share of the metered GPU hours that the calls of these models take at the slowest pace measured of them; None where
    nothing is metered, or a model is not measured."""
    if not metered_h or not models:
        return None
    paces = [(pace(m), m) for name in models for m in of_model(measured, name)]
    if not paces:
        return None
    slowest = max(
        hosted(cells, at).seconds * m.count * (m.spec.gpu_count if m.spec and m.spec.gpu_count else 1) for at, m in paces if at
    )
    return EXACT.divide(slowest, HOUR_S * metered_h)


def hosted_notes(rows: Sequence[Mapping[str, Any]], today: Sequence[Mapping[str, Any]], share: Decimal | None) -> list[str]:
    """What the figures of own machines rest on."""
    notes = []
    if share is not None and share < EXPLAINED:
        notes.append(
            f"The calls take {percent(share)} of the GPU time that was metered for this workflow, at the pace that was measured: "
            "most of the work is in no call, so what it would cost elsewhere can't be told from calls; see `finops place`."
        )
    notes += [
        f"{row['model']} ran on own machines: {money_table(row['busy_cost'], row['currency'])} for the time in use and "
        f"{money_table(row['monthly_cost'], row['currency'])} with its share of idle time."
        for row in today
        if row.get("busy_cost") is not None
    ]
    if any(row["feasible"] for row in rows):
        notes.append(
            "Own machines take the pace of their benchmark for each call's tokens, run all the time, and are as many as keep the "
            f"busiest hour at {percent(BUSY)}; all input is read anew. `busy_cost` is the time at work alone."
        )
    return notes
