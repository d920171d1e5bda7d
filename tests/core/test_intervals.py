"""Wilson's interval and the beta distribution against known figures and their own definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.intervals import beta_interval, beta_quantile, beta_share, wilson

PUBLISHED = [
    (1, 1, 0.2065, 1.0),
    (4, 5, 0.3755, 0.9638),
    (95, 100, 0.8882, 0.9785),
    (0, 10, 0.0, 0.2775),
    (8, 10, 0.4902, 0.9433),
]
parameters = st.floats(0.3, 300)


@pytest.mark.parametrize(("successes", "trials", "low", "high"), PUBLISHED)
def test_wilson_as_published(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_nothing_tried_is_anything() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="3 successes of 2"):
        wilson(3, 2)


@given(st.integers(0, 2_000), st.integers(1, 2_000), st.floats(0.5, 0.99))
def test_wilson_holds_the_rate_and_mirrors(successes: int, trials: int, level: float) -> None:
    successes = min(successes, trials)
    low, high = wilson(successes, trials, level)
    assert 0 <= low <= successes / trials <= high <= 1
    assert wilson(trials - successes, trials, level) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0.001, 0.999))
def test_beta_share_is_a_binomial_tail(a: int, b: int, rate: float) -> None:
    n = a + b - 1
    tail = math.fsum(math.comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(a, n + 1))
    assert beta_share(rate, a, b) == pytest.approx(tail, abs=1e-10)


@given(parameters, parameters, st.floats(0.001, 0.999))
def test_beta_quantile_undoes_the_share(a: float, b: float, share: float) -> None:
    rate = beta_quantile(share, a, b)
    assert 0 <= rate <= 1
    if 1e-6 < rate < 1 - 1e-6:
        assert beta_share(rate, a, b) == pytest.approx(share, abs=1e-6)


def test_large_counts_and_draws_agree() -> None:
    a, b = 814.5, 826.5
    drawn = np.quantile(np.random.default_rng(1).beta(a, b, 400_000), (0.1, 0.9))
    assert beta_interval(a, b) == pytest.approx(tuple(drawn), abs=2e-4)
    low, high = beta_interval(2_000_000.0, 3_000_000.0)
    assert low < 0.4 < high
    assert high - low == pytest.approx(2 * 1.2816 * math.sqrt(0.24 / 5e6), rel=1e-3)


def test_ends() -> None:
    assert (beta_share(0, 2, 3), beta_share(1, 2, 3), beta_share(-1, 2, 3)) == (0, 1, 0)
    assert (beta_quantile(0, 2, 3), beta_quantile(1, 2, 3)) == (0, 1)
    with pytest.raises(ValueError, match="no beta distribution"):
        beta_share(0.5, 0, 1)
    with pytest.raises(ValueError, match=r"a share of 1\.5"):
        beta_quantile(1.5, 1, 1)
