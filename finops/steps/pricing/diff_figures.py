"""How a figure of `finops prices diff` is made: where its prices stand, and the rows of files that used them last month."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.core.explaining.figures import Figure, Part, comes_to
from finops.core.placing.price_changes import PriceChange, PriceName
from finops.ledger.price_use import hour_lines
from finops.ledger.store import open_reader
from finops.ledger.token_lines import token_lines
from finops.prices.base import Discount, PricePoint
from finops.prices.lineage import PriceFiles
from finops.prices.terms import discount_on
from finops.steps.tracing.cost import require_same_rules

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.prices.base import Batch
    from finops.steps.pricing.changes import Books, Month

Side = tuple["Books", "Sequence[Batch]"]
"""Prices, and the batches of the ledger or of a file that they are from."""


def diff_figures(settings: Settings, one: PriceChange, month: Month, before: Side, after: Side) -> list[Figure]:
    """The figures of one changed price: both prices, the change, and what last month's use would have cost more."""
    figures = [_price("before", one, one.before, before, settings), _price("after", one, one.after, after, settings)]
    figures.append(Figure("share", "after / before - 1", places=6))
    if one.name not in month.used:
        return figures
    if one.unit == "hour":
        used = Figure("used", "hours", tuple(_hours(settings, one.name, month)))
        return [*figures, used, Figure("effect", "used * (after - before)")]
    calls = _calls(settings, one, month)
    listed = tuple(part for part in calls if part.name == "listed_use")
    figures.append(Figure("used", "tokens", tuple(part for part in calls if part.name == "tokens")))
    return [*figures, Figure("list_cost", "listed_use", listed), Figure("effect", "list_cost * (after - before) / before")]


def _price(name: str, one: PriceChange, price: Decimal | None, side: Side, settings: Settings) -> Figure:
    """The price as its line states it, or as the facts that it is derived from make it."""
    if one.unit == "hour" and price is not None:
        offer = side[0].hours.offer(*one.name, settings.as_of, one.on)
        files = PriceFiles(settings.prices, side[1], settings.as_of)
        formula, parts = files.behind(offer) if offer is not None else ("listed", ())
        named = tuple(replace(part, name=f"{part.name}_{name}") for part in parts)
        figure = Figure(name, re.sub(r"\b(listed|saving|discount)\b", rf"\1_{name}", formula), named)
        if parts and comes_to(figure, {name: price}):
            return figure
        what, source, as_of = f"price from {one.on}", offer.source if offer else None, offer.as_of if offer else None
        return Figure(name, f"listed_{name}", (Part(f"listed_{name}", price, what, None, None, as_of, source),))
    return _token(name, one, price, side)


def _token(name: str, one: PriceChange, price: Decimal | None, side: Side) -> Figure:
    if price is None:
        return Figure(name, None, (), "not known")
    model, _, token_class = one.name.sku.rpartition("/")
    what = f"price of a token: {model} {token_class}"
    for batch in reversed(side[1]):
        for fact in batch.facts:
            same = isinstance(fact, PricePoint) and (fact.provider, fact.sku) == (one.name.provider, one.name.sku)
            if same and isinstance(fact, PricePoint) and (fact.price, fact.currency) == (price, one.currency):
                part = Part(f"listed_{name}", price, what, batch.name, fact.line, fact.as_of, fact.source)
                return Figure(name, f"listed_{name}", (part,))
    tokens, key = side[0].tokens, (one.name.provider, model)
    discount = _discount(name, one, side)
    for point in tokens.listed.of([key]) if discount is not None else ():
        full = Part(f"listed_{name}", point.price, what, None, None, tokens.listed.as_of, tokens.listed.source)
        figure = Figure(name, f"listed_{name} * (1 - discount_{name})", (full, *filter(None, [discount])))
        if (point.token_class, point.currency) == (token_class, one.currency) and comes_to(figure, {name: price}):
            return figure
    told = next((p for p in tokens.of([key]) if (p.token_class, p.price, p.currency) == (token_class, price, one.currency)), None)
    as_of, source = (told.as_of, told.source) if told is not None else (None, None)
    part = Part(f"listed_{name}", price, what, None, None, as_of or tokens.as_of, source or tokens.source)
    return Figure(name, f"listed_{name}", (part,))


def _discount(name: str, one: PriceChange, side: Side) -> Part | None:
    """The discount on a class of tokens that holds on the day of the change."""
    known = [(batch.name, fact) for batch in side[1] for fact in batch.facts if isinstance(fact, Discount)]
    found = discount_on([fact for _, fact in known], one.name, date.max, one.on)
    if found is None:
        return None
    file = next(file for file, fact in known if fact is found)
    return Part(f"discount_{name}", found.share, f"discount on {found.sku}", file, found.line, found.as_of, found.source)


def _hours(settings: Settings, name: PriceName, month: Month) -> list[Part]:
    with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as reader:
        rows = [row for row in hour_lines(reader, month.first, month.end) if row["place"] == tuple(name)]
    return [Part("hours", row["hours"], "hours that a charge bought in the month", row["file"], row["line"]) for row in rows]


def _calls(settings: Settings, one: PriceChange, month: Month) -> list[Part]:
    model, _, token_class = one.name.sku.rpartition("/")
    with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as reader:
        allocation = require_same_rules(reader, settings)
        rows = token_lines(reader, allocation, (one.name.provider, model, token_class), month.first, month.end, one.currency)
    found = []
    for row in rows:
        where = (row["file"], row["line"], row["day"])
        found.append(Part("tokens", row["tokens"], "tokens of a call, as many times as it stands for", *where))
        if row["list_cost"] is not None:
            found.append(Part("listed_use", row["list_cost"], "its share of the day's tokens at list price", *where))
    return found
