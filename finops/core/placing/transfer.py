"""What data costs at a place: users served, a copy kept in step and stored, disks, and one move spread over months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from finops.core.placing.tiered import Tier, tiered_cost

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Traffic:
    """What a place would move and keep: GB of a month to users by the internet, GB of a month kept in step with today's region,
    GB stored away from it, GB copied once, over how many months that is spread, and GB of disk on each machine."""

    internet_gb: Decimal = _ZERO
    sync_gb: Decimal = _ZERO
    once_gb: Decimal = _ZERO
    months: int = 12
    stored_gb: Decimal = _ZERO
    disk_gb: Decimal = _ZERO

    @property
    def asked(self) -> bool:
        return bool(self.internet_gb or self.sync_gb or self.once_gb or self.stored_gb or self.disk_gb)


NOTHING_MOVED = Traffic()


@dataclass(frozen=True)
class Moved:
    """The cost of traffic: each month, and once."""

    monthly: Decimal
    once: Decimal

    def spread(self, months: int) -> Decimal:
        """A month's cost with the move spread over so many of them."""
        return self.monthly + self.once / months


@dataclass(frozen=True)
class Tariff:
    """Tiers of a GB: from a place to users, from today's region to it, and kept there for a month. None is unknown."""

    internet: Sequence[Tier] | None
    between: Sequence[Tier] | None
    storage: Sequence[Tier] | None
    disk: Sequence[Tier] | None = None


def moved(traffic: Traffic, tariff: Tariff, *, here: bool, machines: int = 1) -> Moved | None:
    """The cost of the traffic at a place. Today's region itself (`here`) keeps nothing in step, stores no copy and moves nothing.
    None where a rate that is needed is not known."""
    served, disks = _cost(traffic.internet_gb, tariff.internet), _cost(traffic.disk_gb * machines, tariff.disk)
    if served is None or disks is None:
        return None
    if here:
        return Moved(served + disks, _ZERO)
    kept, stored, once = (
        _cost(gb, tiers)
        for gb, tiers in (
            (traffic.sync_gb, tariff.between),
            (traffic.stored_gb, tariff.storage),
            (traffic.once_gb, tariff.between),
        )
    )
    if kept is None or stored is None or once is None:
        return None
    return Moved(served + disks + kept + stored, once)


def _cost(gb: Decimal, tiers: Sequence[Tier] | None) -> Decimal | None:
    if not gb:
        return _ZERO
    return None if tiers is None else tiered_cost(gb, tiers)
