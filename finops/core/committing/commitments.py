"""How many instances to commit to: the newsvendor on hourly demand, terms in layers, and what a commitment saves or loses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
YEAR_HOURS = 8_760
MONTH_HOURS = Decimal(730)
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Term:
    """A way to commit: the price of one instance for each hour of the term, used or not (upfront payments spread over it), how
    many instances it may take (None is any number), and how they are used over its own months, where that is known apart."""

    option: str
    rate: Decimal
    most: int | None = None
    use: Sequence[Decimal] | None = None


@dataclass(frozen=True)
class Layer:
    """So many instances on one term."""

    option: str
    rate: Decimal
    units: int


def unit_use(demand: Iterable[Decimal]) -> tuple[Decimal, ...]:
    """For the first, second, … instance the share of the hours in which it is used, by the demand of each hour in instances.

    u_k = mean over hours of min(max(D - (k - 1), 0), 1), so u falls with k and adds up to the mean demand. For whole demand it
    is the share of hours with D >= k."""
    return unit_use_of(Counter(demand))


def unit_use_of(hours: Counter[Decimal]) -> tuple[Decimal, ...]:
    """The same, by how many hours have each demand."""
    total = sum(hours.values())
    with localcontext(EXACT):
        whole: Counter[int] = Counter()
        part: dict[int, Decimal] = {}
        for value, times in hours.items():
            full = int(value)
            whole[full] += times
            if value > full:
                part[full] = part.get(full, _ZERO) + (value - full) * times
        top = max((*whole, *(full + 1 for full in part)), default=0)
        use: list[Decimal] = []
        reaching = total
        for unit in range(top):
            reaching -= whole[unit]
            use.append((reaching + part.get(unit, _ZERO)) / total)
        return tuple(use)


def mean_use(uses: Iterable[tuple[Sequence[Decimal], Decimal]]) -> tuple[Decimal, ...]:
    """The mean of several uses, each with its weight."""
    found = list(uses)
    times = sum((weight for _, weight in found), _ZERO)
    with localcontext(EXACT):
        length = max((len(use) for use, _ in found), default=0)
        return tuple(sum((use[at] * weight for use, weight in found if at < len(use)), _ZERO) / times for at in range(length))


def break_even(rate: Decimal, on_demand: Decimal) -> Decimal:
    """The share of the hours that an instance must be used for a commitment to cost as much as on-demand: rate / on-demand."""
    return EXACT.divide(rate, on_demand)


def best_level(use: Sequence[Decimal], rate: Decimal, on_demand: Decimal) -> int:
    """The number of instances that costs least: those used in more than rate / on-demand of the hours.

    For whole demand it is the smallest Q with F(Q) >= 1 - rate / on-demand, F the distribution of hourly demand: the newsvendor's
    quantile. Of levels that cost the same it is the lowest."""
    with localcontext(EXACT):
        return sum(on_demand * share > rate for share in use)


def stacked(use: Sequence[Decimal], terms: Iterable[Term], on_demand: Decimal) -> tuple[Layer, ...]:
    """The cheapest way to serve demand by all terms together: each further instance takes the cheapest term that has room, as
    long as that costs less than the instance on demand at its own use. The cheapest layer is first."""
    layers: list[Layer] = []
    served = 0
    for term in sorted(terms, key=lambda term: (term.rate, term.option)):
        room = best_level((use if term.use is None else term.use)[served:], term.rate, on_demand)
        units = room if term.most is None else min(room, term.most)
        if units > 0:
            layers.append(Layer(term.option, term.rate, units))
            served += units
    return tuple(layers)


def units_of(layers: Iterable[Layer]) -> int:
    """How many instances the layers commit to."""
    return sum(layer.units for layer in layers)


def covered(use: Sequence[Decimal], units: int) -> Decimal:
    """How many instances, in the mean, so many committed ones serve."""
    with localcontext(EXACT):
        return sum(use[:units], _ZERO)


def hourly_cost(use: Sequence[Decimal], layers: Sequence[Layer], on_demand: Decimal) -> Decimal:
    """The mean cost of an hour: committed instances used or not, and the demand beyond them at the on-demand price."""
    with localcontext(EXACT):
        paid = sum((layer.rate * layer.units for layer in layers), _ZERO)
        return paid + on_demand * sum(use[units_of(layers) :], _ZERO)


def years_of(option: str) -> int:
    """How long a term binds: `reserved_3y` is 3."""
    return int(option.rsplit("_", 1)[1].removesuffix("y"))


def at_risk(use: Sequence[Decimal], layers: Iterable[Layer], on_demand: Decimal) -> Decimal:
    """What the layers lose over all of their terms if each instance is used as `use` says from now on: the sum over committed
    instances of max(rate - on-demand x its use, 0) x 8,760 hours x the years of the term."""
    with localcontext(EXACT):
        lost, unit = _ZERO, 0
        for layer in layers:
            for own in (*use[unit : unit + layer.units], *[_ZERO] * layer.units)[: layer.units]:
                lost += max(layer.rate - on_demand * own, _ZERO) * YEAR_HOURS * years_of(layer.option)
            unit += layer.units
        return lost


def savings_rate(actual: Decimal, equivalent: Decimal) -> Decimal | None:
    """Effective savings rate: 1 - actual cost / the same usage at on-demand prices; None where nothing was used."""
    with localcontext(EXACT):
        return 1 - actual / equivalent if equivalent else None
