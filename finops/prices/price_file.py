"""Reads a user's own prices: contract prices, negotiated rates and discounts off the list, in a CSV table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path

from finops.core.placing.offer import PURCHASE_OPTIONS
from finops.core.tokens import TOKEN_CLASSES
from finops.errors import DataError
from finops.prices.base import Discount, Fact, PricePoint, stored
from finops.prices.fact_files import FactFile, read_facts
from finops.prices.names import canonical_provider, provider_aliases, regions
from finops.prices.tokens import resolve_model

COLUMNS: Mapping[str, str] = {
    "provider": "who sends the bill: aws, azure, gcp, openai, anthropic, …",
    "region": "a region of a cloud; `*` for all of them (discounts, tokens), which is also what an empty one says of tokens",
    "instance_type": "what is bought by the hour; a discount may say `*` or `p5.*`",
    "model": "what is bought by the token, in place of an instance type; a discount may say `*`",
    "token_class": "input_uncached, cache_read, output, …; a discount without one holds for all",
    "sku": "what is moved or kept, in place of both: egress_internet, egress_region, storage_block, …",
    "purchase_option": "on_demand (also where it is empty), spot, reserved_1y, …; a discount may say `*`",
    "price": "plain decimals above zero, for one unit",
    "discount": "percent off the list price, in place of a price",
    "unit": "hour, month, second; token, 1000 tokens, 1000000 tokens; gb, gb_month",
    "currency": "the ISO code, such as USD",
    "tier_from": "where a tier begins, in units a month, or in input tokens of one request",
    "valid_from": "the first day on which the price holds; without one it holds from `as_of`",
    "valid_to": "the first day on which it holds no longer",
    "as_of": "the day on which the price was agreed or learned; without one the first valid day, or the day of the import",
    "source": "where it stands, such as the contract's name; without one the file's name",
    "tenancy": "shared, or empty: a price of dedicated hardware is refused",
}
"""Column to its meaning. A `# key: value` line at the head gives a column to all rows."""

_UNITS: Mapping[str, tuple[str, int, int]] = {
    "hour": ("hour", 1, 1), "hours": ("hour", 1, 1), "hrs": ("hour", 1, 1), "second": ("hour", 3600, 1),
    "minute": ("hour", 60, 1), "month": ("hour", 1, 730), "token": ("token", 1, 1), "tokens": ("token", 1, 1),
    "1000 tokens": ("token", 1, 1000), "1k tokens": ("token", 1, 1000),
    "1000000 tokens": ("token", 1, 1_000_000), "1m tokens": ("token", 1, 1_000_000),
    "gb": ("gb", 1, 1), "gb_month": ("gb_month", 1, 1), "gb-month": ("gb_month", 1, 1),
}  # fmt: skip
"""A unit as it may be written, to the unit of the book, and by what a price is multiplied and divided."""
_NUMBER = re.compile(r"\d+(\.\d+)?")
_CURRENCY = re.compile("[A-Z]{3}")
_SHARED = frozenset({"", "shared", "default"})
_HEAD_ONLY = frozenset({"licence", "meaning"})


@dataclass(frozen=True)
class Row:
    """A row of the file: the fact that it states, or why it states none. `where` is file and line."""

    where: str
    fact: Fact | None
    reason: str | None = None


def read_price_file(path: Path, at: date) -> list[Row]:
    """Every row of the table as a fact or with a reason. Raises DataError where the table is none of prices."""
    facts = read_facts(path)
    known = [*COLUMNS, *_HEAD_ONLY]
    for name in [*facts.columns, *facts.head]:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(COLUMNS)}"
            raise DataError(f"there is no column `{name}` in a table of prices", where=facts.where(-1), hint=hint)
    given = {*facts.columns, *facts.head}
    if not given & {"instance_type", "model", "sku"} or not given & {"price", "discount"}:
        raise DataError(
            "the table needs `price` or `discount`, and `instance_type`, `model` or `sku`",
            where=str(path),
            hint=f"its columns are {', '.join(COLUMNS)}",
        )
    return [_row(facts, index, values, at) for index, values in enumerate(facts.dicts())]


class _NotTaken(Exception):
    """Why a row states no fact."""


def _row(facts: FactFile, index: int, values: dict[str, str], at: date) -> Row:
    row = {name: value.strip() for name, value in values.items()}
    try:
        return Row(facts.where(index), _fact(row, facts.path.name, facts.first_line + index, at))
    except _NotTaken as reason:
        return Row(facts.where(index), None, str(reason))


def _fact(row: Mapping[str, str], name: str, line: int, at: date) -> Fact:
    if row.get("tenancy", "").lower() not in _SHARED:
        raise _NotTaken(f"tenancy `{row['tenancy']}`: only prices of shared hardware are taken")
    if bool(row.get("price")) == bool(row.get("discount")):
        raise _NotTaken("a row has either a price or a discount")
    provider = canonical_provider(row.get("provider"))
    if provider is None:
        raise _NotTaken(_unknown("provider", row.get("provider", ""), set(provider_aliases().values())))
    valid_from, valid_to = _date(row, "valid_from"), _date(row, "valid_to")
    as_of = _date(row, "as_of") or min(valid_from or at, at)
    if as_of > at:
        raise _NotTaken(f"as_of {as_of} lies after the business date {at}; what holds from then on is `valid_from`")
    about = (as_of, row.get("source") or name, valid_from, valid_to)
    if row.get("discount"):
        return replace(_discount(row, provider, *about), line=line)
    return replace(_point(row, provider, *about), line=line)


def _point(
    row: Mapping[str, str], provider: str, as_of: date, source: str, valid_from: date | None, valid_to: date | None
) -> PricePoint:
    region, sku, unit = _named(row, provider, is_discount=False)
    per = _UNITS.get((row.get("unit") or unit).lower())
    if per is None or per[0] != unit:
        fitting = ", ".join(name for name, (base, _, _) in _UNITS.items() if base == unit)
        raise _NotTaken(f"a price per `{row.get('unit')}` does not fit: here it is one of {fitting}")
    currency = row.get("currency", "")
    if not _CURRENCY.fullmatch(currency):
        raise _NotTaken(f"`{currency}` is not a currency such as USD" if currency else "a price needs its currency, such as USD")
    price, tier = (
        stored(_number(row, "price") * per[1] / per[2]),
        _number(row, "tier_from") if row.get("tier_from") else Decimal(0),
    )
    names = (provider, region, sku, _option(row, PURCHASE_OPTIONS), unit)
    return PricePoint(*names, price, currency, as_of, source, valid_from, valid_to, tier_from=tier)


def _discount(
    row: Mapping[str, str], provider: str, as_of: date, source: str, valid_from: date | None, valid_to: date | None
) -> Discount:
    if row.get("sku"):
        raise _NotTaken("a discount holds for instances and models; of what is moved or kept, state the prices")
    region, sku, _ = _named(row, provider, is_discount=True)
    share = _number({**row, "discount": row["discount"].rstrip("% ")}, "discount") / 100
    return Discount(provider, region, sku, _option(row, (*PURCHASE_OPTIONS, "*")), share, as_of, source, valid_from, valid_to)


def _named(row: Mapping[str, str], provider: str, *, is_discount: bool) -> tuple[str, str, str]:
    """Region, sku and the book's unit of what the row is about."""
    about = [name for name in ("instance_type", "model", "sku") if row.get(name)]
    if len(about) != 1:
        raise _NotTaken("a row names one of `instance_type`, `model` and `sku`")
    named, region = row[about[0]], row.get("region", "")
    if about[0] == "model":
        kind = row.get("token_class") or ("*" if is_discount else "")
        if kind not in (*TOKEN_CLASSES, *(("*",) if is_discount else ())):
            raise _NotTaken(_unknown("token class", kind, set(TOKEN_CLASSES)))
        _, model = (provider, named) if "*" in named else resolve_model(provider, named) or (provider, named.lower())
        return "*", f"{model}/{kind}", "token"
    if region not in ("*",) and (provider, region) not in regions() and any(cloud == provider for cloud, _ in regions()):
        raise _NotTaken(_unknown(f"region of {provider}", region, {place for cloud, place in regions() if cloud == provider}))
    if region in ("", "*") and not is_discount and about[0] == "instance_type":
        raise _NotTaken("a price of an instance needs its region")
    return region or "*", named, "hour" if about[0] == "instance_type" else "gb_month" if named.startswith("storage") else "gb"


def _option(row: Mapping[str, str], known: tuple[str, ...]) -> str:
    option = row.get("purchase_option") or "on_demand"
    if option not in known:
        raise _NotTaken(_unknown("purchase option", option, set(known)))
    return option


def _number(row: Mapping[str, str], name: str) -> Decimal:
    if not _NUMBER.fullmatch(row[name]):
        raise _NotTaken(f"`{row[name]}` is not a {name.replace('_', ' ')}: write plain decimals, such as 3.25")
    return Decimal(row[name])


def _date(row: Mapping[str, str], name: str) -> date | None:
    text = row.get(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise _NotTaken(f"{name} `{text}` is not a date: write it as 2026-11-20") from None


def _unknown(kind: str, name: str, known: set[str]) -> str:
    near = get_close_matches(name, sorted(known), 1)
    said = f"there is no {kind} `{name}`" if name else f"the {kind} is missing"
    return f"{said}: did you mean `{near[0]}`?" if near else said
