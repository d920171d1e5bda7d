"""How demand goes on: each month ahead as a multiple of the demand that was, expected and along three paths of the forecast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import TYPE_CHECKING

from finops.core.committing.commitments import EXACT, mean_use, unit_use_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

PATHS = {"p10": (0.1, Decimal("0.3")), "p50": (0.5, Decimal("0.4")), "p90": (0.9, Decimal("0.3"))}
"""Probability of each path, and the weight that it stands for (Swanson's rule for a 10th, 50th and 90th percentile)."""
MOST_MONTHS = 36
MONTH_D = 365.25 / 12
_ZERO = Decimal(0)
_STEP = Decimal("0.001")
Pairs = Counter[tuple[Decimal, Decimal]]
"""Hours by (instances on demand, all instances)."""


@dataclass(frozen=True)
class Ahead:
    """Multiples of the period's mean demand for each month ahead, the nearest first, to a thousandth. `paths` is empty where the
    history is too short to say how far they may lie apart."""

    expected: tuple[Decimal, ...]
    paths: Mapping[str, tuple[Decimal, ...]]
    days_known: int


AS_IT_WAS = Ahead((Decimal(1),) * MOST_MONTHS, {}, 0)


def ahead_of(daily: Sequence[Sequence[float]], base: Sequence[float], names: Sequence[object]) -> list[Ahead]:
    """Forecasts each series of daily instance hours (right-aligned on its last complete day, from its first day with demand) for
    three years; `base` is the mean day of the period that the multiples are of."""
    import numpy as np

    from finops.core.forecasting.forecast import GRID, MIN_DAYS, forecast

    length = max((len(days) for days in daily), default=0)
    if not length:
        return [AS_IT_WAS for _ in daily]
    spend, first = np.zeros((len(daily), length)), np.array([length - len(days) for days in daily], np.int64)
    for row, days in enumerate(daily):
        spend[row, length - len(days) :] = days
    bounds = [round(month * MONTH_D) for month in range(MOST_MONTHS + 1)]
    known = forecast(spend, first, names, bounds[-1])
    places = {name: GRID.index(probability) for name, (probability, _) in PATHS.items()}

    def multiples(row: int, mean_day: float, path: NDArray[np.float64]) -> Ahead:
        expected: list[Decimal] = []
        apart: dict[str, list[Decimal]] = {name: [] for name in PATHS}
        for begin, end in pairwise(bounds):
            total = float(path[begin:end].sum())
            errors = known.error_quantiles(row, end - begin, end)
            expected.append(_multiple(total, end - begin, mean_day))
            for name, place in places.items():
                if errors is not None:
                    apart[name].append(_multiple(total + float(errors[place]), end - begin, mean_day))
        return Ahead(tuple(expected), {name: tuple(found) for name, found in apart.items() if found}, len(daily[row]))

    return [
        multiples(row, base[row], known.path[row]) if base[row] > 0 and len(daily[row]) >= MIN_DAYS else AS_IT_WAS
        for row in range(len(daily))
    ]


def use_along(pairs: Pairs, multiples: Sequence[Decimal], held: Decimal = _ZERO) -> tuple[Decimal, ...]:
    """The use of the first, second, … instance beyond what is held, over months with these multiples of demand: what demand gains
    takes what is held and idle, then is bought on demand; what it loses is saved on demand first."""

    def beyond(own: Decimal, whole: Decimal, multiple: Decimal) -> Decimal:
        gained = whole * (multiple - 1)
        return own + (max(gained - max(held - (whole - own), _ZERO), _ZERO) if gained > 0 else gained)

    return _mean_use(multiples, lambda multiple: ((beyond(*pair, multiple), times) for pair, times in pairs.items()))


def use_after_fall(pairs: Pairs, multiples: Sequence[Decimal], fall: Decimal, held: Decimal) -> tuple[Decimal, ...]:
    """The same where demand falls at once to less than was expected by a share, beyond what is held."""
    kept = 1 - fall
    return _mean_use(multiples, lambda multiple: ((whole * multiple * kept - held, times) for (_, whole), times in pairs.items()))


def _mean_use(multiples: Sequence[Decimal], demand: Callable[[Decimal], Iterable[tuple[Decimal, int]]]) -> tuple[Decimal, ...]:
    found = []
    with localcontext(EXACT):
        for multiple, months in sorted(Counter(multiples).items()):
            hours: Counter[Decimal] = Counter()
            for instances, times in demand(multiple):
                hours[max(instances, _ZERO)] += times
            found.append((unit_use_of(hours), Decimal(months)))
        return mean_use(found)


def _multiple(total: float, days: int, mean_day: float) -> Decimal:
    return max(Decimal(repr(round(total / days / mean_day, 6))), _ZERO).quantize(_STEP)
