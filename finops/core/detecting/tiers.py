"""Whether a tenant stands out both from its own history and from the others of its tier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from finops.core.detecting.anomalies import Array

BEFORE_D = 28
LEAST_Z = 3.0
LEAST_PEERS = 2
_LEAST_SPREAD = 0.1
"""Spreads of logarithms below this are taken to be this: 10 % more than usual is never abuse."""
_LEAST_DAYS = 14


@dataclass(frozen=True)
class Standing:
    """A tenant's spend in some days: robust z of its logarithm among its own days before, and of its growth beside its peers' (or
    of its spend a seat, where seats are known), with the factors that people understand."""

    z_own: float
    z_tier: float
    times_usual: float
    times_tier: float
    per_seat: bool

    @property
    def abusive(self) -> bool:
        return self.z_own > LEAST_Z and self.z_tier > LEAST_Z


def standing(
    spend: Array, own: int, peers: Sequence[int], opened: int, last: int, seats: Sequence[int | None]
) -> Standing | None:
    """Of the row `own` of daily `spend` (tenants, days) in columns `opened` to `last`; None where history or peers are few."""
    begin = max(opened - BEFORE_D, 0)
    levels = _logarithms(spend)
    if np.sum(~np.isnan(levels[own, begin:opened])) < _LEAST_DAYS:
        return None
    others = [row for row in peers if row != own and np.sum(~np.isnan(levels[row, begin:opened])) >= _LEAST_DAYS]
    if len(others) < LEAST_PEERS or np.isnan(levels[own, opened : last + 1]).all():
        return None
    usual = np.nanmedian(levels[:, begin:opened], axis=1) if len(levels) else levels
    now = float(np.nanmean(levels[own, opened : last + 1]))
    per_seat = all(seats[row] for row in (own, *others))
    base = np.log([float(seats[row] or 1) for row in range(len(levels))]) if per_seat else usual
    beside = levels[others, begin : last + 1] - base[others][:, None]
    if np.isnan(beside[:, opened - begin :]).all():
        return None
    typical = float(np.nanmedian(beside[:, opened - begin :]))
    return Standing(
        (now - float(usual[own])) / _spread(levels[own, begin:opened]),
        (now - float(base[own]) - typical) / _spread(beside),
        float(np.exp(now - usual[own])),
        float(np.exp(now - float(base[own]) - typical)),
        per_seat,
    )


def _logarithms(spend: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spend > 0, np.log(np.where(spend > 0, spend, 1.0)), np.nan)


def _spread(among: Array) -> float:
    """A robust standard deviation of what is known."""
    known = among[~np.isnan(among)]
    return max(1.4826 * float(np.median(np.abs(known - np.median(known)))), _LEAST_SPREAD)
