"""Discounts that a contract gives on list prices: which one holds for an offer, and the offer under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase

from finops.core.placing.offer import Offer
from finops.prices.base import Discount


def discount_on(discounts: Sequence[Discount], names: tuple[str, str, str, str], at: date | None, on: date) -> Discount | None:
    """The discount that holds for (provider, region, sku, purchase option) on the day `on`: the most special, then the newest.
    Text outside '*' makes a discount special: of the sku first, then of region and purchase option."""
    found = [(_rank(one), number, one) for number, one in enumerate(discounts) if matches(one, names) and _holds(one, at, on)]
    return max(found, key=lambda each: each[:2])[2] if found else None


def discounted(offer: Offer, discount: Discount) -> Offer:
    """The offer under the discount. It is as old as the list price that it rests on."""
    how = f"list price of {offer.as_of.isoformat()} x (1 - {discount.share.normalize():f}), {discount.source}"
    price = offer.price * (1 - discount.share)
    return replace(offer, price=price, source=f"{offer.source}; {discount.source}", derived_from=how)


def matches(one: Discount, names: tuple[str, str, str, str]) -> bool:
    """Whether the discount is about (provider, region, sku, purchase option)."""
    about = ((one.provider, names[0]), (one.region, names[1]), (one.sku, names[2]), (one.purchase_option, names[3]))
    return all(pattern in ("*", name) or fnmatchcase(name, pattern) for pattern, name in about)


def _holds(one: Discount, at: date | None, on: date) -> bool:
    known = min(on, at or on)
    return one.as_of <= known and (one.valid_from is None or one.valid_from <= on) and (one.valid_to is None or on < one.valid_to)


def _rank(one: Discount) -> tuple[int, int, int, date]:
    written = [len(text.replace("*", "")) for text in (one.sku, one.region, one.purchase_option)]
    return written[0], written[1], written[2], one.as_of
