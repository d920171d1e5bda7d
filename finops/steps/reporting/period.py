"""Which month and which currency a report is about."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

_DAILY_D, _DAILY = 7, 0.8
"""Spend is daily where at least so many days, and such a share of those from its first to its last, have some."""


@dataclass(frozen=True)
class Period:
    """A month up to the business date, or as far as it is known, and the same days of the month before; both ends included."""

    currency: str
    first: date
    last: date
    month_end: date
    before_first: date
    before_last: date
    ledger_first: date | None
    """The first day of which the ledger knows a cost in this currency."""
    closed: bool
    """Whether the month is over and known to its end. On its last day it is not over yet."""

    @property
    def has_before(self) -> bool:
        """Whether the ledger knows the whole stretch that this one is compared with."""
        return self.ledger_first is not None and self.ledger_first <= self.before_first

    @property
    def since(self) -> date:
        """The first of 90 days that end with the period."""
        return self.last - timedelta(days=89)

    def parameters(self) -> dict[str, Any]:
        return {"currency": self.currency, "first": self.first, "last": self.last}


def chosen_period(months: Sequence[Mapping[str, Any]], currency: str | None, as_of: date) -> Period:
    """The month of the business date; where it holds no cost, the last month before that does."""
    wanted = currency or _main_currency(months)
    known = [row for row in months if row["currency"] == wanted]
    latest = max((_day(row["month"]) for row in known), default=as_of.replace(day=1))
    first = min(latest, as_of.replace(day=1))
    end = first.replace(day=monthrange(first.year, first.month)[1])
    known_until = _stops_early([row for row in known if _day(row["month"]) == first], end) if as_of > end else None
    last = known_until or min(as_of, end)
    before_end = first - timedelta(days=1)
    before_first = before_end.replace(day=1)
    before_last = before_end if last == end else min(before_end, before_first + (last - first))
    ledger_first = min((row["first_day"] for row in known), default=None)
    return Period(wanted, first, last, end, before_first, before_last, ledger_first, as_of > end and known_until is None)


def _main_currency(months: Sequence[Mapping[str, Any]]) -> str:
    """The currency known up to the latest day and for the longest time; amounts of different currencies are not compared."""
    if not months:
        return "USD"
    names = sorted({str(row["currency"]) for row in months})

    def weight(name: str) -> tuple[date, int]:
        rows = [row for row in months if row["currency"] == name]
        return max(_day(row["month"]) for row in rows), len(rows)

    return max(reversed(names), key=weight)


def _stops_early(month: Sequence[Mapping[str, Any]], end: date) -> date | None:
    """The last known day of a month whose spend is daily and ends before the month does: its rest was never delivered."""
    for row in month:
        length = (row["last_day"] - row["first_day"]).days + 1
        if row["last_day"] < end and row.get("spend_days", 0) >= max(_DAILY_D, _DAILY * length):
            return _day(row["last_day"])
    return None


def month_totals(months: Sequence[Mapping[str, Any]], period: Period, most: int = 6) -> list[tuple[date, Decimal]]:
    """The last whole months before the period, oldest first."""
    known = [(_day(row["month"]), row["cost"]) for row in months if row["currency"] == period.currency]
    whole = [(month, cost) for month, cost in known if month < period.first and (period.ledger_first or month) <= month]
    return sorted(whole)[-most:]


def _day(value: Any) -> date:
    """DuckDB answers a date or a time for a truncated date."""
    return date(value.year, value.month, value.day)
