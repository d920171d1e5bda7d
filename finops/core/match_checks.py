"""What a rule or a layer may match charges by: columns of names, tags, and values that such a column can have."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from finops.core.contracts import CHARGE

DERIVED = ("provider", "model", "token_class", "instance_type", "purchase_option")
"""Names of a charge that a rule may match beside the columns of the bill itself."""
_NOT_MATCHED = ("Tags", "AllocatedTags", "SkuPriceDetails")
"""Columns that hold many values; a rule names one of them as `tag:NAME`."""
_AMOUNTS = {
    **dict.fromkeys(("money", "price", "quantity"), "an amount and no name"),
    **{"time": "a time; `from` and `to` say when a rule holds"},
}
VALUES: Mapping[str, tuple[str, ...]] = {
    "ChargeCategory": ("Usage", "Purchase", "Tax", "Credit", "Adjustment"),
    "ChargeClass": ("Correction",),
    "ChargeFrequency": ("One-Time", "Recurring", "Usage-Based"),
    "PricingCategory": ("Standard", "Dynamic", "Committed", "Other"),
    "CommitmentDiscountCategory": ("Spend", "Usage"),
    "CommitmentDiscountStatus": ("Used", "Unused"),
    "CapacityReservationStatus": ("Used", "Unused"),
}
"""Columns for which FOCUS lists every value."""


def match_fault(match: Mapping[str, Any]) -> tuple[str, str | None] | None:
    """What is wrong with a match and what to do; None where it can mean what it says."""
    for key, value in match.items():
        fault = _key_fault(key) or _value_fault(key, list(value) if isinstance(value, list | tuple) else [value])
        if fault:
            return fault
    return None


def _key_fault(key: str) -> tuple[str, str | None] | None:
    if key.startswith("tag:"):
        return None if key[4:].strip() else ("matches by a tag without a name", "write `tag:NAME`")
    if key in _NOT_MATCHED:
        return f"matches by the whole of `{key}`", "write `tag:NAME` for one tag"
    kind = next((field.kind for field in CHARGE.fields if field.name == key), None)
    if kind is None and key not in DERIVED:
        hint = _nearest(key, [*CHARGE.names, *DERIVED], "name a FOCUS column, or `tag:NAME`")
        return f"matches by `{key}`, which a charge does not have", hint
    if kind in _AMOUNTS:
        return f"matches by `{key}`, which is {_AMOUNTS[kind]}", "name a column of names, such as ServiceName"
    return None


def _value_fault(key: str, values: Sequence[Any]) -> tuple[str, str | None] | None:
    if not values:
        return f"matches `{key}` against an empty list, which no charge can fit", "name a value, or leave the key out"
    for one in values:
        if isinstance(one, bool) or not isinstance(one, str | int | Decimal):
            return f"matches `{key}` against `{one}`, which is no text", "a text, or a list of texts"
        if not key.startswith("tag:") and not str(one).strip():
            return f"matches `{key}` against an empty text, which no charge has", "name a value, or leave the key out"
        if key in VALUES and one not in VALUES[key]:
            hint = _nearest(str(one), VALUES[key], "one of: " + ", ".join(VALUES[key]))
            return f"matches `{key}` against `{one}`, which is no value of it", hint
    return None


def _nearest(name: str, known: Sequence[str], otherwise: str) -> str:
    found = difflib.get_close_matches(name, known, 1)
    return f"did you mean `{found[0]}`?" if found else otherwise
