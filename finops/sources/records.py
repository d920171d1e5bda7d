"""From rows of text to Arrow batches of a contract: column synonyms, typed values, and a Reject for what can't be read."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from finops.core.contracts import CONTRACTS, Field, Kind
from finops.errors import DataError
from finops.sources.arrow_schema import arrow_schema
from finops.sources.base import Part, Reject, refuse_flood
from finops.sources.glimpse import Glimpse, glimpse
from finops.sources.rows import Row, read_rows, repeated

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 8192
Values = dict[str, Any]

_TRUE, _FALSE = frozenset({"true", "t", "yes", "y", "1"}), frozenset({"false", "f", "no", "n", "0"})
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?( ?(Z|UTC|[+-]\d\d(:?\d\d)?))?)?", re.ASCII)
_EPOCH = re.compile(r"(\d{9,10}(?:\.\d{1,9})?)|(\d{12,13})|(\d{15,16})|(\d{18,19})", re.ASCII)
_EPOCH_UNITS_PER_SECOND = (1, 10**3, 10**6, 10**9)


def _anything(_values: Values) -> str | None:
    return None


@dataclass(frozen=True)
class Shape:
    """How a contract is written as a table or JSON lines. `synonyms` lists other names of a column, `prefixes` the beginning of
    columns that are entries of a map column. `finish` may complete the values of a row, and says why a row would not do."""

    contract: str
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)
    finish: Callable[[Values], str | None] = _anything

    def column_of(self) -> dict[str, str]:
        """Every accepted name in lower case to the contract's column."""
        names = {name.lower(): name for name in CONTRACTS[self.contract].names}
        names.update((other, column) for column, others in self.synonyms.items() for other in others)
        return names


def batches(part: Part, shape: Shape, rejects: list[Reject]) -> Iterator[pa.RecordBatch]:
    """The rows of the part in the contract's Arrow schema; `rejects` fills on the way."""
    import pyarrow as pa

    seen = glimpse(part.path)
    _refuse_other_forms(seen, shape)
    rows, schema = _good_rows(seen, shape, rejects), arrow_schema(shape.contract)
    while block := list(islice(rows, BATCH_ROWS)):
        yield pa.RecordBatch.from_pylist(block, schema=schema)


def _refuse_other_forms(seen: Glimpse, shape: Shape) -> None:
    if seen.form not in ("table", "json"):
        what = "the file is empty" if seen.form == "empty" else f"this is {seen.form}, not text"
        raise DataError(what, where=str(seen.path), hint="give CSV with a header, or JSON lines")
    column_of, taken = shape.column_of(), dict[str, str]()
    twice = repeated(seen.header, column_of)
    if twice is not None:
        raise DataError(f"the column {twice} stands in the header more than once", where=str(seen.path), hint="keep one of them")
    for name in seen.header:
        column = column_of.get(name.lower())
        if column in taken and column is not None:
            what = f"the columns {taken[column]} and {name} mean the same ({column})"
            raise DataError(what, where=str(seen.path), hint="keep one of them")
        if column is not None:
            taken[column] = name


def _good_rows(seen: Glimpse, shape: Shape, rejects: list[Reject]) -> Iterator[Values]:
    column_of, fields = shape.column_of(), CONTRACTS[shape.contract].fields
    for item in read_rows(seen):
        made = item if isinstance(item, Reject) else _values(item, shape, column_of, fields)
        if isinstance(made, Reject):
            rejects.append(made)
            refuse_flood(rejects)
        else:
            yield made


def _values(row: Row, shape: Shape, column_of: Mapping[str, str], fields: tuple[Field, ...]) -> Values | Reject:
    number, texts = row
    named = {column: text for name, text in texts.items() if (column := column_of.get(name.lower())) and text is not None}
    values: Values = dict.fromkeys(field.name for field in fields)
    for one in fields:
        text = named.get(one.name)
        if text is None:
            continue
        try:
            values[one.name] = READ[one.kind](text)
        except (ValueError, OverflowError) as error:
            return Reject(number, str(error), one.name, text[:200])
    for column, prefix in shape.prefixes.items():
        entries = {name[len(prefix) :]: text for name, text in texts.items() if _is_entry(name, prefix) and text is not None}
        values[column] = {**(values[column] or {}), **entries} or None
    reason = shape.finish(values)
    if reason is not None:
        return Reject(number, reason)
    missing = next((one.name for one in fields if one.required and values[one.name] is None), None)
    return Reject(number, f"{missing} is missing", missing) if missing else values


def _is_entry(name: str, prefix: str) -> bool:
    return len(name) > len(prefix) and name.lower().startswith(prefix)


@lru_cache(maxsize=4096)
def moment(text: str) -> datetime:
    """A time in UTC. Without an offset it is UTC; a bare number is a Unix time whose digits tell its unit."""
    text = text.strip()
    epoch = _EPOCH.fullmatch(text)
    if epoch:
        return _since_epoch(text, epoch)
    if not _TIME.fullmatch(text):
        raise ValueError("not a time such as 2026-11-20T00:00:00Z")
    try:
        found = datetime.fromisoformat(text.replace(",", ".").replace("UTC", "Z").replace(" Z", "Z"))
    except ValueError:
        raise ValueError("not a time such as 2026-11-20T00:00:00Z") from None
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _since_epoch(text: str, epoch: re.Match[str]) -> datetime:
    units_per_second = next(unit for unit, group in zip(_EPOCH_UNITS_PER_SECOND, epoch.groups(), strict=True) if group)
    whole, _, part = text.partition(".")
    micros = int(whole) * 10**6 // units_per_second + int(part[:6].ljust(6, "0") or 0)
    return datetime(1970, 1, 1) + timedelta(microseconds=micros)  # noqa: DTZ001 naive UTC is what the ledger keeps


def _whole(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,19}(\.0*)?", text, re.ASCII) or not -(2**63) <= int(text.split(".")[0]) < 2**63:
        raise ValueError("not a whole number")
    return int(text.split(".")[0])


def _finite(text: str) -> float:
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", text, re.ASCII) or not math.isfinite(float(text)):
        raise ValueError("not a plain number")
    return float(text)


def _truth(text: str) -> bool:
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError("neither true nor false")


def _entries(text: str) -> dict[str, str]:
    """A JSON object of scalars, values as text; null values are left out."""
    try:
        found = msgspec.json.decode(text.encode(), type=dict[str, str | int | float | bool | None])
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        raise ValueError('not a JSON object such as {"queue": "gpu"}') from None
    return {key: _plain(value) for key, value in found.items() if value is not None}


def _plain(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


READ: dict[Kind, Callable[[str], Any]] = {
    "text": str,
    "money": str,
    "quantity": str,
    "price": str,
    "time": moment,
    "int": _whole,
    "float": _finite,
    "bool": _truth,
    "map": _entries,
}
"""Amounts stay text: the ledger casts them, and rejects what is not a plain number."""
