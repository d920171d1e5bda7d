"""The forecasting engine: a grid of exponential-smoothing states on all series at once, scored daily on the sums users ask for.

Beside 13 smoothing states stand plain means of the last 15, 30 and 60 days, which serve bursty spend best. Every state is scored
each day, on every series, by its error on the SUM over the next 1, 7, 15 and 30 days, and the forecast is the median of the
states, each weighing the more the less it erred. A single chosen model fails on spend (it chases bursts or misses growth), and a
mean follows the few states that do; a weighted median does neither. Everything a past origin used was known on that day, so the
forecasts it returns for past days are an honest back-test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finops.core.forecasting.defaults import STATE_ERRORS
from finops.core.forecasting.gates import SpendRhythm
from finops.core.forecasting.median import weighted_median

Array = NDArray[np.float64]

HORIZONS_D = (1, 7, 15, 30)
SCALE_FLOOR = 0.1
"""A silent series is measured against a tenth of its long-run daily spend, so that a restart has a size."""

_FLAT = (0.03, 0.08, 0.18, 0.4, 0.8)
_CLIPPED = (0.08, 0.18, 0.4)
_TREND = ((0.1, 0.1, 0.97), (0.2, 0.1, 0.97), (0.4, 0.1, 0.9), (0.2, 0.3, 0.9), (0.4, 0.3, 0.97))
_WINDOWS_D = (15, 30, 60)
_TRENDED = slice(8, 13)
_MEANS = slice(13, 16)
_PHIS = (0.97, 0.9)
_ALPHA = np.array([*_FLAT, *_CLIPPED, *(a for a, _, _ in _TREND), 0.0, 0.0, 0.0])[:, None]
_BETA = np.array([0.0] * 8 + [b for _, b, _ in _TREND] + [0.0] * 3)[:, None]
_PHI = np.array([0.0] * 8 + [p for _, _, p in _TREND] + [0.0] * 3)[:, None]
_CLIP = np.array([3.0] * 5 + [1.5] * 3 + [3.0] * 8)[:, None]
"""Usual surprises that a single day can move a state by: even those that follow quickly don't follow one burst all the way."""
_PHI_ROW = np.array([_PHIS.index(p) for _, _, p in _TREND])
_REFERENCE = 2
STATES = len(_ALPHA)

_WEEKDAY_RATE = 0.08
_ERROR_CAP = 3.0
_DECAY = 0.5 ** (1 / 60)
_POOL_WINDOWS = 3.0
_DEFAULT_SERIES = 20.0
_COLD_DAYS = 42


@dataclass(frozen=True)
class Track:
    """What the engine knows after the last day. Rows are series, right-aligned on their last complete day.

    `past[h]` holds, per past day, the forecast made that evening of the sum over the next h days (nan before the first day).
    `weights[h]`, `level`, `trend` are (state, series); `weekday` (series, 7) starts with the day after the last one. `bend[h]` is
    the weighted median of the states' sums over h days by their weighted mean.
    `flat` is the mean that a cold or irregular series leans on, by the share `lean`; `silent` series have stopped."""

    past: dict[int, Array]
    scale: Array
    weights: dict[int, Array]
    bend: dict[int, Array]
    level: Array
    trend: Array
    weekday: Array
    flat: Array
    lean: Array
    shaped: NDArray[np.bool_]
    silent: NDArray[np.bool_]
    recent: Array
    mean_errors: dict[int, tuple[float, ...]]
    """Per horizon, each state's error relative to the mean state, over all series: what the shipped priors are made of."""


def track(spend: Array, first: NDArray[np.int64]) -> Track:
    """Runs the grid over `spend` (series, days); series i begins at column `first[i]`, and columns before it are ignored."""
    count, days = spend.shape
    ages = np.arange(days)[None, :] - first[:, None] + 1
    spend = np.where(ages > 0, spend, 0.0)
    total = _running(spend)
    scale = daily_scale(spend, first)
    grid = _Grid(count)
    scores = {h: _Scores(h, count) for h in HORIZONS_D}
    rhythm = SpendRhythm(count)
    past = {h: np.full((count, days), np.nan) for h in HORIZONS_D}
    lean, flat, shaped, silent = np.zeros(count), np.zeros(count), np.ones(count, bool), np.zeros(count, bool)
    for day in range(days):
        age = ages[:, day]
        rhythm.learn(spend[:, day], age, grid.weekday[:, day % 7])
        grid.learn(day, spend[:, day], age, total)
        lean, flat, shaped, silent = _lean(total, day, age, rhythm)
        sums = grid.sums(day)
        for row, h in enumerate(HORIZONS_D):
            score = scores[h]
            if day >= h:
                score.learn(day, total[:, day + 1] - total[:, day + 1 - h], scale[:, day - h], age)
            states = np.maximum(grid.forecast(sums[3 * row : 3 * row + 3]), 0.0)
            score.keep(day, states)
            mixed = weighted_median(states, score.weights())
            resting = flat * np.where(shaped, sums[3 * row], float(h))
            past[h][:, day] = np.where(silent, 0.0, (1 - lean) * mixed + lean * resting)
    weights = {h: scores[h].weights() for h in HORIZONS_D}
    bend = {h: _bend(scores[h].kept[(days - 1) % h], weights[h]) for h in HORIZONS_D}
    for h in HORIZONS_D:
        past[h][ages <= 0] = np.nan
    weekday = grid.weekday[:, (days + np.arange(7)) % 7]
    errors = {h: scores[h].mean_errors() for h in HORIZONS_D}
    recent = _mean_of_last(total, days - 1, ages[:, -1], 56)
    return Track(past, scale, weights, bend, grid.level, grid.trend, weekday, flat, lean, shaped, silent, recent, errors)


def daily_path(known: Track, days: int, horizon_d: int) -> Array:
    """The expected spend of each of the next `days` days, (series, days): with the weights that serve a total
    over `horizon_d` days. Days are shaped as the states' weighted mean, and come to their weighted median."""
    horizon = nearest_horizon(horizon_d)
    weights = known.weights[horizon]
    steps = np.arange(1, days + 1)
    shape = known.weekday[:, (steps - 1) % 7]
    mixed = np.zeros(shape.shape)
    for state in range(STATES):
        growth = np.cumsum(_PHI[state] ** steps)
        ahead = known.level[state][:, None] + known.trend[state][:, None] * growth
        mixed += weights[state][:, None] * np.maximum(ahead, 0.0)
    mixed *= shape * known.bend[horizon][:, None]
    resting = known.flat[:, None] * np.where(known.shaped[:, None], shape, 1.0)
    path = (1 - known.lean)[:, None] * mixed + known.lean[:, None] * resting
    path[known.silent] = 0.0
    return np.maximum(path, 0.0)


def nearest_horizon(days: int) -> int:
    """The scored horizon whose weights serve a total over `days` days."""
    return min(HORIZONS_D, key=lambda h: (abs(np.log(max(days, 1) / h)), h))


def _running(spend: Array) -> Array:
    total = np.zeros((spend.shape[0], spend.shape[1] + 1))
    np.cumsum(spend, axis=1, out=total[:, 1:])
    return total


def daily_scale(spend: Array, first: NDArray[np.int64]) -> Array:
    """Mean daily |spend| of the last 28 days, never below a tenth of the long-run mean: what errors are relative to."""
    total = _running(np.abs(spend))
    days = spend.shape[1]
    ages = np.arange(days)[None, :] - first[:, None] + 1
    begin = np.maximum(np.arange(days) - 27, 0)
    lived = np.maximum(ages, 1)
    near = (total[:, 1:] - total[:, begin]) / np.minimum(lived, 28)
    return np.asarray(np.maximum(near, SCALE_FLOOR * total[:, 1:] / lived))


def _mean_of_last(total: Array, day: int, age: NDArray[np.int64], window: int) -> Array:
    span = min(window, day + 1)
    return np.asarray((total[:, day + 1] - total[:, day + 1 - span]) / np.clip(age, 1, window))


def _lean(total: Array, day: int, age: NDArray[np.int64], rhythm: SpendRhythm) -> tuple[Any, Array, Any, Any]:
    """How far each series leans on a plain mean instead of the grid, which mean, and whether weekdays shape it."""
    irregular, silent = rhythm.irregular(), rhythm.silent()
    cold = np.where(age < 7, 1.0, np.where(age <= _COLD_DAYS, 7.0 / (np.maximum(age, 1) + 7.0), 0.0))
    flat = np.where(irregular, _mean_of_last(total, day, age, 60), _mean_of_last(total, day, age, _COLD_DAYS))
    return np.where(irregular, 1.0, cold), np.maximum(flat, 0.0), ~irregular, silent


class _Grid:
    """Levels, trends and the weekday index of every series."""

    def __init__(self, count: int) -> None:
        self.level = np.zeros((STATES, count))
        self.trend = np.zeros((STATES, count))
        self.weekday = np.ones((count, 7))
        self.spread = np.zeros(count)
        self._sums = _sum_coefficients()

    def learn(self, day: int, spend: Array, age: NDArray[np.int64], total: Array) -> None:
        index = self.weekday[:, day % 7]
        alive = age > 0
        rate = 1.0 / np.maximum(age, 1)
        expected = self.level + _PHI * self.trend
        error = spend / np.maximum(index, 0.1) - expected
        limit = _CLIP * np.where(age > 5, 1.25 * self.spread, np.inf)
        surprise = np.abs(error[_REFERENCE])
        error = np.clip(error, -limit, limit)
        gain = np.where(alive, np.maximum(_ALPHA, rate) * np.minimum(index, 1.0), 0.0)
        self.level = expected + gain * error
        self.trend = _PHI * self.trend + np.where(age > 5, _BETA * gain * error, 0.0)
        self.spread += np.where(alive & (age > 1), np.maximum(0.06, rate) * (surprise - self.spread), 0.0)
        for row, window in enumerate(_WINDOWS_D, start=_MEANS.start):
            self.level[row] = _mean_of_last(total, day, age, window)
        if day >= 6:
            self._learn_weekdays(day, spend, age, total)

    def _learn_weekdays(self, day: int, spend: Array, age: NDArray[np.int64], total: Array) -> None:
        """The first whole week sets all seven indices half-way; each later day moves its own ever less, a burst not far."""
        week = (total[:, day + 1] - total[:, day - 6]) / 7.0
        known = week > 0
        safe = np.where(known, week, 1.0)
        today = day % 7
        rate = np.maximum(_WEEKDAY_RATE, 1.0 / (np.maximum(age - 7, 0) // 7 + 2))
        index = self.weekday[:, today]
        moved = index + rate * (np.clip(spend / safe, 0.0, index + 1.0) - index)
        self.weekday[:, today] = np.where(known & (age > 7), moved, self.weekday[:, today])
        for row in np.flatnonzero((age == 7) & known):
            for back in range(7):
                value = total[row, day + 1 - back] - total[row, day - back]
                self.weekday[row, (day - back) % 7] = 0.5 + 0.5 * np.clip(value / week[row], 0.0, 7.0)
        self.weekday /= np.maximum(self.weekday.mean(axis=1, keepdims=True), 1e-9)

    def sums(self, day: int) -> Array:
        """Per horizon three rows: the sum of the weekday index, and of the index times each damped growth."""
        ahead = self.weekday[:, (day + 1 + np.arange(7)) % 7]
        return np.asarray(np.einsum("nd,dk->kn", ahead, self._sums))

    def forecast(self, sums: Array) -> Array:
        """The sum that every state expects over one horizon."""
        out: Array = self.level * sums[0]
        out[_TRENDED] += self.trend[_TRENDED] * sums[1 + _PHI_ROW]
        return out


class _Scores:
    """The decayed error of every state on every series for one horizon, and the weights that follow from it."""

    def __init__(self, horizon_d: int, count: int) -> None:
        self.horizon_d = horizon_d
        self.kept = np.zeros((horizon_d, STATES, count))
        self.error = np.zeros((STATES, count))
        self.seen = np.zeros(count)
        self._default = np.array(STATE_ERRORS[horizon_d])

    def keep(self, day: int, states: Array) -> None:
        self.kept[day % self.horizon_d] = states

    def learn(self, day: int, actual: Array, scale: Array, age: NDArray[np.int64]) -> None:
        """Scores the forecasts made `horizon_d` days ago against what was then spent."""
        valid = (age - self.horizon_d >= 3) & (scale > 0)
        error = np.abs(self.kept[day % self.horizon_d] - actual) / (np.where(valid, scale, 1.0) * self.horizon_d)
        self.error = _DECAY * self.error + np.where(valid, np.minimum(error, _ERROR_CAP), 0.0)
        self.seen = _DECAY * self.seen + valid

    def mean_errors(self) -> tuple[float, ...]:
        """Over the series with a track record, each state's error relative to the mean state."""
        mean = self.error.mean(axis=0)
        own = self.error[:, mean > 0] / mean[mean > 0]
        return tuple(round(float(e), 3) for e in own.mean(axis=1)) if own.size else (1.0,) * STATES

    def weights(self) -> Array:
        """Weights ~ error^-6, the own error (relative to the mean state) shrunk to the pool, the pool to shipped defaults."""
        mean = self.error.mean(axis=0)
        known = mean > 0
        own = np.where(known, self.error / np.where(known, mean, 1.0), 1.0)
        pool = (own[:, known].sum(axis=1) + _DEFAULT_SERIES * self._default) / (known.sum() + _DEFAULT_SERIES)
        windows = np.where(known, self.seen / self.horizon_d, 0.0)
        ratio = np.maximum((windows * own + _POOL_WINDOWS * pool[:, None]) / (windows + _POOL_WINDOWS), 0.02)
        weight = 1.0 / (ratio * ratio) ** 3
        return np.asarray(weight / weight.sum(axis=0))


def _bend(states: Array, weights: Array) -> Array:
    mean = np.einsum("sn,sn->n", weights, states)
    return np.where(mean > 0, weighted_median(states, weights) / np.where(mean > 0, mean, 1.0), 1.0)


def _sum_coefficients() -> Array:
    """(7, 3 x horizons): how often each of the next weekdays falls in a horizon, plainly and times the damped growth."""
    out = np.zeros((7, 3 * len(HORIZONS_D)))
    for row, h in enumerate(HORIZONS_D):
        for step in range(h):
            out[step % 7, 3 * row] += 1.0
            for column, phi in enumerate(_PHIS):
                out[step % 7, 3 * row + 1 + column] += sum(phi**power for power in range(1, step + 2))
    return out
