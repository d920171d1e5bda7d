"""Cost per unit: exact quotients, floors that hide what rests on too little, the interval of an accepted run, whole months."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.metrics import BY_ID
from finops.core.units.economics import UNITS, accepted_cost, months_between, over_time, unit_cost


def test_every_unit_is_a_metric_with_the_same_figure() -> None:
    assert all(unit.metric in BY_ID for unit in UNITS.values())


def test_a_unit_costs_its_share_and_too_few_say_nothing() -> None:
    assert unit_cost(Decimal(10), Decimal(30), UNITS["request"]) == (Decimal("0.333333333333"), None)
    assert unit_cost(Decimal("1.5"), Decimal(500_000), UNITS["1m_tokens"]) == (Decimal(3), None)
    assert unit_cost(Decimal(10), Decimal(4), UNITS["run"]) == (None, "fewer than 5 runs")
    assert unit_cost(Decimal(10), Decimal(0), UNITS["run"]) == (None, "no runs are known")
    assert unit_cost(None, Decimal(50), UNITS["run"]) == (None, "its cost is unknown")


def test_refused_runs_are_paid_for_by_accepted_ones() -> None:
    answer = accepted_cost(Decimal(100), Decimal(50), accepted=20, judged=40)
    assert answer.cost == Decimal(4)  # 2 a run, and half of them are accepted
    assert answer.low is not None
    assert answer.high is not None
    assert answer.low < 4 < answer.high
    assert accepted_cost(Decimal(100), Decimal(50), 4, 9).reason == "fewer than 10 judged runs"
    assert accepted_cost(Decimal(100), Decimal(50), 0, 30).reason == "no run was accepted"
    assert accepted_cost(Decimal(100), Decimal(50), 0, 0).reason == "no outcomes are known"


@pytest.mark.parametrize(
    ("first", "end", "valid", "much"),
    [
        (date(2026, 10, 1), date(2026, 11, 1), (None, None), "31"),
        (date(2026, 10, 1), date(2026, 10, 11), (None, None), "10"),
        (date(2026, 10, 1), date(2026, 11, 1), (date(2026, 10, 31), None), "1"),
        (date(2026, 10, 1), date(2026, 11, 1), (None, date(2026, 10, 1)), "0"),
    ],
)
def test_what_is_so_much_a_month_is_shared_by_its_days(first: date, end: date, valid: tuple[date | None, ...], much: str) -> None:
    assert over_time(Decimal(31), first, end, *valid) == Decimal(much)


@given(
    st.dates(date(2026, 1, 1), date(2027, 1, 1)), st.dates(date(2027, 1, 1), date(2028, 1, 1)), st.decimals(0, 10**6, places=2)
)
def test_months_add_up_to_the_whole(first: date, end: date, much: Decimal) -> None:
    parts = months_between(first, end)
    assert parts[:1] == [] or (parts[0][0], parts[-1][1]) == (first, end)
    assert sum((over_time(much, a, b, None, None) for a, b in parts), Decimal(0)) == over_time(much, first, end, None, None)
