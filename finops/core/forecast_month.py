"""The close of a month: what is spent, what the finest owners are expected to spend yet, and the distribution of the total."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from finops.core.forecast import FIRM_DAYS, GRID, MIN_DAYS, Forecast, Record, forecast
from finops.core.periods import month_text, next_month

CENT = Decimal("0.01")
QUANTILES: Mapping[str, float] = {
    "p2_5": 0.025, "p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9, "p97_5": 0.975,
}  # fmt: skip
SCENARIO_MONTHS = 6
"""Months further ahead than this are called a scenario, not a forecast."""
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Leaf:
    """Spend of one finest owner. `daily` holds modelled spend by day; days after `last` (its last complete one) count as spent
    so far, not as history. `one_off` is spent already in the first month, `scheduled` will be."""

    key: tuple[str | None, ...]
    last: date
    daily: Mapping[date, Decimal]
    one_off: Decimal = Decimal(0)
    scheduled: Decimal = Decimal(0)


@dataclass(frozen=True)
class FanDay:
    """Cumulative spend that is expected by the end of a day, and its 50 % and 80 % intervals."""

    day: date
    expected: Decimal
    p10: Decimal | None
    p25: Decimal | None
    p75: Decimal | None
    p90: Decimal | None


@dataclass(frozen=True)
class MonthClose:
    """How one group's month closes. `expected` is bottom-up, exact to the cent and the only figure that adds up.

    `grid` are the quantiles of the total at core.forecast.GRID; None where the history carries no interval."""

    group: tuple[str | None, ...]
    month: date
    spent: Decimal
    expected: Decimal
    quantiles: Mapping[str, Decimal | None]
    grid: tuple[Decimal, ...] | None
    method: str
    confidence: str
    record: Record
    days_known: int
    fan: tuple[FanDay, ...] = field(default=(), repr=False)

    @property
    def period(self) -> str:
        return month_text(self.month)

    def probability_above(self, amount: Decimal) -> float | None:
        """The probability that the total is above `amount`."""
        if self.grid is None:
            return None
        below = float(np.interp(float(amount), np.array(self.grid, float), np.array(GRID), left=0.0, right=1.0))
        return round(1 - below, 4)


def month_closes(
    leaves: Sequence[Leaf], groups: Mapping[tuple[str | None, ...], Sequence[int]], as_of: date, months: int = 1
) -> list[MonthClose]:
    """The close of the month of `as_of` and of the months after it, for every group of leaves."""
    if not leaves:
        return []
    spend, first = _matrix(leaves)
    starts = [as_of.replace(day=1)]
    while len(starts) < months:
        starts.append(next_month(starts[-1]))
    end = next_month(starts[-1])
    longest = max((end - leaf.last).days - 1 for leaf in leaves)
    near = max((next_month(starts[0]) - leaf.last).days - 1 for leaf in leaves)
    names = list(groups)
    found = forecast(spend, first, [leaf.key for leaf in leaves], longest, [groups[name] for name in names], near)
    return [_close(found, leaves, row, name, month, as_of) for row, name in enumerate(names) for month in starts]


def _matrix(leaves: Sequence[Leaf]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Days of every leaf, right-aligned on its own last complete day; days without a charge are spend of nothing."""
    begins = [min((d for d, cost in leaf.daily.items() if d <= leaf.last and cost), default=leaf.last) for leaf in leaves]
    width = max((leaf.last - begin).days + 1 for leaf, begin in zip(leaves, begins, strict=True))
    spend = np.zeros((len(leaves), width))
    first = np.zeros(len(leaves), np.int64)
    for row, (leaf, begin) in enumerate(zip(leaves, begins, strict=True)):
        first[row] = width - (leaf.last - begin).days - 1
        for day, cost in leaf.daily.items():
            if begin <= day <= leaf.last:
                spend[row, width - 1 - (leaf.last - day).days] = float(cost)
    return spend, first


def _close(
    found: Forecast, leaves: Sequence[Leaf], row: int, name: tuple[str | None, ...], month: date, as_of: date
) -> MonthClose:
    members = [(int(i), leaves[int(i)]) for i in found.groups[row]]
    now = month == as_of.replace(day=1)
    end = next_month(month)
    spent = sum((_spent(leaf, month, as_of) for _, leaf in members), Decimal(0)) if now else Decimal(0)
    scheduled = sum((leaf.scheduled for _, leaf in members), Decimal(0)) if now else Decimal(0)
    days = [month + n * DAY for n in range((end - month).days)]
    ahead = np.array([_remaining(found, i, leaf, days) for i, leaf in members])
    rest = sum((_cents(total) for total in ahead.sum(axis=1).tolist()), Decimal(0))
    base = spent + scheduled
    span, reach = _span(members, ahead, end)
    known = int(found.days_known[row])
    errors = found.error_quantiles(row, min(span, len(days)), reach)
    floor = min(base, base + rest)
    grid = None if errors is None else tuple(max(base + rest + _cents(e), floor) for e in errors.tolist())
    if errors is None and not ahead.any() and known >= MIN_DAYS:
        grid = (base + rest,) * len(GRID)
    far = (month.year - as_of.year) * 12 + month.month - as_of.month > SCENARIO_MONTHS
    return MonthClose(
        group=name,
        month=month,
        spent=spent,
        expected=base + rest,
        quantiles={key: None if grid is None else grid[GRID.index(p)] for key, p in QUANTILES.items()},
        grid=grid,
        method="scenario band" if far else "weighted smoothing" if known >= MIN_DAYS else "mean of the days so far",
        confidence=found.confidence(row, max(int(span), 1)),
        record=found.record(row, max(int(span), 1)),
        days_known=known,
        fan=_fan(found, row, days, ahead, base) if now and errors is not None else (),
    )


def _spent(leaf: Leaf, month: date, as_of: date) -> Decimal:
    return leaf.one_off + sum((cost for day, cost in leaf.daily.items() if month <= day <= as_of), Decimal(0))


def _remaining(found: Forecast, row: int, leaf: Leaf, days: Sequence[date]) -> list[float]:
    """What is still expected of every day: nothing of days that are complete, of the running one what exceeds its spend."""
    out = []
    for day in days:
        ahead = (day - leaf.last).days - 1
        if ahead < 0:
            out.append(0.0)
        else:
            out.append(max(float(found.path[row, ahead]) - float(leaf.daily.get(day, 0)), 0.0))
    return out


def _span(members: Sequence[tuple[int, Leaf]], ahead: NDArray[np.float64], end: date) -> tuple[float, float]:
    """Days that are not known yet, and how far the end lies ahead; leaves that are known to different days count by size."""
    size = ahead.sum(axis=1)
    size = size if size.sum() > 0 else np.ones(len(size))
    reach = np.array([(end - leaf.last).days - 1 for _, leaf in members], float)
    reach_d = float((size * reach).sum() / size.sum())
    return reach_d, reach_d


def _fan(found: Forecast, row: int, days: Sequence[date], ahead: NDArray[np.float64], base: Decimal) -> tuple[FanDay, ...]:
    """The way to the close: cumulative spend from the first day that is not complete."""
    by_day = ahead.sum(axis=0)
    open_days = [n for n in range(len(days)) if by_day[n] > 0]
    if not open_days:
        return ()
    made = []
    for step, n in enumerate(range(open_days[0], len(days)), start=1):
        expected = base + _cents(float(by_day[: n + 1].sum()))
        errors = found.error_quantiles(row, float(step))
        at = (
            {}
            if errors is None
            else {key: max(base, expected + _cents(float(errors[GRID.index(QUANTILES[key])]))) for key in QUANTILES}
        )
        made.append(FanDay(days[n], expected, at.get("p10"), at.get("p25"), at.get("p75"), at.get("p90")))
    return tuple(made)


def _cents(amount: float) -> Decimal:
    return Decimal(repr(amount)).quantize(CENT)


__all__ = ["FIRM_DAYS", "FanDay", "Leaf", "MonthClose", "month_closes"]
