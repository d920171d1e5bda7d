"""Moved data: a copy is kept only away from today's region, and an unknown rate is not 0. Tiers stand in test_tiered.py."""

from __future__ import annotations

from decimal import Decimal

from finops.core.placing.tiered import Tier
from finops.core.placing.transfer import Tariff, Traffic, moved

D = Decimal
FLAT = (Tier(D(0), D("0.02")),)
TARIFF = Tariff((Tier(D(1), D("0.09")),), FLAT, (Tier(D(0), D("0.023")),))


def test_a_copy_is_kept_only_away_from_today_s_region() -> None:
    traffic = Traffic(D(1_000), D(500), D(4_000), 12, D(200))
    here, away = (moved(traffic, TARIFF, here=at) for at in (True, False))
    assert here is not None
    assert away is not None
    assert (here.monthly, here.once) == (D(999) * D("0.09"), 0)
    assert (away.monthly - here.monthly, away.once) == (D(10) + D("4.6"), D(80))
    assert away.spread(12) == away.monthly + D(80) / 12


def test_a_rate_that_is_not_known_is_no_zero() -> None:
    nothing = Tariff(None, None, None)
    assert moved(Traffic(sync_gb=D(1)), nothing, here=False) is None
    assert moved(Traffic(stored_gb=D(1)), nothing, here=False) is None
    assert moved(Traffic(internet_gb=D(1)), Tariff(None, FLAT, FLAT), here=True) is None
    assert moved(Traffic(sync_gb=D(1)), nothing, here=True) is not None
