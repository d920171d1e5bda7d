"""Which days a build has to make anew, given the days that new or withdrawn rows touch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from finops.ledger.engine.database import Database

TRACE_REACH_DAYS = 2
"""A span is resolved with spans that start at most so many days before it."""


@dataclass(frozen=True)
class Dirty:
    """`call_days` are rebuilt from the spans of `window_days`; `charge_days` are whole months,
    because rules may widen to the month."""

    charge_days: frozenset[date]
    call_days: frozenset[date]
    window_days: frozenset[date]

    def __bool__(self) -> bool:
        return bool(self.charge_days or self.call_days)


def dirty_slices(touched: Mapping[str, Iterable[date]]) -> Dirty:
    """The closure of the touched days (contract name to days)."""
    call_days = _around(touched.get("call", ()), TRACE_REACH_DAYS)
    months = {(day.year, day.month) for day in (*touched.get("charge", ()), *touched.get("meter", ()), *call_days)}
    return Dirty(frozenset(_days(months)), call_days, _around(call_days, TRACE_REACH_DAYS))


def touched_by_everything(database: Database) -> dict[str, list[date]]:
    """Every day that has a row of a sliced contract."""
    times = {"charge": '"ChargePeriodStart"', "call": "start_time", "meter": "hour"}
    return {
        name: [row["day"] for row in database.query(f"SELECT DISTINCT CAST({column} AS DATE) AS day FROM {name} ORDER BY day")]
        for name, column in times.items()
    }


def write_dirty(database: Database, dirty: Dirty) -> None:
    """The slices as TEMP tables that models and checks read."""
    for table, column, days in (
        ("dirty_charge_day", "charge_day", dirty.charge_days),
        ("dirty_call_day", "call_day", dirty.call_days),
        ("window_call_day", "call_day", dirty.window_days),
    ):
        database.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({column} DATE)")
        if days:
            values = ", ".join(f"(DATE '{day}')" for day in sorted(days))
            database.execute(f"INSERT INTO {table} VALUES {values}")


def _around(days: Iterable[date], reach: int) -> frozenset[date]:
    found = set()
    for day in days:
        for distance in range(-reach, reach + 1):
            try:
                found.add(day + timedelta(days=distance))
            except OverflowError:
                continue
    return frozenset(found)


def _days(months: Iterable[tuple[int, int]]) -> Iterable[date]:
    for year, month in months:
        day = date(year, month, 1)
        while day.month == month:
            yield day
            if day == date.max:
                break
            day += timedelta(days=1)
