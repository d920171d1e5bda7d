"""The budget that a total is held against."""

from __future__ import annotations

from decimal import Decimal as D

from finops.core.budget import chance_of_passing, monthly_budget
from finops.core.settings import Budget

QUANTILES = ((0.1, D(80)), (0.5, D(100)), (0.9, D(140)))


def test_the_scope_must_be_the_same() -> None:
    budgets = [Budget(D(100)), Budget(D(90)), Budget(D(7), {"agent": "a"}), Budget(D(3), {"agent": "a"}, "day")]
    assert monthly_budget(budgets, {}, "USD") == 90
    assert monthly_budget(budgets, {}, "EUR") is None
    assert monthly_budget(budgets, {"agent": "a"}, "USD") == 7
    assert monthly_budget(budgets, {"agent": "a", "tenant": "t"}, "USD") is None


def test_the_chance_is_never_surer_than_the_quantiles() -> None:
    found = [chance_of_passing(D(budget), QUANTILES, D(50)) for budget in (60, 80, 90, 100, 120, 140, 999)]
    assert found == [0.9, 0.9, 0.7, 0.5, 0.3, 0.1, 0.1]
    assert chance_of_passing(D(60), QUANTILES, D(61)) == 1
    flat = tuple((p, D(100)) for p, _ in QUANTILES)
    assert chance_of_passing(D(100), flat, D(50)) == 0.1
