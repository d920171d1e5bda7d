"""Calls of a time priced anew at the prices of another model, each at its own time and size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal

from finops.core.committing.commitments import EXACT


@dataclass(frozen=True)
class Band:
    """The price of a token of one class: within dates, within hours of the day (UTC), for requests of at least so many input
    tokens. None bounds nothing."""

    token_class: str
    price: Decimal
    least_input: int
    valid_from: datetime | None
    valid_to: datetime | None
    hours_from: time | None
    hours_to: time | None


@dataclass(frozen=True)
class Cell:
    """Calls of one quarter of an hour whose requests lie in one band of input tokens, with their tokens by class. Each stands for
    `weight` calls."""

    quarter: datetime
    least_input: int
    weight: Decimal
    calls: int
    tokens: Mapping[str, int]


@dataclass(frozen=True)
class Replayed:
    """What the calls would have cost, and how many of them (with what they stand for) use a class without a price."""

    cost: Decimal
    calls: Decimal
    unpriced: Decimal


def replayed(cells: Iterable[Cell], bands: Sequence[Band]) -> Replayed:
    """The sum over cells and classes of weight x tokens x the price in force. A cell with a class that has no price counts as
    unpriced and adds nothing."""
    by_class = _by_class(bands)
    cost = calls = unpriced = Decimal(0)
    for cell in cells:
        used = _priced(cell, by_class)
        stands_for = EXACT.multiply(cell.weight, Decimal(cell.calls))
        calls += stands_for
        if used is None:
            unpriced += stands_for
            continue
        own = Decimal(0)
        for _, tokens, price in used:
            own = EXACT.add(own, EXACT.multiply(price, Decimal(tokens)))
        cost = EXACT.add(cost, EXACT.multiply(own, cell.weight))
    return Replayed(cost, calls, unpriced)


def tokens_by_price(cells: Iterable[Cell], bands: Sequence[Band]) -> dict[tuple[str, Decimal], Decimal]:
    """The tokens that `replayed` prices, with what they stand for, by class and price: their products add up to its cost."""
    by_class = _by_class(bands)
    found: dict[tuple[str, Decimal], Decimal] = {}
    for cell in cells:
        for token_class, tokens, price in _priced(cell, by_class) or ():
            before = found.get((token_class, price), Decimal(0))
            found[token_class, price] = EXACT.add(before, EXACT.multiply(cell.weight, Decimal(tokens)))
    return found


def _by_class(bands: Sequence[Band]) -> dict[str, list[Band]]:
    found: dict[str, list[Band]] = {}
    for band in sorted(bands, key=lambda band: -band.least_input):
        found.setdefault(band.token_class, []).append(band)
    return found


def _priced(cell: Cell, by_class: Mapping[str, Sequence[Band]]) -> list[tuple[str, int, Decimal]] | None:
    """Class, tokens and price of what a cell used; None where a class of it has no price."""
    used = []
    for token_class, tokens in cell.tokens.items():
        if tokens:
            price = _price(by_class.get(token_class, ()), cell)
            if price is None:
                return None
            used.append((token_class, tokens, price))
    return used


def _price(bands: Sequence[Band], cell: Cell) -> Decimal | None:
    """The price of the largest band that the requests reach, at their time."""
    for band in bands:
        if band.least_input <= cell.least_input and _holds(band, cell.quarter):
            return band.price
    return None


def _holds(band: Band, at: datetime) -> bool:
    if (band.valid_from is not None and at < band.valid_from) or (band.valid_to is not None and at >= band.valid_to):
        return False
    of_day = at.time()
    return (band.hours_from is None or band.hours_from <= of_day) and (band.hours_to is None or of_day < band.hours_to)
