"""Spend that comes once a month: fees, invoices and batches that fall into the same few days of every month.

A weekly shape sees such spend as a rare burst and spreads it over all days. Here the days of the last months stand for those of
the next ones, and what has come in a month already is not expected a second time. A series that spends daily and has a large
batch once a month is parted: its batch follows the month, the rest its last four weeks."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SPAN_D = 7
SHARE = 0.9
"""At least so much of each month's spend lies within so many days in a row."""
MONTHS = 3
FEWEST_MONTHS = 2
WANDERING_D = 3.0
"""So far may the middle of those days move from month to month."""
BATCH = 3.0
"""From so many times its month's middle day on, a day holds a batch beside what is usual."""
BATCH_SHARE = 0.25
"""A batch that holds less of each month's spend than this is left to the weekly shape."""
BATCH_WANDERING_D = 1.5
BASE_D = 28
LATE_D = 20
"""What comes later in a month than this is placed by its distance from the month's end."""


@dataclass(frozen=True)
class MonthCycle:
    """Of the series `rows`: `active[i, t]`, whether on the evening of day t it was known to come once a month, `past[h][i, t]`,
    what was then expected over the next h days, and the `path` of the days ahead, meant for those that are active now."""

    rows: NDArray[np.int64]
    active: NDArray[np.bool_]
    past: dict[int, Array]
    path: Array

    @property
    def now(self) -> NDArray[np.bool_]:
        return np.asarray(self.active[:, -1])


@dataclass(frozen=True)
class _Month:
    """Columns `start` up to `stop`; the first may lie before the history."""

    start: int
    stop: int

    @property
    def days(self) -> int:
        return self.stop - self.start


def month_cycle(spend: Array, first: NDArray[np.int64], last: date, horizons_d: tuple[int, ...], ahead_d: int) -> MonthCycle:
    """Looks at each month with the eyes of its time: only whole months before it are known. `last` is the last column's day."""
    days = spend.shape[1]
    months = _months(last - timedelta(days=days - 1), days + max(ahead_d, *horizons_d))
    found: dict[int, NDArray[np.bool_]] = {}
    batched: dict[int, NDArray[np.bool_]] = {}
    for at, month in enumerate(months):
        if month.start < days and len(_before(months, at)) >= FEWEST_MONTHS:
            found[at] = _monthly(spend, first, _before(months, at))
            batched[at] = _with_a_batch(spend, first, _before(months, at)) & ~found[at]
    known = [*found.values(), *batched.values()]
    rows = np.flatnonzero(np.any(known, axis=0)) if known else np.zeros(0, np.int64)
    shape = (len(rows), days)
    cycle = MonthCycle(rows, np.zeros(shape, bool), {h: np.zeros(shape) for h in horizons_d}, np.zeros((len(rows), ahead_d)))
    own = spend[rows]
    for at, monthly in found.items():
        active = np.flatnonzero(monthly[rows])
        if len(active):
            month, profile = months[at], _profile(own[active], _before(months, at))
            expected = np.concatenate([_placed(profile, later.days) for later in months[at:]], axis=1)
            _foretell(cycle, active, np.cumsum(own[active, month.start : month.stop], axis=1), expected, month)
    for at, with_a_batch in batched.items():
        active = np.flatnonzero(with_a_batch[rows])
        if len(active):
            _foretell_parted(cycle, active, own[active], months, at)
    return cycle


def _foretell_parted(cycle: MonthCycle, rows: NDArray[np.int64], spend: Array, months: list[_Month], at: int) -> None:
    """What the evenings of one month expect of series with a batch: the batch by the month, the rest by its last four weeks."""
    month, before, days = months[at], _before(months, at), spend.shape[1]
    batch = np.zeros_like(spend)
    for whole in before:
        batch[:, whole.start : whole.stop] = _batch(spend, whole, whole)
    batch[:, month.start : month.stop] = _batch(spend, month, before[-1])
    expected = np.concatenate([_placed(_profile(batch, before), later.days) for later in months[at:]], axis=1)
    _foretell(cycle, rows, np.cumsum(batch[:, month.start : month.stop], axis=1), expected, month)
    usual = np.cumsum(spend - batch, axis=1)
    for day in range(month.start, min(month.stop, days)):
        rate = np.maximum(usual[:, day] - usual[:, day - BASE_D], 0.0) / BASE_D
        for h, of in cycle.past.items():
            of[rows, day] += rate * h
        if day == days - 1:
            cycle.path[rows] += rate[:, None]


def _batch(spend: Array, month: _Month, known: _Month) -> Array:
    """What the days of a month hold beyond the middle day of a known one, where that is a batch."""
    usual = np.median(spend[:, known.start : known.stop], axis=1)[:, None]
    own = spend[:, month.start : month.stop]
    return np.asarray(np.where((usual > 0) & (own >= BATCH * usual), own - usual, 0.0))


def _with_a_batch(spend: Array, first: NDArray[np.int64], months: list[_Month]) -> NDArray[np.bool_]:
    """Which series had a batch in each of the months, at the same time, that held much of what they spent."""
    if len(months) < MONTHS:
        return np.zeros(len(spend), bool)
    found = first <= months[0].start
    for month in months:
        own = spend[:, month.start : month.stop]
        found &= _batch(spend, month, month).sum(axis=1) >= BATCH_SHARE * np.maximum(own.sum(axis=1), 1e-12)
    rows = np.flatnonzero(found)
    if len(rows):
        batch = np.zeros((len(rows), spend.shape[1]))
        for month in months:
            batch[:, month.start : month.stop] = _batch(spend[rows], month, month)
        found[rows] = _monthly(batch, first[rows], months, BATCH_WANDERING_D)
    return np.asarray(found)


def _before(months: list[_Month], at: int) -> list[_Month]:
    """The last whole months of the history before one."""
    return [month for month in months[max(at - MONTHS, 0) : at] if month.start >= 0]


def _months(begin: date, length: int) -> list[_Month]:
    """The calendar months that `length` days from `begin` touch, as columns."""
    first = begin.replace(day=1)
    months, start = [], (first - begin).days
    while start < length:
        stop = start + monthrange(first.year, first.month)[1]
        months.append(_Month(start, stop))
        first, start = first + timedelta(days=stop - start), stop
    return months


def _monthly(
    spend: Array, first: NDArray[np.int64], months: list[_Month], most_wandering_d: float = WANDERING_D
) -> NDArray[np.bool_]:
    """Which series spent in each of the months, on a few days in a row, at about the same time."""
    found = (first < months[-FEWEST_MONTHS].stop) & (first <= months[-1].start)
    middles, from_end = [], []
    for month in months:
        own = spend[:, month.start : month.stop]
        lived = first < month.stop
        whole = np.abs(own).sum(axis=1)
        windows = np.stack([np.abs(own[:, day : day + SPAN_D]).sum(axis=1) for day in range(month.days - SPAN_D + 1)])
        found &= ~lived | ((own.sum(axis=1) > 0) & (windows.max(axis=0) >= SHARE * whole))
        middle = (np.abs(own) * np.arange(month.days)).sum(axis=1) / np.where(whole > 0, whole, 1.0)
        middles.append(np.where(lived & (whole > 0), middle, np.nan))
        from_end.append(month.days - middles[-1])
    steady = np.minimum(_wandering(np.stack(middles)), _wandering(np.stack(from_end))) <= most_wandering_d
    return np.asarray(found & steady)


def _wandering(middles: Array) -> Array:
    known = np.isfinite(middles)
    high = np.where(known, middles, -np.inf).max(axis=0)
    low = np.where(known, middles, np.inf).min(axis=0)
    return np.asarray(np.where(known.any(axis=0), high - np.where(known.any(axis=0), low, 0.0), np.inf))


def _profile(spend: Array, months: list[_Month]) -> tuple[Array, Array]:
    """Mean spend by day: of the first days counted from the month's begin, of the last ones counted from its end."""
    early, late = np.zeros((len(spend), LATE_D)), np.zeros((len(spend), 31))
    lived = np.zeros(len(spend))
    for month in months:
        own = spend[:, month.start : month.stop]
        early += own[:, :LATE_D]
        late[:, 31 - (month.days - LATE_D) :] += own[:, LATE_D:]
        lived += own.sum(axis=1) > 0
    each = np.maximum(lived, 1.0)[:, None]
    return early / each, late / each


def _placed(profile: tuple[Array, Array], days: int) -> Array:
    """A month of so many days by the profile; what has no day in a short month comes on its first late one."""
    early, late = profile
    out = np.concatenate([early, late[:, 31 - (days - LATE_D) :]], axis=1)
    out[:, LATE_D] += late[:, : 31 - (days - LATE_D)].sum(axis=1)
    return np.asarray(np.maximum(out, 0.0))


def _foretell(cycle: MonthCycle, rows: NDArray[np.int64], so_far: Array, expected: Array, month: _Month) -> None:
    """Fills in what the evenings of one month expect. `expected` begins with the month and goes on beyond it."""
    days = cycle.active.shape[1]
    way = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(expected, axis=1)], axis=1)
    whole = way[:, month.days]
    for day in range(max(month.start, 0), min(month.stop, days)):
        past = day - month.start + 1
        rest = whole - way[:, past]
        left = np.minimum(rest, np.maximum(whole - so_far[:, past - 1], 0.0))
        share = left / np.where(rest > 0, rest, 1.0)
        cycle.active[rows, day] = True
        for h, of in cycle.past.items():
            inside = min(past + h, month.days)
            of[rows, day] = share * (way[:, inside] - way[:, past]) + way[:, max(past + h, inside)] - way[:, inside]
        if day == days - 1:
            ahead = expected[:, past : past + cycle.path.shape[1]].copy()
            ahead[:, : month.days - past] *= share[:, None]
            cycle.path[rows] = ahead
