"""Bursty series are forecast nearer to the mean of a month; calm ones, short ones and ended ones as they were."""

from __future__ import annotations

import numpy as np
import pytest

from finops.core.forecast_bursts import tamed
from finops.core.forecast_states import Array

DAYS = 120


def moved(series: Array, first: int = 0, forecast: float = 100.0) -> tuple[Array, Array]:
    """The path of 3 days and past forecasts of 7 days, both `forecast` a day before they are tamed."""
    path, past = np.full((1, 3), forecast), np.full((1, DAYS), 7 * forecast)
    tamed(path, {7: past}, series[None, :], np.array([first]))
    return path[0], past[0]


def bursts(height: float = 70.0) -> Array:
    """A day of spend each week: it varies by 2.4 times its mean."""
    return np.where(np.arange(DAYS) % 7 == 3, height, 0.0)


def test_a_calm_series_is_left_alone() -> None:
    path, past = moved(10 + np.arange(DAYS) % 7.0)
    assert (path == 100).all()
    assert (past == 700).all()


def test_a_bursty_one_goes_half_way_to_the_mean_of_thirty_days() -> None:
    path, past = moved(bursts())
    mean = bursts()[-30:].mean()
    assert path == pytest.approx([(100 + mean) / 2] * 3)
    assert past[-1] == pytest.approx(7 * (100 + mean) / 2)


def test_fewer_than_thirty_days_say_nothing_and_an_ended_series_stays_so() -> None:
    path, past = moved(np.where(np.arange(DAYS) >= DAYS - 29, bursts(), 0.0), first=DAYS - 29)
    assert (path == 100).all()
    assert (past == 700).all()
    path, past = moved(bursts(), forecast=0.0)
    assert not path.any()
    assert not past.any()


def test_no_past_forecast_knows_what_came_after_it() -> None:
    other = bursts()
    other[90:] = 5000.0
    assert moved(other)[1][:90].tolist() == moved(bursts())[1][:90].tolist()
