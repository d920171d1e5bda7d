"""What a token costs on a day, and what calls cost at those prices: exact, in units of 1e-12 USD."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from generator import company
from generator.runs import Call

_KINDS = {"input": 1, "cached": 2, "output": 3}


def token_price(model: str, kind: str, day: date) -> Decimal:
    """USD per million tokens at list on a day."""
    current = [row for row in company.TOKEN_PRICES[model] if row[0] <= day][-1]
    return Decimal(str(current[_KINDS[kind]]))


def list_cost(calls: Iterable[Call]) -> Decimal:
    """USD of calls at list prices."""
    return sum((_cost(call, call.day) for call in calls), Decimal(0))


def billed_cost(calls: Iterable[Call]) -> Decimal:
    """USD of calls under the contract."""
    return list_cost(calls) * company.OPENAI_PAYS_PERCENT / 100


def cost_at(calls: Iterable[Call], day: date) -> Decimal:
    """USD of calls under the contract, had they all been made on a day."""
    return sum((_cost(call, day) for call in calls), Decimal(0)) * company.OPENAI_PAYS_PERCENT / 100


def _cost(call: Call, day: date) -> Decimal:
    tokens = (("input", call.uncached), ("cached", call.cached), ("output", call.output))
    return sum((token_price(call.model, kind, day) * count for kind, count in tokens), Decimal(0)) / 1_000_000
