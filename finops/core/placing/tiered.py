"""What a quantity costs where the price falls with what was used before in the month: tiers are cumulative."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Tier:
    """The price of one unit for what lies above `above` units of the month, up to the next tier."""

    above: Decimal
    price: Decimal


def tiered_cost(quantity: Decimal, tiers: Sequence[Tier], before: Decimal = _ZERO) -> Decimal:
    """The cost of `quantity` units on top of `before` units of the same month. What lies below the lowest tier is free.

    60 TB (61,440 GB) at 0.09 above 1 GB, 0.085 above 10 TB and 0.07 above 50 TB are 10,239 x 0.09 + 40,960 x 0.085 +
    10,240 x 0.07 = 5,119.91."""
    if quantity < 0 or before < 0:
        raise ValueError("a quantity is not negative")
    return _upto(before + quantity, tiers) - _upto(before, tiers)


def parts_of(quantity: Decimal, tiers: Sequence[Tier]) -> list[tuple[Tier, Decimal]]:
    """The tiers that the first `quantity` units of a month fall into, with how many of them do."""
    ordered = sorted(tiers, key=lambda tier: tier.above)
    ends = [*(tier.above for tier in ordered[1:]), quantity]
    within = [(tier, min(end, quantity) - tier.above) for tier, end in zip(ordered, ends, strict=False)]
    return [(tier, units) for tier, units in within if units > 0]


def _upto(quantity: Decimal, tiers: Sequence[Tier]) -> Decimal:
    """The cost of the first `quantity` units of a month."""
    return sum((tier.price * units for tier, units in parts_of(quantity, tiers)), _ZERO)
