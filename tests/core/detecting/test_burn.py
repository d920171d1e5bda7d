"""Burn over a long and a short window: what stops, what does not, and where it comes from."""

from __future__ import annotations

import numpy as np
import pytest

from finops.core.detecting.burn import PAIRS, SLOW_PAIR, Burn, burns, deepest, event_rates, money_rates

HOURS = 24 * 40


def of_money(spend: np.ndarray[tuple[int], np.dtype[np.float64]], hourly: float = 1.0) -> list[Burn]:
    return burns({window: money_rates(spend, hourly, window) for pair in PAIRS for window in pair[:2]}, PAIRS)


def test_two_percent_of_a_month_in_an_hour_stops_and_double_spend_does_not() -> None:
    spend = np.ones(HOURS)
    assert of_money(spend) == []
    assert of_money(2 * spend) == []
    spend[500] = 15
    (one,) = of_money(spend)
    assert (one.opened, one.last, one.window_h) == (500, 500, 1)
    assert one.rate == 15


def test_a_slow_burn_stops_after_a_day_and_ends_with_it() -> None:
    spend = np.ones(HOURS)
    spend[500:548] = 3.5
    (one,) = of_money(spend)
    assert 510 <= one.opened <= 524
    assert 547 <= one.last <= 552
    assert one.window_h == 24


def test_few_failures_stop_nothing_and_many_do() -> None:
    calls, failed = np.full(HOURS, 2.0), np.zeros(HOURS)
    failed[100] = 2
    pairs = (*PAIRS, SLOW_PAIR)

    def told() -> list[Burn]:
        return burns({window: event_rates(failed, calls, 0.01, window) for pair in pairs for window in pair[:2]}, pairs)

    assert told() == []
    calls[200:206], failed[200:206] = 50, 25
    (one,) = told()
    assert one.opened == 200
    assert one.rate == pytest.approx(50)


def test_odd_series_stop_nothing() -> None:
    for spend in (np.zeros(HOURS), np.zeros(0), np.full(HOURS, -5.0), np.zeros(1)):
        assert of_money(spend) == []
    assert burns({}, PAIRS) == []


def test_the_cascade_stops_where_it_spreads() -> None:
    parts = {("desk", "writer", "answer"): 8.0, ("desk", "writer", "greet"): 1.0, ("sales", "caller"): 1.0}
    assert deepest(parts) == (("desk", "writer", "answer"), 0.8)
    parts[("desk", "writer", "greet")] = 6.0
    assert deepest(parts) == (("desk", "writer"), 14 / 15)
    parts[("sales", "caller")] = 30.0
    assert deepest({**parts, ("ops",): 30.0}) == ((), 1.0)
    assert deepest({}) == ((), 1.0)
