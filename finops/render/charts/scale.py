"""Axes: round steps, powers of ten, and labels moved apart so that they never touch."""

from __future__ import annotations

import math
from collections.abc import Sequence


def round_ticks(largest: float, most: int = 4) -> list[float]:
    """Round values from 0 up to at least `largest`, at most `most` steps apart."""
    if largest <= 0:
        return [0.0, 1.0]
    raw = largest / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999999)
    return [step * i for i in range(math.ceil(largest / step - 1e-9) + 1)]


def log_range(values: Sequence[float]) -> tuple[float, float]:
    """Exponents of ten that hold all positive values, with air at both ends and at least one decade."""
    logs = [math.log10(v) for v in values if v > 0] or [0.0]
    low, high = min(logs) - 0.25, max(logs) + 0.25
    if high - low < 1:
        middle = (low + high) / 2
        low, high = middle - 0.5, middle + 0.5
    return low, high


def apart(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions as near as possible to the wanted ones, in the same order, at least `gap` apart and within the bounds.

    Pools neighbours that collide and centres each pool on the mean of its wishes; the answer for given wishes is unique.
    """
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    pools: list[tuple[float, int]] = []
    for rank, index in enumerate(order):
        pools.append((wanted[index] - rank * gap, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (mean, size), (other, others) = pools.pop(-2), pools.pop()
            pools.append(((mean * size + other * others) / (size + others), size + others))
    offsets = [mean for mean, size in pools for _ in range(size)]
    room = max(low, high - gap * (len(wanted) - 1))
    placed = [0.0] * len(wanted)
    for rank, index in enumerate(order):
        placed[index] = min(max(offsets[rank], low), room) + rank * gap
    return placed
