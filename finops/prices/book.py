"""The book of instance prices: dated snapshots from `pricing/`, refreshed ones over them, and the user's own over all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import NamedTuple

from finops.bundled import pricing_dir
from finops.core.numbers import plain_decimal
from finops.core.placing.offer import Absence, InterruptionBucket, Offer, Spec
from finops.errors import DataError
from finops.prices.base import Batch, Discount, PricePoint, SpotSaving
from finops.prices.book_rows import Key, Price, TypeKey, prices_of, savings_of, specs_of
from finops.prices.fact_files import FactFile, read_facts
from finops.prices.terms import discount_on, discounted, matches

__all__ = ["InterruptionBucket", "Offer", "PriceBook", "Spec"]

_NOT_BOOKS = frozenset({"regions.csv", "providers.csv", "units.csv", "currencies.csv", "token-libraries.csv"})


class _Known(NamedTuple):
    """Instance types and regions by provider, of a book that held so many facts."""

    sizes: tuple[int, int, int]
    types: dict[str, set[str]]
    regions: dict[str, set[str]]
    places: list[tuple[str, str]]


@dataclass
class PriceBook:
    """All dated facts. Nothing is overwritten: on a day, the latest snapshot not after it is in force, the user's own first.
    `at` is the day whose knowledge counts (None: all there is), `on` the day of the price (None: the same day)."""

    _prices: dict[Key, list[Price]] = field(default_factory=dict)
    _savings: dict[TypeKey, list[tuple[bool, InterruptionBucket]]] = field(default_factory=dict)
    _specs: dict[tuple[str, str], Spec] = field(default_factory=dict)
    _by_type: dict[str, dict[Key, None]] = field(default_factory=dict)
    _covered_since: dict[TypeKey, date] = field(default_factory=dict)
    """(provider, region, purchase option) to the first list that covers the types there; a contract or a part of one does not."""
    _complete: dict[TypeKey, list[date]] = field(default_factory=dict)
    """(provider, region, purchase option) to the days of listings that leave out nothing that is offered."""
    _discounts: list[Discount] = field(default_factory=list)
    _known: _Known | None = None

    @classmethod
    def load(cls, overlay: Path | None = None, batches: Sequence[Batch] = ()) -> PriceBook:
        """The bundled facts under those of `batches`, in their order; contracts and the folder `overlay` win over all."""
        if overlay is None and not batches:
            return _bundled(pricing_dir())
        if overlay is not None and not overlay.is_dir():
            raise DataError(f"there is no folder of price facts `{overlay}`", where="--prices")
        book = _bundled(pricing_dir())._copied()
        if overlay is not None:
            book._add(_files(overlay), own=True)
        for batch in batches:
            book._add_batch(batch)
        return book

    def offers(
        self,
        provider: str | None = None,
        region: str | None = None,
        instance_type: str | None = None,
        purchase_option: str | None = None,
        at: date | None = None,
        on: date | None = None,
    ) -> list[Offer]:
        """Everything that is offered at a known price on the day `on`, as known on `at` (None: by the latest facts), sorted."""
        found = {}
        for key in self._keys(instance_type):  # of this type, where one is named
            if (
                (provider is None or key[0] == provider)
                and (region is None or key[1] == region)
                and (purchase_option is None or key[3] == purchase_option)
                and (offer := self._offer(key, at, on)) is not None
            ):
                found[key] = offer
        return [found[key] for key in sorted(found)]

    def offer(
        self,
        provider: str,
        region: str,
        instance_type: str,
        purchase_option: str,
        at: date | None = None,
        on: date | None = None,
    ) -> Offer | None:
        """The one offer under these names on the day `on`, as known on `at`."""
        return self._offer((provider, region, instance_type, purchase_option), at, on)

    def changes(self, provider: str, region: str, instance_type: str, purchase_option: str) -> list[date]:
        """The days on which a price under these names begins or ends, sorted; those of discounts among them."""
        facts = self._prices.get((provider, region, instance_type, purchase_option), [])
        days = {day for fact in facts for day in (fact.as_of, fact.valid_from, fact.valid_to)}
        names = (provider, region, instance_type, purchase_option)
        days |= {day for one in self._discounts if matches(one, names) for day in (one.as_of, one.valid_from, one.valid_to)}
        if purchase_option == "spot":
            days |= {bucket.as_of for _, bucket in self._savings.get((provider, region, instance_type), [])}
            days |= set(self.changes(provider, region, instance_type, "on_demand"))
        return sorted(day for day in days if day is not None)

    def specs(self, provider: str, instance_type: str) -> Spec | None:
        """What one instance of this type holds, where it is known for certain."""
        return self._specs.get((provider, instance_type))

    def all_specs(self) -> list[Spec]:
        """Every known specification, sorted by provider and type."""
        return [self._specs[key] for key in sorted(self._specs)]

    def buckets(self, provider: str, region: str, instance_type: str, at: date | None = None) -> InterruptionBucket | None:
        """How often spot capacity of this type was taken back there."""
        facts = self._savings.get((provider, region, instance_type), [])
        known = [fact for fact in facts if at is None or fact[1].as_of <= at]
        return max(known, key=lambda fact: (fact[0], fact[1].as_of), default=(False, None))[1]

    def names(self) -> list[Key]:
        """Every (provider, region, instance type, purchase option) that a fact tells of, in no order."""
        return list(self._keys(None))

    def places(self) -> list[tuple[str, str]]:
        """Every (provider, region) that the facts know, sorted."""
        return list(self._names().places)

    def absence(
        self, provider: str, region: str, instance_type: str, purchase_option: str, at: date | None = None
    ) -> Absence | None:
        """Why there is no offer under these names; None where there is one."""
        key = (provider, region, instance_type, purchase_option)
        if self._offer(key, at) is not None:
            return None
        facts = self._prices.get(key, [])
        if self._latest(key, at, at) is not None:
            return Absence("no_price", "offered there, price not known")
        if facts and (gone := max(self._listings(key, at), default=None)) and max(fact.as_of for fact in facts) < gone:
            return Absence(
                "not_offered", f"not offered as {purchase_option} in {region} any more, by the list of {gone.isoformat()}"
            )
        if facts:
            first = min(max(fact.as_of, fact.valid_from or fact.as_of) for fact in facts)
            return Absence("no_price", f"no price known before {first.isoformat()}")
        if unknown := self.unknown_name(provider, region, instance_type):
            return Absence("unknown", unknown)
        since = self._covered_since.get((provider, region, purchase_option))
        covered = since is not None and (at is None or since <= at)
        if covered and not self._savings.get((provider, region, instance_type)):
            return Absence("not_offered", f"not offered as {purchase_option} in {region}")
        return Absence("no_price", f"no {purchase_option} price known in {region}")

    def unknown_name(self, provider: str, region: str | None, instance_type: str) -> str | None:
        """What is wrong with a name that no fact has, with the nearest one that has; None where both are known."""
        types = self._names().types.get(provider, set())
        if instance_type not in types:
            return f"unknown instance type `{instance_type}` of {provider}{_nearest(instance_type, types)}"
        regions = self._names().regions.get(provider, set())
        if region is not None and region not in regions:
            return f"unknown region `{region}` of {provider}{_nearest(region, regions)}"
        return None

    def _names(self) -> _Known:
        """The names of all facts, gathered anew where some were added."""
        sizes = (len(self._prices), len(self._savings), len(self._specs))
        if self._known is None or self._known.sizes != sizes:
            places = sorted({(key[0], key[1]) for keys in (self._prices, self._savings) for key in keys})
            types: dict[str, set[str]] = {}
            regions: dict[str, set[str]] = {}
            for cloud, kind in {(key[0], key[2]) for keys in (self._prices, self._savings) for key in keys} | set(self._specs):
                types.setdefault(cloud, set()).add(kind)
            for cloud, place in places:
                regions.setdefault(cloud, set()).add(place)
            self._known = _Known(sizes, types, regions, places)
        return self._known

    def _copied(self) -> PriceBook:
        """A book of its own with the same facts."""
        return PriceBook(
            {key: list(facts) for key, facts in self._prices.items()},
            {key: list(facts) for key, facts in self._savings.items()},
            dict(self._specs),
            {kind: dict(keys) for kind, keys in self._by_type.items()},
            dict(self._covered_since),
        )

    def _add(self, files: Iterable[FactFile], *, own: bool) -> None:
        for facts in files:
            if "sku" in facts.columns:
                continue  # what is moved or kept, which is priced by tier
            if "price" in facts.columns:
                for key, price in prices_of(facts, own=own):
                    self._add_price(key, price, covers=not own)
            elif "saving" in facts.columns:
                for type_key, bucket in savings_of(facts):
                    self._savings.setdefault(type_key, []).append((own, bucket))
                    self._by_type.setdefault(type_key[2], {})[*type_key, "spot"] = None
            elif "vcpu" in facts.columns:
                for spec in specs_of(facts):
                    if own or (spec.provider, spec.instance_type) not in self._specs:
                        self._specs[spec.provider, spec.instance_type] = spec
            else:
                raise DataError(
                    "the file holds none of `price`, `saving` or `vcpu`", where=str(facts.path), hint="see pricing/README.md"
                )

    def _add_price(self, key: Key, price: Price, *, covers: bool) -> None:
        """Adds a price; one of a list that `covers` its region says that what the list leaves out is not offered there."""
        self._prices.setdefault(key, []).append(price)
        self._by_type.setdefault(key[2], {})[key] = None
        if not covers:
            return
        place = (key[0], key[1], key[3])
        self._covered_since[place] = min(price.as_of, self._covered_since.get(place, price.as_of))

    def _add_batch(self, batch: Batch) -> None:
        """The prices of hours, the savings and the discounts of a batch; prices of other units are not this book's."""
        places = set()
        for fact in batch.facts:
            if isinstance(fact, SpotSaving):
                label = f"{plain_decimal(fact.low * 100)}-{plain_decimal(fact.high * 100)} %"
                bucket = InterruptionBucket(label, fact.low, fact.high, fact.as_of, fact.source, fact.saving)
                self._savings.setdefault((fact.provider, fact.region, fact.sku), []).append((batch.own, bucket))
                self._by_type.setdefault(fact.sku, {})[fact.provider, fact.region, fact.sku, "spot"] = None
            elif isinstance(fact, Discount):
                self._discounts.append(fact)
            elif fact.unit == "hour":
                places.add((fact.provider, fact.region, fact.purchase_option))
                key = (fact.provider, fact.region, fact.sku, fact.purchase_option)
                self._add_price(key, _price(fact, own=batch.own), covers=batch.complete)
        for place in places if batch.complete else ():
            self._complete.setdefault(place, []).append(batch.as_of)

    def _keys(self, instance_type: str | None) -> Iterable[Key]:
        """Every name that may have an offer: of one instance type, or all."""
        if instance_type is not None:
            return self._by_type.get(instance_type, {})
        return (key for keys in self._by_type.values() for key in keys)

    def _offer(self, key: Key, at: date | None, on: date | None = None, *, listed: bool = False) -> Offer | None:
        """The offer; `listed` is that of the list, whatever a contract says."""
        fact = self._latest(key, at, on, listed=listed)
        if fact is None:
            offer = self._derived_spot(key, at, on) if key[3] == "spot" else None
        elif not fact.price:
            offer = None
        else:
            offer = Offer(
                *key, Decimal(fact.price), fact.unit, fact.currency, fact.as_of, fact.source, fact.derived_from,
                fact.valid_from, fact.valid_to,
            )  # fmt: skip
        if offer is None or listed or not self._discounts or (fact is not None and fact.own):
            return offer
        discount = discount_on(self._discounts, key, at, on or at or date.max)
        return discounted(offer, discount) if discount else offer

    def _latest(self, key: Key, at: date | None, on: date | None, *, listed: bool = False) -> Price | None:
        """The fact in force: the user's own before the list, then the newest; of one day the one that was added last."""
        facts = self._prices.get(key, ())
        if not facts:
            return None
        day = on or at or max(fact.as_of for fact in facts)
        gone = max(self._listings(key, min(day, at or day)), default=date.min) if self._complete else date.min
        best, rank = None, (False, date.min, date.min)
        for fact in facts:
            if fact.holds(at, day) and (fact.own or fact.as_of >= gone) and not (listed and fact.contract):
                ranked = (fact.own, fact.as_of, fact.valid_from or date.min)
                if best is None or ranked >= rank:
                    best, rank = fact, ranked
        return best

    def _listings(self, key: Key, until: date | None) -> list[date]:
        """The days of complete listings of what is offered in the region under the purchase option."""
        return [day for day in self._complete.get((key[0], key[1], key[3]), ()) if until is None or day <= until]

    def _derived_spot(self, key: Key, at: date | None, on: date | None) -> Offer | None:
        """Spot = list price on demand x (1 - saving), as old as the older of the two facts."""
        names = (key[0], key[1], key[2], "on_demand")
        full = self._offer(names, at, on, listed=True) or self._offer(names, at, on)
        bucket = self.buckets(key[0], key[1], key[2], at)
        if full is None or bucket is None or bucket.saving >= 1:
            return None
        how = f"on_demand of {full.as_of.isoformat()} x (1 - {bucket.saving}), saving of {bucket.as_of.isoformat()}"
        price = full.price * (1 - bucket.saving)
        source = f"{full.source}; {bucket.source}"
        return Offer(*key, price, full.unit, full.currency, min(full.as_of, bucket.as_of), source, how)


@cache
def _bundled(folder: Path) -> PriceBook:
    """Tens of thousands of rows, read once a process: nothing changes a book."""
    book = PriceBook()
    book._add(_files(folder), own=False)
    return book


def _files(folder: Path) -> Iterator[FactFile]:
    paths = sorted(path for path in folder.rglob("*.csv") if path.name not in _NOT_BOOKS)
    return (read_facts(path) for path in paths)


def _nearest(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, sorted(known), 1)
    return f": did you mean `{close[0]}`?" if close else ""


def _price(point: PricePoint, *, own: bool) -> Price:
    return Price(
        point.as_of, f"{point.price:f}", point.unit, point.currency, point.source, point.derived_from, own,
        point.valid_from, point.valid_to, contract=own,
    )  # fmt: skip
