"""Unusual days of spend: robust residuals against the expected day of the week, tail probabilities, and a channel for slow drift.

Everything is causal: what a day is judged by comes from the days before it, of its own series and of all series together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finops.core.detecting.tails import DISCOVERIES, MANY, SharedTail

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

SETTLE_D = 21
"""A series is judged from this day of its life on."""
MEMORY_D = 120
_ALPHA = 0.15
_WEEKDAY_RATE = 0.08
_SHAPE = 0.25
"""Shape of the generalised Pareto tail above a series' own 90 % quantile of residuals."""
_PRIOR = 12.0
"""How many of a series' own largest residuals the scale of the tail of all series weighs as much as."""
_POOL_MIN = 500
_DRIFT_SHARE = 0.25
"""The part of the alert budget that belongs to the drift channel."""
_BY_CHANCE = 0.2
"""Among many series, the part of an alert a day that is left to chance."""
_DRIFT_BY_CHANCE = (0.3, 0.1)
"""The part of an alert a day in all that chance may raise as drift, among few series and among many."""
_PLAIN = 0.5
"""A discovery among many series must be rarer than chance allows a single one by this factor."""
_DRIFT_SLACK = 0.6
_LIMITS = np.geomspace(2.0, 80.0, 60)
_LOG_P = np.linspace(-12.0, 0.0, 601)
DAYS_PER_MONTH = 30.4


@dataclass(frozen=True)
class Judged:
    """For every series and day: the expected spend, the probability of so much under its own past (one-sided, upwards), and which
    days begin an alert of the two classes. Arrays are (series, days); days before a series settled are NaN and False.
    """

    expected: Array
    p_value: Array
    spike: Bools
    drift: Bools
    beyond: Bools
    """Days of an alert that goes on, the first included."""
    rising: Bools
    """Days on which a drift goes on: its sum is over the limit and rises."""


def judge(
    spend: Array, first: NDArray[np.int64], *, budget: float = 1 / 6, false_share: float = 0.1, apart: Bools | None = None
) -> Judged:
    """Judges each day of `spend` (series, days); series i begins at column `first[i]`.

    `budget` is how many new alerts a series may raise by chance in a month. Over many series only one a day in all is left to
    chance, and from 100 on one in five; beyond it come those that the Benjamini-Hochberg rule passes: of few series, by their own
    tails at the share `false_share` of false discoveries, of many by the tail that they share. Of many, the usual common move of
    a day is taken off before each is judged; series `apart`, such as the sum of all, are judged with it and have the budget of a
    single one.
    """
    series, days = spend.shape
    state = _Series(series)
    pool, slow, shared = _Pool(), _Drift(series), SharedTail(series)
    daily = budget / DAYS_PER_MONTH
    chance, one_a_day = daily * (1 - _DRIFT_SHARE), 1.0 / max(series, 1)
    out = Judged(*(np.full((series, days), np.nan) for _ in range(2)), *(np.zeros((series, days), bool) for _ in range(4)))
    quiet = np.full(series, 99)
    whole = np.zeros(series, bool) if apart is None else apart
    for day in range(days):
        age = day - first
        expected = state.expect(day)
        judged = age >= SETTLE_D
        many = int(judged.sum()) >= MANY
        chances = shared.chances(spend[:, day], expected, state.level, judged, whole)
        relative = state.residual(spend[:, day] / np.exp(shared.common), expected)
        raw = state.tail(relative)
        p_value = pool.calibrated(raw, judged)
        seldom = many & shared.seldom & shared.known
        p_value = np.where(seldom, chances, p_value)
        told, share = (chances, DISCOVERIES) if many else (raw, false_share)
        found = judged & (told <= min(chance * _PLAIN, _discoveries(told[judged & (shared.there | (not many))], share)))
        p_value = np.where(found & many, np.minimum(told, p_value), p_value)
        by_chance = np.where(whole, chance, min(chance, one_a_day * (_BY_CHANCE if many else 1.0)))
        alert = found | (judged & (p_value <= by_chance))
        scaled = np.where(seldom, shared.scaled, state.scaled(relative))
        crossed = slow.step(scaled, judged, min(daily * _DRIFT_SHARE, one_a_day * _DRIFT_BY_CHANCE[many]))
        any_alert = alert | crossed
        out.expected[:, day] = np.where(judged, expected, np.nan)
        out.p_value[:, day] = np.where(judged, p_value, np.nan)
        out.spike[:, day] = alert & (quiet > 3)
        out.drift[:, day] = crossed & ~alert & (quiet > 3)
        out.beyond[:, day] = any_alert
        out.rising[:, day] = slow.rising
        pool.learn(raw, judged, judged & (quiet > 3))
        shared.learn(spend[:, day], day, age, judged, any_alert, quiet > 3)
        quiet = np.where(any_alert, 0, quiet + 1)
        state.learn(spend[:, day], day, age)
    return out


def _discoveries(p_values: Array, share: float) -> float:
    """The largest p-value that Benjamini and Hochberg's step-up rule passes, 0 where none does."""
    ordered = np.sort(p_values)
    passed = np.nonzero(ordered <= share * np.arange(1, len(ordered) + 1) / max(len(ordered), 1))[0]
    return float(ordered[passed[-1]]) if len(passed) else 0.0


class _Series:
    """Level, weekday index and past relative residuals of every series."""

    def __init__(self, count: int) -> None:
        self.level = np.zeros(count)
        self.weekday = np.ones((count, 7))
        self.seen = np.zeros(count)
        self.past = np.full((count, MEMORY_D), np.nan)
        self.q90 = np.full(count, np.nan)
        self.q95 = np.full(count, np.nan)
        self.excess = np.full(count, np.nan)
        self._relative = np.zeros(count)

    def expect(self, day: int) -> Array:
        """What the day should cost."""
        return np.asarray(np.maximum(self.level, 0.0) * self.weekday[:, day % 7])

    def residual(self, spend: Array, expected: Array) -> Array:
        """The day's residual in units of the level."""
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.where(self.level > 0, (spend - expected) / self.level, 0.0)
        self._relative = relative
        return np.asarray(relative)

    def scaled(self, relative: Array) -> Array:
        """Residuals in units in which the series' own 95 % quantile is 1.645."""
        scaled: Array = np.nan_to_num(1.645 * relative / np.maximum(self.q95, 0.02))
        return scaled

    def tail(self, relative: Array) -> Array:
        """The chance of at least this residual: empirical up to the own 90 % quantile, a Pareto tail above it."""
        sigma = _SHAPE / (2**_SHAPE - 1) * np.maximum(self.excess, 0.01)
        above = np.maximum(relative - self.q90, 0.0)
        tail = 0.1 * (1 + _SHAPE * above / sigma) ** (-1 / _SHAPE)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where(relative > np.maximum(self.q90, 0.0), tail, 0.55))

    def learn(self, spend: Array, day: int, age: NDArray[np.int64]) -> None:
        """Takes the day in, bounded by what was usual, so that an odd day does not become the new usual."""
        begun = age >= 0
        column = day % MEMORY_D
        self.past[:, column] = np.where(begun & (age >= 7), self._relative, np.nan)
        if day % 2 == 0 or day < 2 * MEMORY_D:
            self._measure()
        fresh = begun & (age < 7)
        bound = np.where(np.isnan(self.q95), 1.0, np.maximum(1.2 * self.q95, 0.05)) * self.level
        index = np.maximum(self.weekday[:, day % 7], 0.05)
        residual = np.clip(spend - self.level * index, -bound, bound)
        self.seen = self.seen + begun
        mean = self.level + (spend - self.level) / np.maximum(self.seen, 1)
        learned = np.maximum(self.level + _ALPHA * residual / index, 0.0)
        level = np.where(fresh, mean, learned)
        ratio = np.where(level > 0, (self.level * index + residual) / np.where(level > 0, level, 1.0), 1.0)
        rate = np.where(age < 7, 0.0, np.maximum(1 / (np.maximum(age, 0) // 7 + 2.0), _WEEKDAY_RATE))
        moved = self.weekday[:, day % 7] + rate * (np.clip(ratio, 0.0, 4.0) - self.weekday[:, day % 7])
        self.weekday[:, day % 7] = np.where(begun, moved, 1.0)
        self.level = np.where(begun, level, 0.0)

    def _measure(self) -> None:
        known = np.sum(~np.isnan(self.past), axis=1)
        ordered = np.sort(self.past, axis=1)
        absolute = np.sort(np.abs(self.past), axis=1)
        rows = np.arange(len(known))
        last = np.maximum(known - 1, 0)
        enough = known >= 10
        self.q90 = np.where(enough, ordered[rows, (0.9 * last).astype(int)], np.nan)
        self.q95 = np.where(enough, absolute[rows, np.ceil(0.95 * last).astype(int)], np.nan)
        over = np.where(ordered > self.q90[:, None], ordered - self.q90[:, None], np.nan)
        number = np.sum(~np.isnan(over), axis=1)
        upper = np.sort(over, axis=1)
        own = upper[rows, np.maximum(number - 1, 0) // 2]
        ratio = own[enough] / np.maximum(self.q95[enough], 1e-9)
        typical = float(np.nanmedian(ratio)) if np.isfinite(ratio).any() else 0.3
        self.excess = np.where(enough, (number * np.nan_to_num(own) + _PRIOR * typical * self.q95) / (number + _PRIOR), np.nan)


class _Pool:
    """How often tail probabilities of all series together were as small as they claim to be."""

    def __init__(self) -> None:
        self.counts = np.zeros(len(_LOG_P))
        self.total = 0

    def calibrated(self, p_values: Array, judged: Bools) -> Array:
        """Probabilities that hold over the pool: where smaller ones came more often than they should, they grow."""
        raw = np.clip(np.nan_to_num(p_values, nan=1.0), 1e-12, 1.0)
        if self.total < _POOL_MIN:
            return np.where(judged, raw, 1.0)
        seen = np.cumsum(self.counts)
        share = (seen + 1.0) / (self.total + 1.0)
        reliable = seen >= 10
        place = np.clip(np.searchsorted(_LOG_P, np.log10(raw)), 0, len(_LOG_P) - 1)
        edge = int(np.argmax(reliable)) if reliable.any() else len(_LOG_P) - 1
        factor = share[edge] / 10 ** _LOG_P[edge]
        return np.where(judged, np.clip(np.where(place >= edge, share[place], raw * factor), 1e-12, 1.0), 1.0)

    def learn(self, raw: Array, judged: Bools, quiet: Bools) -> None:
        """Counts what was claimed on a day, before it was calibrated; days on which an alert goes on begin none."""
        own = np.clip(np.nan_to_num(raw[quiet], nan=1.0), 1e-12, 1.0)
        place = np.clip(np.searchsorted(_LOG_P, np.log10(own)), 0, len(_LOG_P) - 1)
        np.add.at(self.counts, place, 1)
        self.total += int(judged.sum())


class _Drift:
    """A cumulative sum of scaled residuals per series; its limit is the smallest that all series together seldom reach."""

    def __init__(self, count: int) -> None:
        self.sum = np.zeros(count)
        self.highest = np.zeros(count)
        self.rising = np.zeros(count, bool)
        self.reached = np.zeros(len(_LIMITS) + 1)
        self.days = 0

    def step(self, scaled: Array, judged: Bools, rate: float) -> Bools:
        """Series that pass the limit today for the first time since their sum was 0."""
        before = self.highest
        self.sum = np.where(judged, np.maximum(self.sum + np.clip(scaled, -2.5, 2.5) - _DRIFT_SLACK, 0.0), 0.0)
        self.highest = np.where(self.sum > 0, np.maximum(before, self.sum), 0.0)
        limit = self._limit(rate)
        crossed = judged & (self.sum >= limit) & (before < limit)
        self.rising = judged & (self.sum >= limit) & (scaled > _DRIFT_SLACK)
        low = np.searchsorted(_LIMITS, before, side="right")
        high = np.searchsorted(_LIMITS, self.highest, side="right")
        higher = high > low
        np.add.at(self.reached, low[higher], 1)
        np.add.at(self.reached, high[higher], -1)
        self.days += int(judged.sum())
        return crossed

    def _limit(self, rate: float) -> float:
        often = (np.cumsum(self.reached)[:-1] + 1.0) / max(self.days, 1)
        allowed = np.nonzero(often <= max(rate, 1.0 / max(self.days, 1)))[0]
        if self.days < _POOL_MIN or not len(allowed):
            return 14.0
        return float(_LIMITS[allowed[0]])
