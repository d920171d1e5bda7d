"""FOCUS 1.4 InvoiceDetail as CSV or Parquet: what the issuer's invoices say, to reconcile against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.sources.base import Load, Part, Pattern
from finops.sources.bill_sheet import sheet
from finops.sources.files import file_part
from finops.sources.glimpse import glimpse

_MUST = ("BilledCost", "BillingCurrency", "BillingPeriodStart", "InvoiceId")
_OURS = {
    "issuer": "InvoiceIssuerName",
    "account": "BillingAccountId",
    "currency": "BillingCurrency",
    "billing_period": "BillingPeriodStart",
    "billing_period_end": "BillingPeriodEnd",
    "invoice": "InvoiceId",
    "detail": "InvoiceDetailId",
    "category": "ChargeCategory",
    "status": "InvoiceIssueStatus",
    "reference": "ReferenceInvoiceId",
    "billed": "BilledCost",
    "issued": "InvoiceIssueDate",
    "updated": "InvoiceDetailLastUpdated",
    "payment_currency": "PaymentCurrency",
    "payment_billed": "PaymentCurrencyBilledCost",
    "description": "InvoiceDetailDescription",
}
"""Column of the contract to column of the dataset."""


class FocusInvoices:
    """One file of InvoiceDetail. It brings no cost: its lines are totals beside the charges of Cost and Usage."""

    name = "focus_invoices"
    title = "FOCUS 1.4 InvoiceDetail (CSV, Parquet)"
    contracts: tuple[str, ...] = ("invoice",)
    patterns: tuple[Pattern, ...] = (
        Pattern(
            (".csv", ".parquet"),
            header_all=_MUST,
            header_any=("InvoiceIssueStatus", "InvoiceIssueDate", "InvoiceDetailCreated", "InvoiceDetailGrain"),
        ),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [file_part(path, root, text=not path.name.lower().endswith(".parquet"))]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        bill = sheet(glimpse(part.path), tuple((name,) for name in _MUST), "InvoiceDetail dataset")
        yield Load("invoice", bill.scan({ours: bill.raw(theirs) for ours, theirs in _OURS.items()}))


SOURCE = FocusInvoices()
