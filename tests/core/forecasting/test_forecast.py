"""Forecasts of daily spend: they add up, look only back, survive odd histories, and hold what they promise on generated spend."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from finops.core.forecasting.forecast import GRID, forecast
from finops.core.forecasting.states import HORIZONS_D, daily_path, track
from tests.bench.forecast_priors import population
from tests.bench.runrate import run_rate

Array = NDArray[np.float64]
LOW, HIGH = GRID.index(0.1), GRID.index(0.9)


def none_late(count: int) -> NDArray[np.int64]:
    return np.zeros(count, np.int64)


def path(values: list[float] | Array, days: int = 15) -> Array:
    spend = np.array([values], float)
    return forecast(spend, none_late(1), ["only"], days).path[0]


@settings(max_examples=40, deadline=None)
@given(arrays.arrays(float, (3, 40), elements=st.floats(-1e6, 1e9, allow_nan=False, width=32)), st.integers(1, 70))
def test_any_history_gives_finite_days_that_are_not_negative(spend: Array, days: int) -> None:
    found = forecast(spend, np.array([0, 5, 39]), ["a", "b", "c"], days, [[0, 1, 2], [2]])
    assert np.isfinite(found.path).all()
    assert (found.path >= 0).all()
    errors = found.error_quantiles(0, days)
    assert errors is not None
    assert np.isfinite(errors).all()
    assert (np.diff(errors) >= 0).all()
    assert found.error_quantiles(1, days) is None


def test_the_order_of_series_changes_nothing() -> None:
    spend, first = population(seed=3, series=30, days=90)
    names = [f"agent-{n}" for n in range(30)]
    groups = [[0, 1, 2], list(range(30))]
    straight = forecast(spend, first, names, 20, groups)
    order = np.random.Generator(np.random.PCG64(1)).permutation(30)
    place = {int(old): new for new, old in enumerate(order)}
    mixed = forecast(spend[order], first[order], [names[i] for i in order], 20, [[place[i] for i in group] for group in groups])
    assert (mixed.path == straight.path[order]).all()
    for group in range(2):
        ours, theirs = straight.error_quantiles(group, 20), mixed.error_quantiles(group, 20)
        assert ours is not None
        assert theirs is not None
        assert (ours == theirs).all()
        assert straight.record(group, 15) == mixed.record(group, 15)


def test_a_past_forecast_knows_nothing_of_what_came_later() -> None:
    spend, first = population(seed=4, series=20, days=100)
    first = np.minimum(first, 60)
    whole, part = track(spend, first), track(spend[:, :70], first)
    for h in HORIZONS_D:
        assert np.array_equal(whole.past[h][:, :70], part.past[h], equal_nan=True)


def test_the_back_test_is_of_the_forecast_that_is_given() -> None:
    spend, first = population(seed=5, series=40, days=120)
    known = track(spend, first)
    for h in (7, 15, 30):
        given_out = daily_path(known, h, h).sum(axis=1)
        close = np.abs(given_out - known.past[h][:, -1]) <= 0.02 * known.scale[:, -1] * h
        assert close.mean() > 0.95


def test_a_week_that_repeats_is_carried_on() -> None:
    week = [100.0, 100, 100, 100, 100, 20, 10]
    assert path(week * 20, 14) == pytest.approx(np.array(week * 2), abs=3)


def test_twice_the_spend_is_twice_the_forecast() -> None:
    spend, first = population(seed=6, series=10, days=80)
    names = list(range(10))
    assert forecast(spend * 2, first, names, 10).path == pytest.approx(forecast(spend, first, names, 10).path * 2)


def test_odd_histories() -> None:
    assert path([0.0] * 60).sum() == 0
    assert path([40.0]) == pytest.approx(np.full(15, 40.0))
    assert path([30.0, 50.0, 40.0]) == pytest.approx(np.full(15, 40.0))
    assert path([50.0] * 60 + [0.0] * 12, 120).sum() == 0, "a series that has ended"
    with_credit = path([100.0] * 40 + [-900.0] + [100.0] * 19)
    assert with_credit.sum() == pytest.approx(1500, rel=0.1)
    gaps = path(([100.0] * 6 + [0.0]) * 10)
    assert gaps.sum() == pytest.approx(1500 * 6 / 7, rel=0.08)
    closed_weekends = path(([100.0] * 5 + [0.0, 0.0]) * 10, 14)
    assert closed_weekends == pytest.approx(np.array(([100.0] * 5 + [0.0, 0.0]) * 2), abs=8)
    every_tenth_day = path(([0.0] * 9 + [700.0]) * 12, 30)
    assert every_tenth_day.sum() == pytest.approx(2100, rel=0.25)


def test_one_burst_is_not_carried_on() -> None:
    usual = np.random.Generator(np.random.PCG64(3)).normal(100, 10, 60)
    assert path([*usual, 900.0]).sum() < 1.35 * 1500


def test_a_trend_is_not_drawn_beyond_two_months() -> None:
    grown = [100.0 * 1.01**n for n in range(120)]
    days = path(grown, 180)
    assert days[-1] < 1.3 * grown[-1]
    assert np.diff(days[60:]).max() < 0.5


def test_asking_for_more_days_changes_none_of_the_first() -> None:
    spend, first = population(seed=8, series=6, days=90)
    short = forecast(spend, first, list(range(6)), 11, near_d=11)
    long = forecast(spend, first, list(range(6)), 100, near_d=11)
    assert (short.path == long.path[:, :11]).all()


def test_a_short_history_says_so() -> None:
    spend = np.full((2, 60), 50.0)
    found = forecast(spend, np.array([0, 55]), ["old", "new"], 15)
    assert found.error_quantiles(0, 15) is not None
    assert found.error_quantiles(1, 15) is None
    assert found.confidence(1, 15) == "low"
    assert found.record(1, 15).skill is None


def test_on_generated_spend_it_beats_the_run_rate_and_its_intervals_hold() -> None:
    spend, first = population(seed=99, series=200, days=170)
    cut, days = 150, 15
    known = first <= cut - 21
    history, after = spend[known, :cut], spend[known, cut : cut + days].sum(axis=1)
    found = forecast(history, first[known], list(range(len(history))), days)
    expected = found.path.sum(axis=1)
    rates = np.array([run_rate(row[begin:].tolist(), days) for row, begin in zip(history, first[known], strict=True)])
    spent = after > 0
    ours, theirs = (np.minimum(np.abs(p - after)[spent] / after[spent], 3).mean() for p in (expected, rates))
    assert ours < 0.97 * theirs
    errors = np.array([found.error_quantiles(row, days) for row in range(len(history))])
    inside = (after >= expected + errors[:, LOW]) & (after <= expected + errors[:, HIGH])
    assert 0.7 <= inside.mean() <= 0.9


def test_a_group_is_judged_by_its_own_sum() -> None:
    """Errors of many small series cancel in their sum: its interval is far narrower than theirs laid end to end."""
    rng = np.random.Generator(np.random.PCG64(2))
    spend = rng.gamma(2.0, 50.0, (50, 120))
    found = forecast(spend, none_late(50), list(range(50)), 15, [list(range(50)), *([n] for n in range(50))])
    widths = [float(e[HIGH] - e[LOW]) for e in (found.error_quantiles(g, 15) for g in range(51)) if e is not None]
    assert len(widths) == 51
    assert widths[0] < 0.5 * sum(widths[1:])
