"""Rows of price answers: offers and token prices in the same columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.placing.offer import Offer
from finops.core.result import Column

if TYPE_CHECKING:
    from finops.prices.tier_book import Tiers
    from finops.prices.token_book import TokenBook
    from finops.prices.token_rows import TokenPrice

COLUMNS = (
    Column("provider", "Provider"),
    Column("region", "Region"),
    Column("instance_type", "Instance type"),
    Column("sku", "Moved or kept", wide_only=True),
    Column("model", "Model"),
    Column("token_class", "Token class"),
    Column("purchase_option", "Bought as"),
    Column("price", "Price", "unit_price", metric="price"),
    Column("unit", "Unit"),
    Column("currency", "Currency", wide_only=True),
    Column("as_of", "As of", "date"),
    Column("age_days", "Age in days", "count", wide_only=True),
    Column("service_tier", "Tier", wide_only=True),
    Column("variant", "Variant", wide_only=True),
    Column("min_input_tokens", "From input tokens", "count", wide_only=True),
    Column("tier_from", "Above, a month", "number", wide_only=True),
    Column("valid_from", "Valid from", "date", wide_only=True),
    Column("valid_to", "Valid to", "date", wide_only=True),
    Column("source", "Source", wide_only=True),
    Column("derived_from", "Derived from", wide_only=True),
)
SAME_AS_PARENT = "A token class that is not listed is billed as plain input or output."
_PARENTS = {"audio_output": "output", "image_output": "output", "output": None, "input_uncached": None}


def offer_row(offer: Offer, at: date) -> dict[str, Any]:
    return {
        "provider": offer.provider, "region": offer.region, "instance_type": offer.instance_type, "model": None,
        "token_class": None, "purchase_option": offer.purchase_option, "price": offer.price, "unit": offer.unit,
        "currency": offer.currency, "as_of": offer.as_of, "age_days": offer.age_days(at), "service_tier": None,
        "variant": None, "min_input_tokens": None, "valid_from": offer.valid_from, "valid_to": offer.valid_to,
        "source": offer.source, "derived_from": offer.derived_from, "sku": None, "tier_from": None,
    }  # fmt: skip


def tier_rows(found: Tiers, at: date) -> list[dict[str, Any]]:
    """A row for each tier of what is moved or kept."""
    about = dict.fromkeys((column.key for column in COLUMNS), None) | {
        "provider": found.provider, "region": found.region, "sku": found.sku, "unit": found.unit, "currency": found.currency,
        "purchase_option": "on_demand", "as_of": found.as_of, "age_days": (at - found.as_of).days, "source": found.source,
    }  # fmt: skip
    return [{**about, "price": tier.price, "tier_from": tier.above} for tier in found.tiers]


def token_row(book: TokenBook, point: TokenPrice, at: date) -> dict[str, Any]:
    as_of = point.as_of or book.as_of
    hours = f"{point.tod_from or '00:00:00'}-{point.tod_to or '24:00:00'} UTC" if point.tod_from or point.tod_to else None
    return {
        "provider": point.provider, "region": "*", "instance_type": None, "model": point.model,
        "token_class": point.token_class, "purchase_option": "on_demand", "price": point.price, "unit": "token",
        "currency": point.currency, "as_of": as_of, "age_days": (at - as_of).days,
        "service_tier": point.service_tier, "variant": ", ".join(part for part in (point.variant, hours) if part) or None,
        "min_input_tokens": point.min_input_tokens, "valid_from": point.valid_from.date() if point.valid_from else None,
        "valid_to": point.valid_to.date() if point.valid_to else None,
        "source": point.source or book.source, "derived_from": None, "sku": None, "tier_from": None,
    }  # fmt: skip


def token_points(book: TokenBook, provider: str | None, model: str | None, at: date | None) -> Iterator[TokenPrice]:
    """Token prices of a model (by its own name, else as a span would name it) and provider, in force on `at` or all."""
    resolved = book.resolve(provider, model) if model else None
    named = any(point.model == model for point in book.points)
    for point in book.points:
        if model is not None and (point.model != model if named else (point.provider, point.model) != resolved):
            continue
        if (provider is None or point.provider == provider) and (at is None or in_force(point, at)):
            yield point


def told_apart(points: Iterable[TokenPrice]) -> list[TokenPrice]:
    """The prices without those of classes that cost the same as their parent, standard tier first."""
    every = list(points)
    keys = {point: replace(point, token_class="", price=Decimal(0)) for point in every}
    price = {(keys[point], point.token_class): point.price for point in every}
    kept = [p for p in every if price.get((keys[p], _PARENTS.get(p.token_class, "input_uncached") or "")) != p.price]
    return sorted(kept, key=lambda p: (p.provider, p.model, p.service_tier != "standard", p.service_tier, p.variant))


def columns_for(rows: list[dict[str, Any]]) -> list[Column]:
    """The columns, with those that say nothing about these rows left to the wide table."""
    tokens_only = bool(rows) and all(row["model"] for row in rows)
    hidden = (
        {"region", "instance_type"} if tokens_only else {"model", "token_class"} if not any(r["model"] for r in rows) else set()
    )
    shown = {"service_tier", "min_input_tokens"} if tokens_only else set()
    if rows and all(row["sku"] for row in rows):
        hidden, shown = {"instance_type", "model", "token_class", "purchase_option"}, {"sku", "tier_from"}
    return [replace(c, wide_only=(c.wide_only or c.key in hidden) and c.key not in shown) for c in COLUMNS]


def in_force(point: TokenPrice, at: date) -> bool:
    """Whether a price of tokens holds when the day begins (UTC)."""
    moment = datetime(at.year, at.month, at.day)  # noqa: DTZ001 - naive UTC, as stored
    return (point.valid_from is None or point.valid_from <= moment) and (point.valid_to is None or moment < point.valid_to)
