"""What moving data costs: tiers that add up over a month, copies kept in step, and one move spread over months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

Tier = tuple[Decimal, Decimal]
"""From how many GB a month on, and the price of a GB there."""


@dataclass(frozen=True)
class Traffic:
    """What a place away from today's would move: GB of a month to the internet, GB of a month kept in step with today's region,
    GB copied once, and over how many months that is spread."""

    internet_gb: Decimal = Decimal(0)
    sync_gb: Decimal = Decimal(0)
    once_gb: Decimal = Decimal(0)
    months: int = 12

    @property
    def asked(self) -> bool:
        return bool(self.internet_gb or self.sync_gb or self.once_gb)


NOTHING_MOVED = Traffic()


@dataclass(frozen=True)
class Moved:
    """The cost of traffic: each month, and once."""

    monthly: Decimal
    once: Decimal

    def spread(self, months: int) -> Decimal:
        """A month's cost with the move spread over so many of them."""
        return self.monthly + self.once / months


def tiered(gb: Decimal, tiers: Sequence[Tier]) -> Decimal:
    """The cost of so many GB in a month. Each GB costs the price of the tier that it falls into; a larger tier never makes the GB
    before it cheaper."""
    if not tiers or min(start for start, _ in tiers) > 0:
        raise ValueError("the first tier begins at 0")
    ordered = sorted(tiers)
    ends = [start for start, _ in ordered[1:]]
    cost = Decimal(0)
    for (start, price), end in zip(ordered, [*ends, None], strict=True):
        upto = gb if end is None else min(gb, end)
        cost += max(upto - start, Decimal(0)) * price
    return cost


def moved(traffic: Traffic, internet: Sequence[Tier] | None, between: Sequence[Tier] | None, *, here: bool) -> Moved | None:
    """The cost of the traffic at a place: what it sends to users by its `internet` rates, and what today's region sends to it, by
    the rates `between` them. Today's region itself (`here`) keeps nothing in step and moves nothing. None where a rate that is
    needed is not known."""
    away = not here and bool(traffic.sync_gb or traffic.once_gb)
    if (traffic.internet_gb and internet is None) or (away and between is None):
        return None
    monthly = tiered(traffic.internet_gb, internet) if traffic.internet_gb and internet else Decimal(0)
    if not away or between is None:
        return Moved(monthly, Decimal(0))
    return Moved(monthly + tiered(traffic.sync_gb, between), tiered(traffic.once_gb, between))
