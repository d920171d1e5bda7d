"""Budgets as the forecast meets them: which one a total is held against, and how likely it is to be passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from finops.core.settings import Budget


def monthly_budget(budgets: Sequence[Budget], scope: Mapping[str, str | None], currency: str) -> Decimal | None:
    """The monthly budget of exactly this scope; of several, the lowest. An empty scope is the whole company."""
    found = [b.amount for b in budgets if b.period == "month" and b.currency == currency and dict(b.scope) == dict(scope)]
    return min(found, default=None)


def chance_of_passing(budget: Decimal, quantiles: Sequence[tuple[float, Decimal]], spent: Decimal) -> float:
    """How likely the total is above the budget, by its quantiles (rising); never said with more certainty than they hold."""
    if spent > budget:
        return 1.0
    if budget < quantiles[0][1]:
        return round(1 - quantiles[0][0], 4)
    for (low, below), (high, above) in pairwise(quantiles):
        if below <= budget < above:
            return round(1 - (low + (high - low) * float((budget - below) / (above - below))), 4)
    return round(1 - quantiles[-1][0], 4)
