"""The book of instance prices: dated snapshots from `pricing/`, and the user's own facts over them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from finops.bundled import pricing_dir
from finops.core.offer import Absence, InterruptionBucket, Offer, Spec
from finops.errors import DataError
from finops.prices.book_rows import Key, Price, TypeKey, prices_of, savings_of, specs_of
from finops.prices.fact_files import FactFile, read_facts

__all__ = ["InterruptionBucket", "Offer", "PriceBook", "Spec"]

_NOT_BOOKS = frozenset({"regions.csv", "providers.csv", "units.csv", "currencies.csv", "token-libraries.csv"})


@dataclass
class PriceBook:
    """All dated facts. Nothing is overwritten: on a day, the latest snapshot not after it is in force, the user's own first."""

    _prices: dict[Key, list[Price]] = field(default_factory=dict)
    _savings: dict[TypeKey, list[tuple[bool, InterruptionBucket]]] = field(default_factory=dict)
    _specs: dict[tuple[str, str], Spec] = field(default_factory=dict)
    _by_type: dict[str, dict[Key, None]] = field(default_factory=dict)
    _covered_since: dict[TypeKey, date] = field(default_factory=dict)
    """(provider, region, purchase option) to the first snapshot that lists any type there."""

    @classmethod
    def load(cls, overlay: Path | None = None) -> PriceBook:
        """The bundled facts, with those of the folder `overlay` winning wherever it has one in force."""
        if overlay is None:
            return _bundled(pricing_dir())
        if not overlay.is_dir():
            raise DataError(f"there is no folder of price facts `{overlay}`", where="--prices")
        book = cls()
        book._add(_files(overlay), own=True)
        book._add(_files(pricing_dir()), own=False)
        return book

    def offers(
        self,
        provider: str | None = None,
        region: str | None = None,
        instance_type: str | None = None,
        purchase_option: str | None = None,
        at: date | None = None,
    ) -> list[Offer]:
        """Everything that is offered at a known price on the day `at` (None: by the latest facts), sorted."""
        wanted = (provider, region, instance_type, purchase_option)
        found = {}
        for key in self._keys(instance_type):
            if all(want is None or want == have for want, have in zip(wanted, key, strict=True)):
                offer = self._offer(key, at)
                if offer is not None:
                    found[key] = offer
        return [found[key] for key in sorted(found)]

    def offer(self, provider: str, region: str, instance_type: str, purchase_option: str, at: date | None = None) -> Offer | None:
        """The one offer under these names on the day `at`."""
        return self._offer((provider, region, instance_type, purchase_option), at)

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

    def places(self) -> list[tuple[str, str]]:
        """Every (provider, region) that the facts know, sorted."""
        return sorted({(key[0], key[1]) for key in self._prices} | {(key[0], key[1]) for key in self._savings})

    def absence(
        self, provider: str, region: str, instance_type: str, purchase_option: str, at: date | None = None
    ) -> Absence | None:
        """Why there is no offer under these names; None where there is one."""
        key = (provider, region, instance_type, purchase_option)
        if self._offer(key, at) is not None:
            return None
        facts = self._prices.get(key, [])
        if _latest(facts, at) is not None:
            return Absence("no_price", "offered there, price not known")
        if facts:
            first = min(fact.as_of for fact in facts)
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
        types = {kind for kind, keys in self._by_type.items() if any(key[0] == provider for key in keys)}
        types |= {kind for cloud, kind in self._specs if cloud == provider}
        if instance_type not in types:
            return f"unknown instance type `{instance_type}` of {provider}{_nearest(instance_type, types)}"
        regions = {place for cloud, place in self.places() if cloud == provider}
        if region is not None and region not in regions:
            return f"unknown region `{region}` of {provider}{_nearest(region, regions)}"
        return None

    def _add(self, files: Iterable[FactFile], *, own: bool) -> None:
        for facts in files:
            if "price" in facts.columns:
                for key, price in prices_of(facts, own=own):
                    self._prices.setdefault(key, []).append(price)
                    self._by_type.setdefault(key[2], {})[key] = None
                    place = (key[0], key[1], key[3])
                    self._covered_since[place] = min(price.as_of, self._covered_since.get(place, price.as_of))
            elif "saving" in facts.columns:
                for type_key, bucket in savings_of(facts):
                    self._savings.setdefault(type_key, []).append((own, bucket))
                    self._by_type.setdefault(type_key[2], {})[*type_key, "spot"] = None
            elif "vcpu" in facts.columns:
                for spec in specs_of(facts):
                    self._specs.setdefault((spec.provider, spec.instance_type), spec)
            else:
                raise DataError(
                    "the file holds none of `price`, `saving` or `vcpu`", where=str(facts.path), hint="see pricing/README.md"
                )

    def _keys(self, instance_type: str | None) -> Iterable[Key]:
        """Every name that may have an offer: of one instance type, or all."""
        if instance_type is not None:
            return self._by_type.get(instance_type, {})
        return (key for keys in self._by_type.values() for key in keys)

    def _offer(self, key: Key, at: date | None) -> Offer | None:
        fact = _latest(self._prices.get(key, []), at)
        if fact is not None and fact.price:
            return Offer(*key, Decimal(fact.price), fact.unit, fact.currency, fact.as_of, fact.source, fact.derived_from)
        return self._derived_spot(key, at) if key[3] == "spot" and fact is None else None

    def _derived_spot(self, key: Key, at: date | None) -> Offer | None:
        """Spot = on-demand x (1 - saving), as old as the older of the two facts."""
        full = self._offer((key[0], key[1], key[2], "on_demand"), at)
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


def _latest(facts: list[Price], at: date | None) -> Price | None:
    known = [fact for fact in facts if at is None or fact.as_of <= at]
    return max(known, key=lambda fact: (fact.own, fact.as_of), default=None)
