"""Forecasts of daily spend: expected days per series, and for any grouping of them the distribution of a total.

Expected values add up from the bottom. Quantiles do not add up: each group has its own, from the past errors of ITS sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from finops.core.forecasting.cycle import month_cycle
from finops.core.forecasting.intervals import GRID, Bands, bands
from finops.core.forecasting.states import HORIZONS_D, Array, daily_path, daily_scale, track

RUN_RATE_D = 15
TREND_ENDS_D = 60
"""Beyond this, a total is the average of the damped forecast and the mean of the last 56 days: trends are not drawn further."""
MIN_DAYS = 7
"""Fewer complete days carry no interval."""
FIRM_DAYS = 14
FIRM_WINDOWS = 6
LOW_ERROR, MEDIUM_ERROR = 0.5, 0.25
"""Forecasts that were off by more than this on their own past are of low, or at most medium, confidence."""
LOW_COVERAGE = 0.6
"""So is an interval meant to hold 80 % of the totals that held less than this share of them."""


@dataclass(frozen=True)
class Record:
    """How a group's forecasts of the sum over `horizon_d` days did on its own past. None where there is no such past."""

    horizon_d: int
    windows: float
    error: float | None
    run_rate_error: float | None
    coverage: float | None

    @property
    def skill(self) -> float | None:
        """1 - error / error of the run-rate: above 0 is better than what dashboards show."""
        if self.error is None or not self.run_rate_error:
            return None
        return 1 - self.error / self.run_rate_error


@dataclass(frozen=True)
class Forecast:
    """`path[i, d]` is what series i is expected to spend on the d-th day after its last complete one."""

    path: Array
    groups: tuple[NDArray[np.int64], ...]
    days_known: NDArray[np.int64]
    _bands: Bands
    _records: dict[int, tuple[Record, ...]]

    def error_quantiles(self, group: int, days: float, end: float | None = None) -> Array | None:
        """Quantiles (at GRID) of actual - expected for the group's total over `days` days that end `end` days after the last
        known one (the next days, if not told); None where the history is too short to say."""
        if self.days_known[group] < MIN_DAYS or days <= 0:
            return None
        return np.asarray(self._bands.relative(group, end or days) * self._bands.scale[group] * days)

    def record(self, group: int, days: int) -> Record:
        """The track record at the scored horizon nearest to `days`, at least a week."""
        horizon = min(HORIZONS_D[1:], key=lambda h: (abs(np.log(max(days, 1) / h)), h))
        return self._records[horizon][group]

    def confidence(self, group: int, days: int) -> str:
        """low, medium or high: by the length of the history, the completed windows of a like length, and how they came out."""
        record = self.record(group, days)
        if self.days_known[group] < FIRM_DAYS or record.windows < 1:
            return "low"
        if (record.error or 0.0) > LOW_ERROR:
            return "low"
        if record.windows >= FIRM_WINDOWS and record.coverage is not None and record.coverage < LOW_COVERAGE:
            return "low"
        return "high" if record.windows >= FIRM_WINDOWS and (record.error or 0.0) <= MEDIUM_ERROR else "medium"


def forecast(
    spend: Array,
    first: NDArray[np.int64],
    names: Sequence[object],
    days: int,
    groups: Sequence[Sequence[int]] | None = None,
    near_d: int | None = None,
    last: date | None = None,
) -> Forecast:
    """Forecasts `days` days of every series (rows of `spend`, right-aligned; row i begins at column first[i]).

    `names` identify the rows: work is done in their order, so that the order in which rows come changes nothing.
    `groups` lists rows that are asked for as one total; without it every row is its own group. The first `near_d` days (all, if
    not told) are forecast with the weights that serve a total of that length, so that asking for more changes none of them.
    With `last`, the day of the last column, spend that comes once a month is known as such."""
    count = len(spend)
    order = sorted(range(count), key=lambda i: str(names[i]))
    place = np.empty(count, np.int64)
    place[order] = np.arange(count)
    asked = [sorted(place[list(group)].tolist()) for group in groups] if groups is not None else [[p] for p in place.tolist()]
    spend, first = np.where(np.isfinite(spend), spend, 0.0)[order], np.asarray(first, np.int64)[order]
    known = track(spend, first)
    near = min(near_d or days, days)
    path = daily_path(known, days, near)
    path[:, near:] = daily_path(known, days, HORIZONS_D[-1])[:, near:]
    if days > TREND_ENDS_D:
        recent = np.where(known.silent, 0.0, np.maximum(known.recent, 0.0))
        path[:, TREND_ENDS_D:] = (path[:, TREND_ENDS_D:] + recent[:, None]) / 2
    if last is not None:
        cycle = month_cycle(spend, first, last, HORIZONS_D, days)
        path[cycle.rows[cycle.now]] = cycle.path[cycle.now]
        for h in HORIZONS_D:
            known.past[h][cycle.rows] = np.where(cycle.active, cycle.past[h], known.past[h][cycle.rows])
    pool = sorted({tuple(group) for group in asked} | ({(i,) for i in range(count)}), key=lambda rows: (len(rows), rows))
    row_of = {rows: row for row, rows in enumerate(pool)}
    sums = np.array([spend[list(rows)].sum(axis=0) for rows in pool])
    begins = np.array([first[list(rows)].min() for rows in pool], np.int64)
    past = {h: np.array([np.nansum(known.past[h][list(rows)], axis=0) for rows in pool]) for h in HORIZONS_D}
    del known
    scale = daily_scale(sums, begins)
    series = np.array([len(rows) == 1 for rows in pool])
    own = bands(sums, begins, past, scale, series)
    at = np.array([row_of[tuple(group)] for group in asked], np.int64)
    chosen = own.only(at)
    records = {h: _records(h, sums[at], begins[at], {h: past[h][at]}, chosen) for h in HORIZONS_D[1:]}
    lived = spend.shape[1] - begins[at]
    restored = np.empty_like(path)
    restored[order] = path
    back = np.array(order, np.int64)
    return Forecast(restored, tuple(back[group] for group in asked), lived, chosen, records)


def _records(h: int, spend: Array, first: NDArray[np.int64], past: dict[int, Array], own: Bands) -> tuple[Record, ...]:
    """Error of past totals over h days, beside that of the mean of the last 15 complete days."""
    days = spend.shape[1]
    total = np.concatenate([np.zeros((len(spend), 1)), np.cumsum(spend, axis=1)], axis=1)
    made = []
    for row in range(len(spend)):
        origins = np.arange(first[row] + RUN_RATE_D - 1, days - h)
        windows, coverage = float(own.windows[h][row]), own.coverage[h][row]
        if len(origins) == 0:
            made.append(Record(h, windows, None, None, None))
            continue
        actual = total[row, origins + h + 1] - total[row, origins + 1]
        rate = (total[row, origins + 1] - total[row, origins + 1 - RUN_RATE_D]) * h / RUN_RATE_D
        spent = np.abs(actual).sum()
        if spent <= 0:
            made.append(Record(h, windows, None, None, None))
            continue
        error = float(np.abs(past[h][row, origins] - actual).sum() / spent)
        naive = float(np.abs(rate - actual).sum() / spent)
        made.append(Record(h, windows, error, naive, None if np.isnan(coverage) else float(coverage)))
    return tuple(made)


__all__ = ["GRID", "Forecast", "Record", "forecast"]
