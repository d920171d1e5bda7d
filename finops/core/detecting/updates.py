"""What changed with an update: ratios of the days before and after it, with the interval of their difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SIDE_D = 14
LEAST_DAYS = 4
_NEW, _OLD = 0.2, 0.01
_LEAST_CALLS = 30


@dataclass(frozen=True)
class Change:
    """A ratio before and after, and the 95 % interval of the difference. Days are taken as independent, calls of a day not."""

    before: float
    after: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether the interval leaves out no change."""
        return self.low > 0 or self.high < 0


def updates(calls: Array) -> list[tuple[int, int]]:
    """Day and class of every update in the counts (days, classes) of one agent's models or prompts: the class has a fifth of that
    day's and the next days' calls, and had next to none in the two weeks before."""
    found = []
    days, classes = calls.shape
    for place in range(classes):
        for day in range(SIDE_D, days - LEAST_DAYS + 1):
            before, after = calls[day - SIDE_D : day], calls[day : day + LEAST_DAYS]
            if before.sum() < _LEAST_CALLS or after.sum() < _LEAST_CALLS or not calls[day, place]:
                continue
            if before[:, place].sum() <= _OLD * before.sum() and after[:, place].sum() >= _NEW * after.sum():
                found.append((day, place))
                break
    return sorted(found)


def change(amount: Array, base: Array, day: int) -> Change | None:
    """Of sum(amount) / sum(base) between the two weeks before column `day` and the two from it on; None where either is short."""
    sides = [slice(max(day - SIDE_D, 0), day), slice(day, day + SIDE_D)]
    ratios, variances, sizes = [], [], []
    for side in sides:
        known = ~np.isnan(amount[side]) & ~np.isnan(base[side]) & (base[side] > 0)
        own, of = amount[side][known], base[side][known]
        if len(of) < LEAST_DAYS:
            return None
        ratio = float(own.sum() / of.sum())
        ratios.append(ratio)
        variances.append(float(((own - ratio * of) ** 2).sum()) * len(of) / (len(of) - 1) / float(of.sum()) ** 2)
        sizes.append(len(of))
    reach = _student(min(sizes) - 1) * float(np.sqrt(sum(variances)))
    gain = ratios[1] - ratios[0]
    return Change(ratios[0], ratios[1], gain - reach, gain + reach)


def _student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t, by its expansion about the normal one."""
    z = 1.959964
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
