"""Spend that comes once a month is placed on its days, not spread over the month; what looks similar is left alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from finops.core.forecasting.cycle import month_cycle
from finops.core.forecasting.forecast import forecast

BEGIN, LAST = date(2027, 9, 10), date(2028, 2, 20)
DAYS = [BEGIN + timedelta(days=n) for n in range((LAST - BEGIN).days + 1)]
HORIZONS_D = (7, 15, 30)


def is_last(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def series(amount: Callable[[date], float]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    spend = np.array([[amount(day) for day in DAYS]])
    return spend, np.flatnonzero(spend[0])[:1].astype(np.int64)


def path(amount: Callable[[date], float], days: int = 45) -> dict[date, float]:
    spend, first = series(amount)
    found = forecast(spend, first, ["only"], days, last=LAST).path[0]
    return {LAST + timedelta(days=n + 1): round(float(cost), 6) for n, cost in enumerate(found) if cost > 1e-9}


def test_a_fee_on_the_first() -> None:
    assert path(lambda day: 300.0 if day.day == 1 else 0.0) == {date(2028, 3, 1): 300, date(2028, 4, 1): 300}


def test_a_batch_at_the_end_falls_on_the_leap_day() -> None:
    assert path(lambda day: 90.0 if is_last(day) else 0.0) == {date(2028, 2, 29): 90, date(2028, 3, 31): 90}


def test_what_has_come_early_is_not_expected_again() -> None:
    early = date(2028, 2, 18)
    assert path(lambda day: 300.0 if (day.day == 22 and day < early) or day == early else 0.0, 20) == {}


@pytest.mark.parametrize(
    "amount",
    [
        lambda day: 70.0 if day.weekday() == 2 else 0.0,
        lambda day: 10.0,
        lambda day: 50.0 if day.day in (1, 15) else 0.0,
        lambda day: 300.0 if day.day == 1 and day.month != 1 else 0.0,
        lambda day: 100.0 if day.weekday() < 5 else 20.0,
        lambda day: 10.0 + (40.0 if is_last(day) else 0.0),
        lambda day: 10.0 + (400.0 if day.day == 3 + day.month % 3 * 9 else 0.0),
        lambda day: 10.0 + (400.0 if is_last(day) and day.month != 12 else 0.0),
        lambda day: 10.0 + (400.0 if is_last(day) and day.month == 1 else 0.0),
    ],
    ids=[
        *("weekly", "daily", "twice a month", "a month left out", "weekdays", "a small batch"),
        *("bursts here and there", "a batch left out", "one burst"),
    ],
)
def test_other_spend_is_left_alone(amount: Callable[[date], float]) -> None:
    spend, first = series(amount)
    assert not month_cycle(spend, first, LAST, HORIZONS_D, 30).now.any()


def test_a_batch_beside_daily_spend_is_placed_and_the_rest_goes_on() -> None:
    found = path(lambda day: 10.0 + (400.0 if is_last(day) else 0.0))
    assert found.pop(date(2028, 2, 29)) == found.pop(date(2028, 3, 31)) == 410
    assert set(found.values()) == {10}
    early = date(2028, 2, 19)
    come = path(lambda day: 10.0 + (400.0 if (is_last(day) and day < early) or day == early else 0.0), 20)
    assert set(come.values()) == {10}, "this month's batch has come"


@pytest.mark.parametrize("usual", [0.0, 20.0])
def test_a_past_evening_knows_no_later_day(usual: float) -> None:
    spend, first = series(lambda day: usual + (300.0 + day.month if day.day == 3 else 0.0))
    whole = month_cycle(spend, first, LAST, HORIZONS_D, 30)
    cut = 40
    part = month_cycle(spend[:, :-cut], first, LAST - timedelta(days=cut), HORIZONS_D, 30)
    assert part.active.any()
    assert (part.active == whole.active[:, :-cut]).all()
    for h in HORIZONS_D:
        assert (part.past[h] == whole.past[h][:, :-cut]).all()


def test_two_whole_months_are_the_least() -> None:
    spend, first = series(lambda day: 300.0 if day.day == 1 else 0.0)
    assert not month_cycle(spend[:, :45], first, DAYS[44], HORIZONS_D, 30).active.any()
