"""Integer programmes: the least of a linear cost over whole numbers within linear limits, by scipy's HiGHS."""

from __future__ import annotations

from collections.abc import Sequence

_EDGE = 1e-9
"""What a limit may be missed by, which is no more than binary fractions leave."""


class Programme:
    """Variables from 0 up, most of them whole, and linear limits on them."""

    def __init__(self) -> None:
        self._costs: list[float] = []
        self._whole: list[bool] = []
        self._low: list[float] = []
        self._high: list[float] = []
        self._entries: list[tuple[int, int, float]] = []
        self._limits: list[tuple[float, float]] = []

    def add(self, cost: float = 0.0, *, whole: bool = True, most: int | None = None) -> int:
        self._costs.append(cost)
        self._whole.append(whole)
        self._low.append(0.0)
        self._high.append(float("inf") if most is None else float(most))
        return len(self._costs) - 1

    def fix(self, index: int, value: float) -> None:
        self._low[index] = self._high[index] = value

    def at_most(self, terms: Sequence[tuple[int, float]], limit: float) -> None:
        self._limit(terms, float("-inf"), limit + _EDGE)

    def at_least(self, terms: Sequence[tuple[int, float]], limit: float) -> None:
        self._limit(terms, limit * (1 - _EDGE), float("inf"))

    def solve(self, costs: Sequence[tuple[int, float]] | None = None) -> tuple[list[float], bool] | None:
        """The values of the variables, and whether they are proved the best; None where nothing fits the limits."""
        import numpy as np
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array

        cost = np.array(self._costs)
        if costs is not None:
            cost = np.zeros(len(self._costs))
            for index, weight in costs:
                cost[index] += weight
        rows, columns, values = zip(*self._entries, strict=True)
        matrix = csr_array((values, (rows, columns)), shape=(len(self._limits), len(self._costs)))
        low, high = (np.array(side) for side in zip(*self._limits, strict=True))
        found = milp(
            cost,
            integrality=np.array(self._whole, dtype=int),
            bounds=Bounds(np.array(self._low), np.array(self._high)),
            constraints=[LinearConstraint(matrix, low, high)],
            options={"mip_rel_gap": 0.0, "time_limit": 30.0},
        )
        return None if found.x is None else ([float(value) for value in found.x], found.status == 0)

    def _limit(self, terms: Sequence[tuple[int, float]], low: float, high: float) -> None:
        if not terms:
            return
        self._entries += [(len(self._limits), index, weight) for index, weight in terms]
        self._limits.append((low, high))
