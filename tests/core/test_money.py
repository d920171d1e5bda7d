"""The definition of the split: exact, in order of keys, within one unit of the ideal share."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.money import WEIGHT_LIMIT, amount_of, fitted_weights, muldiv, split, split_rows, units_of
from finops.errors import DataError

amounts = st.integers(-(10**38) + 1, 10**38 - 1)
weights = st.dictionaries(st.text("abcxyz_", min_size=1, max_size=4), st.integers(0, 10**15), min_size=1, max_size=8).filter(
    lambda w: sum(w.values()) > 0
)


@given(amounts, st.integers(0, 10**18 - 1), st.integers(1, 10**18 - 1))
def test_muldiv_is_the_exact_product_towards_zero(amount: int, weight: int, total: int) -> None:
    exact = Fraction(amount * weight, total)
    assert muldiv(amount, weight, total) == (exact.__floor__() if exact >= 0 else exact.__ceil__())


@given(amounts, weights)
def test_no_step_of_muldiv_leaves_128_bits(amount: int, given_weights: dict[str, int]) -> None:
    total = sum(given_weights.values())
    for weight in given_weights.values():
        size = abs(amount)
        for step in ((size // total) * weight, (size % total) * weight, muldiv(size, weight, total)):
            assert step < 2**127


@given(amounts, weights)
def test_shares_add_up_and_are_within_one_unit_of_ideal(amount: int, given_weights: dict[str, int]) -> None:
    shares = split(amount, given_weights)
    assert sum(shares.values()) == amount
    for key, share in shares.items():
        assert abs(share - Fraction(amount * given_weights[key], sum(given_weights.values()))) < 1


@given(st.lists(amounts.map(lambda a: a // 100), min_size=1, max_size=12), weights)
def test_rows_and_targets_both_add_up(rows: list[int], given_weights: dict[str, int]) -> None:
    parts = split_rows(rows, given_weights)
    assert [sum(row.values()) for row in parts] == rows
    assert {key: sum(row[key] for row in parts) for key in sorted(given_weights)} == split(sum(rows), given_weights)


@given(weights, st.integers(1, 10**30))
def test_fitted_weights_stay_below_the_limit(given_weights: dict[str, int], factor: int) -> None:
    big = {key: weight * factor for key, weight in given_weights.items()}
    assert sum(fitted_weights(big).values()) < WEIGHT_LIMIT
    if sum(big.values()) < WEIGHT_LIMIT:
        assert fitted_weights(big) == big


def test_a_third_of_a_hundred() -> None:
    assert split(units_of(Decimal(100)), {"c": 1, "a": 1, "b": 1}) == {
        "a": 33_333_333_333_333,
        "b": 33_333_333_333_333,
        "c": 33_333_333_333_334,
    }


def test_units_are_exact_or_refused() -> None:
    largest = Decimal("99999999999999999999999999.999999999999")
    assert amount_of(units_of(largest)) == largest
    assert units_of(Decimal("-1e-12")) == -1
    for text in ("0.0000000000001", "NaN", "Infinity"):
        with pytest.raises(DataError):
            units_of(Decimal(text))


@pytest.mark.parametrize("bad", [{"a": -1, "b": 2}, {"a": 0}, {}, {"a": 10**18}, {"a": 10**18 - 1, "b": 1}])
def test_weights_that_would_not_do(bad: dict[str, int]) -> None:
    with pytest.raises(DataError):
        split(100, bad)
    with pytest.raises(DataError):
        split_rows([100], bad)
