"""Unit cost: published worked examples, and what must hold whatever the numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.placing.unit_cost import cost_per_million, exact, monthly_cost, unit_cost

positive = st.decimals(min_value="0.01", max_value="10000", places=2)


@pytest.mark.parametrize(
    ("per_hour", "tokens_per_s", "utilisation", "published"),
    [
        ("2.00", "85", "1", "6.54"),
        ("2.60", "140", "1", "5.16"),
        ("2.00", "120", "1", "4.63"),
        ("2.00", "400", "1", "1.39"),
        ("2.50", "700", "1", "0.99"),
        ("3.07", "2500", "0.8", "0.43"),
        ("3.07", "2000", "1", "0.43"),
    ],
)
def test_worked_examples_of_dollars_per_million_tokens(
    per_hour: str, tokens_per_s: str, utilisation: str, published: str
) -> None:
    cost = cost_per_million(Decimal(per_hour), Decimal(tokens_per_s), Decimal(utilisation))
    assert round(cost, 2) == Decimal(published)


@given(positive, st.integers(1, 64), positive, positive, st.sampled_from(["0.1", "0.3", "0.5", "0.8"]))
def test_utilisation_divides_throughput_and_never_the_bill(
    price: Decimal, count: int, duration: Decimal, units: Decimal, utilisation: str
) -> None:
    full = unit_cost(price, count, duration, units)
    partly = unit_cost(price, count, duration, units, Decimal(utilisation))
    assert partly >= full
    assert abs(partly * Decimal(utilisation) - full) <= full * Decimal("1e-10")
    assert monthly_cost(price, count) == price * count * 730


@given(positive, st.integers(1, 64), positive, positive)
def test_machines_and_overhead_are_paid_in_proportion(price: Decimal, count: int, duration: Decimal, units: Decimal) -> None:
    one = unit_cost(price, 1, duration, units)
    assert abs(unit_cost(price, count, duration, units) - one * count) <= one * count * Decimal("1e-10")
    assert abs(unit_cost(price, 1, duration, units, overhead=Decimal("1.5")) - one * Decimal("1.5")) <= one * Decimal("1e-10")


@pytest.mark.parametrize(
    ("duration", "units", "utilisation"), [("0", "1", "1"), ("1", "0", "1"), ("1", "1", "0"), ("1", "1", "1.1")]
)
def test_nothing_follows_from_no_work(duration: str, units: str, utilisation: str) -> None:
    with pytest.raises(ValueError, match="above 0"):
        unit_cost(Decimal(1), 1, Decimal(duration), Decimal(units), Decimal(utilisation))


def test_a_measured_number_is_the_decimal_that_it_was_written_as() -> None:
    assert exact(0.1) == Decimal("0.1")
    assert exact(81050) == Decimal(81050)
