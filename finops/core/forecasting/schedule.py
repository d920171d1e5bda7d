"""Charges that stand for a month, not for a day: fees, subscriptions and bills by the month. They come again a month later.

Such a charge is booked on the day on which its time begins. It says nothing of a daily rate: it is expected once in each month
that follows, as it was in the last month in which it came, for as long as it came in the month before."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise


@dataclass(frozen=True)
class Due:
    """What is still to come of one month-long charge in one month."""

    days: tuple[tuple[date, float], ...]
    amount: float
    months_seen: int
    """Months in a row in which it came."""
    spread: float | None
    """Mean change from one month to the next, of those seen; None where it was seen in one month only."""


def still_due(charges: Mapping[date, float], as_of: date, months: Sequence[date]) -> list[Due]:
    """What is due of one charge in each of these months in a row (given by their first days); the first is that of `as_of`.

    What came this month stands for what came by then last month; where nothing came, all of last month's is late, not gone."""
    this = as_of.replace(day=1)
    before = (this - timedelta(days=1)).replace(day=1)
    by_month: dict[date, dict[int, float]] = {}
    for day, amount in charges.items():
        if day <= as_of and amount:
            by_month.setdefault(day.replace(day=1), {})[day.day] = amount
    now, last = by_month.get(this, {}), by_month.get(before, {})
    rest = {day: amount for day, amount in last.items() if not now or day > max(max(now), as_of.day)}
    totals = _unbroken(by_month, this if now else before)
    changes = [abs(after - earlier) for earlier, after in pairwise(totals)]
    spread = sum(changes) / len(changes) if changes else None
    due = []
    for month in months:
        expected = rest if month == this else {**rest, **now}
        placed = tuple((_day_of(month, day), amount) for day, amount in sorted(expected.items()))
        due.append(Due(placed, sum(amount for _, amount in placed), len(totals), spread))
    return due


def _unbroken(by_month: Mapping[date, Mapping[int, float]], newest: date) -> list[float]:
    """The totals of the months in a row that end with the newest, oldest first; the month that runs counts as it stands."""
    totals, month = [], newest
    while month in by_month:
        totals.append(sum(by_month[month].values()))
        month = (month - timedelta(days=1)).replace(day=1)
    return totals[::-1]


def _day_of(month: date, day: int) -> date:
    return month.replace(day=min(day, monthrange(month.year, month.month)[1]))
