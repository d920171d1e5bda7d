"""A time as it was expected: each owner's usual parts, grown or shrunk together to the cost that was forecast for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from finops.core.explaining.bridge import EXACT, Hours
from finops.core.explaining.bridge_parts import LEFTOVERS, Owner, Side, scaled

NOT_EXPECTED = ("one_offs", "credits_and_tax")
"""Parts that forecasts do not expect again."""
STORED = Decimal("0.000000000001")


def expected_sides(usual: Mapping[Owner, Side], expected: Mapping[Owner, Decimal]) -> dict[Owner, Side]:
    """The parts of every owner of whom cost is expected, adding up to it. `usual` is a time before the forecast; an owner
    without usual cost is expected to spend on what nothing more is known of."""
    return {
        owner: _grown(usual.get(owner, Side()), cost, LEFTOVERS.get(owner[1], "usage"))
        for owner, cost in expected.items()
        if cost
    }


def _grown(usual: Side, cost: Decimal, otherwise: str) -> Side:
    """`otherwise` is the part that cost belongs to of which nothing is known."""
    rest = {name: amount for name, amount in usual.rest.items() if name not in NOT_EXPECTED}
    recurring = Side(usual.calls, usual.hours, defaultdict(Decimal, rest))
    made = scaled(recurring, EXACT.divide(cost, recurring.cost)) if recurring.cost > 0 else Side()
    for use in made.calls.models.values():
        use.cost = use.cost.quantize(STORED)
    made.hours = {place: Hours(own.hours, own.cost.quantize(STORED)) for place, own in made.hours.items()}
    made.rest = defaultdict(Decimal, {name: amount.quantize(STORED) for name, amount in made.rest.items()})
    largest = max(made.rest, key=lambda name: (abs(made.rest[name]), name), default=otherwise)
    made.rest[largest] += cost - made.cost
    return made
