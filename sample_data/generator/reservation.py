"""The reservation that is too large: five servers for tenants' desks, of which two always run and a third in office hours."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from generator import company
from generator.bills import Row, compute_row
from generator.runs import days

_RATE = Decimal(company.RESERVED_RATE)
_SKU = f"aws-{company.RESERVED_TYPE}-reserved"


def reserved_rows(day: date) -> Iterator[Row]:
    """A day of it: the fee on the first day of a month, each server's hours under it, and what nobody used of each hour.

    As FOCUS has it: the fee is billed and is no effective cost; hours are effective cost and billed by the fee."""
    if day in (company.FIRST_DAY, day.replace(day=1)):
        yield _fee(day)
    for hour in range(24):
        start = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        running = desks_in(start)
        for desk in running:
            yield _hour(start, 1, _RATE) | {
                "ListCost": Decimal(company.RESERVED_ON_DEMAND),
                "ResourceId": desk["resource"],
                "ResourceName": desk["resource"],
                "CommitmentDiscountStatus": "Used",
                "Tags": {"tenant": desk["tenant"]},
            }
        if unused := company.RESERVED_UNITS - len(running):
            yield _hour(start, unused, _RATE * unused) | {"CommitmentDiscountStatus": "Unused"}


def desks_in(start: datetime) -> list[dict[str, str]]:
    """The servers that run in an hour."""
    office = start.weekday() < 5 and company.OFFICE_HOURS[0] <= start.hour < company.OFFICE_HOURS[1]
    return [desk for desk in company.DESKS if office or desk["runs"] == "always"]


def used_and_all_hours(month: date) -> tuple[int, int]:
    """Server hours that ran in a month under the reservation, and hours of the month."""
    own = [day for day in days() if (day.year, day.month) == (month.year, month.month)]
    starts = [datetime(day.year, day.month, day.day, hour, tzinfo=UTC) for day in own for hour in range(24)]
    return sum(len(desks_in(start)) for start in starts), len(starts)


def _fee(day: date) -> Row:
    left = monthrange(day.year, day.month)[1] - day.day + 1
    quantity = Decimal(24 * left * company.RESERVED_UNITS)
    row = _reserved(day, "Reservation fee", quantity) | {"ChargeCategory": "Purchase", "ChargeFrequency": "Recurring"}
    cost = _RATE * quantity
    row |= {"BilledCost": cost, "EffectiveCost": Decimal(0), "ContractedCost": cost, "ListCost": cost}
    return row | {"PricingCategory": "Standard", "ChargePeriodEnd": row["BillingPeriodEnd"], "ListUnitPrice": _RATE}


def _hour(start: datetime, units: int, effective: Decimal) -> Row:
    row = _reserved(start.date(), f"{company.RESERVED_TYPE} reserved", Decimal(units))
    row |= {"BilledCost": Decimal(0), "EffectiveCost": effective, "ContractedCost": effective, "ListCost": Decimal(0)}
    row |= {"ChargePeriodStart": start, "ChargePeriodEnd": start + timedelta(hours=1)}
    return row | {"ListUnitPrice": Decimal(company.RESERVED_ON_DEMAND), "PricingCategory": "Committed"}


def _reserved(day: date, what: str, quantity: Decimal) -> Row:
    return compute_row("aws", day, what, company.RESERVED_TYPE, _RATE, quantity) | {
        "SkuId": _SKU,
        "SkuMeter": f"ReservedUsage:{company.RESERVED_TYPE}",
        "SkuPriceId": f"{_SKU}-hour",
        "Tags": {},
        "CommitmentDiscountCategory": "Usage",
        "CommitmentDiscountId": company.RESERVATION,
        "CommitmentDiscountName": "desks",
        "CommitmentDiscountQuantity": quantity,
        "CommitmentDiscountType": "Reserved Instance",
        "CommitmentDiscountUnit": "Hours",
    }
