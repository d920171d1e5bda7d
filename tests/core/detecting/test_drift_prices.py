"""A change of price is told from the days on both sides of it; prices that vary every day are none."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from finops.core.detecting.drift_prices import price_changes

DAY = date(2026, 8, 1)


def days(prices: list[str], kind: str = "output") -> list[dict[str, Any]]:
    own = {"provider": "openai", "model": "m", "token_class": kind, "currency": "USD"}
    return [
        {**own, "day": DAY + timedelta(days=i), "tokens": Decimal(1000 + i), "list_cost": Decimal(price) * (1000 + i)}
        for i, price in enumerate(prices)
    ]


def test_one_change_of_two_classes_with_its_effect() -> None:
    (one,) = price_changes(days(["0.03"] * 10 + ["0.02"] * 10) + days(["5"] * 10 + ["4"] * 10, "input_uncached"))
    assert (one.model, one.since, one.days) == ("m", DAY + timedelta(days=10), 10)
    assert one.classes == (("input_uncached", Decimal(5), Decimal(4)), ("output", Decimal("0.03"), Decimal("0.02")))
    assert one.effect == -Decimal("1.01") * sum(1000 + i for i in range(10, 20))


def test_steady_and_restless_prices_change_nothing() -> None:
    assert price_changes(days(["0.03"] * 20)) == []
    assert price_changes(days(["0.03", "0.02"] * 10)) == []
    assert price_changes(days(["0.03"] * 10 + ["0.02"] * 2)) == [], "two days are no new price yet"
    assert price_changes([]) == []
