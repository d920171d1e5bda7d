"""The book of prices by tier: data that is moved or kept, dated, from `pricing/`, batches of the ledger and the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from finops.bundled import pricing_dir
from finops.core.placing.tiered import Tier
from finops.errors import DataError
from finops.prices.base import Batch, PricePoint
from finops.prices.fact_files import FactFile, parsed_date, read_facts

UNITS = ("gb", "gb_month")
Key = tuple[str, str, str]
"""(provider, region, what is moved or kept)."""


@dataclass(frozen=True)
class Tiers:
    """What one unit of a month costs by tier, and as of when. `region` '*' holds for every region."""

    provider: str
    region: str
    sku: str
    unit: str
    currency: str
    tiers: tuple[Tier, ...]
    as_of: date
    source: str


@dataclass(frozen=True)
class TierBook:
    """Every dated price by tier. All tiers of an answer are of one source and date: the user's own first, then the newest."""

    _points: dict[Key, list[tuple[bool, PricePoint]]]

    @classmethod
    def load(cls, overlay: Path | None = None, batches: Sequence[Batch] = ()) -> TierBook:
        """The bundled prices under those of `batches` and of the folder `overlay`."""
        points: dict[Key, list[tuple[bool, PricePoint]]] = {}
        told: list[tuple[bool, Iterable[PricePoint]]] = [(False, _of_folder(pricing_dir() / "transfer"))]
        told += [(one.own, (fact for fact in one.facts if isinstance(fact, PricePoint))) for one in batches]
        told += [(True, _of_folder(overlay))] if overlay is not None else []
        for own, found in told:
            for point in found:
                if point.unit in UNITS:
                    points.setdefault((point.provider, point.region, point.sku), []).append((own, point))
        return cls(points)

    def tiers(self, provider: str, region: str, sku: str, at: date, on: date | None = None) -> Tiers | None:
        """The tiers in force on the day `on` (None: the same day), as known on `at`; None where nobody has told them."""
        for place in (region, "*"):
            found = self._in_force((provider, place, sku), at, on or at)
            if found:
                first = found[0]
                tiers = tuple(Tier(point.tier_from, point.price) for point in sorted(found, key=lambda point: point.tier_from))
                return Tiers(provider, place, sku, first.unit, first.currency, tiers, first.as_of, first.source)
        return None

    def known(self, at: date, on: date | None = None) -> list[Tiers]:
        """Everything in force, sorted by provider, region and what it is."""
        found = [self.tiers(*key, at, on) for key in sorted(self._points)]
        return [tiers for tiers in found if tiers is not None]

    def _in_force(self, key: Key, at: date, on: date) -> list[PricePoint]:
        facts = [(own, point) for own, point in self._points.get(key, ()) if _holds(point, min(at, on), on)]
        if not facts:
            return []
        newest = max((own, point.as_of, point.valid_from or date.min, point.source) for own, point in facts)
        return [point for own, point in facts if (own, point.as_of, point.valid_from or date.min, point.source) == newest]


def _holds(point: PricePoint, known: date, on: date) -> bool:
    begins = point.valid_from or point.as_of
    return point.as_of <= known and begins <= on and (point.valid_to is None or on < point.valid_to)


def _of_folder(folder: Path) -> list[PricePoint]:
    paths = sorted(folder.rglob("*.csv")) if folder.is_dir() else []
    return [point for path in paths for facts in (read_facts(path),) if "sku" in facts.columns for point in points_of(facts)]


def points_of(facts: FactFile) -> list[PricePoint]:
    """The prices by tier of a file, one a row."""
    points = []
    for index, row in enumerate(facts.dicts()):
        try:
            price, tier = Decimal(row["price"]), Decimal(row.get("tier_from") or 0)
            names = (row["provider"], row["region"], row["sku"], "on_demand", row["unit"])
            begins, ends = (
                parsed_date(row[name], facts, index) if row.get(name) else None for name in ("valid_from", "valid_to")
            )
            as_of = parsed_date(row.get("as_of"), facts, index)
            points.append(PricePoint(*names, price, row["currency"], as_of, row["source"], begins, ends, tier_from=tier))
        except (KeyError, ArithmeticError):
            raise DataError(
                "the row is no price of what is moved or kept", where=facts.where(index), hint="see pricing/README.md"
            ) from None
        if points[-1].price <= 0 or points[-1].unit not in UNITS:
            raise DataError(
                f"`{row['price']}` per `{row['unit']}` is not a price",
                where=facts.where(index),
                hint="write plain decimals above zero for one gb or gb_month; what lies below the lowest tier is free",
            )
    return points
