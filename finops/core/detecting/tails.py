"""How rare a day is among many series: each by its own middle and scale, the tail and the day's common move from all.

Residuals are logarithms, so that series of every level have tails alike. Those of a series that often spends nothing are of the
days on which it spends. Everything is causal; the order of series says nothing.
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
_FALSE_WEIGHT = 0.33
"""How much a day that raised an alert weighs in the tail: somewhat more than the part of the alerts that are false, since what
lies between the fitted quantiles and the rarest days is drawn on from less rare ones."""
_FADES = 0.985
_OWN_PRIOR_D = 500.0
_SCALE_PRIOR_D = 10.0
"""How many days the scale of all series weighs as much as in the scale of one."""
_CENTRED = 0.5
"""How far residuals are moved to the series' own middle: fully, chance in the middle would make the tail heavier."""
_USUAL_EFFECT = 3.0
"""A common move is taken off up to so many times the 90 % quantile of the last 60 days' moves: not one beyond."""
_FOLLOWS_D = 5.0
"""A series follows the common move fully until so many days with moves as large as the usual scale say otherwise."""
_MOST_FOLLOWED = 3.0
_SELDOM = 0.15
"""A series that spends nothing on this share of its days is judged by the days on which it spends."""
_GRID = np.arange(-3.0, 12.0, 0.02)
_EDGES = np.concatenate([[-np.inf], _GRID])
_FIT_DAYS = 500


class SharedTail:
    """Past residuals of every series and the tail that all of them share."""

    def __init__(self, count: int) -> None:
        self._past = np.full((count, _MEMORY_D), np.nan)
        self._spent = np.full((count, _MEMORY_D), np.nan)
        self._scale = np.full(count, np.nan)
        self._middle = np.zeros(count)
        self._active = np.zeros(count)
        self.seldom = np.zeros(count, bool)
        """Series that are judged by the days on which they spend."""
        self.known = np.zeros(count, bool)
        """Series whose scale is known."""
        self.there = np.ones(count, bool)
        """Series that have something to be judged by today."""
        self.common = np.zeros(count)
        """What the common move of the day is taken to be of each series' residual."""
        self._counts = np.zeros(len(_GRID) + 1)
        self._effects: list[float] = []
        self._effect, self._with, self._own = 0.0, np.zeros(count), np.zeros(count)
        self._residual = np.zeros(count)
        self.scaled = np.zeros(count)
        """Today's residuals in units of each series' scale."""
        self._quantile, self._sigma, self._shape = 1.4, 0.75, 0.2

    def chances(self, spend: Array, expected: Array, level: Array, judged: Bools, apart: Bools) -> Array:
        """The chance of at least what was spent today, by the common tail and by how often the series itself came so far. Series
        `apart` are judged with the common move in them."""
        damp = _DAMP * level
        with np.errstate(divide="ignore", invalid="ignore"):
            residual = np.log((np.maximum(spend, 0.0) + damp) / (expected + damp))
            residual = np.where(level > 0, np.nan_to_num(residual, posinf=0.0, neginf=0.0), 0.0)
            residual = np.where(self.seldom, np.log(spend) - self._active, residual)
        self.there = ~self.seldom | (spend > 0)
        self._residual = np.where(self.there, residual, np.nan)
        centred = np.where(self.there, residual - self._middle, 0.0)
        self._effect = self._common_move(centred[judged & self.there & ~apart])
        self.common = np.where(apart | ~self.there, 0.0, self._effect * self._follows())
        self.known = np.isfinite(self._scale)
        known = judged & self.known & self.there
        self.scaled = np.where(known, (centred - self.common) / np.where(known, self._scale, 1.0), 0.0)
        above = np.maximum(self.scaled - self._quantile, 0.0)
        tail = _TAIL * (1 + self._shape * above / self._sigma) ** (-1 / self._shape)
        self._residual = self._residual - self.common
        with np.errstate(invalid="ignore"):
            often = np.maximum((self._past >= self._residual[:, None]).sum(axis=1) - 1, 0)
        days = (~np.isnan(self._past)).sum(axis=1)
        own = (often + _OWN_PRIOR_D * tail) / (days + _OWN_PRIOR_D)
        return np.asarray(np.where(known & (self.scaled > self._quantile), np.maximum(tail, own), 0.55))

    def learn(self, spend: Array, day: int, age: NDArray[np.int64], judged: Bools, alert: Bools, quiet: Bools) -> None:
        """Takes the day in. A day that raised an alert is not the series' own past, and little of the common one."""
        column = day % _MEMORY_D
        own = (age >= 7) & ~alert
        self._past[:, column] = np.where(own, self._residual, np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            self._spent[:, column] = np.where(own, np.where(spend > 0, np.log(spend), -np.inf), np.nan)
        new = judged & quiet & np.isfinite(self._scale) & ~np.isnan(self._residual)
        self._counts *= _FADES
        np.add.at(self._counts, np.searchsorted(_GRID, self.scaled[new], side="right"), np.where(alert[new], _FALSE_WEIGHT, 1.0))
        moved = np.where(new & ~alert, np.clip(np.nan_to_num(self._residual) - self._middle + self.common, -1.0, 1.0), 0.0)
        self._with = _FADES * self._with + moved * self._effect
        self._own = _FADES * self._own + np.where(new & ~alert, self._effect**2, 0.0)
        if day % 2 == 0 or day < 2 * _MEMORY_D:
            self._measure()
        if day % 5 == 0:
            self._fit()

    def _follows(self) -> Array:
        """How much of the common move each series makes: 1 until its own past says otherwise."""
        known = np.isfinite(self._scale)
        weight = _FOLLOWS_D * float(np.median(self._scale[known])) ** 2 if known.any() else 1.0
        return np.asarray(np.clip((self._with + weight) / (self._own + weight), 0.0, _MOST_FOLLOWED))

    def _common_move(self, residuals: Array) -> float:
        if len(residuals) < MANY:
            return 0.0
        effect = float(np.median(residuals))
        past = np.abs(np.array(self._effects[-60:]))
        usual = _USUAL_EFFECT * float(np.quantile(past, 0.9)) if len(past) >= 10 else 0.0
        self._effects.append(effect)
        return float(np.clip(effect, -usual, usual))

    def _measure(self) -> None:
        """Each series' middle and its scale, from the body and the tail of its residuals, drawn a little towards that of all."""
        self._measure_seldom()
        ordered = np.sort(self._past, axis=1)
        rows = np.arange(len(ordered))
        known = np.sum(~np.isnan(ordered), axis=1)
        last = np.maximum(known - 1, 0)
        enough = known >= 10
        self._middle = np.where(enough, _CENTRED * np.nan_to_num(ordered[rows, last // 2]), 0.0)
        ordered = np.sort(np.abs(np.maximum(self._past - self._middle[:, None], -1.0)), axis=1)
        median, body, tail, far = (ordered[rows, np.ceil(share * last).astype(int)] for share in (0.5, 0.8, 0.9, 0.95))
        own = 0.4 * (median / 0.6745 + body / 1.2816) / 2 + 0.6 * (tail / 1.645 + far / 1.96) / 2
        typical = float(np.median(own[enough])) if enough.any() else 0.2
        weight = known / (known + _SCALE_PRIOR_D)
        drawn = np.exp(weight * np.log(np.maximum(own, 0.02)) + (1 - weight) * np.log(max(typical, 0.02)))
        self._scale = np.where(enough, drawn, np.nan)

    def _measure_seldom(self) -> None:
        """Which series seldom spend, and what they usually spend when they do."""
        ordered = np.sort(self._spent, axis=1)
        days = np.sum(~np.isnan(ordered), axis=1)
        nothing = np.sum(np.isneginf(ordered), axis=1)
        share = nothing / np.maximum(days, 1)
        seldom = (days >= 10) & (days > nothing) & (share >= np.where(self.seldom, _SELDOM / 2, _SELDOM))
        at = np.minimum(nothing + np.maximum(days - nothing - 1, 0) // 2, _MEMORY_D - 1)
        middle = ordered[np.arange(len(ordered)), at]
        self._active = np.where(seldom, middle, 0.0)
        with np.errstate(invalid="ignore"):
            since = np.where(np.isfinite(self._spent), self._spent - self._active[:, None], np.nan)
        self._past = np.where((seldom & ~self.seldom)[:, None], since, self._past)
        self.seldom = seldom

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
