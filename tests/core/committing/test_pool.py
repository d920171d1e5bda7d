"""Pooled plans against every amount there is, hour by hour; demand ahead against its definition."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.committing.commitments import unit_use
from finops.core.committing.instance_hours import PlaceHours, Span
from finops.core.committing.pool import Member, pooled
from finops.core.forecasting.demand_ahead import AS_IT_WAS, MOST_MONTHS, Ahead, ahead_of, use_along

D = Decimal
CLOSE = D("1e-20")
FIRST = datetime(2026, 9, 1)
cents = st.integers(1, 100).map(lambda value: D(value) / 100)
some_hours = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=8)


def member(name: str, on_demand: Decimal, rate: Decimal, hours: list[int], ahead: Ahead = AS_IT_WAS) -> Member:
    span = Span(FIRST, FIRST + timedelta(hours=len(hours)))
    return Member(name, on_demand, rate, PlaceHours(span, {"on_demand": [D(value) for value in hours]}), ahead)


def cost(amount: Decimal, members: list[Member]) -> Decimal:
    """The definition: the amount in every hour, and on demand what it does not pay for, the largest discounts first."""
    total = D(0)
    hours = len(members[0].hours.instances("on_demand"))
    for hour in range(hours):
        left = amount
        total += amount
        for one in sorted(members, key=lambda one: -one.on_demand / one.rate):
            wanted = one.hours.instances("on_demand")[hour]
            paid = min(wanted, left / one.rate)
            left -= paid * one.rate
            total += (wanted - paid) * one.on_demand
    return total / hours


@given(cents, cents, cents, cents, some_hours)
def test_no_other_amount_costs_less(p: Decimal, r: Decimal, q: Decimal, s: Decimal, hours: list[tuple[int, int]]) -> None:
    members = [member("a", p + r, r, [a for a, _ in hours]), member("b", q + s, s, [b for _, b in hours])]
    found = pooled(members, 1, D("0.3"))
    amount = found.commitment if found else D(0)
    best = cost(amount, members)
    corners = {r * a for a, _ in hours} | {s * b for _, b in hours} | {r * a + s * b for a, b in hours}
    assert all(best <= cost(other, members) + CLOSE for other in corners | {D(0)})
    if found:
        assert abs(found.saving - (cost(D(0), members) - best)) < CLOSE
        assert 0 <= found.utilisation <= 1
        assert found.at_risk >= 0


def test_months_ahead_are_multiples_of_the_period() -> None:
    """A steady series goes on at its level, from 2 a day in the period before to 4 a day: twice that."""
    (ahead,) = ahead_of([[96.0] * 60], [48.0], ["one"])
    assert ahead.expected == (D("2.000"),) * MOST_MONTHS
    assert ahead.days_known == 60
    assert all(low <= middle <= high for low, middle, high in zip(*ahead.paths.values(), strict=True))
    widths = [high - low for low, high in zip(ahead.paths["p10"], ahead.paths["p90"], strict=True)]
    assert all(before <= after for before, after in pairwise(widths[1:]))


@pytest.mark.parametrize(("days", "base"), [([24.0] * 6, 24.0), ([], 0.0), ([24.0] * 60, 0.0)])
def test_what_can_not_be_forecast_stays_as_it_was(days: list[float], base: float) -> None:
    assert ahead_of([days], [base], ["one"]) == [AS_IT_WAS]


def test_demand_that_changes_is_bought_and_saved_on_demand() -> None:
    """3 run, one of them on demand, 4 are held: half as much again takes the two that are idle; 2.2 times buys 1.6 more."""
    pairs = Counter({(D(1), D(3)): 24})
    assert use_along(pairs, [D(1)], D(4)) == unit_use([D(1)])
    assert use_along(pairs, [D("1.5")], D(4)) == unit_use([D(1)])
    assert use_along(pairs, [D("2.2")], D(4)) == unit_use([D("2.6")])
    assert use_along(pairs, [D("0.8")], D(4)) == unit_use([D("0.4")])
    assert use_along(pairs, [D(1), D("2.2")], D(4)) == (D(1), D("0.5"), D("0.3"))
