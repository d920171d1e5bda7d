"""Agents that run away are found within hours; quiet ones seldom alert; no hour is judged by a later one."""

from __future__ import annotations

import numpy as np
import pytest

from finops.core.detecting.bursts import HOURS_PER_MONTH, SETTLE_H, runaways

HOURS = 24 * 50


def agents(count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    chance = np.random.default_rng(5)
    shape = 1 + 0.8 * np.sin((np.arange(HOURS) % 24 - 9) / 24 * 2 * np.pi)
    return np.asarray(chance.poisson(4 * shape, (count, HOURS)) * chance.lognormal(0, 0.4, (count, HOURS)))


def test_five_times_the_usual_is_found_within_hours() -> None:
    spend, start = agents(20), 24 * 40 + 7
    spend[:, start : start + 24] *= 5
    alerts, expected = runaways(spend, budget=1.0)
    hit = alerts[:, start : start + 24]
    assert hit.any(axis=1).mean() >= 0.9
    assert np.median(np.argmax(hit[hit.any(axis=1)], axis=1) + 1) <= 5
    assert (expected[:, start : start + 24].sum(axis=1) < 0.5 * spend[:, start : start + 24].sum(axis=1)).all()


def test_quiet_agents_seldom_alert() -> None:
    alerts, _ = runaways(agents(40), budget=1.0)
    days = alerts.reshape(40, -1, 24).any(axis=2).sum()
    assert days <= 1.5 * 40 * (HOURS - SETTLE_H) / HOURS_PER_MONTH


def test_no_hour_is_judged_by_a_later_one() -> None:
    spend = agents(4)
    spend[1, 700] *= 50
    whole, part = runaways(spend), runaways(spend[:, :800])
    for one, other in zip(whole, part, strict=True):
        assert np.array_equal(one[:, :800], other)


@pytest.mark.parametrize("spend", [np.zeros((2, HOURS)), np.full((1, HOURS), 3.0), np.zeros((0, 48)), np.ones((2, 5))])
def test_odd_series_raise_nothing(spend: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    assert not runaways(spend)[0].any()
