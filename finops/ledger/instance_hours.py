"""Reads hours of instances from the charges themselves: pools know the hour only where something is metered."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from finops.ledger.engine.charge_macros import CHARGE_MACROS
from finops.ledger.store import Reader

Rows = list[dict[str, Any]]


def instance_hours(reader: Reader, first: date, end: date) -> Rows:
    """Hours and cost of instances and of unused commitments whose charges reach into the days, by place, option and time."""
    for macro in CHARGE_MACROS:
        reader.query(macro)
    return reader.read("commitments_hours", first=first, end=end)


def billed_spans(reader: Reader, first: date, end: date) -> dict[str | None, tuple[datetime, datetime]]:
    """The hours of the days for which each provider has billed."""
    start, stop = (datetime.combine(day, time()) for day in (first, end))
    return {
        row["provider"]: (max(row["first_hour"], start), min(row["end_hour"], stop)) for row in reader.read("commitments_reach")
    }


def spot_spells(reader: Reader, end: date) -> Rows:
    """When each machine was billed as spot, up to the day `end`."""
    for macro in CHARGE_MACROS:
        reader.query(macro)
    return reader.read("spot_spells", end=end)
