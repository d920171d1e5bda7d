"""Unusual days: what is found, how seldom quiet series alert, and that no day is judged by a later one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from finops.core.detecting.anomalies import DAYS_PER_MONTH, SETTLE_D, judge

DAYS = 150


def company(series: int, seed: int = 3) -> NDArray[np.float64]:
    """Series with a weekly shape and heavy-tailed noise."""
    chance = np.random.default_rng(seed)
    level = chance.lognormal(4, 1, (series, 1))
    week = 1 + 0.3 * chance.random((series, 7))
    return np.asarray(level * week[:, np.arange(DAYS) % 7] * np.exp(0.08 * chance.standard_t(4, (series, DAYS))))


def first(series: int) -> NDArray[np.int64]:
    return np.zeros(series, np.int64)


def test_quiet_series_seldom_alert() -> None:
    for series in (8, 300):
        found = judge(company(series), first(series))
        alerts = (found.spike | found.drift)[:, 60:].sum()
        months = series * (DAYS - 60) / DAYS_PER_MONTH
        assert alerts <= max(months / 6, 2)
        assert alerts / (DAYS - 60) <= 2


@pytest.mark.parametrize(("kind", "length"), [("spike", 1), ("loop", 3), ("level", 14), ("drift", 14)])
def test_planted_events_are_found(kind: str, length: int) -> None:
    spend, day = company(12), 100
    times = {"spike": 2.0, "loop": 2.0, "level": 1.5}.get(kind, 1.0)
    spend[:, day : day + length] *= 1.06 ** np.arange(1, length + 1) if kind == "drift" else times
    found = judge(spend, first(12))
    hit = (found.spike | found.drift)[:, day : day + length].any(axis=1)
    assert hit.mean() >= (0.3 if kind == "drift" else 0.7)
    assert (found.p_value[hit, day : day + length].min(axis=1) < 0.5).all()


def test_the_expected_is_near_what_a_quiet_series_spends() -> None:
    spend = company(20)
    found = judge(spend, first(20))
    error = np.abs(found.expected[:, 60:] / spend[:, 60:] - 1)
    assert np.median(error) < 0.12


def test_among_many_most_alerts_are_true_and_many_spikes_are_found() -> None:
    chance, tenants = np.random.default_rng(5), 500
    usual = chance.lognormal(4, 1, (tenants, 1)) * np.exp(0.15 * chance.standard_normal((tenants, DAYS)))
    true = np.zeros((tenants, DAYS), bool)
    true[:, 40:] = chance.random((tenants, DAYS - 40)) < 0.01
    found = judge(np.where(true, usual * chance.uniform(2, 3, true.shape), usual), first(tenants))
    alerts = found.spike | found.drift
    assert (alerts & ~true).sum() <= 0.25 * alerts.sum()
    assert (alerts & true).sum() >= 0.6 * true.sum()
    assert (found.p_value[found.spike] < 0.01).all()
    quiet = judge(usual, first(tenants))
    assert (quiet.spike | quiet.drift)[:, 40:].sum() <= DAYS - 40


def planted(spend: NDArray[np.float64], seed: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """One day in a hundred of those with spend, x2 to x3, and which."""
    chance = np.random.default_rng(seed)
    true = (chance.random(spend.shape) < 0.01) & (spend > 0)
    true[:, :40] = False
    return np.where(true, spend * chance.uniform(2, 3, spend.shape), spend), true


def test_days_that_move_all_are_no_discoveries_of_each() -> None:
    chance, tenants = np.random.default_rng(8), 400
    moves = 0.15 * chance.standard_normal((1, DAYS)) * chance.uniform(0, 2, (tenants, 1))
    spend, true = planted(chance.lognormal(4, 1, (tenants, 1)) * np.exp(moves + 0.1 * chance.standard_t(5, (tenants, DAYS))), 1)
    found = judge(spend, first(tenants))
    alerts = found.spike | found.drift
    assert (alerts & ~true).sum() <= 0.25 * alerts.sum()
    assert (alerts & true).sum() >= 0.75 * true.sum()


def test_series_that_seldom_spend_are_judged_by_the_days_on_which_they_do() -> None:
    chance, tenants = np.random.default_rng(9), 400
    active = chance.random((tenants, DAYS)) < chance.uniform(0.3, 0.8, (tenants, 1))
    spend, true = planted(active * chance.lognormal(4, 0.1, (tenants, DAYS)), 2)
    found = judge(spend, first(tenants))
    alerts = found.spike | found.drift
    assert (alerts & ~true).sum() <= 0.25 * alerts.sum()
    assert (alerts & true).sum() >= 0.4 * true.sum()


def test_what_moves_all_is_told_of_their_sum() -> None:
    chance, tenants = np.random.default_rng(10), 200
    own = np.exp(0.2 * chance.standard_normal((tenants, DAYS)))
    own *= np.exp(0.06 * chance.standard_normal((1, DAYS)))
    own[:, 120] *= 1.35
    spend = np.vstack([own.sum(axis=0), own])
    found = judge(spend, first(tenants + 1), apart=np.arange(tenants + 1) == 0)
    assert found.spike[0, 120]
    assert found.spike[1:, 120].sum() <= 0.05 * tenants


@settings(deadline=None, max_examples=25)
@given(arrays(np.float64, (3, 60), elements=st.floats(-5, 1e6)), st.integers(SETTLE_D, 59))
def test_no_day_is_judged_by_a_later_one(spend: NDArray[np.float64], until: int) -> None:
    begins = np.array([0, 5, 30])
    whole, part = judge(spend, begins), judge(spend[:, :until], begins)
    for name in ("expected", "p_value", "spike", "drift", "beyond"):
        assert np.array_equal(getattr(whole, name)[:, :until], getattr(part, name), equal_nan=True)


@settings(deadline=None, max_examples=10)
@given(st.permutations(range(6)))
def test_the_order_of_series_does_not_matter(order: list[int]) -> None:
    spend = company(6)
    spend[2, 80] *= 5
    found, turned = judge(spend, first(6)), judge(spend[order], first(6))
    assert np.array_equal(found.spike[order], turned.spike)
    assert np.allclose(found.p_value[order], turned.p_value, equal_nan=True)


@pytest.mark.parametrize(
    "spend",
    [
        np.zeros((2, 60)),
        np.full((1, 60), 5.0),
        np.full((1, 60), -5.0),
        np.zeros((0, 60)),
        np.ones((3, 1)),
        np.eye(2, 60),
        np.zeros((2, 140)),
    ],
)
def test_odd_series_raise_nothing(spend: NDArray[np.float64]) -> None:
    found = judge(spend, first(len(spend)))
    assert not found.spike.any()
    assert not found.drift.any()
