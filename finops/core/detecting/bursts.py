"""Runaway spend by the hour: what 1, 3, 6 and 24 hours cost against what these hours of the week usually do.

An hour is judged by the hours before it, against the extremes of its own series."""

from __future__ import annotations

import numpy as np

from finops.core.detecting.anomalies import Array, Bools

WINDOWS_H = (1, 3, 6, 24)
SETTLE_H = 24 * 14
MEMORY_H = 24 * 60
HOURS_PER_MONTH = 730.0
_DAY_RATE = 0.12
_WEEK_RATE = 0.15
_SHAPE = 0.2
_TAIL = 0.01
_DAMP = 0.5
"""What is expected of a window is never taken to be less than this share of its even part of the day."""


def runaways(spend: Array, *, budget: float = 1 / 6) -> tuple[Bools, Array]:
    """Which hours of `spend` (series, hours; column 0 begins a day) are in an alert, and what each hour is expected to cost.

    `budget` is how many alerts a series may raise by chance in a month, over all windows together.
    """
    series, hours = spend.shape
    level = np.zeros(series)
    shape = np.ones((series, 168))
    expected = np.zeros((series, hours))
    alerts = np.zeros((series, hours), bool)
    past = {window: np.full((series, MEMORY_H), np.nan) for window in WINDOWS_H}
    limits = {window: np.full(series, np.inf) for window in WINDOWS_H}
    chance = budget / HOURS_PER_MONTH / len(WINDOWS_H)
    learned = spend.copy()
    for hour in range(hours):
        expected[:, hour] = level * shape[:, hour % 168] / 24
        over = np.zeros(series, bool)
        for window in WINDOWS_H:
            begin = max(hour - window + 1, 0)
            usual = expected[:, begin : hour + 1].sum(axis=1)
            actual = spend[:, begin : hour + 1].sum(axis=1)
            base = np.maximum(usual, _DAMP * level * window / 24)
            with np.errstate(divide="ignore", invalid="ignore"):
                excess = np.where(level > 0, (actual - usual) / base, 0.0)
            over |= excess > limits[window]
            held = np.where(over, np.minimum(excess, limits[window]), excess)
            past[window][:, hour % MEMORY_H] = held if hour >= 168 else np.nan
        alerts[:, hour] = over & (hour >= SETTLE_H)
        learned[:, hour] = np.where(alerts[:, hour], expected[:, hour], spend[:, hour])
        if hour % 24 == 23:
            day = learned[:, hour - 23 : hour + 1]
            total = day.sum(axis=1)
            level = total if hour == 23 else level + (1 / (hour // 24 + 1) if hour < 168 else _DAY_RATE) * (total - level)
            if hour >= 47:
                _learn_shape(shape, day, level, hour)
            if hour >= 168:
                limits = {window: _limit(past[window], chance) for window in WINDOWS_H}
    return alerts, expected


def _learn_shape(shape: Array, day: Array, level: Array, hour: int) -> None:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(level[:, None] > 0, np.clip(24 * day / level[:, None], 0.0, 8.0), 1.0)
    weeks = hour // 168
    of_week = slice((hour - 23) % 168, (hour - 23) % 168 + 24)
    rate = max(1 / (weeks + 2.0), _WEEK_RATE)
    shape[:, of_week] += rate * (ratio - shape[:, of_week])
    others = shape.reshape(len(shape), 7, 24)
    others += 0.05 * (ratio[:, None, :] - others)


def _limit(past: Array, chance: float) -> Array:
    """The excess that comes with this chance: a Pareto tail above the series' own 99 % quantile."""
    ordered = np.sort(past, axis=1)
    known = np.sum(~np.isnan(past), axis=1)
    rows = np.arange(len(past))
    at = np.maximum(((1 - _TAIL) * (known - 1)).astype(int), 0)
    q99 = ordered[rows, at]
    over = np.where(ordered > q99[:, None], ordered - q99[:, None], np.nan)
    number = np.sum(~np.isnan(over), axis=1)
    own = np.nansum(over, axis=1)
    prior = 0.3 * np.maximum(q99, 0.2)
    sigma = (1 - _SHAPE) * (own + 3 * prior) / (number + 3)
    limit = q99 + sigma / _SHAPE * ((_TAIL / chance) ** _SHAPE - 1)
    return np.asarray(np.where(known >= 24 * 7, np.maximum(limit, 0.5), np.inf))
