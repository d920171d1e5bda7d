"""What a cloud offers: an instance type at a price, what it holds, and how often spot capacity is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from finops.core.exchange import CONTEXT
from finops.core.numbers import plain_decimal

PurchaseOption = Literal["on_demand", "spot", "reserved_1y", "reserved_3y", "savings_plan_1y", "savings_plan_3y"]
PURCHASE_OPTIONS: tuple[str, ...] = ("on_demand", "spot", "reserved_1y", "reserved_3y", "savings_plan_1y", "savings_plan_3y")
STALE_AFTER_DAYS = 30
_STORED = Decimal("1e-12")


@dataclass(frozen=True)
class Offer:
    """One instance type in one region under one purchase option. `price` is for one `unit` (an hour) of one instance.
    `as_of` is the date of the oldest fact behind the price; `derived_from` says how a derived price came about."""

    provider: str
    region: str
    instance_type: str
    purchase_option: str
    price: Decimal
    unit: str
    currency: str
    as_of: date
    source: str
    derived_from: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    """The price holds up to but not including this day; None where nobody has told of its end."""
    listed_currency: str | None = None
    """The currency that the price was converted from; None where it is as it was listed."""

    def age_days(self, at: date) -> int:
        return (at - self.as_of).days

    def is_stale(self, at: date) -> bool:
        """A price older than 30 days on the business date is shown with its age, unless it is known to hold until later."""
        return self.age_days(at) > STALE_AFTER_DAYS and (self.valid_to is None or self.valid_to <= at)

    @property
    def origin(self) -> str:
        """Its source, and how the price came from it."""
        return f"{self.source} ({self.derived_from})" if self.derived_from else self.source

    def in_currency(self, currency: str, rate: Decimal) -> Offer:
        """The same offer in another currency, at so many of its units for one; the price has 12 places."""
        if currency == self.currency:
            return self
        said = f"{plain_decimal(self.price)} {self.currency} at {plain_decimal(rate)}"
        told = f"{self.derived_from}; {said}" if self.derived_from else said
        price = CONTEXT.multiply(self.price, rate).quantize(_STORED)
        return replace(self, price=price, currency=currency, listed_currency=self.currency, derived_from=told)


@dataclass(frozen=True)
class Spec:
    """What one instance holds. `gpu_memory_gb` is the nominal memory of one accelerator; None is unknown or none."""

    provider: str
    instance_type: str
    gpu_name: str | None
    gpu_count: int | None
    gpu_memory_gb: Decimal | None
    vcpu: int | None
    memory_gib: Decimal | None
    network_gbps: Decimal | None = None
    """Of the network between machines, in Gbit/s."""


@dataclass(frozen=True)
class InterruptionBucket:
    """The share of spot capacity that was taken back in a month: between `low` and `high`, as the provider publishes it."""

    label: str
    low: Decimal
    high: Decimal
    as_of: date
    source: str
    saving: Decimal
    """How far spot stood below on-demand, as a share of on-demand; negative where it was dearer."""


@dataclass(frozen=True)
class Absence:
    """Why there is no offer. `not_offered`: the facts cover the region and leave the type out. `no_price`: nobody told it.
    `unknown`: no fact has such a type or such a region, so the name may be mistyped."""

    kind: Literal["not_offered", "no_price", "unknown"]
    reason: str


def old_prices(as_of: Sequence[date], at: date) -> list[str]:
    """One line on the age of prices that are of these days, where any of them is older than 30 days."""
    old = [day for day in as_of if (at - day).days > STALE_AFTER_DAYS]
    if not old:
        return []
    some = f"{len(old):,} of {len(as_of):,} prices {'is' if len(old) == 1 else 'are'}"
    said = "The price is" if len(as_of) == 1 else f"All {len(old):,} prices are" if len(old) == len(as_of) else some
    return [f"{said} older than {STALE_AFTER_DAYS} days on {at}; the oldest is of {min(old)}."]
