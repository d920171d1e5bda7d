"""Exact money: amounts as integers of 1e-12 and the one way to split them. The SQL macro is proved against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation

from finops.errors import DataError

SCALE = 12
UNITS_PER_ONE = 10**SCALE
WEIGHT_LIMIT = 10**18
"""Weights add up to less than this, so that the products of a split stay within 128 bits."""

_EXACT = Context(prec=120, traps=[Inexact, InvalidOperation])


def units_of(amount: Decimal) -> int:
    """The amount in units of 1e-12. An amount with finer digits is refused: rounding is the loader's, once."""
    try:
        return int(amount.quantize(Decimal(1).scaleb(-SCALE), context=_EXACT).scaleb(SCALE, context=_EXACT))
    except (Inexact, InvalidOperation, ValueError):
        raise DataError(f"{amount} is not an amount of at most {SCALE} decimals") from None


def amount_of(units: int) -> Decimal:
    """The amount that so many units of 1e-12 are."""
    return Decimal(units).scaleb(-SCALE, context=_EXACT)


def muldiv(amount: int, weight: int, weight_total: int) -> int:
    """`amount * weight / weight_total` towards zero, in steps that stay within 128 bits for |amount| < 1e38."""
    size = abs(amount)
    share = (size // weight_total) * weight + ((size % weight_total) * weight) // weight_total
    return -share if amount < 0 else share


def split(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """The amount's shares over the targets, in order of their keys. They add up to the amount to the last unit.

    share_j = T(amount, W_j) - T(amount, W_(j-1)) with cumulative weights W_j and T = muldiv."""
    keys = sorted(weights)
    total = _checked_total(weights[key] for key in keys)
    shares: dict[str, int] = {}
    reached = 0
    before = 0
    for key in keys:
        reached += weights[key]
        upto = muldiv(amount, reached, total)
        shares[key] = upto - before
        before = upto
    return shares


def split_rows(amounts: Sequence[int], weights: Mapping[str, int]) -> list[dict[str, int]]:
    """Each row's shares, given that the rows' sum is split over the targets: rows and targets both add up exactly.

    share_ij = T(C_i, W_j) - T(C_(i-1), W_j) - T(C_i, W_(j-1)) + T(C_(i-1), W_(j-1)) with cumulative amounts C_i."""
    keys = sorted(weights)
    total = _checked_total(weights[key] for key in keys)
    rows: list[dict[str, int]] = []
    amount_before = 0
    for amount in amounts:
        amount_upto = amount_before + amount
        row: dict[str, int] = {}
        reached = 0
        before = 0
        for key in keys:
            reached += weights[key]
            upto = muldiv(amount_upto, reached, total) - muldiv(amount_before, reached, total)
            row[key] = upto - before
            before = upto
        rows.append(row)
        amount_before = amount_upto
    return rows


def fitted_weights(drivers: Mapping[str, int]) -> dict[str, int]:
    """Driver quantities as weights: the last digits are dropped where their sum would pass the limit."""
    total = sum(drivers.values())
    step = 10 ** max(0, len(str(total)) - len(str(WEIGHT_LIMIT)) + 1)
    return {key: drivers[key] // step for key in sorted(drivers)}


def _checked_total(weights: Iterable[int]) -> int:
    total = 0
    for weight in weights:
        if weight < 0:
            raise DataError(
                f"a weight of {weight}: weights can't be negative", hint="a credit is a negative amount, not a weight"
            )
        total += weight
    if total == 0:
        raise DataError("all weights are zero: nothing says how to split", hint="give the rule an `otherwise`")
    if total >= WEIGHT_LIMIT:
        raise DataError(f"weights add up to {total}, which is not below {WEIGHT_LIMIT}")
    return total
