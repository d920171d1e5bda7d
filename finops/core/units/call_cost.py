"""What a call cost: its list price by what its owner's calls of that model and day cost, in the currency of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

Row = Mapping[str, Any]

_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_STORED = Decimal("1e-12")
_KEYS = ("day", "tenant", "agent", "workflow", "model", "provider", "currency")


class CallRates:
    """What calls cost by bill or estimate beside their list price: by day, owner, model, provider and the list's currency."""

    def __init__(self, rates: Iterable[Row]) -> None:
        self._rates = {_key(rate): rate for rate in rates}

    def at_bill(self, row: Row, listed: Decimal | None) -> dict[str, Any]:
        """The row with `listed`, an amount at list price, as `list_cost`, and with its `cost`. Where the bill is in another
        currency than list prices, so is the row: its list price is then in `weighed` alone, its currency in `listed_in`."""
        rate = self._rates.get(_key(row))
        told = {**row, "list_cost": listed, "weighed": listed, "listed_in": row["currency"], "cost": _billed_at(listed, rate)}
        if rate is not None and rate["billed_currency"] != row["currency"]:
            told |= {"list_cost": None, "currency": rate["billed_currency"]}
        return told


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) or "" for name in _KEYS)


def _billed_at(listed: Decimal | None, rate: Row | None) -> Decimal | None:
    """An amount at list price x `effective` / `list_cost` of its owner, model, provider and day; None where either is unknown."""
    if listed is None or rate is None or rate["effective"] is None or not rate["list_cost"]:
        return None
    return _EXACT.divide(_EXACT.multiply(listed, rate["effective"]), rate["list_cost"]).quantize(_STORED, context=_EXACT)
