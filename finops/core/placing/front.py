"""The places that no other place beats: cost, latency, interruptions, years that a commitment binds, and carbon if told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from math import inf

from finops.core.placing.placement import Placement

Aims = tuple[float, ...]


def with_front(rows: Sequence[Placement], carbon: Callable[[Placement], Decimal | None] | None = None) -> list[Placement]:
    """The same rows in the same order, those on the Pareto front marked. Of several that are equal in all aims all are on it;
    currencies are not compared with each other. An unknown latency, or an unknown `carbon` of a unit, counts as the worst."""
    fronts: dict[str, list[Aims]] = {}
    priced = [
        (row, (*_aims(row), *_emitted(row, carbon)))
        for row in rows
        if row.feasible and row.unit_cost is not None and row.offer is not None
    ]
    best: set[int] = set()
    for row, aims in sorted(priced, key=lambda pair: pair[1]):
        front = fronts.setdefault(row.offer.currency if row.offer else "", [])
        if not any(_beats(other, aims) for other in front):
            front.append(aims)
            best.add(id(row))
    return [replace(row, front=True) if id(row) in best else row for row in rows]


def _aims(row: Placement) -> Aims:
    """What is to be small, in the order in which places are compared."""
    cost = row.unit_cost if row.total_cost is None else row.total_cost
    return (float(cost or 0), inf if row.p95_ms is None else row.p95_ms, row.hazard_per_h, float(row.years))


def _emitted(row: Placement, carbon: Callable[[Placement], Decimal | None] | None) -> Aims:
    if carbon is None:
        return ()
    known = carbon(row)
    return (inf if known is None else float(known),)


def _beats(one: Aims, other: Aims) -> bool:
    """Whether the first, which costs no more, is better in one aim and as good in the others."""
    return one[1] <= other[1] and one[2] <= other[2] and one[3] <= other[3] and one[4:] <= other[4:] and one != other
