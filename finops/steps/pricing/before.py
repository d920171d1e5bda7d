"""What a new price is held against: the one in force, that of the same in other regions, and how large a machine is."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from statistics import median_low
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.prices.base import PricePoint
    from finops.prices.book import PriceBook
    from finops.steps.pricing.changes import Books

Known = Callable[["PricePoint"], Decimal | None]


def listed_price(books: Books, settings: Settings) -> Known:
    """The price in force that a new one is compared with, in its currency; of an instance without one in the region, the middle
    of its prices elsewhere."""
    from finops.steps.pricing.book import tier_book

    at = settings.as_of
    tiers = tier_book(settings)

    def known(point: PricePoint) -> Decimal | None:
        if point.unit == "token":
            return _token(books, point)
        if point.unit != "hour":
            found = tiers.tiers(point.provider, point.region, point.sku, at)
            return found.tiers[0].price if found and found.currency == point.currency else None
        offer = books.hours.offer(point.provider, point.region, point.sku, point.purchase_option, at)
        if offer is not None and offer.currency == point.currency:
            return offer.price
        others = books.hours.offers(point.provider, None, point.sku, point.purchase_option, at)
        return median_low([one.price for one in others if one.currency == point.currency] or [Decimal(0)]) or None

    return known


def size_of(book: PriceBook) -> Known:
    """How many virtual CPUs an instance has."""

    def vcpus(point: PricePoint) -> Decimal | None:
        spec = book.specs(point.provider, point.sku)
        return Decimal(spec.vcpu) if spec and spec.vcpu else None

    return vcpus


def _token(books: Books, point: PricePoint) -> Decimal | None:
    model, _, token_class = point.sku.rpartition("/")
    prices = [
        one.price
        for one in books.tokens.of([(point.provider, model)])
        if (one.token_class, one.currency, one.service_tier) == (token_class, point.currency, "standard") and not one.variant
    ]
    return median_low(prices) if prices else None
