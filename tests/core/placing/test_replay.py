"""Calls priced anew: by their own time, size and weight; a class without a price is a count and never 0."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finops.core.placing.replay import Band, Cell, replayed

D = Decimal
MORNING, EVENING = datetime(2026, 10, 1, 9), datetime(2026, 10, 20, 20, 15)


def band(token_class: str, price: str, least: int = 0, **more: object) -> Band:
    bounds = {"valid_from": None, "valid_to": None, "hours_from": None, "hours_to": None} | more
    return Band(token_class, D(price), least, **bounds)  # type: ignore[arg-type]


def cell(quarter: datetime, least: int = 0, weight: str = "1", calls: int = 1, **tokens: int) -> Cell:
    return Cell(quarter, least, D(weight), calls, tokens)


def test_long_requests_pay_the_price_of_their_band() -> None:
    bands = [band("input_uncached", "1"), band("input_uncached", "2", 200_000), band("output", "5")]
    short, long = cell(MORNING, 0, input_uncached=100, output=10), cell(MORNING, 200_000, input_uncached=300_000, output=10)
    assert replayed([short], bands).cost == 150
    assert replayed([short, long], bands).cost == 150 + 600_050


def test_each_call_is_priced_at_its_own_time() -> None:
    fell = datetime(2026, 10, 10)
    dated = [band("output", "4", valid_to=fell), band("output", "3", valid_from=fell)]
    assert replayed([cell(MORNING, output=1), cell(EVENING, output=1)], dated).cost == 7
    hourly = [band("output", "1", hours_to=time(16, 30)), band("output", "9", hours_from=time(16, 30))]
    assert replayed([cell(MORNING, output=1), cell(EVENING, output=1)], hourly).cost == 10


def test_a_class_without_a_price_is_counted_and_adds_nothing() -> None:
    found = replayed(
        [cell(MORNING, weight="2", calls=3, output=1, image_input=5), cell(MORNING, output=1)], [band("output", "1")]
    )
    assert (found.cost, found.calls, found.unpriced) == (1, 7, 6)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 5)), min_size=1, max_size=30))
def test_cells_together_cost_what_their_calls_cost_alone(calls: list[tuple[int, int, int]]) -> None:
    bands = [band("input_uncached", "0.0000025"), band("output", "0.00001")]
    alone = sum(
        replayed([cell(MORNING, 0, str(w), 1, input_uncached=i, output=o)], bands).cost for i, o, w in calls
    )  # fmt: skip
    by_weight = [
        cell(MORNING, 0, str(weight), len(own), input_uncached=sum(i for i, _, _ in own), output=sum(o for _, o, _ in own))
        for weight in range(1, 6)
        if (own := [call for call in calls if call[2] == weight])
    ]
    assert replayed(by_weight, bands).cost == alone
