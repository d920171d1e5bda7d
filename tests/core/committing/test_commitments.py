"""Commitments: the newsvendor against every level there is, layers against every mix, published figures."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.committing.commitments import (
    EXACT,
    Layer,
    Term,
    at_risk,
    best_level,
    break_even,
    covered,
    hourly_cost,
    savings_rate,
    stacked,
    unit_use,
    units_of,
)
from finops.core.committing.instance_hours import Place, PlaceHours, Span, hours_by_place
from finops.core.committing.plans import STACK, plans, today
from finops.core.forecasting.demand_ahead import use_after_fall

D = Decimal
CLOSE = D("1e-20")
whole = st.lists(st.integers(0, 9).map(D), min_size=1, max_size=40)
parts = st.lists(st.integers(0, 90).map(lambda tenths: D(tenths) / 10), min_size=1, max_size=40)
prices = st.integers(1, 120).map(lambda cents: D(cents) / 100)


def plain_cost(demand: list[Decimal], level: int, rate: Decimal, on_demand: Decimal) -> Decimal:
    """The definition: sum over hours of r Q + p (D - Q)+."""
    return sum((rate * level + on_demand * max(value - level, D(0)) for value in demand), D(0))


@given(parts, prices, prices)
def test_no_other_level_costs_less(demand: list[Decimal], rate: Decimal, on_demand: Decimal) -> None:
    costs = [plain_cost(demand, level, rate, on_demand) for level in range(12)]
    best = best_level(unit_use(demand), rate, on_demand)
    assert best == costs.index(min(costs))
    assert hourly_cost(unit_use(demand), [Layer("any_1y", rate, best)], on_demand) == pytest.approx(
        min(costs) / len(demand), rel=CLOSE
    )


@given(whole, prices, prices)
def test_the_level_is_the_quantile_of_hourly_demand(demand: list[Decimal], rate: Decimal, on_demand: Decimal) -> None:
    """Smallest Q with F(Q) >= 1 - r/p."""
    reached = (q for q in range(11) if sum(v <= q for v in demand) * on_demand >= len(demand) * (on_demand - rate))
    assert best_level(unit_use(demand), rate, on_demand) == next(reached)


@given(parts)
def test_use_falls_and_adds_up_to_demand(demand: list[Decimal]) -> None:
    use = unit_use(demand)
    assert list(use) == sorted(use, reverse=True)
    assert sum(use, D(0)) == pytest.approx(sum(demand, D(0)) / len(demand), rel=CLOSE)
    assert all(0 < share <= 1 for share in use)


rooms = st.one_of(st.none(), st.integers(0, 4))


@given(parts, prices, prices, prices, rooms, rooms)
def test_no_mix_of_terms_costs_less_than_the_stack(
    demand: list[Decimal], one: Decimal, three: Decimal, on_demand: Decimal, most_one: int | None, most_three: int | None
) -> None:
    terms = [Term("reserved_1y", one, most_one), Term("reserved_3y", three, most_three)]
    use = unit_use(demand)
    layers = stacked(use, terms, on_demand)
    ranges = [range(11 if term.most is None else term.most + 1) for term in terms]
    mixes = [
        hourly_cost(use, [Layer(term.option, term.rate, units) for term, units in zip(terms, mix, strict=True)], on_demand)
        for mix in product(*ranges)
    ]
    best = hourly_cost(use, layers, on_demand)
    assert best == pytest.approx(min(mixes), rel=CLOSE)
    for term in terms:  # so a single term is never better
        assert best - hourly_cost(use, stacked(use, [term], on_demand), on_demand) < CLOSE
    assert all(term.most is None or layer.units <= term.most for term in terms for layer in layers if layer.option == term.option)


@given(parts, prices, prices)
def test_what_is_at_risk_is_what_each_unit_loses(demand: list[Decimal], rate: Decimal, on_demand: Decimal) -> None:
    use = unit_use(demand)
    layers = [Layer("reserved_1y", rate, 2), Layer("reserved_3y", rate, 3)]
    padded = [*use, *[D(0)] * 5]
    years = (1, 1, 3, 3, 3)
    expected = sum((max(rate - on_demand * padded[n], D(0)) * 8760 * years[n] for n in range(5)), D(0))
    assert at_risk(use, layers, on_demand) == pytest.approx(expected, rel=CLOSE)


def test_the_effective_savings_rate_of_prosperops() -> None:
    """prosperops.com, effective savings rate: coverage 94.7 %, utilisation 100 %, discount 30 % give 28.4 %."""
    use = unit_use([D(1)] * 947 + [D(0)] * 53)  # the committed part of demand, in units of the whole
    actual = D("0.70") * covered(use, 1) + D(1) * (1 - covered(use, 1))
    found = savings_rate(actual, D(1))
    assert found == D("0.2841")
    assert round(found * 100, 1) == D("28.4")
    assert savings_rate(D(1), D(0)) is None


@pytest.mark.parametrize(
    ("rate", "on_demand", "percent"),
    [
        ("0.60", "1", "60.0"),  # cloudcostkit.com: a rate of 60 % of on-demand breaks even at 60 % use
        ("0.63", "1", "63.0"),  # a discount of 37 %
        ("0.021409", "0.033982", "63.0"),  # a core of GCP's C2 in us-central1, 1 year: apache-libcloud 3.9.1, 2 March 2025
        ("0.013593", "0.033982", "40.0"),  # the same, 3 years
    ],
)
def test_the_break_even_table(rate: str, on_demand: str, percent: str) -> None:
    share = break_even(D(rate), D(on_demand))
    assert round(share * 100, 1) == D(percent)
    hundred = [D(value) for value in range(1, 101)]
    level = best_level(unit_use(hundred), D(rate), D(on_demand))
    assert abs(level - (100 - D(percent))) <= 1  # the quantile is the discount: 37 % off is the 37th percentile


def test_a_year_of_hours_at_a_discount_of_37_percent() -> None:
    """8,760 hours that rise and fall by the day and the week: the cheapest level is the 37th percentile."""
    demand = [D(30 + 20 * (8 <= hour % 24 < 20) - 12 * (hour // 24 % 7 > 4) + hour * 7919 % 11) for hour in range(8_760)]
    level = best_level(unit_use(demand), D("0.63"), D(1))
    assert level == sorted(demand)[int(8_760 * 0.37)]
    costs = {q: plain_cost(demand, q, D("0.63"), D(1)) for q in range(70)}
    assert min(costs, key=lambda q: (costs[q], q)) == level
    assert sum(v >= level for v in demand) / 8_760 >= 0.63


def test_demand_that_falls_leaves_less_beside_what_is_held() -> None:
    left = use_after_fall(Counter({(D(10), D(10)): 1, (D(4), D(4)): 1, (D(1), D(1)): 1}), [D(1)], D("0.3"), D(2))
    assert left == unit_use([D(5), D("0.8"), D(0)])
    assert unit_use([]) == ()
    assert units_of(stacked((), [Term("reserved_1y", D(1))], D(2))) == 0


FIRST = datetime(2026, 9, 1)
SPAN = Span(FIRST, FIRST + timedelta(days=2))


def row(option: str | None, start: int, length: int, hours: str | None, cost: str | None, kind: str | None = "m5.large") -> dict:
    begin = FIRST + timedelta(hours=start)
    amounts = {"hours": hours and D(hours), "cost": cost and D(cost), "listed": None}
    where = {"provider": "aws", "region": "us-east-1", "instance_type": kind, "currency": "USD", "purchase_option": option}
    return {**where, "first_hour": begin, "end_hour": begin + timedelta(hours=length), **amounts}


def of(*rows: dict) -> PlaceHours:
    (found,) = hours_by_place(rows, {"aws": SPAN}, SPAN).values()
    return found


def test_charges_of_any_length_are_spread_over_their_hours() -> None:
    found = of(row("on_demand", 0, 1, "2", "0.2"), row("on_demand", 0, 24, "24", "2.4"), row("on_demand", 24, 48, "48", "4.8"))
    assert [round(v, 20) for v in found.demand()] == [D(3), *[D(1)] * 23, *[D(2)] * 24]  # what is after the span ends with it
    assert round(found.bought["on_demand"].hours, 20) == D(74)
    assert round(found.by_day, 20) == D(72)
    outside = row("on_demand", 72, 1, "1", "1")
    assert hours_by_place([outside], {"aws": SPAN}, SPAN) == {}


def test_unused_hours_are_told_by_their_cost_where_the_bill_has_none() -> None:
    """3 reserved at 0.06, of which 2 are used; the fee of the whole month has the cost of the third."""
    used = [row("committed", hour, 1, "2", "0.12") for hour in range(48)]
    fee = row("commitment_unused", 0, 720, None, str(D("0.06") * 48))
    now = today(of(*used, fee), D("0.1"))
    assert now is not None
    assert now.held is not None
    assert (round(now.held, 20), now.held_rate, now.too_many) == (D(3), D("0.06"), now.held - 2)
    assert round(now.too_many_cost or 0, 20) == D("0.06")
    assert now.coverage == 1


def test_what_is_not_known_is_null_and_not_nothing() -> None:
    assert today(of(row("on_demand", 0, 1, "1", None)), None) is None
    now = today(of(row("on_demand", 0, 1, "1", "0.1"), row("spot", 0, 1, "9", "0.1")), None)
    assert now is not None
    assert (now.on_demand, now.demand) == (D("0.1"), EXACT.divide(D(1), D(48)))
    assert plans(of(row("on_demand", 0, 1, "1", "0.1")), now, [], D("0.3")) == []


def test_long_terms_of_a_stack_hold_only_what_survives_the_fall() -> None:
    rows = [row("on_demand", hour, 1, "4" if hour % 2 else "3", "0.4" if hour % 2 else "0.3") for hour in range(48)]
    hours = of(*rows)
    now = today(hours, None)
    assert now is not None
    terms = [Term("reserved_1y", D("0.045")), Term("reserved_3y", D("0.04"))]
    by_name = {plan.name: plan for plan in plans(hours, now, terms, D("0.5"))}
    assert list(by_name) == ["reserved_1y", "reserved_3y", STACK]
    assert [by_name[name].units for name in by_name] == [4, 4, 4]
    # of 1.5 and 2 instances the second is used 3/4 of the hours, a third never
    assert by_name[STACK].layers == (Layer("reserved_3y", D("0.04"), 2), Layer("reserved_1y", D("0.045"), 2))
    assert by_name["reserved_3y"].at_risk == D("0.04") * 2 * 8760 * 3
    assert by_name[STACK].at_risk == D("0.045") * 2 * 8760
    assert by_name["reserved_3y"].saving == D("0.35") - D("0.16")
    assert by_name[STACK].savings_rate == pytest.approx(1 - D("0.17") / D("0.35"), rel=CLOSE)
    assert Place("aws", "us-east-1", "m5.large", "USD").instance_type == "m5.large"
