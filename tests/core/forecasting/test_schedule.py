"""Month-long charges: expected once a month, as they were, for as long as they come."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.forecasting.schedule import still_due

SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER = (date(2026, month, 1) for month in (9, 10, 11, 12))


def amounts(charges: dict[date, float], as_of: date, months: list[date]) -> list[float]:
    return [due.amount for due in still_due(charges, as_of, months)]


def test_what_has_come_this_month_is_not_expected_twice() -> None:
    assert amounts({SEPTEMBER: 2726.0}, date(2026, 9, 30), [SEPTEMBER, OCTOBER]) == [0, 2726.0]


def test_what_came_last_month_is_expected_now_and_then_once_a_month() -> None:
    due = still_due({SEPTEMBER: 2726.0}, date(2026, 10, 5), [OCTOBER, NOVEMBER])
    assert [d.days for d in due] == [((OCTOBER, 2726.0),), ((NOVEMBER, 2726.0),)]
    assert [(d.months_seen, d.spread) for d in due] == [(1, None)] * 2


def test_what_stayed_away_for_a_month_has_ended() -> None:
    assert amounts({SEPTEMBER: 300.0}, date(2026, 11, 5), [NOVEMBER, DECEMBER]) == [0, 0]


def test_a_lower_price_is_taken_over() -> None:
    assert amounts({SEPTEMBER: 300.0, OCTOBER: 250.0}, date(2026, 10, 5), [OCTOBER, NOVEMBER]) == [0, 250.0]


def test_weeks_later_in_the_month_are_still_due() -> None:
    weekly = {date(2026, 9, day): 10.0 for day in (2, 9, 16, 23, 30)} | {date(2026, 10, day): 10.0 for day in (7, 14)}
    assert amounts(weekly, date(2026, 10, 15), [OCTOBER]) == [30.0]


def test_the_spread_is_how_months_differed() -> None:
    due = still_due({SEPTEMBER: 100.0, OCTOBER: 140.0, NOVEMBER: 120.0}, date(2026, 11, 20), [NOVEMBER, DECEMBER])[1]
    assert (due.amount, due.months_seen, due.spread) == (120.0, 3, 30.0)


def test_the_31st_of_a_short_month_is_its_last_day() -> None:
    due = still_due({date(2026, 10, 31): 5.0}, date(2026, 11, 2), [NOVEMBER])[0]
    assert due.days == ((date(2026, 11, 30), 5.0),)


@pytest.mark.parametrize("day", range(1, 29))
@given(st.dates(SEPTEMBER, date(2026, 12, 31)))
def test_a_steady_fee_makes_every_month_the_same(day: int, as_of: date) -> None:
    known = {date(2026, month, day): 7.0 for month in range(6, 13) if date(2026, month, day) <= as_of}
    first = as_of.replace(day=1)
    came = sum(amount for begin, amount in known.items() if begin >= first)
    next_month = (first + timedelta(days=32)).replace(day=1)
    due = amounts(known, as_of, [first, next_month])
    assert (came + due[0], due[1]) == (7.0, 7.0)
