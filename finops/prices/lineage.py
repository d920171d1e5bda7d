"""Where the price of an offer stands: the lines of the files, and the batches of the ledger, that tell it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from finops.bundled import pricing_dir
from finops.core.explaining.figures import Part
from finops.core.placing.offer import Offer
from finops.prices.base import Batch, Discount, PricePoint, SpotSaving
from finops.prices.book_rows import prices_of, savings_of
from finops.prices.fact_files import FactFile, read_facts
from finops.prices.terms import discount_on

Names = tuple[str, str, str, str]


@dataclass(frozen=True)
class PriceFiles:
    """The files and batches that the book of a command was read from, as known on the day `at`."""

    overlay: Path | None
    batches: Sequence[Batch]
    at: date

    def behind(self, offer: Offer) -> tuple[str, tuple[Part, ...]]:
        """The price of an hour of one machine as a formula, and the facts in it. A price that is told as it stands is `price`;
        that of spot may be made of the list price and the saving; a contract's discount is taken off."""
        names = (offer.provider, offer.region, offer.instance_type, offer.purchase_option)
        told = self._prices(names, offer)
        if told is not None:
            return "price", (told,)
        formula, parts, price = self._listed(names)
        discounts = [fact for batch in self.batches for fact in batch.facts if isinstance(fact, Discount)]
        discount = discount_on(discounts, names, self.at, self.at)
        if discount is not None and price is not None and price != offer.price:
            batch = next(one for one in self.batches if any(fact is discount for fact in one.facts))
            said = f"discount on {discount.sku} in {discount.region}"
            part = Part("discount", discount.share, said, batch.name, None, discount.as_of, discount.source)
            return f"{formula} * (1 - discount)", (*parts, part)
        return formula, parts

    def _listed(self, names: Names) -> tuple[str, tuple[Part, ...], Decimal | None]:
        """The price before a contract: the newest that is known, else of spot the one on demand less the saving."""
        own = self._newest(names)
        if own is not None:
            return "price", (own,), own.value
        full = self._newest((*names[:3], "on_demand"))
        savings = [one for one in self._savings(names) if one.as_of is not None and one.as_of <= self.at]
        if names[3] != "spot" or full is None or not savings:
            return "price", (), None
        saving = max(reversed(savings), key=lambda one: one.as_of or date.min)
        return "price * (1 - saving)", (full, saving), full.value * (1 - saving.value)

    def _prices(self, names: Names, offer: Offer) -> Part | None:
        """The line that tells the offer's price as it stands."""
        same = (offer.price, offer.as_of, offer.source)
        found = [part for _, part in self._facts(names) if (part.value, part.as_of, part.source) == same]
        return found[-1] if found else None

    def _newest(self, names: Names) -> Part | None:
        known = [(own, part) for own, part in self._facts(names) if part.as_of is not None and part.as_of <= self.at]
        if not known:
            return None
        return max(enumerate(known), key=lambda one: (one[1][0], one[1][1].as_of or date.min, one[0]))[1][1]

    def _facts(self, names: Names) -> Iterator[tuple[bool, Part]]:
        """Every price under the names in the order in which the book takes them, and whether it is the user's own."""
        said = f"price of an hour of {names[2]} in {names[1]}, {names[3]}"
        for own, facts in self._files("price"):
            for index, (key, price) in enumerate(prices_of(facts, own=own)):
                if key == names and price.price:
                    line = facts.first_line + index
                    yield own, Part("price", Decimal(price.price), said, str(facts.path), line, price.as_of, price.source)
        for batch in self.batches:
            for fact in batch.facts:
                if isinstance(fact, PricePoint) and (fact.provider, fact.region, fact.sku, fact.purchase_option) == names:
                    value = Decimal(f"{fact.price:f}")
                    yield batch.own, Part("price", value, said, batch.name, None, fact.as_of, fact.source)

    def _savings(self, names: Names) -> Iterator[Part]:
        said = f"saving of {names[2]} on spot in {names[1]}, of the price on demand"
        for _, facts in self._files("saving"):
            for index, (key, bucket) in enumerate(savings_of(facts)):
                if key == names[:3]:
                    line = facts.first_line + index
                    yield Part("saving", bucket.saving, said, str(facts.path), line, bucket.as_of, bucket.source)
        for batch in self.batches:
            for fact in batch.facts:
                if isinstance(fact, SpotSaving) and (fact.provider, fact.region, fact.sku) == names[:3]:
                    yield Part("saving", fact.saving, said, batch.name, None, fact.as_of, fact.source)

    def _files(self, column: str) -> Iterator[tuple[bool, FactFile]]:
        """The files whose tables have the column, bundled ones before the user's own."""
        for own, folder in ((False, pricing_dir()), (True, self.overlay)):
            for path in sorted(folder.rglob("*.csv")) if folder is not None else ():
                with path.open(encoding="utf-8-sig") as text:
                    head = next((line for line in text if not line.startswith("#")), "")
                columns = [name.strip() for name in head.split(",")]
                if column in columns and "instance_type" in columns and "sku" not in columns:
                    yield own, read_facts(path)
