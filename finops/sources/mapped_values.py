"""Reads a cell the way an `[[import]]` says it is written: numbers exactly, times with their zone, nothing guessed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from finops.core.contracts import Kind
from finops.core.settings import Import
from finops.sources.entry_values import FIRST_YEAR, LAST_YEAR
from finops.sources.mapped_columns import EPOCHS, Target
from finops.sources.records import READ, moment

Reader = Callable[[str], Any]
"""From the text of a cell to the value of the contract's column; raises ValueError or OverflowError where it would not do."""

_MEMO = 8192
_EXACT = Context(prec=400)
_AMOUNTS: frozenset[Kind] = frozenset({"money", "quantity", "price"})
_CURRENCIES = frozenset({"BillingCurrency", "PricingCurrency", "currency", "reported_currency", "payment_currency"})
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_OFFSET = re.compile(r"(Z|UTC|[+-]\d\d(:?\d\d)?)$", re.ASCII)
_EPOCH_START = datetime(1970, 1, 1)  # noqa: DTZ001 naive UTC is what the ledger keeps


def reader(target: Target, given: Import, *, typed: bool = False) -> Reader:
    """How cells of the target are read, remembering the last few thousand texts. `typed` says that the file's numbers are not
    text, so that `decimal` and `thousands` do not speak of them."""
    of_file, of_mapping = _of_file(target, given, typed), constant(target, given)
    replaced = target.values

    @lru_cache(maxsize=_MEMO)
    def read(text: str) -> Any:
        bare = text.strip()
        return of_mapping(replaced[bare]) if bare in replaced else of_file(text)

    return read


def constant(target: Target, given: Import) -> Reader:
    """How a value that stands in the mapping itself is read: as configuration is written, whatever the file does."""
    kind, zone = target.shape.kind, ZoneInfo(given.zone)
    if kind == "time":
        return lambda text: _in_years(_written(text.strip(), zone))
    if kind in _AMOUNTS:
        return lambda text: _plain_number(text.strip())
    if target.name in _CURRENCIES:
        return _currency
    return READ[kind]


def _of_file(target: Target, given: Import, typed: bool) -> Reader:
    kind, zone, factor = target.shape.kind, ZoneInfo(given.zone), target.factor
    if kind == "time":
        written = target.format
        if written in EPOCHS:
            units = EPOCHS[written]
            return lambda text: _in_years(_since_epoch(text.strip(), units))
        if written is not None:
            return lambda text: _in_years(_parsed(text.strip(), written, zone))
        return constant(target, given)
    if kind not in (*_AMOUNTS, "int", "float"):
        return constant(target, given)
    number = _plain_number if typed else _numbers(given.decimal, given.thousands)
    convert: Reader = str if kind in _AMOUNTS else READ[kind]

    def read(text: str) -> Any:
        found = number(text.strip())
        return convert(found if factor is None else f"{_EXACT.multiply(Decimal(found), factor):f}")

    return read


def _numbers(decimal: str, thousands: str | None) -> Callable[[str], str]:
    """From a number as the file writes it to one with a decimal point and nothing else."""
    if decimal == "." and thousands is None:
        return _plain_number
    point, group = re.escape(decimal), re.escape(thousands or "")
    whole = rf"(?:\d{{1,3}}(?:{group}\d{{3}})+|\d+)" if thousands else r"\d+"
    pattern = re.compile(rf"[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d{{1,2}})?", re.ASCII)
    said = f'decimal = "{decimal}"' + (f' and thousands = "{thousands}"' if thousands else "")

    def plain(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"not a number with {said}")
        return (text.replace(thousands, "") if thousands else text).replace(decimal, ".")

    return plain


def _plain_number(text: str) -> str:
    if _NUMBER.fullmatch(text):
        return text
    if re.search(r"\d,\d", text):
        raise ValueError('not a plain number; `decimal = ","` or `thousands = ","` would say what the comma is')
    raise ValueError("not a plain number")


def _currency(text: str) -> str:
    bare = text.strip()
    return bare.upper() if len(bare) == 3 and bare.isascii() and bare.isalpha() else text


def _written(text: str, zone: ZoneInfo) -> datetime:
    """A time as ISO 8601 writes it, or a Unix time. What names no zone is of `zone`."""
    found = moment(text)
    return found if text[:9].isdigit() or _OFFSET.search(text[10:]) else _in_utc(found, zone)


def _parsed(text: str, written: str, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.strptime(text, written)  # noqa: DTZ007 the zone follows
    except ValueError:
        raise ValueError(f"not a time written as {written}") from None
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else _in_utc(found, zone)


def _since_epoch(text: str, units: int) -> datetime:
    micros = _EXACT.divide_int(_EXACT.multiply(Decimal(_plain_number(text)), Decimal(10**6)), Decimal(units))
    return _EPOCH_START + timedelta(microseconds=int(micros))


def _in_utc(found: datetime, zone: ZoneInfo) -> datetime:
    return found.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)


def _in_years(found: datetime) -> datetime:
    if FIRST_YEAR <= found.year <= LAST_YEAR:
        return found
    raise ValueError("this time is out of range")
