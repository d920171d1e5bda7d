"""What a month's instance hours cost as they were bought, beside what they would have cost bought as was expected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_STORED = Decimal("1e-12")
_ZERO = Decimal(0)

CAUSES = {
    "purchase_option": "hours bought otherwise than was expected",
    "hourly_price": "hours bought as was expected, at another price",
    "unused_commitment": "hours of commitments that nobody used",
    "unknown_price": "hours of which the expected price is not known",
}
"""Why hours cost something else than was expected, in the order in which they are told."""


@dataclass(frozen=True)
class Bought:
    """Hours of a place and how they were bought. `expected` is what they would have cost bought as was expected, None where
    no price is known."""

    provider: str | None
    region: str | None
    instance_type: str
    purchase_option: str | None
    hours: Decimal
    cost: Decimal
    expected: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        """What the way of buying cost more than was expected."""
        return None if self.expected is None else self.cost - self.expected


def cause_of(purchase_option: str | None, expected_option: str, *, price_is_known: bool) -> str:
    """Why hours that were bought one way cost something else than the same hours bought another way."""
    if purchase_option == "commitment_unused":
        return "unused_commitment"
    if not price_is_known:
        return "unknown_price"
    return "hourly_price" if _as_expected(purchase_option, expected_option) else "purchase_option"


def _as_expected(purchase_option: str | None, expected_option: str) -> bool:
    """Bills say of committed hours only that they are, not by which term."""
    committed = purchase_option == "committed" and expected_option not in ("on_demand", "spot")
    return purchase_option == expected_option or committed


@dataclass(frozen=True)
class Steps:
    """From an expected amount to the cost of a month: `expected` + `plan` + causes + `other` = `cost`, exactly."""

    expected: Decimal
    plan: Decimal
    """The same hours at the expected prices - what was expected."""
    causes: dict[str, Decimal]
    other: Decimal
    """Cost of the month that is no instance hours."""
    cost: Decimal


def steps(bought: Iterable[Bought], expected_option: str, other: Decimal, told: Decimal | None = None) -> Steps:
    """The way from what was expected (`told`, else the month's own hours at the expected prices) to what the month cost."""
    causes = dict.fromkeys(CAUSES, _ZERO)
    at_expected = cost = _ZERO
    for one in bought:
        cause = cause_of(one.purchase_option, expected_option, price_is_known=one.expected is not None)
        at_expected += one.expected or _ZERO
        causes[cause] += one.cost - (one.expected or _ZERO)
        cost += one.cost
    expected = at_expected if told is None else told
    return Steps(expected, at_expected - expected, causes, other, cost + other)


def at_price(hours: Decimal, price: Decimal, rate: Decimal) -> Decimal:
    """Hours at a price, converted, to the stored digit."""
    return EXACT.multiply(EXACT.multiply(hours, price), rate).quantize(_STORED, context=EXACT)
