"""Oracle Cloud's cost reports (CSV); the ledger reads the file itself, by the SQL given here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.sources.base import Load, Part, Pattern
from finops.sources.bill_sheet import NULL, Sheet, cases, currency, map_of, quoted, sheet
from finops.sources.files import file_part
from finops.sources.glimpse import glimpse

_COST, _START, _REFERENCE = "cost/myCost", "lineItem/intervalUsageStart", "lineItem/referenceNo"


class OciCosts:
    """One cost report. Option: `currency` names the currency of files that have no column for it."""

    name = "oci_costs"
    title = "Oracle Cloud cost reports (CSV)"
    contracts: tuple[str, ...] = ("charge",)
    takes_currency = True
    patterns: tuple[Pattern, ...] = (Pattern((".csv",), header_all=(_REFERENCE, _COST, _START)),)

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [file_part(path, root)]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:
        bill = sheet(glimpse(part.path), ((_COST,), (_START,)), "cost report")
        money, notes = currency(bill, options.get("currency"), "cost/currencyCode")
        notes.append("a cost report names no billing period and no invoice: the month of the usage (UTC) stands for the period")
        scan = bill.scan({"BillingCurrency": money, **_charge(bill), **_what(bill)}, notes=notes)
        yield Load("charge", scan, notes=notes)


def _charge(bill: Sheet) -> dict[str, str]:
    start, corrects = bill.text(_START), bill.text("lineItem/isCorrection")
    month = f"left({start}, 7) || '-01'"
    return {
        "BillingAccountId": bill.raw("lineItem/tenantId"),
        "SubAccountId": bill.raw("product/compartmentId"),
        "SubAccountName": bill.raw("product/compartmentName"),
        "BillingPeriodStart": month,
        "BillingPeriodEnd": f"strftime(TRY_CAST({month} AS DATE) + INTERVAL 1 MONTH, '%Y-%m-%d')",
        "InvoiceIssuerName": "'Oracle'",
        "ServiceProviderName": "'Oracle'",
        "HostProviderName": "'Oracle'",
        "ChargeCategory": "'Usage'",
        "ChargeClass": cases((f"lower({corrects}) = 'true'", "'Correction'")) if corrects != NULL else NULL,
        "ChargeFrequency": "'Usage-Based'",
        "ChargeDescription": bill.raw("product/Description"),
        "ChargePeriodStart": bill.raw(_START),
        "ChargePeriodEnd": bill.raw("lineItem/intervalUsageEnd"),
        "BilledCost": bill.raw(_COST),
        "EffectiveCost": bill.raw(_COST),
        "ContractedCost": bill.raw(_COST),
        "ContractedUnitPrice": bill.raw("cost/unitPrice"),
        "PricingQuantity": bill.raw("usage/billedQuantity"),
        "ConsumedQuantity": bill.raw("usage/consumedQuantity"),
        "ConsumedUnit": bill.raw("usage/consumedQuantityUnits"),
        "PricingUnit": bill.raw("cost/billingUnitReadable", "cost/skuUnitDescription"),
    }


def _what(bill: Sheet) -> dict[str, str]:
    tags = [(name, f"nullif({quoted(own)}, '')") for name, own in bill.starting("tags/")]
    details = (
        ("x_ReferenceNo", _REFERENCE),
        ("x_BackreferenceNo", "lineItem/backreferenceNo"),
        ("x_Overage", "cost/overageFlag"),
    )
    return {
        "ServiceName": bill.raw("product/service"),
        "RegionId": bill.raw("product/region"),
        "AvailabilityZone": bill.raw("product/availabilityDomain"),
        "ResourceId": bill.raw("product/resourceId"),
        "SkuId": bill.raw("cost/productSku"),
        "SkuMeter": bill.raw("product/resource", "product/Description"),
        "SkuPriceDetails": map_of([(name, bill.text(column)) for name, column in details]),
        "Tags": map_of(tags),
    }


SOURCE = OciCosts()
