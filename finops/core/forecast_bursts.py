"""Series that spend in bursts: half-way to the mean of the last 30 days, the more their days vary.

Smoothing chases bursts. Where the days of the last eight weeks vary by more than their mean, a plain mean of a month is what the
next weeks come to; the same is done to every past forecast, so that its record is that of what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from finops.core.forecast_states import Array

MEAN_D = 30
VARIES_D = 56
CALM, WILD = 1.0, 2.0
"""How much days vary by their mean where the mean begins to count, and where it counts most."""
NORMAL = 1.2533
"""The standard deviation of normal days by their mean distance from the mean."""
MOST = 0.5
_ROWS = 500


def tamed(path: Array, past: Mapping[int, Array], spend: Array, first: NDArray[np.int64]) -> None:
    """Moves the forecasts of bursty series, and their past ones (by horizon: at each day, of the days after it). A series
    that is forecast to spend nothing stays so."""
    for begin in range(0, len(spend), _ROWS):
        rows = slice(begin, begin + _ROWS)
        weight, mean = _towards(spend[rows], first[rows])
        for horizon, made in past.items():
            of = made[rows]
            moved = np.where(of > 0, weight, 0.0)
            of += moved * (mean * horizon - of)
        now = path[rows]
        last = np.where(now.sum(axis=1) > 0, weight[:, -1], 0.0)[:, None]
        now += last * (mean[:, -1:] - now)


def _towards(spend: Array, first: NDArray[np.int64]) -> tuple[Array, Array]:
    """By series and day: how far to go, and the mean of the 30 days up to there. Days vary by their mean distance from the mean
    of the eight weeks before them, so that one day's spike or credit is no burst."""
    known = np.arange(spend.shape[1])[None, :] - first[:, None] + 1
    days, bounded = np.clip(known, 1, VARIES_D), np.maximum(spend, 0.0)
    mean = _sums(bounded, VARIES_D) / days
    apart = _sums(np.where(known > 0, np.abs(bounded - mean), 0.0), VARIES_D) / days
    variation = NORMAL * apart / np.where(mean > 0, mean, np.inf)
    weight = MOST * np.clip((variation - CALM) / (WILD - CALM), 0.0, 1.0)
    return np.where(known >= MEAN_D, weight, 0.0), np.maximum(_sums(spend, MEAN_D) / MEAN_D, 0.0)


def _sums(values: Array, days: int) -> Array:
    """The sum of so many days that end at each day; before the first one nothing was spent."""
    total = np.cumsum(values, axis=1)
    total[:, days:] -= total[:, :-days].copy()
    return np.asarray(total)
