"""How unsteady a cost is: peaks over the mean, the coefficient of variation, the cost at risk, and what moves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RISK_D = 30
LEAST_DAYS = 14
"""Fewer days tell a mean and a peak, and nothing of what may come."""
ENDED_D = 14
"""A series without spend for so many days has ended, and is measured up to its last day of spend."""
_BLOCK_D = 7
_DRAWS = 2000
_SEED = 20240229


@dataclass(frozen=True)
class Volatility:
    """Of a series of days. `at_risk` is what 30 days cost at the 95 % quantile beyond their mean; `shares` say which part of the
    variance each part of the cost brings (they add up to 1). None where it can't be told."""

    days: int
    mean: float
    peak: float
    peak_day: int
    peak_to_mean: float | None
    variation: float | None
    at_risk: float | None
    shares: Mapping[str, float] | None


def volatility(cost: Array, parts: Mapping[str, Array]) -> Volatility | None:
    """Of daily `cost`, whose `parts` add up to it; None where nothing was ever spent. Days count from the first with cost."""
    spent = np.nonzero(cost)[0]
    if not len(spent):
        return None
    begin = int(spent[0])
    end = len(cost) if len(cost) - 1 - spent[-1] < ENDED_D else int(spent[-1]) + 1
    own = cost[begin:end]
    mean, peak = float(own.mean()), float(own.max())
    spread = float(own.std(ddof=1)) if len(own) > 1 else 0.0
    enough = len(own) >= LEAST_DAYS
    return Volatility(
        days=len(own),
        mean=mean,
        peak=peak,
        peak_day=begin + int(np.argmax(own)),
        peak_to_mean=peak / mean if mean > 0 else None,
        variation=spread / mean if mean > 0 and len(own) > 1 else None,
        at_risk=_at_risk(own) if enough else None,
        shares={name: _share(part[begin:end], own) for name, part in parts.items()} if enough and spread > 1e-9 else None,
    )


def peak_hour(cost: Array) -> float | None:
    """The dearest hour over the mean one, from the first hour with cost to the last; None without two such hours."""
    spent = np.nonzero(cost > 0)[0]
    if len(spent) < 2:
        return None
    own = cost[spent[0] : spent[-1] + 1]
    return float(own.max() / own.mean()) if own.mean() > 0 else None


def _at_risk(own: Array) -> float:
    """The 95 % quantile of 30 days less their mean, of weeks drawn from the history as they came (a block bootstrap, with a fixed
    seed: the same history has the same risk)."""
    blocks = -(-RISK_D // _BLOCK_D)
    starts = np.random.default_rng(_SEED).random((_DRAWS, blocks))
    places = (starts * len(own)).astype(int)[:, :, None] + np.arange(_BLOCK_D)
    totals = own[places.reshape(_DRAWS, -1)[:, :RISK_D] % len(own)].sum(axis=1)
    return float(np.quantile(np.sort(totals), 0.95) - RISK_D * own.mean())


def _share(part: Array, whole: Array) -> float:
    """The part's covariance with the whole over the whole's variance."""
    centred = whole - whole.mean()
    return float((part - part.mean()) @ centred / (centred @ centred))
