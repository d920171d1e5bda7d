"""Needless calls in money: the owner's share of the bill, in the currency of the bill."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from finops.core.units.waste import priced_calls

D = Decimal
OWNER: dict[str, Any] = {
    "day": date(2026, 11, 3),
    "tenant": "acme",
    "agent": "a",
    "workflow": "w",
    "model": "m",
    "currency": "USD",
}


def test_a_call_costs_its_share_of_a_bill_in_whatever_currency() -> None:
    call = {**OWNER, "cause": "retried", "list_cost": D(2), "excess_tokens": None}
    rate = {**OWNER, "list_cost": D(8), "effective": D("7.2"), "billed_currency": "USD"}
    (at_home,) = priced_calls([call], [rate], [])
    assert (at_home["currency"], at_home["list_cost"], at_home["cost"]) == ("USD", D(2), D("1.8"))
    (abroad,) = priced_calls([call], [{**rate, "billed_currency": "EUR"}], [])
    assert (abroad["currency"], abroad["list_cost"], abroad["weighed"], abroad["cost"]) == ("EUR", None, D(2), D("1.8"))
    (unbilled,) = priced_calls([call], [], [])
    assert (unbilled["currency"], unbilled["list_cost"], unbilled["cost"]) == ("USD", D(2), None)
