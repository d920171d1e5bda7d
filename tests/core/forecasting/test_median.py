"""The weighted median: half the weight on either side, unmoved by how far the far ones go, whatever order they come in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.forecasting.median import weighted_median

NUMBERS = st.floats(0.0, 1e6)
ROWS = st.lists(st.tuples(NUMBERS, st.floats(0.01, 1.0)), min_size=2, max_size=16, unique_by=lambda row: row[0])


def median(rows: list[tuple[float, float]]) -> float:
    values, weights = np.array(rows).T[:, :, None]
    return float(weighted_median(values, weights)[0])


def test_equal_weights_give_the_plain_median() -> None:
    assert median([(5.0, 1.0), (1.0, 1.0), (9.0, 1.0)]) == 5.0
    assert median([(4.0, 1.0), (1.0, 1.0), (9.0, 1.0), (6.0, 1.0)]) == 5.0


def test_more_than_half_of_the_weight_decides() -> None:
    assert median([(5.0, 1.0), (1.0, 0.01), (900.0, 0.01)]) == pytest.approx(5.0)


def test_how_far_the_far_ones_go_moves_nothing() -> None:
    assert median([(5.0, 1.0), (6.0, 1.0), (7.0, 1.0), (1e12, 0.5)]) == median([(5.0, 1.0), (6.0, 1.0), (7.0, 1.0), (8.0, 0.5)])


@given(ROWS, st.randoms(use_true_random=False))
def test_it_lies_between_them_in_any_order_with_half_of_the_weight_on_either_side(
    rows: list[tuple[float, float]], random
) -> None:
    found = median(rows)
    shuffled = rows[:]
    random.shuffle(shuffled)
    assert median(shuffled) == pytest.approx(found, rel=1e-9, abs=1e-6)
    assert min(v for v, _ in rows) <= found <= max(v for v, _ in rows)
    half, most = sum(w for _, w in rows) / 2, max(w for _, w in rows)
    assert sum(w for v, w in rows if v < found) <= half + most / 2 + 1e-9
    assert sum(w for v, w in rows if v > found) <= half + most / 2 + 1e-9


def test_each_column_is_its_own() -> None:
    values = np.array([[1.0, 30.0], [2.0, 20.0], [3.0, 10.0]])
    assert weighted_median(values, np.ones((3, 2))).tolist() == [2.0, 20.0]
