"""Prices by tier: cumulative, against published figures and by the properties of any tariff."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.placing.tiered import Tier, tiered_cost

AWS = [
    Tier(Decimal(above), Decimal(price)) for above, price in ((1, "0.09"), (10240, "0.085"), (51200, "0.07"), (153600, "0.05"))
]
amounts = st.integers(0, 400_000).map(Decimal)


@pytest.mark.parametrize(
    ("gb", "cost"),
    [
        (0, "0"),
        (1, "0"),
        (2, "0.09"),
        (10240, "921.51"),
        (20480, "1791.91"),
        (61440, "5119.91"),  # 60 TB; forgetting the lower tiers would make it 716.80
        (163840, "12083.11"),
    ],
)
def test_published_tariff(gb: int, cost: str) -> None:
    assert tiered_cost(Decimal(gb), AWS) == Decimal(cost)


@given(amounts, amounts)
def test_a_month_in_parts_costs_what_the_month_costs(first: Decimal, second: Decimal) -> None:
    parts = tiered_cost(first, AWS) + tiered_cost(second, list(reversed(AWS)), first)
    assert parts == tiered_cost(first + second, AWS)
    assert tiered_cost(first + second, AWS) >= tiered_cost(first, AWS)


def test_no_tiers_cost_nothing_and_nothing_is_negative() -> None:
    assert tiered_cost(Decimal(5), []) == 0
    with pytest.raises(ValueError, match="not negative"):
        tiered_cost(Decimal(-1), AWS)
