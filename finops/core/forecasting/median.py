"""The weighted median of several forecasts: what a few wild ones can't move, however far they go."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def weighted_median(values: Array, weights: Array) -> Array:
    """Per column of `values` (rows, columns), the value with half the weight on either side.

    Each row's weight is thought to lie half below and half above its value; between two rows the median is drawn straight from
    one to the other, so that it moves smoothly with the weights. Weights are positive.
    Of rows of equal value the first stands first."""
    columns = np.arange(values.shape[1])
    order = np.argsort(values, axis=0, kind="stable")
    ordered, weight = values[order, columns], weights[order, columns]
    below = np.cumsum(weight, axis=0)
    half = below[-1] / 2
    below -= weight / 2
    above = np.clip((below < half).sum(axis=0), 1, len(values) - 1)
    low, high = below[above - 1, columns], below[above, columns]
    share = np.clip((half - low) / (high - low), 0.0, 1.0)
    least = ordered[above - 1, columns]
    return np.asarray(least + share * (ordered[above, columns] - least))
