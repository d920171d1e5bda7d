"""Where the price of an offer stands: the lines of the files, and the batches of the ledger, that tell it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple

from finops.bundled import pricing_dir
from finops.core.explaining.figures import Part
from finops.core.placing.offer import Offer
from finops.core.placing.tiered import Tier
from finops.prices.base import Batch, Discount, PricePoint, SpotSaving
from finops.prices.book_rows import Price, prices_of, savings_of
from finops.prices.fact_files import read_facts
from finops.prices.terms import discount_on
from finops.prices.tier_book import points_of

Names = tuple[str, str, str, str]


@dataclass(frozen=True)
class PriceFiles:
    """The files and batches that the book of a command was read from, as known on the day `at`."""

    overlay: Path | None
    batches: Sequence[Batch]
    at: date

    def behind(self, offer: Offer) -> tuple[str, tuple[Part, ...]]:
        """The price of an hour of one machine as a formula, and the facts in it. A price that is told as it stands is `listed`;
        that of spot may be made of the list price and the saving; a contract's discount is taken off."""
        names = _names(offer)
        told = self._prices(names, offer)
        if told is not None:
            return "listed", (told,)
        formula, parts, price = self._listed(names)
        discounts = [fact for batch in self.batches for fact in batch.facts if isinstance(fact, Discount)]
        discount = discount_on(discounts, names, self.at, self.at)
        if discount is not None and price is not None and price != offer.price:
            batch = next(one for one in self.batches if any(fact is discount for fact in one.facts))
            said = f"discount on {discount.sku} in {discount.region}"
            part = Part("discount", discount.share, said, batch.name, discount.line, discount.as_of, discount.source)
            return f"{formula} * (1 - discount)", (*parts, part)
        return formula, parts

    def bucket(self, offer: Offer) -> Part:
        """The line of the month's interruptions that is in force; without a file where none is published."""
        known = [one for one in self._savings(_names(offer)) if one.as_of is not None and one.as_of <= self.at]
        nothing = Part("saving", None, "not published", source="not published, taken as 20 % in a month")
        return max(reversed(known), key=lambda one: one.as_of or date.min, default=nothing)

    def tier(self, provider: str, region: str, sku: str, as_of: date, source: str, tier: Tier) -> Part | None:
        """The line that tells the price of one tier of what is moved or kept."""
        same = (provider, region, sku, tier.above, as_of, source)
        for _, told in reversed(list(self._told())):
            if same in told.tiers:
                return told.tiers[same]
        for batch in self.batches:
            for fact in batch.facts:
                if isinstance(fact, PricePoint) and _tier_key(fact) == same:
                    return Part("listed", fact.price, _of_tier(fact), batch.name, fact.line, fact.as_of, fact.source)
        return None

    def _listed(self, names: Names) -> tuple[str, tuple[Part, ...], Decimal | None]:
        """The price before a contract: the newest that is known, else of spot the one on demand less the saving."""
        own = self._newest(names)
        if own is not None:
            return "listed", (own,), own.value
        on_demand = (*names[:3], "on_demand")
        full = self._newest(on_demand, listed=True) or self._newest(on_demand)
        savings = [one for one in self._savings(names) if one.as_of is not None and one.as_of <= self.at]
        if names[3] != "spot" or full is None or not savings:
            return "listed", (), None
        saving = max(reversed(savings), key=lambda one: one.as_of or date.min)
        return "listed * (1 - saving)", (full, saving), full.value * (1 - saving.value)

    def _prices(self, names: Names, offer: Offer) -> Part | None:
        """The line that tells the offer's price as it stands."""
        same = (offer.price, offer.as_of, offer.source)
        found = [part for _, part in self._facts(names) if (part.value, part.as_of, part.source) == same]
        return found[-1] if found else None

    def _newest(self, names: Names, *, listed: bool = False) -> Part | None:
        """The price in force, the user's own first, then the newest; `listed` is that of the list, whatever a contract says."""
        known = [
            ((fact.own, fact.as_of, fact.valid_from or date.min), number, part)
            for number, (fact, part) in enumerate(self._facts(names))
            if fact.holds(self.at, self.at) and not (listed and fact.contract)
        ]
        return max(known, key=lambda one: one[:2])[2] if known else None

    def _facts(self, names: Names) -> Iterator[tuple[Price, Part]]:
        """Every price under the names, in the order in which the book takes them."""
        for _, told in self._told():
            yield from told.prices.get(names, ())
        for batch in self.batches:
            for fact in batch.facts:
                if isinstance(fact, PricePoint) and (fact.provider, fact.region, fact.sku, fact.purchase_option) == names:
                    valid = (fact.valid_from, fact.valid_to)
                    own = batch.own
                    price = Price(fact.as_of, f"{fact.price:f}", fact.unit, fact.currency, fact.source, None, own, *valid, own)
                    said, value = _said(names), Decimal(price.price)
                    yield price, Part("listed", value, said, batch.name, fact.line, fact.as_of, fact.source)

    def _savings(self, names: Names) -> Iterator[Part]:
        for _, told in self._told():
            yield from told.savings.get(names[:3], ())
        for batch in self.batches:
            for fact in batch.facts:
                if isinstance(fact, SpotSaving) and (fact.provider, fact.region, fact.sku) == names[:3]:
                    yield Part("saving", fact.saving, _saved(names), batch.name, None, fact.as_of, fact.source)

    def _told(self) -> Iterator[tuple[bool, _Told]]:
        """What the files tell, bundled ones before the user's own."""
        yield False, _bundled()
        if self.overlay is not None:
            yield True, _told_in(self.overlay, own=True)


class _Told(NamedTuple):
    """The facts of a folder by their names."""

    prices: dict[Names, list[tuple[Price, Part]]]
    savings: dict[tuple[str, ...], list[Part]]
    tiers: dict[tuple[object, ...], Part]


@cache
def _bundled() -> _Told:
    """Tens of thousands of rows, read once a process."""
    return _told_in(pricing_dir(), own=False)


def _told_in(folder: Path, *, own: bool) -> _Told:
    found = _Told({}, {}, {})
    for facts in (read_facts(path) for path in sorted(folder.rglob("*.csv"))):
        file, first = _name(facts.path), facts.first_line
        if "sku" in facts.columns and "price" in facts.columns:
            for index, point in enumerate(points_of(facts)):
                found.tiers[_tier_key(point)] = Part(
                    "listed", point.price, _of_tier(point), file, first + index, point.as_of, point.source
                )
        elif "price" in facts.columns:
            for index, (names, price) in enumerate(prices_of(facts, own=own)):
                if price.price:
                    value = Decimal(price.price)
                    part = Part("listed", value, _said(names), file, first + index, price.as_of, price.source)
                    found.prices.setdefault(names, []).append((price, part))
        elif "saving" in facts.columns:
            for index, (kind, bucket) in enumerate(savings_of(facts)):
                part = Part("saving", bucket.saving, _saved(kind), file, first + index, bucket.as_of, bucket.source)
                found.savings.setdefault(kind, []).append(part)
    return found


def _said(names: Names) -> str:
    return f"price of an hour of {names[2]} in {names[1]}, {names[3]}"


def _saved(names: Sequence[str]) -> str:
    return f"saving of {names[2]} on spot in {names[1]}, off the price on demand"


def _tier_key(point: PricePoint) -> tuple[object, ...]:
    return point.provider, point.region, point.sku, point.tier_from, point.as_of, point.source


def _of_tier(point: PricePoint) -> str:
    return f"price of a {point.unit} of {point.sku} above {point.tier_from:f} in {point.region}"


def _names(offer: Offer) -> Names:
    return offer.provider, offer.region, offer.instance_type, offer.purchase_option


def _name(path: Path) -> str:
    """A bundled file under the folder of prices, one of the user's own as it was given."""
    bundled = pricing_dir()
    return f"{bundled.name}/{path.relative_to(bundled).as_posix()}" if path.is_relative_to(bundled) else str(path)
