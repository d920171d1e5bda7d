"""`finops volatility`: what calls explain of a bill, in whatever currency the bill is."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from finops.ledger.store import Reader
from finops.steps.detecting.volatility import _days

FIRST = date(2026, 10, 1)
OWNER = {"tenant": "acme", "agent": "a", "workflow": "w", "model": "m"}
WINDOW = {"first": FIRST, "end": FIRST + timedelta(days=20)}


class Told:
    """A ledger of twenty days: calls at 10 to 29 USD at list price, of which a bill says nine tenths in `billed`."""

    def __init__(self, billed: str) -> None:
        self.billed = billed

    def read(self, name: str, **_: Any) -> list[dict[str, Any]]:
        days = [{**OWNER, "day": FIRST + timedelta(days=n), "listed": Decimal(10 + n)} for n in range(20)]
        if name == "volatility_tokens":
            return [
                {**row, "currency": "USD", "token_class": "output", "tokens": row["listed"] * 1000, "list_cost": row["listed"]}
                for row in days
            ]
        if name == "volatility_cost":
            return [{**row, "currency": self.billed, "cost": row["listed"] * Decimal("0.9")} for row in days]
        if name == "call_rates":
            paid = [{**row, "effective": row["listed"] * Decimal("0.9"), "list_cost": row["listed"]} for row in days]
            return [{**row, "currency": "USD", "billed_currency": self.billed} for row in paid]
        return []


@pytest.mark.parametrize("billed", ["USD", "EUR"])
@pytest.mark.parametrize("asked", [True, False])
def test_days_of_calls_are_demand_whatever_currency_their_bill_is_in(billed: str, asked: bool) -> None:
    found = _days(cast(Reader, Told(billed)), WINDOW, ("agent",), billed if asked else None)
    assert set(found) == {(billed,), (billed, "a")}
    parts = found[billed, "a"]
    assert parts["demand"] == pytest.approx(parts["cost"])
    assert parts["price"] == pytest.approx(0 * parts["cost"], abs=1e-9)
    assert not parts["other"].any()
