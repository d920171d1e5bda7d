"""Moved data: tiers add up, a copy is kept only away from today's region, and an unknown rate is not 0."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.transfer import Traffic, moved, tiered
from finops.prices.transfer import transfer_tiers

D = Decimal
SKYPILOT_AWS = [(D(0), D(0)), (D(1), D("0.09")), (D(10_240), D("0.085")), (D(51_200), D("0.07"))]
"""The rates of SkyPilot 0.14.1 for AWS: the first GB is free."""


@pytest.mark.parametrize(("terabytes", "dollars"), [(0, "0"), (20, "1791.91"), (60, "5119.91")])
def test_tiers_add_up(terabytes: int, dollars: str) -> None:
    """60 TB = 10,239 x .09 + 40,960 x .085 + 10,240 x .07. SkyPilot forgets the lower tiers: 716.80, less than its 20 TB."""
    assert tiered(D(terabytes * 1_024), SKYPILOT_AWS) == D(dollars)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_data_never_costs_less(one: int, other: int) -> None:
    low, high = sorted((one, other))
    for tiers in transfer_tiers().values():
        assert tiered(D(low), tiers) <= tiered(D(high), tiers) <= tiered(D(low), tiers) + (high - low) * max(p for _, p in tiers)


def test_a_copy_is_kept_in_step_only_away_from_today_s_region() -> None:
    traffic = Traffic(D(1_000), D(500), D(4_000), 12)
    flat = [(D(0), D("0.02"))]
    here, away = (moved(traffic, SKYPILOT_AWS, flat, here=at) for at in (True, False))
    assert here is not None
    assert away is not None
    assert (here.monthly, here.once) == (D(999) * D("0.09"), 0)
    assert (away.monthly - here.monthly, away.once) == (D(10), D(80))
    assert away.spread(12) == away.monthly + D(80) / 12


def test_a_rate_that_is_not_known_is_no_zero() -> None:
    assert moved(Traffic(sync_gb=D(1)), None, None, here=False) is None
    assert moved(Traffic(internet_gb=D(1)), None, [(D(0), D(1))], here=True) is None
    assert moved(Traffic(sync_gb=D(1)), None, None, here=True) is not None
    with pytest.raises(ValueError, match="first tier"):
        tiered(D(1), [(D(1), D(1))])
