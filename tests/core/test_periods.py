"""Periods: months partition the time line, spans of days end with the business date."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.periods import chosen_period, last_period, month_period, month_text, next_month
from finops.errors import UsageError

days = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@given(days)
def test_months_partition_the_time_line(day: date) -> None:
    month = month_period(month_text(day))
    assert month.first <= day < month.end
    assert month.end == next_month(day)
    assert month_period(month_text(month.end)).first == month.end


@given(days, st.integers(1, 400))
def test_the_last_days_end_with_the_business_date(day: date, number: int) -> None:
    period = last_period(f"{number}d", day)
    assert period.last == day
    assert (period.end - period.first).days == number
    assert last_period("2w", day).first == day - timedelta(days=13)


def test_months_back_keep_the_day_where_there_is_one() -> None:
    assert last_period("1m", date(2026, 11, 20)).first == date(2026, 10, 21)
    assert last_period("1m", date(2026, 3, 30)).first == date(2026, 2, 28)


@pytest.mark.parametrize("text", ["2026-13", "2026", "26-01", "0000-01", "9999-12x", ""])
def test_not_a_month(text: str) -> None:
    with pytest.raises(UsageError):
        month_period(text)


@pytest.mark.parametrize("text", ["30", "d", "0d", "-3d", "99999m"])
def test_not_a_span(text: str) -> None:
    with pytest.raises(UsageError):
        last_period(text, date(2026, 11, 20))


def test_only_one_of_both() -> None:
    assert chosen_period(None, None, date(2026, 1, 1)) is None
    with pytest.raises(UsageError):
        chosen_period("2026-01", "3d", date(2026, 1, 1))
