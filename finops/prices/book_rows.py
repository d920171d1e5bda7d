"""Rows of fact files as typed facts: prices, spot savings, specifications."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from finops.core.placing.offer import PURCHASE_OPTIONS, InterruptionBucket, Spec
from finops.errors import DataError
from finops.prices.fact_files import FactFile, parsed_date

Key = tuple[str, str, str, str]
"""(provider, region, instance type, purchase option)."""
TypeKey = tuple[str, str, str]

_OF_A_ROW = ("instance_type", "region", "purchase_option", "price")
_ABOUT = ("as_of", "source", "unit", "currency", "derived_from", "provider", "valid_from", "valid_to")
_OPTIONS = frozenset(PURCHASE_OPTIONS)
_Shared = tuple[date, str, str, str, str | None, str, date | None, date | None]
_PRICE = re.compile(r"\d+(\.\d+)?")
_SAVING = re.compile(r"-?\d+(\.\d+)?")


class Price(NamedTuple):
    """One dated price as text; empty text says offered, price not known. `own` marks the user's facts."""

    as_of: date
    price: str
    unit: str
    currency: str
    source: str
    derived_from: str | None
    own: bool
    valid_from: date | None = None
    valid_to: date | None = None
    contract: bool = False
    """Bought under a contract: the user's own, and no list price that others are derived from."""

    def holds(self, at: date | None, on: date) -> bool:
        """Whether the price holds on the day `on`, by what was known on `at` and, of days gone by, on the day itself."""
        known = min(on, at or on)
        return (
            self.as_of <= known
            and (self.valid_from is None or self.valid_from <= on)
            and (self.valid_to is None or on < self.valid_to)
        )


def prices_of(facts: FactFile, *, own: bool) -> Iterator[tuple[Key, Price]]:
    """The prices of a file. Refuses a price that is zero, not plain decimal text, without a date or without a source."""
    column = {name: index for index, name in enumerate(facts.columns)}
    per_row = [name for name in _ABOUT if name in column]
    where_type, where_region, where_option, where_price = (column.get(name, -1) for name in _OF_A_ROW)
    if min(where_type, where_region, where_price) < 0:
        raise DataError(f"the table needs the columns {', '.join(_OF_A_ROW)}", where=str(facts.path))
    same: dict[tuple[str, ...], _Shared] = {}
    for index, row in enumerate(facts.rows):
        about = tuple(row[column[name]].strip() for name in per_row)
        shared = same.get(about)
        if shared is None:
            shared = same[about] = _shared({**facts.head, **dict(zip(per_row, about, strict=True))}, facts, index)
        region, instance_type, price = row[where_region], row[where_type], row[where_price]
        option = row[where_option] if where_option >= 0 else "on_demand"
        if price and (_PRICE.fullmatch(price) is None or not price.strip("0.")):
            raise DataError(
                f"`{price}` is not a price",
                where=facts.where(index),
                hint="write plain decimals above zero; leave it empty where the price is not known",
            )
        if not region or not instance_type or option not in _OPTIONS:
            raise DataError(
                f"the row needs region, instance_type and a purchase_option of {', '.join(PURCHASE_OPTIONS)}",
                where=facts.where(index),
            )
        as_of, source, unit, currency, derived_from, provider, start, end = shared
        yield (
            (provider, region, instance_type, option),
            Price(as_of, price, unit, currency, source, derived_from, own, start, end),
        )


def savings_of(facts: FactFile) -> Iterator[tuple[TypeKey, InterruptionBucket]]:
    """Spot savings (percent) and interruption buckets (percent, `5-10`) of a file."""
    as_of = parsed_date(facts.constant("as_of"), facts)
    source = _needed(facts.head.get("source"), "source", facts, 0)
    labels: dict[tuple[str, str], InterruptionBucket] = {}
    for index, row in enumerate(facts.dicts()):
        pair = (row["saving"], row.get("bucket", ""))
        if pair not in labels:
            low, _, high = pair[1].partition("-")
            if _SAVING.fullmatch(pair[0]) is None or not low.isdigit() or not high.isdigit():
                raise DataError(
                    f"`{pair[0]}`, `{pair[1]}` are not a saving and a bucket in percent",
                    where=facts.where(index),
                    hint="for example 62,5-10",
                )
            shares = [Decimal(part) / 100 for part in (low, high, pair[0])]
            labels[pair] = InterruptionBucket(f"{pair[1]} %", shares[0], shares[1], as_of, source, shares[2])
        provider = _needed(row.get("provider"), "provider", facts, index)
        yield (provider, row["region"], row["instance_type"]), labels[pair]


def specs_of(facts: FactFile) -> Iterator[Spec]:
    """The specifications of a file."""
    for index, row in enumerate(facts.dicts()):
        provider = _needed(row.get("provider"), "provider", facts, index)
        try:
            yield Spec(
                provider=provider,
                instance_type=row["instance_type"],
                gpu_name=row.get("gpu_name") or None,
                gpu_count=int(row["gpu_count"]) if row.get("gpu_count") else None,
                gpu_memory_gb=Decimal(row["gpu_memory_gb"]) if row.get("gpu_memory_gb") else None,
                vcpu=int(row["vcpu"]) if row["vcpu"] else None,
                memory_gib=Decimal(row["memory_gib"]) if row.get("memory_gib") else None,
                network_gbps=Decimal(row["network_gbps"]) if row.get("network_gbps") else None,
            )
        except (ValueError, ArithmeticError, KeyError):
            raise DataError("the row is not a specification", where=facts.where(index), hint="see pricing/README.md") from None


def _shared(about: dict[str, str], facts: FactFile, index: int) -> _Shared:
    """What the rows of a file, or many of them, have in common."""
    unit = about.get("unit") or "hour"
    if unit != "hour":
        raise DataError(f"a price per `{unit}` is not a price per hour", where=facts.where(index), hint="convert it to hours")
    return (
        parsed_date(about.get("as_of"), facts, index),
        _needed(about.get("source"), "source", facts, index),
        unit,
        _needed(about.get("currency"), "currency", facts, index),
        about.get("derived_from") or None,
        _needed(about.get("provider"), "provider", facts, index),
        parsed_date(about["valid_from"], facts, index) if about.get("valid_from") else None,
        parsed_date(about["valid_to"], facts, index) if about.get("valid_to") else None,
    )


def _needed(value: str | None, name: str, facts: FactFile, index: int) -> str:
    if not value:
        raise DataError(
            f"a price fact needs `{name}`", where=facts.where(index), hint=f"write `# {name}: …` at the head, or add the column"
        )
    return value
