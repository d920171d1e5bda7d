"""The rows and columns of `finops place`: each place with what it costs and what that rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from finops.core.placing.carbon import Carbon
from finops.core.placing.placement import Assumptions, Placement
from finops.core.result import Column

COLUMNS = (
    Column("provider", "Provider"),
    Column("region", "Region"),
    Column("instance_type", "Instance type"),
    Column("count", "Count", "count", wide_only=True),
    Column("purchase_option", "Bought as"),
    Column("model", "Model", wide_only=True),
    Column("feasible", "Feasible", "bool", wide_only=True),
    Column("reason", "Reason", wide_only=True),
    Column("unit_cost", "Per unit", "unit_price", metric="unit_cost"),
    Column("unit", "Unit", wide_only=True),
    Column("currency", "Currency", wide_only=True),
    Column("monthly_cost", "Month", "money", metric="monthly_cost"),
    Column("carbon_g_per_unit", "g CO2e", "number", metric="carbon", wide_only=True),
    Column("p95_ms", "p95 ms", "number", wide_only=True),
    Column("load", "Concurrent", "count", wide_only=True),
    Column("hourly_price", "An hour", "money", metric="price", wide_only=True),
    Column("overhead", "Billed hours per useful hour", "number", wide_only=True),
    Column("tolerable_interruptions_per_day", "Interruptions a day it bears", "number", wide_only=True),
    Column("front", "Front", "bool"),
    Column("today", "Today", "bool"),
    Column("transfer_monthly", "Moved, a month", "money", metric="transfer_cost", wide_only=True),
    Column("transfer_once", "Moved, once", "money", metric="transfer_cost", wide_only=True),
    Column("total_monthly", "Month in all", "money", metric="transfer_cost", wide_only=True),
    Column("interruptions_per_month", "Interruptions a month", "number", "interruption_rate", wide_only=True),
    Column("years", "Years bound", "count", wide_only=True),
    Column("price_status", "Price is", wide_only=True),
    Column("price_as_of", "Price as of", "date", wide_only=True),
    Column("price_age_days", "Age in days", "count", wide_only=True),
    Column("price_source", "Source", wide_only=True),
)
_SHOWN_MOVED = {"monthly_cost": True, "total_monthly": False}
"""With traffic the month in all stands in the place of the work's alone."""
_SHOWN_AGE = {"price_as_of": False}
"""Where some prices are old and some are not, the table says which."""
_SHOWN_CARBON = {"carbon_g_per_unit": False}
"""Only where the company tells what places emit."""
_SHOWN_STATUS = {"price_status": False, "front": True, "today": True}
"""Where there are places without a price, the table says whether it is not offered or not known."""


def columns(rows: Sequence[Placement], moved: bool, at: date, carbon: Carbon | None = None) -> list[Column]:
    """The columns, with those in the narrow table that matter for these rows."""
    old = {row.offer.is_stale(at) for row in rows if row.offer}
    shown = (_SHOWN_MOVED if moved else {}) | (_SHOWN_AGE if len(old) == 2 else {})
    shown |= _SHOWN_CARBON if carbon is not None else {}
    shown |= _SHOWN_STATUS if any(row.absence for row in rows) else {}
    own = [column for column in COLUMNS if carbon is not None or column.key not in _SHOWN_CARBON]
    return [replace(column, wide_only=shown.get(column.key, column.wide_only)) for column in own]


def place_row(row: Placement, is_today: bool, at: date, given: Assumptions, carbon: Carbon | None = None) -> dict[str, Any]:
    """One place as a row of the answer; what is not known of it is null."""
    offer = row.offer
    bears = row.tolerable_per_day(given)
    return {
        "provider": row.provider, "region": row.region, "instance_type": row.instance_type, "count": row.count,
        "purchase_option": row.purchase_option, "model": row.model, "feasible": row.feasible, "reason": row.reason,
        "unit_cost": row.unit_cost, "unit": row.unit, "currency": offer.currency if offer else None,
        "monthly_cost": row.monthly_cost, "p95_ms": row.p95_ms, "load": row.load,
        "hourly_price": offer.price * row.count if offer else None,
        "overhead": Decimal(str(round(row.overhead, 6))) if offer else None,
        "tolerable_interruptions_per_day": None if bears is None else round(bears, 3),
        **({} if carbon is None else {"carbon_g_per_unit": carbon.per_unit(row)}),
        "front": row.front, "transfer_monthly": row.moved.monthly if row.moved else None,
        "transfer_once": row.moved.once if row.moved else None, "total_monthly": row.total_cost,
        "interruptions_per_month": round(row.hazard_per_h * 730, 6) if offer else None, "years": row.years if offer else None,
        "today": is_today, "price_status": row.price_status(at), "price_as_of": offer.as_of if offer else None,
        "price_age_days": offer.age_days(at) if offer else None, "price_source": offer.origin if offer else None,
    }  # fmt: skip
