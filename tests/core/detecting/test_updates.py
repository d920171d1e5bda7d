"""Before and after an update: which class came new, and a ratio's change with an interval that holds."""

from __future__ import annotations

import numpy as np

from finops.core.detecting.updates import change, updates


def test_the_day_of_a_new_class() -> None:
    calls = np.zeros((60, 3))
    calls[:, 0] = 100
    calls[:, 1] = 20
    calls[40:, 2] = 60
    assert updates(calls) == [(40, 2)]
    assert updates(calls[:42]) == [], "too few days since"
    calls[:, 2] = 60
    assert updates(calls) == []


def test_the_interval_holds_the_true_change_and_leaves_out_no_change_where_there_is_one() -> None:
    chance = np.random.default_rng(2)
    holds = certain = quiet = 0
    for _ in range(300):
        runs = chance.integers(20, 60, 40).astype(float)
        cost = runs * np.where(np.arange(40) < 20, 1.0, 1.3) * np.exp(0.1 * chance.standard_normal(40))
        told = change(cost, runs, 20)
        assert told is not None
        holds += told.low <= 0.3 * np.exp(0.005) <= told.high
        certain += told.certain
        same = change(cost[:20], runs[:20], 10)
        assert same is not None
        quiet += same.certain
    assert holds >= 0.91 * 300
    assert certain >= 0.99 * 300
    assert quiet <= 0.09 * 300


def test_too_few_days_tell_nothing() -> None:
    days = np.full(20, 5.0)
    assert change(days, days, 18) is None
    assert change(days, np.zeros(20), 10) is None
    assert change(np.full(20, np.nan), days, 10) is None
