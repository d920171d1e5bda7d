"""How rare a day is among many series: each by its own scale, the shape of the tail and the usual day effects from all of them.

Residuals are logarithms, so that series of every level have tails alike. Everything is causal; the order of series says nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

MANY = 100
"""From so many judged series on, their common tail is known well enough to stand for each of them."""
DISCOVERIES = 0.18
"""The share of false discoveries at which Benjamini and Hochberg's rule is applied: spikes of the past that nobody found are part
of the tail and make it too heavy, so that fewer are false than this says."""
_MEMORY_D = 120
_DAMP = 0.05
"""Part of the level that is added to spend and to the expected, so that days without spend have a logarithm."""
_STEP = 0.4
"""The tail is fitted at the quantiles that 10 %, 4 % and 1.6 % of all days pass: deep enough to show its shape, not so deep that
true spikes are most of what lies there."""
_TAIL = 0.1
_SHAPE, _SHAPE_DAYS = 0.15, 3000.0
"""The shape before anything is known, and how many days it weighs as much as."""
_LOWEST_SHAPE, _HIGHEST_SHAPE = 0.02, 0.35
_FALSE_WEIGHT = 0.25
"""How much a day that raised an alert weighs in the tail: about the part of the alerts that are false."""
_FADES = 0.985
_OWN_PRIOR_D = 500.0
_USUAL_EFFECT = 3.0
"""A day effect of all series is taken off up to so many times the 90 % quantile of the last 60 days' effects: not one beyond."""
_GRID = np.arange(-3.0, 12.0, 0.02)
_EDGES = np.concatenate([[-np.inf], _GRID])
_FIT_DAYS = 500


class SharedTail:
    """Past residuals of every series and the tail that all of them share."""

    def __init__(self, count: int) -> None:
        self._past = np.full((count, _MEMORY_D), np.nan)
        self._scale = np.full(count, np.nan)
        self._counts = np.zeros(len(_GRID) + 1)
        self._effects: list[float] = []
        self._residual = np.zeros(count)
        self._scaled = np.zeros(count)
        self._quantile, self._sigma, self._shape = 1.4, 0.75, 0.2

    def chances(self, spend: Array, expected: Array, level: Array, judged: Bools) -> Array:
        """The chance of at least what was spent today, by the common tail and by how often the series itself came so far."""
        damp = _DAMP * level
        with np.errstate(divide="ignore", invalid="ignore"):
            residual = np.log((np.maximum(spend, 0.0) + damp) / (expected + damp))
        residual = np.where(level > 0, np.nan_to_num(residual, posinf=0.0, neginf=0.0), 0.0)
        self._residual = residual - self._effect(residual[judged])
        known = judged & np.isfinite(self._scale)
        self._scaled = np.where(known, self._residual / np.where(known, self._scale, 1.0), 0.0)
        above = np.maximum(self._scaled - self._quantile, 0.0)
        tail = _TAIL * (1 + self._shape * above / self._sigma) ** (-1 / self._shape)
        often = np.maximum((self._past >= self._residual[:, None]).sum(axis=1) - 1, 0)
        days = (~np.isnan(self._past)).sum(axis=1)
        own = (often + _OWN_PRIOR_D * tail) / (days + _OWN_PRIOR_D)
        return np.asarray(np.where(known & (self._scaled > self._quantile), np.maximum(tail, own), 0.55))

    def learn(self, day: int, age: NDArray[np.int64], judged: Bools, alert: Bools, quiet: Bools) -> None:
        """Takes the day in. A day that raised an alert is not the series' own past, and little of the common one."""
        self._past[:, day % _MEMORY_D] = np.where((age >= 7) & ~alert, self._residual, np.nan)
        new = judged & quiet & np.isfinite(self._scale)
        self._counts *= _FADES
        np.add.at(self._counts, np.searchsorted(_GRID, self._scaled[new], side="right"), np.where(alert[new], _FALSE_WEIGHT, 1.0))
        if day % 2 == 0 or day < 2 * _MEMORY_D:
            self._measure()
        if day % 5 == 0:
            self._fit()

    def _effect(self, residuals: Array) -> float:
        if len(residuals) < MANY:
            return 0.0
        effect = float(np.median(residuals))
        past = np.abs(np.array(self._effects[-60:]))
        usual = _USUAL_EFFECT * float(np.quantile(past, 0.9)) if len(past) >= 10 else 0.0
        self._effects.append(effect)
        return float(np.clip(effect, -usual, usual))

    def _measure(self) -> None:
        """Each series' scale, from the body and the tail of its residuals, drawn a little towards that of all."""
        ordered = np.sort(np.abs(np.maximum(self._past, -1.0)), axis=1)
        known = np.sum(~np.isnan(ordered), axis=1)
        last, rows = np.maximum(known - 1, 0), np.arange(len(ordered))
        median, body, tail, far = (ordered[rows, np.ceil(share * last).astype(int)] for share in (0.5, 0.8, 0.9, 0.95))
        own = 0.4 * (median / 0.6745 + body / 1.2816) / 2 + 0.6 * (tail / 1.645 + far / 1.96) / 2
        enough = known >= 10
        typical = float(np.median(own[enough])) if enough.any() else 0.2
        weight = known / (known + 4.0)
        drawn = np.exp(weight * np.log(np.maximum(own, 0.02)) + (1 - weight) * np.log(max(typical, 0.02)))
        self._scale = np.where(enough, drawn, np.nan)

    def _fit(self) -> None:
        total = float(self._counts.sum())
        if total < _FIT_DAYS:
            return
        beyond = np.cumsum(self._counts[::-1])[::-1] / total
        first, second, third = (float(_EDGES[np.nonzero(beyond >= _TAIL * _STEP**k)[0][-1]]) for k in range(3))
        if not first > 0:
            return
        seen = np.log(max(third - second, 1e-6) / max(second - first, 1e-6)) / -np.log(_STEP)
        weight = total / (total + _SHAPE_DAYS)
        self._shape = float(np.clip(weight * seen + (1 - weight) * _SHAPE, _LOWEST_SHAPE, _HIGHEST_SHAPE))
        self._sigma = max(self._shape * (third - first) / (_STEP ** (-2 * self._shape) - 1), 0.05)
        self._quantile = first
