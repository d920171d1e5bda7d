"""A tenant stands out only if it left its own history and its tier did not go with it."""

from __future__ import annotations

import numpy as np

from finops.core.detecting.tiers import Standing, standing

DAYS = 60
NO_SEATS = [None] * 6


def tier(seed: int = 4) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    chance = np.random.default_rng(seed)
    return np.asarray(chance.lognormal(4, 1, (6, 1)) * np.exp(0.1 * chance.standard_normal((6, DAYS))))


def found(spend: np.ndarray[tuple[int, int], np.dtype[np.float64]], seats: list[int | None] | None = None) -> Standing:
    told = standing(spend, 0, range(6), 50, 52, seats or NO_SEATS)
    assert told is not None
    return told


def test_one_that_floods_is_abusive_and_all_together_are_not() -> None:
    spend = tier()
    assert not found(spend).abusive
    spend[0, 50:53] *= 6
    alone = found(spend)
    assert alone.abusive
    assert 5 < alone.times_usual < 7.5
    assert 5 < alone.times_tier < 7.5
    spend[1:, 50:53] *= 6
    together = found(spend)
    assert together.z_own > 3
    assert not together.abusive


def test_a_tenant_with_more_seats_may_spend_more() -> None:
    seats: list[int | None] = [10, 12, 9, 11, 10, 10]
    spend = np.array(seats, float)[:, None] * np.exp(0.1 * np.random.default_rng(1).standard_normal((6, DAYS)))
    spend[0, 50:53] *= 5
    assert found(spend, seats).abusive
    assert found(spend, seats).per_seat
    seats[0] = 50
    spend[0, :50] *= 5
    assert not found(spend, seats).abusive


def test_without_history_or_peers_nothing_is_said() -> None:
    spend = tier()
    assert standing(spend, 0, [0, 1], 50, 52, NO_SEATS) is None
    assert standing(spend, 0, range(6), 5, 6, NO_SEATS) is None
    spend[0, :45] = 0
    assert standing(spend, 0, range(6), 50, 52, NO_SEATS) is None
