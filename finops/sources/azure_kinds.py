"""Whether an Azure export is actual or amortised, and which files of one call bring the same usage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal

from finops.core.numbers import plain_decimal
from finops.sources.base import Reject
from finops.sources.glimpse import Glimpse, glimpse
from finops.sources.rows import read_rows

COST = ("costinbillingcurrency", "cost", "pretaxcost")
PERIOD = ("billingperiodstartdate", "billingperiodenddate")
Kind = Literal["actual", "amortised"] | None
CURRENCY = ("billingcurrency", "billingcurrencycode", "currency", "currencycode")
_NEEDED = ("chargetype", "pricingmodel", "billingaccountid", PERIOD[0], *COST, *CURRENCY)
_COMMITTED, _UNUSED = ("Reservation", "SavingsPlan"), ("UnusedReservation", "UnusedSavingsPlan")
_EXACT = Context(prec=400)


@dataclass
class Tally:
    """Rows and what they cost, per currency."""

    rows: int = 0
    costs: dict[str, Decimal] = field(default_factory=dict)

    def add(self, cost: Decimal, currency: str) -> None:
        self.rows += 1
        self.costs[currency] = _EXACT.add(self.costs.get(currency, Decimal(0)), cost)

    def __str__(self) -> str:
        costs = ", ".join(f"{plain_decimal(cost)} {currency}".strip() for currency, cost in sorted(self.costs.items()))
        return f"{self.rows:,} rows ({costs})" if self.rows else "0 rows"


@dataclass(frozen=True)
class Export:
    """What a file is, and the accounts and billing periods in it, as `ACCOUNT|PERIOD` in the file's own words. `used` are its
    rows of usage that commitments cover, by key and whether they cost nothing, `others` the rest."""

    path: Path
    kind: Kind
    keys: frozenset[str]
    used: Mapping[tuple[str, bool], Tally]
    others: Mapping[str, Tally]

    def left_out(self, both: frozenset[str]) -> str:
        """What the file brings that another export of the same call brings for the same keys, in words."""
        whole = Tally()
        own = self.others.items() if self.kind == "amortised" else ((k, t) for (k, free), t in self.used.items() if free)
        for key, tally in own:
            if key in both:
                whole.rows += tally.rows
                for currency, cost in tally.costs.items():
                    whole.costs[currency] = _EXACT.add(whole.costs.get(currency, Decimal(0)), cost)
        return str(whole)


def paired(paths: Sequence[Path], fold: Callable[[str], str]) -> dict[Path, Mapping[str, Any]]:
    """Options by file, for the periods of which both an actual and an amortised export are given."""
    if len(paths) < 2:
        return {}
    found = [_export(path, fold) for path in paths]
    actual = frozenset[str]().union(*(one.keys for one in found if one.kind == "actual"))
    amortised = frozenset[str]().union(*(one.keys for one in found if one.kind == "amortised"))
    both = actual & amortised
    option = {"actual": "used_elsewhere", "amortised": "billed_elsewhere"}
    return {
        one.path: {option[one.kind]: tuple(sorted(one.keys & both)), "left_out": one.left_out(both)}
        for one in found
        if one.kind and one.keys & both
    }


def _export(path: Path, fold: Callable[[str], str]) -> Export:
    used: dict[tuple[str, bool], Tally] = defaultdict(Tally)
    others: dict[str, Tally] = defaultdict(Tally)
    amortised = purchased = False
    for row in _rows(glimpse(path), fold):
        committed = row.get("pricingmodel") in _COMMITTED
        kind = row.get("chargetype") or "Usage"
        cost = next((row[name] for name in COST if row.get(name)), None)
        amortised = amortised or kind.startswith("Unused") or (committed and kind == "Usage" and not _is_zero(cost))
        purchased = purchased or (committed and kind in ("Purchase", "Refund"))
        key = f"{row.get('billingaccountid') or ''}|{row.get(PERIOD[0]) or ''}"
        is_used = kind in _UNUSED or (committed and kind == "Usage")
        tally = used[key, _is_zero(cost)] if is_used else others[key]
        tally.add(_amount(cost), next((row[name] or "" for name in CURRENCY if row.get(name)), ""))
    keys = frozenset([*(key for key, _ in used), *others])
    return Export(path, _kind(path.name.lower(), amortised=amortised, purchased=purchased), keys, used, others)


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


def _amount(text: str | None) -> Decimal:
    """A cost for a sum in a sentence: the ledger, which reads the rows, rejects what is no number."""
    try:
        found = Decimal((text or "0").strip())
    except InvalidOperation:
        return Decimal(0)
    return found if found.is_finite() and abs(found.adjusted()) < 100 else Decimal(0)


def _is_zero(text: str | None) -> bool:
    try:
        return Decimal(text or "0") == 0
    except InvalidOperation:
        return True
