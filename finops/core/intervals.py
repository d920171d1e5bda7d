"""Intervals of rates: Wilson's for a share that was counted, and the beta distribution for a share that is believed."""

from __future__ import annotations

import math
from statistics import NormalDist

_TINY = 1e-300
_TERMS = 10_000
_NARROW = 1e-12


def wilson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a success rate; of no trials at all, everything from 0 to 1."""
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials")
    if trials == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    rate, spread = successes / trials, z * z / trials
    middle = rate + spread / 2
    half = z * math.sqrt(rate * (1 - rate) / trials + spread / (4 * trials))
    low = 0.0 if successes == 0 else (middle - half) / (1 + spread)
    high = 1.0 if successes == trials else (middle + half) / (1 + spread)
    return low, high


def beta_interval(a: float, b: float, level: float = 0.8) -> tuple[float, float]:
    """The middle `level` of a beta distribution."""
    return beta_quantile((1 - level) / 2, a, b), beta_quantile((1 + level) / 2, a, b)


def beta_quantile(share: float, a: float, b: float) -> float:
    """The rate below which this share of a beta distribution lies."""
    if not 0 <= share <= 1:
        raise ValueError(f"a share of {share}")
    if share in (0.0, 1.0):
        return share
    low, high = 0.0, 1.0
    while high - low > _NARROW * max(high, _NARROW):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if beta_share(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def beta_share(rate: float, a: float, b: float) -> float:
    """The share of a beta distribution that lies below a rate (the regularised incomplete beta function)."""
    if a <= 0 or b <= 0:
        raise ValueError(f"no beta distribution has the parameters {a} and {b}")
    if rate <= 0:
        return 0.0
    if rate >= 1:
        return 1.0
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(rate) + b * math.log1p(-rate)
    if rate < (a + 1) / (a + b + 2):  # the fraction converges fast on this side only
        return math.exp(log_front) * _fraction(rate, a, b) / a
    return 1 - math.exp(log_front) * _fraction(1 - rate, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def _away_from_zero(x: float) -> float:
    return x if abs(x) > _TINY else _TINY
