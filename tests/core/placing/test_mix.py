"""Mixed fleets, and own machines against an API."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.core.placing.mix import Kind, cheapest_mix, single
from finops.core.placing.self_host import Host, blended, windows

D = Decimal
A10G = Kind("A10G", D("1.01"), (2, 1, 5, 2))
A100 = Kind("A100", D("3.67"), (20, 20, 40, 20))
SHARES = (0.2, 0.1, 0.5, 0.2)


@pytest.mark.parametrize(
    ("rate", "machines", "cost"),
    [(30, {"A10G": 3, "A100": 1}, "6.70"), (10, {"A10G": 0, "A100": 1}, "3.67"), (5, {"A10G": 2, "A100": 0}, "2.02")],
)
def test_the_published_example_of_a_mixed_fleet(rate: int, machines: dict[str, int], cost: str) -> None:
    """Mélange (arXiv 2404.14527), the example of its solver, one slice a size: 30 requests a second cost 6.70 $/h."""
    found = cheapest_mix([A10G, A100], [rate * share for share in SHARES], slices=1)
    assert found is not None
    assert (dict(found.machines), found.cost) == (machines, D(cost))


def test_one_kind_alone_costs_more() -> None:
    rates = [30 * share for share in SHARES]
    alone = [single(kind, rates) for kind in (A10G, A100)]
    assert [one.cost for one in alone if one] == [D("12.12"), D("7.34")]


def test_a_size_that_nobody_serves_has_no_fleet_and_a_limit_is_kept() -> None:
    assert cheapest_mix([Kind("small", D(1), (1, None))], [1, 1]) is None
    found = cheapest_mix([Kind("small", D(1), (1, None)), Kind("big", D(5), (2, 2))], [4, 1], slices=4)
    assert found is not None
    assert found.machines["big"] >= 1
    assert found.shares["small"][1] == 0
    assert cheapest_mix([Kind("few", D(1), (1,), most=1)], [3]) is None
    assert single(Kind("few", D(1), (1,), most=1), [3]) is None


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)), min_size=2, max_size=3),
    st.tuples(st.integers(0, 12), st.integers(1, 12)),
)
def test_no_other_fleet_of_whole_slices_is_cheaper(kinds: list[tuple[int, int, int]], rates: tuple[int, int]) -> None:
    """Against every way to give each size to one kind (one slice)."""
    made = [Kind(f"k{n}", D(price), (a, b)) for n, (price, a, b) in enumerate(kinds)]
    found = cheapest_mix(made, rates, slices=1)
    assert found is not None
    ways = []
    for one, other in product(range(len(made)), repeat=2):
        load = [0.0] * len(made)
        load[one] += rates[0] / (made[one].serves[0] or 1)
        load[other] += rates[1] / (made[other].serves[1] or 1)
        ways.append(sum(kind.price * ceil(part - 1e-9) for kind, part in zip(made, load, strict=True)))
    assert found.cost == min(ways)


def test_own_machines_against_an_api_are_a_step_function() -> None:
    """2 $/h at 400 tokens a second: 1,460 $ and 1,051.2 M tokens a month; at 2 $ a million the API costs as much at 730 M, and
    again more than one replica's 1,051.2 M only from 1,460 M on."""
    host, api = Host(D(2), D(400)), D("0.000002")
    first, second, *_ = windows(host, api)
    assert (first.low, first.high) == (D(730_000_000), D("1051200000"))
    assert (second.low, second.high) == (D(1_460_000_000), D("2102400000"))
    assert host.cost(first.high) < first.high * api
    assert host.cost(first.high + 1) > (first.high + 1) * api
    assert list(windows(host, D("0.000001"))) == [], "1.39 $ a million is never below 1 $"
    assert not list(windows(Host(D(2), D(400), D("0.5")), api)), "half as busy, it costs 2.78 $ a million"


@given(st.integers(1, 50), st.integers(10, 5_000), st.integers(0, 5_000), st.integers(1, 200), st.integers(1, 40))
def test_windows_are_where_own_machines_cost_less(price: int, rate: int, care: int, api: int, tenths: int) -> None:
    host, each = Host(D(price) / 10, D(rate), D("0.6"), D(care)), D(api) / 10**7
    tokens = host.capacity * tenths / 10
    cheaper = any(window.low < tokens <= window.high for window in windows(host, each))
    assert cheaper == (host.cost(tokens) < tokens * each)


def test_the_price_of_a_token_by_its_shares() -> None:
    assert blended(D("0.75"), D(2), D(10)) == 4
