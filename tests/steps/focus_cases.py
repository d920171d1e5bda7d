"""The FOCUS specification's worked cases as figures: what each line bills and costs, and what comes of the case."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from typing import Any

HOUR = ("2023-01-01T00:00:00Z", "2023-01-01T01:00:00Z")
YEAR = ("2023-01-01T00:00:00Z", "2024-01-01T00:00:00Z")
TERM = ("2025-04-01T00:00:00Z", "2026-04-01T00:00:00Z")


@dataclass(frozen=True)
class Line:
    """One line. `price` is (list price, contracted price, quantity) of one pricing unit."""

    category: str
    billed: str
    effective: str
    listed: str | None = None
    contracted: str | None = None
    price: tuple[str | None, str | None, str] | None = None
    time: tuple[str, str] = HOUR
    month: str | None = None
    more: dict[str, str] = field(default_factory=dict)

    def cells(self, case: str) -> dict[str, Any]:
        listed_at, contracted_at, quantity = self.price or (None, None, None)
        start = f"{self.month or self.time[0][:7]}-01T00:00:00Z"
        return {
            **{"BillingAccountId": case, "BillingCurrency": "USD", "BillingPeriodStart": start, "InvoiceIssuerName": "Issuer"},
            **{"ServiceProviderName": "Issuer", "ServiceName": case, "ChargeCategory": self.category},
            **{"ChargePeriodStart": self.time[0], "ChargePeriodEnd": self.time[1]},
            **{"BilledCost": self.billed, "EffectiveCost": self.effective},
            **{"ListCost": self.listed, "ContractedCost": self.contracted},
            **{"ListUnitPrice": listed_at, "ContractedUnitPrice": contracted_at, "PricingQuantity": quantity},
            **self.more,
        }


def _month(number: int) -> tuple[str, str]:
    """A month of the term that begins in April 2025."""
    first, after = 3 + number, 4 + number
    names = [f"{2025 + month // 12}-{month % 12 + 1:02}-01T00:00:00Z" for month in (first, after)]
    return names[0], names[1]


def _held(status: str | None = None, **more: str) -> dict[str, str]:
    own = {"CommitmentDiscountId": "held", "CommitmentDiscountCategory": "Usage", "PricingCategory": "Committed"}
    return {**own, **({"CommitmentDiscountStatus": status} if status else {"PricingCategory": "Standard"}), **more}


def _tokens(model: str, direction: str, action: str | None, millions: str, price: str, cost: str, month: str) -> Line:
    details = {"ModelId": model, "TokenDirection": direction, **({"TokenCacheAction": action} if action else {})}
    unit = {"PricingUnit": "1000000 Tokens", "ServiceSubcategory": "Generative AI", "SkuPriceDetails": json.dumps(details)}
    after = f"{month[:5]}{int(month[5:]) + 1:02}"
    times = (f"{month}-01T00:00:00Z", f"{after}-01T00:00:00Z")
    return Line("Usage", cost, cost, cost, cost, (price, price, millions), times, more=unit)


def _corrected(resource: str, cost: str, listed: str, quantity: str) -> Line:
    """Use of 1 May at 1.5 (list 2), put right on June's invoice, after May's was closed."""
    times = ("2025-05-01T00:00:00Z", "2025-05-01T01:00:00Z")
    more = {"ChargeClass": "Correction", "ResourceId": resource, "InvoiceId": "June"}
    return Line("Usage", cost, cost, listed, cost, ("2", "1.5", quantity), times, "2025-06", more)


def _server_hours(number: int, hours: str, listed: str, cost: str, billed: str | None = None) -> Line:
    return Line("Usage", cost if billed is None else billed, cost, listed, cost, ("15", "12", hours), _month(number))


def _shortfall(share: str, cost: str, number: int, time: tuple[str, str] | None = None, billed: str | None = None) -> Line:
    """What an agreement of 1,200 has left to pay, as a share of it."""
    own = time or _month(number)
    month = _month(number)[0][:7]
    return Line("Usage", cost if billed is None else billed, cost, cost, cost, ("1200", "1200", share), own, month)


def _executions(cost: str, price: str, quantity: str, tokens: str) -> Line:
    more = {"PricingCurrency": "Token", "PricingCurrencyEffectiveCost": tokens, "PricingUnit": "Execution"}
    return Line(
        "Usage", "0", cost, cost, cost, (price, price, quantity), ("2025-04-01T00:00:00Z", "2025-04-02T00:00:00Z"), None, more
    )


JUPITER, MARS, VENUS = (f"solora-atlas-5.6-{name}" for name in ("jupiter", "mars", "venus"))
PRO = "solora-reasoning-pro"
CASES: dict[str, tuple[Line, ...]] = {
    "commitment used, flexible, one resource": (
        Line("Purchase", "0.50", "0", "1.00", None, ("1.00", None, "1.00"), more=_held()),
        Line("Usage", "0", "0.50", "3.00", None, None, more=_held("Used")),
        Line("Usage", "2.25", "2.25", "2.25", None, ("3.00", None, "0.75"), more={"PricingCategory": "Standard"}),
    ),
    "commitment used, flexible, two resources": (
        Line("Purchase", "2.00", "0", "4.00", None, ("4.00", None, "1.00"), more=_held()),
        *(Line("Usage", "0", "1.00", "2.00", None, ("2.00", None, "1.00"), more=_held("Used", ResourceId=r)) for r in ("a", "b")),
    ),
    "commitment used in full": (
        Line("Purchase", "1.50", "0", "3.00", None, ("3.00", None, "1.00"), more=_held()),
        Line("Usage", "0", "1.50", "3.00", None, ("3.00", None, "1.00"), more=_held("Used")),
    ),
    "commitment unused": (
        Line("Purchase", "1.50", "0", "3.00", None, ("3.00", None, "1.00"), more=_held()),
        Line("Usage", "0", "1.50", "3.00", None, ("3.00", None, "1.00"), more=_held("Unused")),
        Line("Usage", "2.00", "2.00", "2.00", None, ("2.00", None, "1.00"), more={"PricingCategory": "Standard"}),
    ),
    "commitment bought upfront": (Line("Purchase", "8760.00", "0", time=YEAR, more=_held(ChargeFrequency="One-Time")),),
    "commitment bought by the hour": tuple(
        Line("Purchase", "1.00", "0", time=HOUR, more=_held(ChargeFrequency="Recurring")) for _ in range(3)
    ),
    "commitment bought half upfront": (
        Line("Purchase", "4380.00", "0", time=YEAR, more=_held(ChargeFrequency="One-Time")),
        *(Line("Purchase", "0.50", "0", time=HOUR, more=_held(ChargeFrequency="Recurring")) for _ in range(3)),
    ),
    "virtual currency bought": (Line("Purchase", "200000", "0", "200000", "200000", ("2", "2", "100000"), TERM),),
    "virtual currency spent": (
        _executions("490", "2", "245", "245"),
        _executions("20", "4", "5", "10"),
        _executions("720", "6", "120", "360"),
    ),
    "virtual currency overspent and bought again": (
        Line("Purchase", "3000", "0", "3000", "3000", ("2", "2", "1500"), TERM, "2025-10"),
        Line("Purchase", "50000", "0", "50000", "50000", ("2", "2", "25000"), ("2025-10-01T00:00:00Z", TERM[1])),
    ),
    "prepaid use": (
        Line("Purchase", "1200", "0", "1200", "1200", ("1200", "1200", "1"), TERM),
        _server_hours(0, "4", "60", "48", "0"),
        _server_hours(1, "10", "150", "120", "0"),
        _server_hours(2, "5", "75", "60", "0"),
        _shortfall("0.81", "972", 11, TERM, "0"),
    ),
    "spend agreed, settled at the end": (
        _server_hours(0, "4", "60", "48"),
        _server_hours(1, "10", "150", "120"),
        _server_hours(2, "5", "75", "60"),
        _shortfall("0.81", "972", 11, TERM),
    ),
    "spend agreed, settled by the month": (
        _server_hours(0, "4", "60", "48"),
        _shortfall("0.01", "12", 0),
        _server_hours(1, "10", "150", "120"),
        _server_hours(2, "5", "75", "60"),
        *(_shortfall("0.05", "60", number) for number in range(3, 11)),
        _shortfall("0.4", "480", 11, TERM),
    ),
    "licences by the month": tuple(
        Line("Usage", cost, cost, cost, cost, ("20", "20", seats), _month(number))
        for number, (seats, cost) in enumerate((("505", "10100"), ("650", "13000"), ("635", "12700")))
    ),
    "licences for the term": (Line("Purchase", "50000", "50000", "50000", "50000", ("100", "100", "500"), TERM),),
    "correction of a closed month": (
        _corrected("R-111", "-1500", "-2000", "-1000"),
        _corrected("R-111", "1200", "1600", "800"),
        _corrected("R-222", "300", "400", "200"),
    ),
    "invoice of several AI models": (
        _tokens(JUPITER, "Input", "Uncached", "100.00", "5.0000", "500.00", "2025-05"),
        _tokens(JUPITER, "Output", None, "50.00", "30.0000", "1500.00", "2025-05"),
        _tokens(MARS, "Input", "Uncached", "5.00", "2.5000", "12.50", "2025-05"),
        _tokens(MARS, "Output", None, "1.50", "15.0000", "22.50", "2025-05"),
        _tokens(VENUS, "Input", "Uncached", "0.75", "1.0000", "0.75", "2025-05"),
        _tokens(VENUS, "Output", None, "0.25", "6.0000", "1.50", "2025-05"),
        _tokens(VENUS, "Input", "Read", "0.10", "0.1000", "0.01", "2025-05"),
        _tokens(VENUS, "Input", "Write", "0.08", "1.2500", "0.10", "2025-05"),
    ),
    "prompt caching": (
        _tokens(PRO, "Input", "Uncached", "0.5", "3.0", "1.5", "2025-01"),
        _tokens(PRO, "Input", "Write", "2.0", "3.75", "7.5", "2025-01"),
        _tokens(PRO, "Input", "Read", "8.0", "0.3", "2.4", "2025-01"),
        _tokens(PRO, "Output", None, "1.5", "15.0", "22.5", "2025-01"),
    ),
    "prepaid AI tokens": (
        Line("Purchase", "500000", "0", time=TERM, more=_held(CommitmentDiscountCategory="Spend")),
        Line("Usage", "0", "50", time=_month(0), more=_held("Used", CommitmentDiscountCategory="Spend")),
    ),
}

FIGURES: dict[str, tuple[str, str]] = {
    "commitment used, flexible, one resource": ("2.75", "2.75"),
    "commitment used, flexible, two resources": ("2", "2"),
    "commitment used in full": ("1.5", "1.5"),
    "commitment unused": ("3.5", "3.5"),
    "commitment bought upfront": ("8760", "0"),
    "commitment bought by the hour": ("3", "0"),
    "commitment bought half upfront": ("4381.5", "0"),
    "virtual currency bought": ("200000", "0"),
    "virtual currency spent": ("0", "1230"),
    "virtual currency overspent and bought again": ("53000", "0"),
    "prepaid use": ("1200", "1200"),
    "spend agreed, settled at the end": ("1200", "1200"),
    "spend agreed, settled by the month": ("1200", "1200"),
    "licences by the month": ("35800", "35800"),
    "licences for the term": ("50000", "50000"),
    "correction of a closed month": ("0", "0"),
    "invoice of several AI models": ("2037.36", "2037.36"),
    "prompt caching": ("33.9", "33.9"),
    "prepaid AI tokens": ("500000", "50"),
}
"""Billed and effective cost of each case, in USD."""


def bill(lines: list[dict[str, Any]]) -> str:
    """Lines of any cases as one FOCUS file."""
    names = list(dict.fromkeys(name for line in lines for name in line))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()
