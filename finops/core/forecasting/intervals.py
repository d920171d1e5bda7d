"""Intervals of a TOTAL, from the past errors of that same total: conformal, scaled per series, with quantiles pooled over series.

Adding up daily bounds gives intervals that are far too wide, treating days as independent gives ones that are far too narrow.
So the error of every past forecast of a sum is measured against what came, put on the series' own scale, and pooled. Shipped
quantiles stand in where the pool is thin, so the first day has a band too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finops.core.forecasting.defaults import ERROR_PRIOR, Z_QUANTILES
from finops.core.forecasting.states import HORIZONS_D

Array = NDArray[np.float64]

GRID = tuple(round(0.025 * step, 3) for step in range(1, 40))
"""The probabilities at which a total is described."""

CLASSES = (0.0, 1.0, 3.0, 8.0, np.inf)
"""Own completed windows, up to and including: short track records have fatter tails than long ones."""

GROWTH = 0.35
"""Beyond the longest scored horizon, relative width grows with this power of the horizon."""

_OWN_WINDOWS = 3.0
_DEFAULT_SERIES = 20.0
_POOL_SERIES = 10.0
_MOST_ERROR = 10.0
_FAR = 2.0
"""Scaled errors are cut at so many times the outermost shipped quantiles: in a pool of twenty series, one that changed its nature
would else set the tails of all."""


@dataclass(frozen=True)
class Bands:
    """Per node and scored horizon, the relative error of the total at every probability of GRID.

    `offsets[h]` is (node, probability), in units of daily scale x days; `windows[h]` counts completed own windows."""

    offsets: dict[int, Array]
    windows: dict[int, Array]
    scale: Array
    coverage: dict[int, Array]
    """Share of a node's own past totals inside the pooled 80 % interval; nan where there is none."""

    def only(self, nodes: NDArray[np.int64]) -> Bands:
        """The bands of some of the nodes."""
        offsets, windows, coverage = ({h: of[h][nodes] for h in of} for of in (self.offsets, self.windows, self.coverage))
        return Bands(offsets, windows, self.scale[nodes], coverage)

    def relative(self, node: int, days: float) -> Array:
        """Error of the total over the next `days` days at every probability of GRID, relative to daily scale x days: between the
        scored horizons in proportion to the log of the days, beyond them growing slowly."""
        known = np.log(HORIZONS_D)
        at = np.log(max(days, 1.0))
        rows = np.array([self.offsets[h][node] for h in HORIZONS_D])
        if at >= known[-1]:
            return np.asarray(rows[-1] * (days / HORIZONS_D[-1]) ** GROWTH)
        after = int(np.searchsorted(known, at, side="right"))
        share = (at - known[after - 1]) / (known[after] - known[after - 1])
        return np.asarray((1 - share) * rows[after - 1] + share * rows[after])


def bands(spend: Array, first: NDArray[np.int64], past: dict[int, Array], scale: Array, pool: NDArray[np.bool_]) -> Bands:
    """Calibrates every node on its own past errors and those of the nodes in `pool`; rows must come in a canonical order."""
    total = np.concatenate([np.zeros((len(spend), 1)), np.cumsum(spend, axis=1)], axis=1)
    ages = np.arange(spend.shape[1])[None, :] - first[:, None] + 1
    daily, _ = _mean_past_error(_errors(total, past[1], scale, ages, 1), 1)
    offsets, windows, coverage = {}, {}, {}
    for h in HORIZONS_D:
        offsets[h], windows[h], coverage[h] = _calibrated(_errors(total, past[h], scale, ages, h), daily, h, pool)
    return Bands(offsets, windows, scale[:, -1].copy(), coverage)


def _calibrated(error: Array, daily: Array, h: int, pool: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Offsets, windows and coverage at one horizon. Of many series each array is large: `error` is overwritten, and none is kept
    longer than it is asked for."""
    own, seen = _mean_past_error(error, h)
    width = _width(own, seen, daily, h, pool)
    del own
    classes = np.searchsorted(CLASSES, np.round(seen, 9)).astype(np.int8)
    windows = seen[:, -1].copy()
    del seen
    z = np.divide(error, width[:, :-1], out=error)
    last = width[:, -1:].copy()
    del width
    all_of_them = bool(pool.all())
    shapes = _shapes(z if all_of_them else z[pool], (classes if all_of_them else classes[pool])[:, :-1], h)
    low, high = (shapes[:, GRID.index(p)] for p in (0.1, 0.9))
    inside = (z >= low[classes[:, :-1]]) & (z <= high[classes[:, :-1]])
    coverage = _row_mean(np.where(np.isfinite(z), inside, np.nan))
    return shapes[classes[:, -1]] * last, windows, coverage


def _errors(total: Array, past: Array, scale: Array, ages: NDArray[np.int64], h: int) -> Array:
    """(actual - forecast) / (scale x h) of the total that began the day after each column; nan where not known by the end."""
    days = past.shape[1]
    out = np.full(past.shape, np.nan)
    if days > h:
        actual = total[:, h + 1 :] - total[:, 1 : days - h + 1]
        base = scale[:, : days - h] * h
        valid = (base > 0) & (ages[:, : days - h] >= 3)
        error = (actual - past[:, : days - h]) / np.where(valid, base, 1.0)
        out[:, : days - h] = np.where(valid, np.clip(error, -_MOST_ERROR, _MOST_ERROR), np.nan)
    return out


def _mean_past_error(error: Array, h: int) -> tuple[Array, Array]:
    """At the evening of each column (and of the last, in one column more): the mean |error| of the windows completed by then,
    and how many windows of h days that is."""
    count, days = error.shape
    known = np.isfinite(error)
    size = np.cumsum(np.where(known, np.abs(error), 0.0), axis=1)
    seen = np.cumsum(known, axis=1).astype(float)
    shifted = [np.zeros((count, days + 1)), np.zeros((count, days + 1))]
    for into, of in zip(shifted, (size, seen), strict=True):
        if days > h:
            into[:, h:days] = of[:, : days - h]
            into[:, days] = of[:, days - 1 - h]
    mean = shifted[0] / np.maximum(shifted[1], 1.0)
    return mean, shifted[1] / h


def _width(own: Array, seen: Array, daily: Array, h: int, pool: NDArray[np.bool_]) -> Array:
    """The expected |error|: the own mean, shrunk to what the daily error and the length of the track record let expect."""
    level, slope, short = ERROR_PRIOR[h]
    prior = level + slope * np.log(np.clip(daily, 0.02, 5.0)) + short / (1.0 + seen)
    prior = np.where(daily > 0, prior, level + slope * np.log(0.3) + short)
    long_enough = pool & (seen[:, -1] >= 3) & (own[:, -1] > 0)
    if long_enough.any():
        gap = np.log(own[long_enough, -1]) - prior[long_enough, -1]
        prior = prior + gap.sum() / (long_enough.sum() + _POOL_SERIES)
    return np.asarray(np.maximum((seen * own + _OWN_WINDOWS * np.exp(prior)) / (seen + _OWN_WINDOWS), 0.01))


def _shapes(z: Array, classes: NDArray[np.int8], h: int) -> Array:
    """(class, probability): quantiles of the scaled errors, every series with the same weight, mixed with the shipped ones."""
    default = np.array(Z_QUANTILES[h])
    out = np.zeros((len(CLASSES), len(GRID)))
    for group in range(len(CLASSES)):
        chosen = np.isfinite(z) & (classes == group)
        per_series = chosen.sum(axis=1)
        weight = (1.0 / np.maximum(per_series, 1))[:, None] * chosen
        values = np.concatenate([np.clip(z[chosen], _FAR * default[0], _FAR * default[-1]), default])
        weights = np.concatenate([weight[chosen], np.full(len(default), _DEFAULT_SERIES / len(default))])
        out[group] = _weighted_quantiles(values, weights)
    return out


def _weighted_quantiles(values: Array, weights: Array) -> Array:
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order]
    middle = (np.cumsum(weights) - weights / 2) / weights.sum()
    return np.asarray(np.interp(GRID, middle, values))


def _row_mean(values: Array) -> Array:
    known = np.isfinite(values)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)
