"""One side of a bridge: calls explain their cost in whatever currency it is billed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest

from finops.ledger.store import Reader
from finops.steps.forecasting.bridge_sides import read_sides

OWNER = {"tenant": "acme", "agent": "a", "workflow": "w", "model": "m"}
DAYS = (date(2026, 10, 1), date(2026, 10, 2))


class Told:
    """Two days of calls at 10 USD at list price each, of which a bill says nine in `billed`."""

    def __init__(self, billed: str) -> None:
        self.billed = billed

    def read(self, name: str, **given: Any) -> list[dict[str, Any]]:
        listed = {**OWNER, "currency": "USD", "provider": "openai", "list_cost": Decimal(10)}
        if name == "call_rates":
            return [{**listed, "day": day, "billed_currency": self.billed, "effective": Decimal(9)} for day in DAYS]
        if name == "bridge_tokens":
            rows = [{**listed, "token_class": "output", "tokens": Decimal(100)}]
            return [{**row, "day": day} for row in rows for day in DAYS] if given["by_day"] else rows * 2
        if name == "bridge_cost":
            bought = dict.fromkeys(("region", "instance_type", "purchase_option"))
            return [{**OWNER, **bought, "currency": self.billed, "category": "Usage", "one_off": False, "cost": Decimal(18)}]
        return [{**OWNER, "runs": 1, "useful": 2, "calls": 2}] if name == "bridge_calls" else []


@pytest.mark.parametrize("billed", ["USD", "EUR"])
def test_calls_explain_cost_in_the_currency_of_the_bill(billed: str) -> None:
    (found,) = read_sides(cast(Reader, Told(billed)), DAYS[0], date(2026, 11, 1), None).items()
    assert found[0] == ("acme", "a", "w", billed)
    use = found[1].calls.models["m"]
    assert (use.tokens, use.listed, use.cost) == ({"output": 200}, {"output": 20}, 18)
    assert not found[1].rest
