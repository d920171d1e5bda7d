"""The rhythm of spend: which series are irregular (gaps between spend days) and which have gone silent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

IRREGULAR_SHARE = 0.45
CLOSED_WEEKDAY = 0.3
"""A weekday that usually has less than this share of a mean day is closed: nothing spent on it is no gap."""
_DECAY = 0.5 ** (1 / 60)


class SpendRhythm:
    """Counts, day by day, the zeros that lie BETWEEN spend days: zeros before the first or after the last spend are no gap."""

    def __init__(self, count: int) -> None:
        self.zeros = np.zeros(count)
        self.quiet = np.zeros(count)
        self.spends = np.zeros(count)
        self.gaps = np.zeros(count)
        self.spent_before = np.zeros(count, bool)

    def learn(self, spend: Array, age: NDArray[np.int64], weekday: Array) -> None:
        active = (age > 0) & (spend != 0)
        gap = np.where(active & self.spent_before, self.zeros, 0.0)
        self.quiet = _DECAY * self.quiet + gap
        self.gaps = _DECAY * self.gaps + (gap > 0)
        self.spends = _DECAY * self.spends + active
        self.zeros = np.where(active, 0.0, self.zeros + ((age > 0) & (weekday >= CLOSED_WEEKDAY)))
        self.spent_before |= active

    def irregular(self) -> NDArray[np.bool_]:
        """Nearly half of the recent days between spend days were empty: a mean over 60 days beats any smoothing."""
        return np.asarray(self.quiet > IRREGULAR_SHARE * (self.quiet + self.spends))

    def silent(self) -> NDArray[np.bool_]:
        """Nothing for longer than a week and than three usual gaps: the series has stopped, or never spent."""
        usual = np.where(self.gaps > 0, self.quiet / np.where(self.gaps > 0, self.gaps, 1.0), 0.0)
        return np.asarray((self.zeros > np.maximum(7.0, 3.0 * usual)) | ~self.spent_before)
