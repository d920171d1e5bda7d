"""Volatility: anchors, parts that add up to one, and series that break naive code."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from finops.core.detecting.volatility import peak_hour, volatility

Array = NDArray[np.float64]


def test_anchors() -> None:
    told = volatility(np.array([0.0, 0.0] + [1.0, 3.0] * 20), {})
    assert told is not None
    assert (told.days, told.mean, told.peak, told.peak_to_mean) == (40, 2.0, 3.0, 1.5)
    assert told.variation == pytest.approx(np.std([1, 3] * 20, ddof=1) / 2)
    assert told.peak_day == 3
    steady = volatility(np.full(60, 5.0), {"demand": np.full(60, 5.0)})
    assert steady is not None
    assert (steady.variation, steady.at_risk, steady.shares) == (0.0, 0.0, None)


def test_the_cost_at_risk_is_near_what_independent_weeks_bring() -> None:
    chance = np.random.default_rng(4)
    told = volatility(100 + 20 * chance.standard_normal(2000), {})
    assert told is not None
    assert told.at_risk == pytest.approx(1.645 * 20 * np.sqrt(30), rel=0.15)


@given(arrays(np.float64, (3, 50), elements=st.floats(-100, 1e4, width=32)))
def test_the_parts_of_the_variance_add_up_to_one(parts: Array) -> None:
    told = volatility(parts.sum(axis=0), dict(zip("abc", parts, strict=True)))
    if told is not None and told.shares is not None and told.variation and told.variation > 1e-3:
        assert sum(told.shares.values()) == pytest.approx(1, abs=1e-6)


def test_odd_series() -> None:
    assert volatility(np.zeros(90), {}) is None
    assert volatility(np.zeros(0), {}) is None
    day = volatility(np.array([0.0, 0.0, 7.0]), {"demand": np.array([0.0, 0.0, 7.0])})
    assert day is not None
    assert (day.days, day.peak_to_mean, day.variation, day.at_risk, day.shares) == (1, 1.0, None, None, None)
    credit = volatility(np.full(40, -3.0), {})
    assert credit is not None
    assert (credit.peak_to_mean, credit.variation) == (None, None)
    ended = volatility(np.concatenate([np.full(30, 4.0), np.zeros(30)]), {})
    assert ended is not None
    assert (ended.days, ended.mean) == (30, 4.0)
    gap = volatility(np.concatenate([np.full(30, 4.0), np.zeros(10), np.full(10, 4.0)]), {})
    assert gap is not None
    assert gap.days == 50
    batch = np.ones(360)
    batch[29::30] = 4
    told = volatility(batch, {})
    assert told is not None
    assert told.peak_to_mean == pytest.approx(4 / 1.1)
    assert peak_hour(np.zeros(10)) is None
    assert peak_hour(np.array([1.0])) is None
    assert peak_hour(np.array([0, 1.0, 0, 3.0, 0])) == pytest.approx(3 / (4 / 3))
