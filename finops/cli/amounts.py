"""Amounts as options are written: shares, discounts, durations and numbers above 0."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from finops.errors import UsageError

_HOURS = {"s": 1 / 3600, "m": 1 / 60, "min": 1 / 60, "h": 1.0, "d": 24.0}


def hours(text: str, option: str, zero: bool = False) -> float:
    """A duration such as 90s, 5m, 1.5h or 2d in hours, above 0 or, with `zero`, from 0."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*(s|m|min|h|d)", text.strip().lower())
    if match is None and zero and text.strip() == "0":
        return 0.0
    value = float(match[1]) * _HOURS[match[2]] if match else 0.0
    if match is None or (value <= 0 and not zero) or value > 24 * 3_660:
        raise UsageError(f"`{text}` is not a duration", where=option, hint="write it as 90s, 5m, 1.5h or 2d, up to ten years")
    return value


def above_zero(text: str, option: str, largest: int | None = None) -> Decimal:
    """A number above 0, up to `largest`."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(0)
    if not value.is_finite() or value <= 0 or (largest is not None and value > largest):
        raise UsageError(f"`{text}` will not do", where=option, hint=f"a number above 0{f' up to {largest}' if largest else ''}")
    return value


def share(text: str, option: str) -> Decimal:
    """A share from 0 to below 1, written as 30% or 0.3."""
    number = text.strip()
    try:
        value = Decimal(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except InvalidOperation:
        value = Decimal(1)
    if not value.is_finite() or not 0 <= value < 1:
        raise UsageError(f"`{text}` will not do", where=option, hint="a share from 0 to below 1, such as 30%")
    return value


def discounts(text: str | None, option: str = "--assume") -> dict[str, Decimal]:
    """Discounts by term, written as reserved_1y=37%,reserved_3y=60%."""
    found = {}
    for part in filter(None, (piece.strip() for piece in (text or "").split(","))):
        term, _, amount = part.partition("=")
        discount = share(amount, option)
        if not discount:
            raise UsageError(f"`{part}` is no discount", where=option, hint="write it as reserved_1y=37%")
        found[term.strip()] = discount
    return found
