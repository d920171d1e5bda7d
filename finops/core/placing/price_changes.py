"""What new prices change: what was in force beside what is, and what that would have made of a month's use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple


class PriceName(NamedTuple):
    """What a price is of: an instance type, or a model and a token class joined by '/'."""

    provider: str
    region: str
    sku: str
    purchase_option: str


@dataclass(frozen=True)
class PriceChange:
    """A price of one unit before and after; None is not known, or not offered. `on` is the day from which it differs."""

    name: PriceName
    unit: str
    currency: str
    on: date
    before: Decimal | None
    after: Decimal | None

    @property
    def share(self) -> Decimal | None:
        """The change as a share of the price before; None where either is unknown."""
        return None if self.before is None or self.after is None else self.after / self.before - 1

    @property
    def kind(self) -> str:
        return "new" if self.before is None else "gone" if self.after is None else "changed"


@dataclass(frozen=True)
class Used:
    """What a month used at a price: `quantity` in units, at `list_costs` by currency where they are known and not computed."""

    quantity: Decimal
    list_costs: Mapping[str, Decimal] | None = None


def effect(change: PriceChange, used: Used | None) -> Decimal | None:
    """What the month would have cost more: quantity x (after - before), or what it cost at list x the share of the change,
    which keeps tiers and sizes as they were. None where nothing was used or a price is not known."""
    if used is None or change.before is None or change.after is None:
        return None
    if used.list_costs is not None:
        listed = used.list_costs.get(change.currency)
        return None if listed is None else listed * (change.after - change.before) / change.before
    return used.quantity * (change.after - change.before)
