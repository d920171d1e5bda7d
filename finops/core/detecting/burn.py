"""How fast a budget burns: of money, of failures, of slow answers, over a long window and a short one together.

A burn of 1 uses a budget up exactly in its period. The pairs are those of site reliability engineering: 14.4 is 2 % of a month's
budget in an hour, 6 is 5 % in six, 3 is 10 % in a day, 1 is 10 % in three days; the short window tells whether it still goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

PAIRS: tuple[tuple[int, int, float], ...] = ((1, 1, 14.4), (6, 1, 6.0), (24, 6, 3.0))
"""Hours of the long window, of the short one, and the burn that both must reach."""
SLOW_PAIR = (72, 24, 1.0)
"""For failures and slow answers only: a budget of money is there to be spent."""
LEAST_EVENTS = 10
"""A window with fewer bad calls stops nothing."""
EXPLAINS = 0.7


@dataclass(frozen=True)
class Burn:
    """One stretch in which a budget burned too fast: its first and last hour, the highest burn of a long window, and which."""

    opened: int
    last: int
    rate: float
    window_h: int


def money_rates(spend: Array, hourly: float, window: int) -> Array:
    """Spend of each window that ends with an hour, over what the budget allows for so long."""
    return _sums(spend, window) / (hourly * min(window, max(len(spend), 1)))


def event_rates(bad: Array, among: Array, allowed: float, window: int) -> Array:
    """Share of bad calls in each window that ends with an hour, over the share that is allowed; 0 where there are few."""
    failed, calls = _sums(bad, window), _sums(among, window)
    rate = failed / np.maximum(calls, 1e-9) / allowed
    return np.asarray(np.where(failed >= LEAST_EVENTS, rate, 0.0))


def burns(rates: dict[int, Array], pairs: Sequence[tuple[int, int, float]], *, pause_h: int = 24) -> list[Burn]:
    """Stretches in which both windows of a pair reach its burn; `rates` has an array for every window of the pairs."""
    if not rates or not len(next(iter(rates.values()))):
        return []
    size = len(next(iter(rates.values())))
    highest, window_h = np.zeros(size), np.zeros(size, int)
    for long_h, short_h, least in pairs:
        over = (rates[long_h] >= least) & (rates[short_h] >= least)
        more = over & (rates[long_h] > highest)
        highest[more], window_h[more] = rates[long_h][more], long_h
    found: list[Burn] = []
    for hour in np.nonzero(highest)[0]:
        one = Burn(int(hour), int(hour), float(highest[hour]), int(window_h[hour]))
        if found and hour - found[-1].last <= pause_h:
            before = found[-1]
            top = before if before.rate >= one.rate else one
            found[-1] = Burn(before.opened, one.last, top.rate, top.window_h)
        else:
            found.append(one)
    return found


def deepest(parts: dict[tuple[str, ...], float]) -> tuple[tuple[str, ...], float]:
    """From the whole down: the longest name that holds most of the whole. `parts` are by full name; () is everything."""
    whole = sum(parts.values())
    best: tuple[str, ...] = ()
    share = 1.0
    depth = max((len(name) for name in parts), default=0)
    for length in range(1, depth + 1):
        sums: dict[tuple[str, ...], float] = {}
        for name, amount in parts.items():
            if name[: len(best)] == best:
                sums[name[:length]] = sums.get(name[:length], 0.0) + amount
        name, amount = max(sorted(sums.items()), key=lambda item: item[1], default=((), 0.0))
        if whole <= 0 or amount < EXPLAINS * whole:
            break
        best, share = name, amount / whole
    return best, share


def _sums(values: Array, window: int) -> Array:
    total = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    return np.asarray(np.maximum(total[ends] - total[np.maximum(ends - window, 0)], 0.0))
