"""The plug-in interface of a price provider, and one price at one date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True)
class PricePoint:
    """One price of one unit (one hour, one token, one GB), never of a million. `region` '*' holds for every region.
    `derived_from` says how a derived price came about (for example spot = on-demand x (1 - saving)), with both dates."""

    provider: str
    region: str
    sku: str
    """Instance type, or model and token class joined by '/'."""
    purchase_option: str
    unit: str
    price: Decimal
    currency: str
    as_of: date
    source: str
    valid_from: date | None = None
    valid_to: date | None = None
    derived_from: str | None = None


@dataclass(frozen=True)
class PriceQuery:
    """What to fetch; None means everything that the provider knows."""

    regions: tuple[str, ...] | None = None
    skus: tuple[str, ...] | None = None


class PriceProvider(Protocol):
    """A place that prices come from. One module per provider in `finops/prices`, exposing `PROVIDER`. Writes nothing."""

    name: str
    title: str

    def fetch(self, query: PriceQuery, at: date) -> Iterable[PricePoint]: ...
