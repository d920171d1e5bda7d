"""Whether the parts add up to the bill: what was read, stored and allocated, and what an invoice says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from typing import Any

from finops.config import Overrides, Settings, load_settings
from finops.core.numbers import count, money_table, plain_decimal
from finops.core.periods import month_period
from finops.core.result import Column, Result
from finops.core.settings import Invoice
from finops.core.talk import Talk
from finops.ledger.cube import require_built
from finops.ledger.store import Reader, open_reader
from finops.steps.costs.unattributed import short_note
from finops.steps.ingesting.calls_twice import twice_notes
from finops.steps.ingesting.cross_checks import put_cross_checks
from finops.steps.reconciling.rules import rule_answer

Row = dict[str, Any]
Key = tuple[str | None, ...]
METHODS = ("direct", "metered", "shared", "idle", "left", "untagged", "unexplained")
UNALLOCATED = ("left", "untagged", "unexplained")
UNCHECKED = "not checked against an invoice: no invoice total is known ([[invoice]] in finops.toml, or FOCUS InvoiceDetail)"
EXACT = Context(prec=400)
"""Raw amounts may have more digits than a DECIMAL holds; their sums keep them all."""

_METRICS = {"allocated": "allocated_cost", "left": "left_cost", "billed": "billed_cost", "estimated": "estimated_cost"}
_AMOUNTS = ("source_total", "rounding", "billed", "allocated", "difference", "invoice_total", "invoice_gap")
COLUMNS = (
    *(Column("period", "Month"), Column("issuer", "Issuer"), Column("account", "Account", wide_only=True)),
    Column("currency", "Currency", wide_only=True),
    *(
        Column(
            name,
            name.replace("_", " ").capitalize(),
            "money",
            _METRICS.get(name, name),
            wide_only=name not in ("billed", "difference"),
        )
        for name in _AMOUNTS
    ),
    Column("invoice_source", "Invoice total from", wide_only=True),
    *(Column(name, name.capitalize(), "money", f"{name}_cost", wide_only=name in UNALLOCATED) for name in METHODS),
    Column("unallocated", "Unallocated", "money", "unallocated_cost"),
    Column("estimated", "Estimated", "money", "estimated_cost"),
)


def reconcile(overrides: Overrides, *, month: str | None = None, rules: bool = False, strict: bool = False, talk: Talk) -> Result:
    """One row per month, issuer, account and currency; with `rules`, what each rule has and what it did, of which `strict` makes
    an error where one does nothing or overlaps another."""
    settings = load_settings(overrides)
    period = month_period(month) if month else None
    with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as reader:
        require_built(reader, settings.currency)
        unbuilt = reader.unbuilt()
        if unbuilt:
            talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
        meta = {"currency": settings.currency, "as_of": settings.as_of, "period": month, "metric": "billed", "unbuilt": unbuilt}
        if rules:
            return rule_answer(reader, settings, period, meta, strict=strict)
        rows, notes = _rows(reader, settings, month)
        if settings.view == "incurred":
            notes.append("a balance is by the months of bills; `finops cost --by month --view incurred` has the months of use")
        notes += [*twice_notes(reader, period), *_uncosted_notes(reader, settings, month), *short_note(reader)]
    return Result(COLUMNS, rows, _totals(rows), meta, notes)


def _rows(reader: Reader, settings: Settings, month: str | None) -> tuple[list[Row], list[str]]:
    controls = _controls(reader)
    issued = reader.read("reconcile_invoices", month=month, currency=settings.currency, by_row=False)
    told = [one for one in settings.invoices if month in (None, one.period) and settings.currency in (None, one.currency)]
    invoices = _Invoices(told, {_key(row): row["total"] for row in issued})
    rows: list[Row] = []
    for found in reader.read("reconcile", month=month, currency=settings.currency):
        row: Row = {**found}
        source, rounding = controls.get(_key(row), (None, None))
        row |= {"source_total": source, "rounding": rounding, "billed": None, "difference": None}
        if source is not None and rounding is not None:
            row["billed"] = EXACT.add(source, rounding)
            row["allocated"] = row["allocated"] or Decimal(0)
            row["difference"] = row["billed"] - row["allocated"]
        row["unallocated"] = (
            None if row["allocated"] is None else sum((row[name] or Decimal(0) for name in UNALLOCATED), Decimal(0))
        )
        rows.append(row)
    notes = invoices.put_on(rows)
    notes += put_cross_checks(rows, reader.read("reconcile_cross_checks", month=month, currency=settings.currency))
    notes += _estimate_notes(rows)
    wrong = [row for row in rows if row["difference"]]
    if wrong:
        notes.append(f"{len(wrong):,} rows do not add up; `finops build --full`, then `finops doctor`")
    return rows, notes


def _controls(reader: Reader) -> dict[Key, tuple[Decimal, Decimal]]:
    sums: dict[Key, tuple[Decimal, Decimal]] = defaultdict(lambda: (Decimal(0), Decimal(0)))
    for row in reader.read("reconcile_controls"):
        source, rounding = sums[_key(row)]
        sums[_key(row)] = (EXACT.add(source, Decimal(row["source_total"])), EXACT.add(rounding, Decimal(row["rounding"])))
    return dict(sums)


def _key(row: Mapping[str, Any]) -> Key:
    return (row["period"], row["issuer"], row["account"], row["currency"])


class _Invoices:
    """Invoice totals, put on the rows that they belong to. What the configuration says goes before what was loaded."""

    def __init__(self, invoices: Sequence[Invoice], issued: Mapping[Key, Decimal]) -> None:
        self._invoices, self._issued = invoices, issued

    def put_on(self, rows: Sequence[Row]) -> list[str]:
        for row in rows:
            row["invoice_total"] = row["invoice_gap"] = row["invoice_source"] = None
        notes = self._put_configured(rows) + self._put_issued(rows)
        for row in rows:
            if row["invoice_total"] is not None:
                row["invoice_gap"] = row["invoice_total"] - row["billed"]
        billed_rows = [row for row in rows if row["billed"] is not None]
        open_rows = [row for row in billed_rows if row["invoice_total"] is None]
        if open_rows and len(open_rows) == len(billed_rows) and not notes:
            notes.append(UNCHECKED)
        elif open_rows:
            notes.append(f"{len(open_rows):,} of {len(billed_rows):,} rows are not checked against an invoice")
        return notes

    def _put_issued(self, rows: Sequence[Row]) -> list[str]:
        """Totals of InvoiceDetail. An invoice without a single charge is told: a bill may be missing."""
        notes, billed = [], {_key(row): row for row in rows if row["billed"] is not None}
        for key, total in self._issued.items():
            row = billed.get(key)
            period, issuer, account, currency = key
            if row is None:
                notes.append(_without_charges(period, issuer, account, total, currency))
            elif row["invoice_total"] is None:
                row |= {"invoice_total": total, "invoice_source": "InvoiceDetail"}
            elif row["invoice_total"] != total:
                said = f"finops.toml says {plain_decimal(row['invoice_total'])} {currency}, which is taken"
                notes.append(f"{period} {issuer} {account or '-'}: {said}; InvoiceDetail says {plain_decimal(total)}")
        return notes

    def _put_configured(self, rows: Sequence[Row]) -> list[str]:
        notes: list[str] = []
        for invoice in self._invoices:
            own = [row for row in rows if row["billed"] is not None and _is_of(invoice, row)]
            if len(own) == 1:
                total = (own[0]["invoice_total"] or Decimal(0)) + invoice.total
                own[0] |= {"invoice_total": total, "invoice_source": "finops.toml"}
            elif own:
                billed = sum((row["billed"] for row in own), Decimal(0))
                gap = plain_decimal(invoice.total - billed)
                notes.append(
                    f"the invoice of {invoice.issuer} for {invoice.period} covers {len(own)} accounts: "
                    f"{plain_decimal(invoice.total)} {invoice.currency}, billed {plain_decimal(billed)}, gap {gap}"
                )
            else:
                notes.append(_without_charges(invoice.period, invoice.issuer, invoice.account, invoice.total, invoice.currency))
        return notes


def _without_charges(period: str | None, issuer: str | None, account: str | None, total: Decimal, currency: str | None) -> str:
    return f"invoiced and without charges: {period} {issuer or '-'} {account or '-'}, {plain_decimal(total)} {currency}"


def _is_of(invoice: Invoice, row: Row) -> bool:
    same = (row["issuer"], row["period"], row["currency"]) == (invoice.issuer, invoice.period, invoice.currency)
    return same and invoice.account in (None, row["account"])


def _uncosted_notes(reader: Reader, settings: Settings, month: str | None) -> list[str]:
    """Charges that say what was billed and not what they cost over time: they balance, and other commands leave them out."""
    return [
        f"{count(row['charges'])} charges billed at {money_table(row['billed'], row['currency'])} have no EffectiveCost: they "
        "are in this balance and in no figure of effective cost"
        for row in reader.read("reconcile_uncosted", month=month, currency=settings.currency)
    ]


def _estimate_notes(rows: Sequence[Row]) -> list[str]:
    estimated: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        estimated[row["currency"]] += row["estimated"] or 0
    return [
        f"{money_table(amount, currency)} is estimated for days without a bill; it is part of no total here"
        for currency, amount in sorted(estimated.items())
        if amount
    ]


def _totals(rows: Sequence[Row]) -> list[Row]:
    totals = []
    for currency in sorted({row["currency"] for row in rows}):
        own = [row for row in rows if row["currency"] == currency]
        sums = {name: _sum_of_known([row[name] for row in own]) for name in ("billed", "allocated", "difference")}
        totals.append({"currency": currency, **sums})
    return totals


def _sum_of_known(amounts: Sequence[Decimal | None]) -> Decimal | None:
    """None where nothing is known: estimates alone have no bill."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None
