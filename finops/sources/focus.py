"""FOCUS billing data, 1.0 to 1.4, as CSV or Parquet; the ledger reads the file itself, by the expressions given here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.errors import DataError
from finops.sources.base import Load, Part, Pattern, TableScan
from finops.sources.focus_columns import contract_columns, found_columns, quoted, wanted_columns
from finops.sources.focus_dialects import dialects
from finops.sources.glimpse import Glimpse, glimpse
from finops.sources.late_hash import bill_part
from finops.sources.rows import repeated

_MUST = ("BilledCost", "ChargePeriodStart", "ChargeCategory")


class Focus:
    """One file of Cost and Usage rows. Option: `currency` names the currency of files that have no column for it."""

    name = "focus"
    title = "FOCUS 1.0-1.4 billing data (CSV, Parquet)"
    contracts: tuple[str, ...] = ("charge",)
    takes_currency = True
    patterns: tuple[Pattern, ...] = (Pattern((".csv", ".parquet"), header_all=_MUST),)

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [bill_part(path, root)]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:
        seen = glimpse(part.path)
        if seen.form not in ("table", "parquet"):
            raise DataError("this is no FOCUS table", where=str(part.path), hint="export FOCUS as CSV or Parquet")
        _refuse_missing_or_repeated(seen)
        read = _parquet_scan if seen.form == "parquet" else _csv_scan
        scan = read(seen, options.get("currency"))
        yield Load("charge", scan, notes=list(scan.notes))


def _refuse_missing_or_repeated(seen: Glimpse) -> None:
    found, wanted = found_columns(seen.header), wanted_columns()
    missing = [name for name in _MUST if name.lower() not in found]
    if missing:
        what = f"the header lacks {' and '.join(missing)}"
        raise DataError(what, where=str(seen.path), hint="export FOCUS with all its mandatory columns")
    twice = repeated(seen.header, wanted)
    if twice is not None:
        what = f"the column {twice} stands in the header more than once"
        raise DataError(what, where=str(seen.path), hint="keep one of them: nothing says which one counts")


def _csv_scan(seen: Glimpse, currency: str | None) -> TableScan:
    names = _unique(seen.header)
    used = {low: focus for low, focus in wanted_columns().items() if low in found_columns(names)}
    spoken = dialects(seen, used)
    texts = {low: spoken.text(low, quoted(own)) for low, own in found_columns(names).items() if low in used}
    columns, notes = contract_columns(texts, currency)
    return TableScan(
        seen.path,
        "csv",
        names,
        columns,
        skip=seen.skip,
        delimiter=seen.delimiter,
        notes=(*spoken.notes(used), *notes),
    )


def _parquet_scan(seen: Glimpse, currency: str | None) -> TableScan:
    wanted = wanted_columns()
    texts = {low: quoted(own) for low, own in found_columns(seen.header).items() if low in wanted}
    columns, notes = contract_columns(texts, currency)
    return TableScan(seen.path, "parquet", seen.header, columns, skip=0, notes=tuple(notes))


def _unique(header: tuple[str, ...]) -> tuple[str, ...]:
    """The header with a name of its own for every column: blank and repeated ones (none of them in use) are numbered."""
    names: list[str] = []
    taken = {name.lower() for name in header}
    seen: set[str] = set()
    for position, name in enumerate(header, 1):
        if not name or name.lower() in seen:
            name = f"{name or 'column'} ({position})"
            while name.lower() in taken:
                name += "'"
            taken.add(name.lower())
        seen.add(name.lower())
        names.append(name)
    return tuple(names)


SOURCE = Focus()
