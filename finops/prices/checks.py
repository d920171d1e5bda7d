"""What no price book takes: zero prices, unknown units, prices out of all proportion, and facts that contradict each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from finops.bundled import pricing_dir
from finops.core.numbers import plain_decimal
from finops.prices.base import Discount, Fact, PricePoint, SpotSaving
from finops.prices.fact_files import read_facts

JUMP = Decimal(100)
"""A price this many times above or below the one in force is a mistake of units, not a change of price."""

Known = Callable[[PricePoint], Decimal | None]
"""The price in force that a new one is compared with, or how many virtual CPUs it buys; None where nothing is known."""


@dataclass(frozen=True)
class Unit:
    """A unit of prices and between what one of it may cost, in dollars."""

    unit: str
    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class Refused:
    """A fact that is not taken, and why. `number` is its place among those that were checked, from 0."""

    number: int
    fact: Fact
    reason: str

    @property
    def row(self) -> str:
        """The fact in one line."""
        fact = self.fact
        names = f"{fact.provider} {fact.region} {fact.sku}"
        if not _figure(fact).is_finite():
            return f"{names}: {_figure(fact)}"
        if isinstance(fact, PricePoint):
            return f"{names} {fact.purchase_option}: {fact.price:f} {fact.currency} per {fact.unit}"
        return f"{names}: {plain_decimal((fact.share if isinstance(fact, Discount) else fact.saving) * 100)} %"


def checked(facts: Iterable[Fact], known: Known | None = None, vcpus: Known | None = None) -> tuple[list[Fact], list[Refused]]:
    """The facts that can be taken, in their order and each once, and those that can't. `known` is the price in force, and
    `vcpus` the size of an instance, where they are known."""
    good: list[tuple[int, Fact]] = []
    refused = []
    for number, fact in enumerate(facts):
        reason = _reason(fact, known, vcpus)
        if reason:
            refused.append(Refused(number, fact, reason))
        else:
            good.append((number, fact))
    kept, twice = _each_once(good)
    return kept, sorted(refused + twice, key=lambda one: one.number)


def _reason(fact: Fact, known: Known | None, vcpus: Known | None) -> str | None:
    if isinstance(fact, PricePoint) and fact.fault:
        return fact.fault
    if not _figure(fact).is_finite():
        return f"`{_figure(fact)}` is no number"
    for name in (fact.provider, fact.region, fact.sku):
        if not name or len(name) > _LONGEST or not name.isprintable():
            return f"`{name[:40]}` is no name"
    if isinstance(fact, PricePoint) and fact.currency not in currencies():
        return f"`{fact.currency[:40]}` is not a currency such as USD"
    if isinstance(fact, SpotSaving):
        return None if fact.saving < 1 and 0 <= fact.low <= fact.high <= 1 else "not a saving and a share that is taken back"
    if fact.valid_from and fact.valid_to and fact.valid_to <= fact.valid_from:
        return f"it ends on {fact.valid_to} and begins on {fact.valid_from}"
    if isinstance(fact, Discount):
        return None if 0 < fact.share < 1 else "a discount lies above 0 % and below 100 %"
    if fact.price <= 0:
        return "a price of zero or less says nothing; where a price is not known there is none"
    if fact.unit not in units():
        return f"the unit `{fact.unit}` is not one of {', '.join(sorted(units()))}"
    if off := _implausible(fact, vcpus):
        return off
    before = known(fact) if known else None
    if before and not before / JUMP < fact.price < before * JUMP:
        times = fact.price / before if fact.price > before else before / fact.price
        side = "above" if fact.price > before else "below"
        told = f"{times:,.0f} times {side} the price in force, {plain_decimal(before)} per {fact.unit}"
        return f"{told}: is its unit off by a factor of 1,000?"
    return None


def _implausible(fact: PricePoint, vcpus: Known | None) -> str | None:
    size = vcpus(fact) if vcpus and fact.unit == "hour" else None
    dollar = currencies()[fact.currency]
    if dollar is None:
        return None
    for unit, price in ((units()[fact.unit], fact.price), (units()["vcpu_hour"], fact.price / size if size else None)):
        low, high = unit.low * dollar, unit.high * dollar
        if price is not None and not low <= price <= high:
            name = unit.unit.replace("_", " ")
            said = "" if price == fact.price else f", and this is {plain_decimal(price.quantize(_SHOWN))} for each of {size:f}"
            between = f"between {plain_decimal(low)} and {plain_decimal(high)}"
            return f"one {name} costs {between}{said}: is its unit off by a factor of 1,000?"
    return None


def _each_once(facts: Sequence[tuple[int, Fact]]) -> tuple[list[Fact], list[Refused]]:
    """Of equal facts the first; those that say different things under one name are all refused."""
    by_name: dict[tuple[object, ...], list[tuple[int, Fact]]] = {}
    for number, fact in facts:
        by_name.setdefault(_name(fact), []).append((number, fact))
    kept, refused = [], []
    for same in by_name.values():
        figures = sorted({_figure(fact) for _, fact in same})
        if len(figures) == 1:
            kept.append(same[0][1])
            continue
        said = ", ".join(plain_decimal(figure) for figure in figures)
        refused += [
            Refused(number, fact, f"the same name stands {len(same)} times with different figures: {said}")
            for number, fact in same
        ]
    return kept, refused


def _name(fact: Fact) -> tuple[object, ...]:
    names = (type(fact), fact.provider, fact.region, fact.sku)
    if isinstance(fact, SpotSaving):
        return names
    if isinstance(fact, Discount):
        return (*names, fact.purchase_option, fact.valid_from)
    return (*names, fact.purchase_option, fact.unit, fact.currency, fact.tier_from, fact.valid_from)


def _figure(fact: Fact) -> Decimal:
    return fact.price if isinstance(fact, PricePoint) else fact.share if isinstance(fact, Discount) else fact.saving


@cache
def units() -> dict[str, Unit]:
    """Name of a unit to what one of it may cost."""
    rows = read_facts(pricing_dir() / "units.csv").dicts()
    return {row["unit"]: Unit(row["unit"], Decimal(row["low"]), Decimal(row["high"])) for row in rows}


@cache
def currencies() -> dict[str, Decimal | None]:
    """Code of a currency to about how many of its units make a dollar, where that was told: good for plausible ranges alone."""
    rows = read_facts(pricing_dir() / "currencies.csv").dicts()
    return {row["currency"]: Decimal(row["about_a_dollar"]) if row["about_a_dollar"] else None for row in rows}


_SHOWN = Decimal("1e-6")
_LONGEST = 200
