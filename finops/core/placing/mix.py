"""The cheapest fleet of several kinds of machines for requests of several sizes: an integer programme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Kind:
    """A kind of machine: its price an hour, and for each size of request how many a second one of them can serve within the
    limits when it serves nothing else; None or 0 where it can't."""

    name: str
    price: Decimal
    serves: tuple[float | None, ...]
    most: int | None = None
    """How many there are to have; None is any number."""


@dataclass(frozen=True)
class Mix:
    """Machines by kind, their cost an hour, and the share of each size that each kind serves."""

    machines: Mapping[str, int]
    cost: Decimal
    shares: Mapping[str, tuple[float, ...]]
    proved: bool = True
    """Whether the search ended with the proof that none is cheaper."""


def cheapest_mix(kinds: Sequence[Kind], rates: Sequence[float], slices: int = 4) -> Mix | None:
    """The fleet that serves `rates` requests a second of each size at the least cost; None where no fleet can.

    min sum_g y_g price_g, with sum_g x_sg = slices for each size s and sum_s x_sg rate_s / slices / serves_gs <= y_g; x and y
    whole (Mélange, arXiv 2404.14527, which splits each size into `slices` parts that one kind serves whole)."""
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp

    sizes = [size for size, rate in enumerate(rates) if rate > 0]
    if any(len(kind.serves) != len(rates) for kind in kinds):
        raise ValueError("every kind needs a rate for every size")
    if not kinds or slices < 1 or any(all(not kind.serves[size] for kind in kinds) for size in sizes):
        return None
    count, width = len(kinds), len(kinds) * len(sizes)
    price = np.concatenate([np.zeros(width), [float(kind.price) for kind in kinds]])
    whole = np.zeros((len(sizes), width + count))
    load = np.zeros((count, width + count))
    most = np.full(width + count, float(slices))
    for place, size in enumerate(sizes):
        for g, kind in enumerate(kinds):
            column = place * count + g
            whole[place, column] = 1
            serves = kind.serves[size]
            if serves:
                load[g, column] = rates[size] / slices / serves
            else:
                most[column] = 0
    for g, kind in enumerate(kinds):
        load[g, width + g] = -1
        most[width + g] = np.inf if kind.most is None else kind.most
    found = milp(
        price,
        integrality=np.ones(width + count),
        bounds=Bounds(np.zeros(width + count), most),
        constraints=[LinearConstraint(whole, slices, slices), LinearConstraint(load, -np.inf, 1e-9)],
        options={"mip_rel_gap": 0.0, "time_limit": 30.0},
    )
    if found.x is None:
        return None
    machines = {kind.name: round(found.x[width + g]) for g, kind in enumerate(kinds)}
    cost = sum((kind.price * machines[kind.name] for kind in kinds), Decimal(0))
    parts = {
        kind.name: tuple(
            round(found.x[sizes.index(size) * count + g]) / slices if size in sizes else 0.0 for size in range(len(rates))
        )
        for g, kind in enumerate(kinds)
    }
    return Mix(machines, cost, parts, found.status == 0)


def single(kind: Kind, rates: Sequence[float]) -> Mix | None:
    """The fleet of one kind alone; None where it can't serve every size or there are too few."""
    from math import ceil

    if any(rate > 0 and not serves for rate, serves in zip(rates, kind.serves, strict=True)):
        return None
    load = sum(rate / serves for rate, serves in zip(rates, kind.serves, strict=True) if rate > 0 and serves)
    machines = ceil(load - 1e-9)
    if kind.most is not None and machines > kind.most:
        return None
    return Mix({kind.name: machines}, kind.price * machines, {kind.name: tuple(float(rate > 0) for rate in rates)})
