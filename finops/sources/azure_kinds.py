"""Whether an Azure export is actual or amortised, and which files of one call bring the same usage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal

from finops.sources.base import Reject
from finops.sources.glimpse import Glimpse, glimpse
from finops.sources.rows import read_rows

COST = ("costinbillingcurrency", "cost", "pretaxcost")
PERIOD = ("billingperiodstartdate", "billingperiodenddate")
Kind = Literal["actual", "amortised"] | None
_NEEDED = ("chargetype", "pricingmodel", "billingaccountid", PERIOD[0], *COST)


@dataclass(frozen=True)
class Export:
    """What a file is, and the accounts and billing periods in it, as `ACCOUNT|PERIOD` in the file's own words."""

    path: Path
    kind: Kind
    keys: frozenset[str]


def paired(paths: Sequence[Path], fold: Callable[[str], str]) -> dict[Path, Mapping[str, Any]]:
    """Options by file, for the periods of which both an actual and an amortised export are given."""
    if len(paths) < 2:
        return {}
    found = [_export(path, fold) for path in paths]
    actual = frozenset[str]().union(*(one.keys for one in found if one.kind == "actual"))
    amortised = frozenset[str]().union(*(one.keys for one in found if one.kind == "amortised"))
    both = actual & amortised
    option = {"actual": "used_elsewhere", "amortised": "billed_elsewhere"}
    return {one.path: {option[one.kind]: tuple(sorted(one.keys & both))} for one in found if one.kind and one.keys & both}


def _export(path: Path, fold: Callable[[str], str]) -> Export:
    keys: set[str] = set()
    amortised = purchased = False
    for row in _rows(glimpse(path), fold):
        committed = row.get("pricingmodel") in ("Reservation", "SavingsPlan")
        kind = row.get("chargetype") or "Usage"
        cost = next((row[name] for name in COST if row.get(name)), None)
        amortised = amortised or kind.startswith("Unused") or (committed and kind == "Usage" and not _is_zero(cost))
        purchased = purchased or (committed and kind in ("Purchase", "Refund"))
        keys.add(f"{row.get('billingaccountid') or ''}|{row.get(PERIOD[0]) or ''}")
    return Export(path, _kind(path.name.lower(), amortised=amortised, purchased=purchased), frozenset(keys))


def _kind(name: str, *, amortised: bool, purchased: bool) -> Kind:
    """By content; the name decides only where nothing in the file does."""
    if amortised:
        return "amortised"
    if purchased or "actual" in name:
        return "actual"
    return "amortised" if "amorti" in name else None


def _rows(seen: Glimpse, fold: Callable[[str], str]) -> Iterator[dict[str, str | None]]:
    names = {name: fold(name) for name in seen.header if fold(name) in _NEEDED}
    if seen.form == "parquet":
        import pyarrow.parquet as pq

        for batch in pq.ParquetFile(seen.path).iter_batches(columns=list(names)):
            for values in batch.to_pylist():
                yield {names[name]: None if value is None else str(value) for name, value in values.items()}
        return
    for item in read_rows(seen):
        if not isinstance(item, Reject):
            yield {names[name]: text for name, text in item[1].items() if name in names}


def _is_zero(text: str | None) -> bool:
    try:
        return Decimal(text or "0") == 0
    except InvalidOperation:
        return True
