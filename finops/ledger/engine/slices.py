"""Which days a build has to make anew, given the days that new or withdrawn rows touch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from finops.ledger.engine.database import Database

CHUNK_SPANS, CHUNK_DAYS = 250_000, 5
"""Traces are resolved in runs of days with about so many spans; a run has at least so many days, because runs overlap."""

CHUNK_LINES = 4_000_000
"""Billing lines are allocated in runs of months with about so many lines."""

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

    def of(self, is_wanted: Callable[[date], bool]) -> Dirty:
        """The days of the months (given by their first day) that are wanted."""
        call_days = frozenset(day for day in self.call_days if is_wanted(day.replace(day=1)))
        charge_days = frozenset(day for day in self.charge_days if is_wanted(day.replace(day=1)))
        return Dirty(charge_days, call_days, _around(call_days, TRACE_REACH_DAYS))


def dirty_slices(touched: Mapping[str, Iterable[date]]) -> Dirty:
    """The closure of the touched days (contract name to days)."""
    call_days = _around(touched.get("call", ()), TRACE_REACH_DAYS)
    months = {(day.year, day.month) for day in (*touched.get("charge", ()), *touched.get("meter", ()), *call_days)}
    return Dirty(frozenset(_days(months)), call_days, _around(call_days, TRACE_REACH_DAYS))


def call_chunks(database: Database, call_days: Iterable[date]) -> list[Dirty]:
    """The call days in runs that hold about CHUNK_SPANS spans each, so that memory does not grow with the number of spans."""
    days = sorted(call_days)
    where = within_days("start_time", days)
    counted = database.query(f"SELECT CAST(start_time AS DATE) AS day, count(*) AS n FROM call WHERE {where} GROUP BY day")
    spans = {row["day"]: row["n"] for row in counted}
    chunks: list[Dirty] = []
    chunk: set[date] = set()
    size = 0
    for day in days:
        if size + spans.get(day, 0) > CHUNK_SPANS and len(chunk) >= CHUNK_DAYS:
            chunks.append(Dirty(frozenset(), frozenset(chunk), _around(chunk, TRACE_REACH_DAYS)))
            chunk, size = set(), 0
        chunk.add(day)
        size += spans.get(day, 0)
    chunks.append(Dirty(frozenset(), frozenset(chunk), _around(chunk, TRACE_REACH_DAYS)))
    return chunks


def charge_chunks(database: Database, charge_days: Iterable[date]) -> list[frozenset[date]]:
    """The charge days in runs of whole months that hold about CHUNK_LINES lines each, for the same reason."""
    months: dict[date, set[date]] = {}
    for day in charge_days:
        months.setdefault(day.replace(day=1), set()).add(day)
    if len(months) < 2:
        return [frozenset(charge_days)]
    column = '"ChargePeriodStart"'
    where = within_days(column, charge_days)
    counted = database.query(f"SELECT month_of({column}) AS month, count(*) AS n FROM charge WHERE {where} GROUP BY ALL")
    lines = {row["month"]: row["n"] for row in counted}
    chunks: list[frozenset[date]] = []
    chunk: set[date] = set()
    size = 0
    for month in sorted(months):
        if chunk and size + lines.get(month, 0) > CHUNK_LINES:
            chunks.append(frozenset(chunk))
            chunk, size = set(), 0
        chunk |= months[month]
        size += lines.get(month, 0)
    return [*chunks, frozenset(chunk)]


def touched_by_everything(database: Database) -> dict[str, list[date]]:
    """Every day that has a row of a sliced contract."""
    times = {"charge": '"ChargePeriodStart"', "call": "start_time", "meter": "hour"}
    return {
        name: [row["day"] for row in database.query(f"SELECT DISTINCT CAST({column} AS DATE) AS day FROM {name} ORDER BY day")]
        for name, column in times.items()
    }


def within_days(column: str, days: Iterable[date]) -> str:
    """SQL that says whether a time lies on one of the days, in ranges: files and row groups of other days are not even read."""
    return _in_ranges(days, lambda first, last: _between(column, first, last))


def on_days(column: str, days: Iterable[date]) -> str:
    """SQL that says whether a date is one of the days, in ranges."""
    return _in_ranges(days, lambda first, last: f"{column} BETWEEN DATE '{first}' AND DATE '{last}'")


def _in_ranges(days: Iterable[date], between: Callable[[date, date], str]) -> str:
    ranges: list[list[date]] = []
    for day in sorted(set(days)):
        if ranges and day.toordinal() == ranges[-1][1].toordinal() + 1:
            ranges[-1][1] = day
        else:
            ranges.append([day, day])
    if not ranges:
        return "FALSE"
    each = [f"({between(first, last)})" for first, last in ranges]
    return each[0] if len(each) == 1 else f"{between(ranges[0][0], ranges[-1][1])} AND ({' OR '.join(each)})"


def write_dirty(database: Database, dirty: Dirty) -> None:
    """The slices as TEMP tables that models and checks read."""
    write_days(database, "charge_day", dirty.charge_days)
    write_dirty_calls(database, dirty)


def write_days(database: Database, column: str, days: Iterable[date]) -> None:
    """The slices of one kind alone."""
    _write_days(database, f"dirty_{column}", column, days)


def write_dirty_calls(database: Database, dirty: Dirty) -> None:
    """The call days alone."""
    _write_days(database, "dirty_call_day", "call_day", dirty.call_days)
    _write_days(database, "window_call_day", "call_day", dirty.window_days)


def _between(column: str, first: date, last: date) -> str:
    return f"{column} >= TIMESTAMP '{first} 00:00:00' AND {column} <= TIMESTAMP '{last} 23:59:59.999999'"


def _write_days(database: Database, table: str, column: str, days: Iterable[date]) -> None:
    days = sorted(days)
    database.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({column} DATE)")
    if days:
        values = ", ".join(f"(DATE '{day}')" for day in days)
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
