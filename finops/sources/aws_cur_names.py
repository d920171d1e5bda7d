"""The columns of AWS Cost and Usage Reports under both their names, and what the values mean. Data only."""

from __future__ import annotations

from collections.abc import Mapping

CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "Usage": ("Usage", "DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanNegation"),
    "Purchase": ("Fee", "RIFee", "SavingsPlanRecurringFee", "SavingsPlanUpfrontFee"),
    "Tax": ("Tax",),
    "Credit": (
        *("Credit", "Discount", "BundledDiscount", "EdpDiscount", "PrivateRateDiscount", "RiVolumeDiscount"),
        *("SppDiscount", "ResellerDiscount"),
    ),
}
"""FOCUS's ChargeCategory by line item type; a negation stands with the usage that it takes back. Others are adjustments."""

COMMITTED = ("DiscountedUsage", "SavingsPlanCoveredUsage")
UNUSED = ("RIFee", "SavingsPlanRecurringFee")
"""Fees whose amortised cost is what the commitment did not use."""
FREE_WHEN_AMORTISED = ("SavingsPlanNegation", "SavingsPlanUpfrontFee")
SPLIT_OPERATIONS = ("EKSPod-EC2", "ECSTask-EC2")

INSTANCE = (
    r":((?:ml\.|db\.|cache\.)?[a-z][a-z0-9-]*\.(?:nano|micro|small|medium|large|[0-9]*xlarge|metal|metal-[0-9a-z]+))(?:[.:].*)?$"
)
"""The instance type at the end of a usage type such as `USW2-BoxUsage:g6.xlarge`."""
NOT_HOURS = r"EBSOptimized|CPUCredits|EBS:|DataTransfer"
"""Usage types that name an instance type and do not bill its hours."""


def names(group: str, legacy: str, modern: str | None = None) -> tuple[str, str]:
    """Both names of a column: `lineItem/UsageType` and `line_item_usage_type`."""
    return f"{group}/{legacy}", f"{_snake(group)}_{modern or _snake(legacy)}"


def _snake(name: str) -> str:
    """`savingsPlan` and `SavingsPlanARN` as CUR 2.0 writes them: `savings_plan`, `savings_plan_a_r_n`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
