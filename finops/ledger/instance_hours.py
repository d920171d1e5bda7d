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
    return reader.read("commitments_hours", first=first, end=end, by_line=False)


def instance_hour_lines(reader: Reader, first: date, end: date) -> Rows:
    """The same, a row per charge with its file and row."""
    for macro in CHARGE_MACROS:
        reader.query(macro)
    files = {
        row["batch_id"]: row["path"]
        for row in reader.query("SELECT b.batch_id, d.path FROM batch b JOIN delivery d ON d.delivery_id = b.delivery_id")
    }
    rows = reader.read("commitments_hours", first=first, end=end, by_line=True)
    return [{**row, "file": files.get(row["batch_id"]), "line": row["part_row"]} for row in rows]


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
