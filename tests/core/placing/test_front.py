"""The front: what no other place beats in cost, latency, interruptions and years bound."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finops.core.placing.front import with_front
from finops.core.placing.offer import Offer
from finops.core.placing.placement import Placement

OFFER = Offer("aws", "r", "t", "on_demand", Decimal(1), "hour", "USD", date(2026, 7, 20), "test")


def place(
    cost: int, p95: float | None = None, hazard: float = 0.0, option: str = "on_demand", feasible: bool = True
) -> Placement:
    return Placement(
        "aws", "r", "t", 1, option, None, feasible, None, OFFER, Decimal(cost), "unit", p95_ms=p95, hazard_per_h=hazard
    )  # fmt: skip


def test_the_front_holds_the_cheapest_the_fastest_and_the_safest() -> None:
    cheap, fast, safe = place(1, 900, 0.1), place(3, 200, 0.1), place(2, 900)
    bound, beaten, slow = place(1, 900, 0, "reserved_1y"), place(3, 900), place(2, None)
    rows = with_front([cheap, fast, safe, bound, beaten, slow, place(0, 1, feasible=False)])
    assert [row.front for row in rows] == [True, True, True, True, False, False, False]


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(0, 3)), min_size=1, max_size=25))
def test_whatever_is_not_on_the_front_is_beaten_by_something_on_it(points: list[tuple[int, int, int]]) -> None:
    rows = with_front([place(cost, float(p95), float(hazard)) for cost, p95, hazard in points])
    front = [point for point, row in zip(points, rows, strict=True) if row.front]
    for point, row in zip(points, rows, strict=True):
        beaten = any(all(a <= b for a, b in zip(one, point, strict=True)) and one != point for one in front)
        assert beaten is not row.front
