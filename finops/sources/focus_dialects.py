"""Three ways of writing that FOCUS does not allow and its own examples use: accounting amounts, US dates, hours past 23.

Amounts and dates are taken as such only where every value of the column that is not null is in the form; one odd value leaves
the column as it is, and the ledger rejects what it can't read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from finops.errors import DataError
from finops.sources.base import Reject
from finops.sources.focus_columns import KINDS
from finops.sources.glimpse import Glimpse
from finops.sources.rows import null_or, table_cells

_NUMBER = r"(\d{1,3}(,\d{3})+|\d+)(\.\d+)?"
ACCOUNTING = rf" ?\$ *{_NUMBER} | ?(\$ *\(|\(\$ *){_NUMBER}\) ?"
"""`$10,000.00 ` with the blank that stands where a negative amount has its bracket, `($10,000.00)` or `$(10,000.00)`.
Without the blank, `$1,000.00` is in no spreadsheet's accounting format: such a value is rejected."""
US_DATE = r"\d{1,2}/\d{1,2}/(\d{2}|\d{4})"
LATE_HOUR = r"\d{4}-\d\d-\d\dT(2[4-9]|3\d|4[0-7]):\d\d:\d\dZ"
"""The end of a period counted in hours of the day before: `T30:00:00Z` is six o'clock on the next day. Clear value by value."""

_AMOUNTS = ("money", "price", "quantity")
_SAMPLE_ROWS = 50


@dataclass(frozen=True)
class Dialects:
    """The columns (by lower-case name) that are written in a dialect."""

    accounting: frozenset[str] = frozenset()
    us_dates: frozenset[str] = frozenset()
    late_hours: frozenset[str] = frozenset()

    def text(self, name: str, sql: str) -> str:
        """SQL for the column's value as FOCUS would write it."""
        if name in self.accounting:
            plain = f"CASE WHEN contains({sql}, '(') THEN '-' ELSE '' END || regexp_replace({sql}, '[$(), ]', '', 'g')"
            return _where(sql, ACCOUNTING, plain)
        if name in self.us_dates:
            moment = f"try_strptime({sql}, ['%m/%d/%y', '%m/%d/%Y'])"
            return _where(sql, US_DATE, f"coalesce(strftime({moment}, '%Y-%m-%dT00:00:00Z'), {sql})")
        return _where(sql, LATE_HOUR, _next_day(sql)) if name in self.late_hours else sql

    def notes(self, spelling: Mapping[str, str]) -> list[str]:
        """What was taken for what, in words."""
        found = (
            (self.accounting, "throughout in a spreadsheet's accounting format (`$1,234.50 `) and read as plain numbers"),
            (self.us_dates, "throughout as month/day/year and read as midnight UTC"),
            (self.late_hours, "with hours past 23 and read as hours of the next day"),
        )
        return [f"written {words}: {', '.join(sorted(spelling[name] for name in names))}" for names, words in found if names]


def dialects(seen: Glimpse, spelling: Mapping[str, str]) -> Dialects:
    """The dialects of a CSV file. The whole file is read only where its first rows look like one. `spelling` maps the lower-case
    names of the columns in use to FOCUS's spelling."""
    columns = {position: name.lower() for position, name in enumerate(seen.header) if name.lower() in spelling}
    watches = [_Watch(position, name, form) for position, name in columns.items() for form in _forms(spelling[name])]
    first = _first_rows(seen)
    suspects = [watch for watch in watches if any(watch.fits(row[watch.at]) for row in first if watch.at < len(row))]
    late = [watch for watch in suspects if watch.form == LATE_HOUR]
    whole = _spoken_throughout(seen, [watch for watch in suspects if watch.form != LATE_HOUR])
    _refuse_ambiguous(seen, [watch for watch in whole if watch.form == US_DATE])
    return Dialects(_names(whole, ACCOUNTING), _names(whole, US_DATE), _names(late, LATE_HOUR))


@dataclass
class _Watch:
    """One column under suspicion, at position `at`. `firsts` and `seconds` are the leading numbers of its dates."""

    at: int
    name: str
    form: str
    whole: bool = True
    values: int = 0
    firsts: set[int] = field(default_factory=set)
    seconds: set[int] = field(default_factory=set)

    def fits(self, cell: str) -> bool:
        return re.fullmatch(self.form, cell, re.ASCII) is not None

    def see(self, cell: str) -> None:
        self.values += 1
        if not self.fits(cell):
            self.whole = False
        elif self.form == US_DATE:
            first, second, _ = cell.split("/")
            self.firsts.add(int(first))
            self.seconds.add(int(second))


def _forms(column: str) -> tuple[str, ...]:
    kind = KINDS.get(column)
    if kind == "time":
        return (US_DATE, LATE_HOUR) if column.endswith("End") else (US_DATE,)
    return (ACCOUNTING,) if kind in _AMOUNTS else ()


def _first_rows(seen: Glimpse) -> list[list[str]]:
    """The first rows in the head, the header among them."""
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(seen.text, newline=""), delimiter=seen.delimiter)
    try:
        for row in reader:
            rows.append(row)
            if len(rows) > _SAMPLE_ROWS:
                break
    except csv.Error:  # a field beyond all bounds: the rows before it are the sample
        pass
    return rows


def _spoken_throughout(seen: Glimpse, suspects: list[_Watch]) -> list[_Watch]:
    """Reads the file and keeps the columns that are in the form from the first value to the last."""
    if not suspects:
        return []
    for item in table_cells(seen):
        if isinstance(item, Reject):
            continue
        for watch in suspects:
            if watch.whole and watch.at < len(item[1]) and null_or(item[1][watch.at]) is not None:
                watch.see(item[1][watch.at])
    return [watch for watch in suspects if watch.whole and watch.values]


def _refuse_ambiguous(seen: Glimpse, dates: list[_Watch]) -> None:
    """Month first is proved by a day above 12, or by billing periods that all begin and end on the first of different months."""
    if not dates:
        return
    firsts = set[int]().union(*(watch.firsts for watch in dates))
    seconds = set[int]().union(*(watch.seconds for watch in dates))
    bounds = [watch for watch in dates if watch.name.startswith("billingperiod")]
    first_of_month = bool(bounds) and all(w.seconds == {1} for w in bounds) and any(w.firsts != {1} for w in bounds)
    if max(firsts) <= 12 and (max(seconds) > 12 or first_of_month):
        return
    raise DataError(
        "the dates are written with slashes, and nothing in the file proves that the month comes first",
        where=f"{seen.path}, {', '.join(sorted(seen.header[watch.at] for watch in dates))}",
        hint="export the dates as 2026-11-20T00:00:00Z, as FOCUS asks",
    )


def _names(watches: Iterable[_Watch], form: str) -> frozenset[str]:
    return frozenset(watch.name for watch in watches if watch.form == form)


def _where(sql: str, form: str, then: str) -> str:
    return f"CASE WHEN regexp_full_match({sql}, '{form}') THEN {then} ELSE {sql} END"


def _next_day(sql: str) -> str:
    hour, minute, second = (f"TRY_CAST(substr({sql}, {start}, 2) AS BIGINT)" for start in (12, 15, 18))
    moment = f"TRY_CAST(substr({sql}, 1, 10) AS TIMESTAMP) + to_hours({hour}) + to_minutes({minute}) + to_seconds({second})"
    return f"coalesce(strftime({moment}, '%Y-%m-%dT%H:%M:%SZ'), {sql})"
