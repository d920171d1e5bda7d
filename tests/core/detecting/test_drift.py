"""Drift is told where a mix has changed for good, beyond how much it always changed; bursts and small counts are none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from finops.core.detecting.drift import divergence, drifts, shifts

Array = NDArray[np.float64]
DAYS = 120
PRICE = np.array([0.01, 0.02, 0.05, 0.001])


def calls(seed: int, a_day: int = 150, spread: float = 60.0, days: int = DAYS) -> Array:
    """Days of calls in four classes, with mixes that differ more than chance would have it."""
    chance = np.random.default_rng(seed)
    mixes = chance.dirichlet(spread * np.array([0.5, 0.3, 0.1, 0.1]), days)
    week = np.where(np.arange(days) % 7 < 5, 1.0, 0.5)
    return np.array([chance.multinomial(int(a_day * size), mix) for size, mix in zip(week, mixes, strict=True)], float)


def found(made: Array) -> list[tuple[int, float | None]]:
    return [(one.since, one.effect) for one in drifts(made, made * PRICE, 0)]


def moved(made: Array, day: int, length: int = DAYS, share: float = 0.3) -> Array:
    """From the day on, a share of the first class's calls is of the third."""
    changed = made.copy()
    part = np.floor(changed[day : day + length, 0] * share)
    changed[day : day + length, 0] -= part
    changed[day : day + length, 2] += part
    return changed


def test_the_bias_of_small_counts_is_taken_off() -> None:
    chance = np.random.default_rng(1)
    mix = chance.dirichlet(np.full(15, 3.0))
    for many, most in ((50, 0.03), (200, 0.008), (1000, 0.002)):
        drawn = [divergence(chance.multinomial(many, mix), chance.multinomial(many, mix)) for _ in range(200)]
        assert np.mean(drawn) < most
    assert divergence(np.array([10, 0]), np.array([0, 10])) == pytest.approx(1.0, abs=0.06)
    assert divergence(np.zeros(3), np.ones(3)) == 0


def test_a_lasting_change_is_found_with_its_day_and_its_cost() -> None:
    hits = 0
    for seed in range(12):
        made = moved(calls(seed), 80, share=0.5)
        told = found(made)
        hits += bool(told) and abs(told[0][0] - 80) <= 3
        if told:
            effect = told[0][1]
            assert effect is not None
            assert 0.5 < effect / (0.25 * 129 * 0.04) < 1.5, "a quarter of 129 calls costs 0.04 more"
    assert hits >= 10


def test_quiet_series_and_bursts_are_no_drift() -> None:
    assert sum(len(found(calls(seed))) for seed in range(25)) <= 1
    assert sum(len(found(moved(calls(seed), 80, 4, 0.9))) for seed in range(12)) <= 1
    flood = calls(3)
    flood[80:83, 3] += 3_000
    assert found(flood) == [], "neither the flood nor the return to what was usual"


def test_a_new_class_costs_what_it_costs_now_and_an_unpriced_one_nothing_known() -> None:
    made = calls(1)
    made[:80, 2] = 0
    told = drifts(made, made * PRICE, 0)
    assert told
    assert told[0].effect is not None
    assert told[0].effect > 0
    unpriced = made * np.array([0.01, 0.02, np.nan, 0.001])
    assert [one.effect for one in drifts(made, unpriced, 0)] == [None] * len(told)
    assert shifts(["a", "b", "c", "d"], told[0].before, told[0].after, 1)[0][0] in "ac"


@pytest.mark.parametrize(
    "made",
    [np.zeros((DAYS, 3)), np.ones((1, 2)), np.zeros((0, 1)), np.ones((DAYS, 2)), calls(1, 3), calls(1)[:30], calls(2)[:, :1]],
)
def test_odd_series_drift_nowhere(made: Array) -> None:
    assert drifts(made, made.copy(), 0) == []


def test_gaps_and_an_end_are_no_drift() -> None:
    made = calls(5)
    made[60:64] = 0
    made[100:] = 0
    assert found(made) == []


def test_no_day_is_judged_by_a_later_one() -> None:
    made = moved(calls(2), 80, share=0.5)
    whole, part = drifts(made, made * PRICE, 0), drifts(made[:100], made[:100] * PRICE, 0)
    assert [one.since for one in whole][: len(part)] == [one.since for one in part]
