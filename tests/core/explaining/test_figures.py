"""Formulas of figures: arithmetic over parts and other figures, and nothing else."""

from __future__ import annotations

from decimal import Decimal
from math import exp

import pytest

from finops.core.explaining.figures import Figure, Part, comes_to, names_in, row_of, value_of


def part(name: str, value: object) -> Part:
    return Part(name, value, "a value")


def test_parts_of_one_name_are_added_up_and_other_figures_are_known_by_name() -> None:
    cost = Figure("cost", "price * hours", (part("hours", 2), part("hours", Decimal("0.5"))))
    assert value_of(cost, {"price": Decimal("0.3")}) == Decimal("0.75")
    assert names_in("max(a, 2) * exp(b) / a") == ["a", "b"]


def test_functions_and_floats_as_they_are_written() -> None:
    rate = part("rate", 0.1)
    assert value_of(Figure("n", "ceil(rate * 11) + max(rate, 2) - min(1, rate)", (rate,)), {}) == Decimal("3.9")
    grown = value_of(Figure("n", "exp(rate)", (rate,)), {})
    assert grown is not None
    assert float(grown) == pytest.approx(exp(0.1), rel=1e-15)


@pytest.mark.parametrize("formula", ["a.b", "__import__('os')", "a if a else 1", "a ** 2", "open(a)", "'text'", "unknown"])
def test_anything_but_arithmetic_is_refused(formula: str) -> None:
    with pytest.raises(ValueError, match=r"arithmetic|nothing tells"):
        value_of(Figure("x", formula, (part("a", 1),)), {})


def test_a_figure_is_what_its_parts_come_to_before_rounding() -> None:
    third = Figure("third", "whole / 3", (part("whole", 1),))
    assert comes_to(third, {"third": Decimal("0.333333333333")})
    assert not comes_to(third, {"third": Decimal("0.33333333")})
    assert not comes_to(third, {"third": None})
    rounded = Figure("third", "whole / 3", (part("whole", 1),), places=2)
    assert comes_to(rounded, {"third": Decimal("0.33")})
    assert not comes_to(rounded, {"third": Decimal("0.34")})
    assert comes_to(Figure("guess", None, (), "by simulation"), {"guess": 7})


def test_values_between_are_made_of_those_before_them() -> None:
    figures = [Figure("pace", "rate * 2", (part("rate", 3),)), Figure("cost", "pace * 5")]
    row = row_of({"cost": 30}, figures)
    assert row["pace"] == 6
    assert all(comes_to(one, row) for one in figures)
