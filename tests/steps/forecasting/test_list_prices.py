"""List prices that changed or will: what the history is multiplied by, and what comes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from finops.core.forecasting.planned import Part
from finops.ledger.leaf_parts import PriceStep
from finops.steps.forecasting.list_prices import followed, future, ratio

REACH = date(2026, 11, 19)
CHANGED, COMING = date(2026, 10, 10), date(2026, 12, 1)


def steps(token_class: str, *prices: tuple[date, float]) -> list[PriceStep]:
    return [PriceStep("openai", "m", token_class, day, price) for day, price in prices]


KNOWN = {
    ("openai", "m", "input_uncached"): steps("input_uncached", (date.min, 5), (CHANGED, 4), (COMING, 2)),
    ("openai", "m", "output"): steps("output", (date.min, 30), (CHANGED, 15)),
}


class Paid:
    """A ledger that knows only what was paid by list price, day by day."""

    def __init__(self, before: float, after: float) -> None:
        days = [CHANGED + timedelta(days=n) for n in range(-40, 30)]
        self.rows = [{"provider": "openai", "model": "m", "day": day, "rate": before if day < CHANGED else after} for day in days]

    def read(self, name: str, **_: Any) -> list[dict[str, Any]]:
        assert name == "forecast_paid"
        return self.rows


def test_history_is_priced_as_on_the_last_complete_day() -> None:
    before = CHANGED - timedelta(days=1)
    assert ratio(KNOWN, "openai", "m", "input_uncached", before, REACH) == pytest.approx(0.8)
    assert ratio(KNOWN, "openai", "m", "input_uncached", CHANGED, REACH) == 1.0
    assert ratio(KNOWN, None, "m", None, before, REACH) == pytest.approx((0.8 + 0.5) / 2)
    assert ratio(KNOWN, "openai", "other", "output", before, REACH) == 1.0
    assert ratio(KNOWN, "azure", "m", "output", before, REACH) == 1.0


def test_only_prices_that_bills_followed_change_the_history() -> None:
    assert followed(Paid(0.9, 0.92), KNOWN, REACH) == (KNOWN, [])  # type: ignore[arg-type]
    assert followed(Paid(0.9, 1.4), KNOWN, REACH) == ({}, ["m"])  # type: ignore[arg-type]
    nothing = Paid(1, 1)
    nothing.rows = []
    assert followed(nothing, KNOWN, REACH) == ({}, [])  # type: ignore[arg-type]


def test_prices_that_are_known_to_come_are_changes_of_their_day() -> None:
    (change,) = future(KNOWN, REACH)
    assert (change.first, change.last, change.scope) == (COMING, None, {"model": "m", "provider": "openai"})
    of = {"model": "m", "provider": "openai"}
    halved = {
        kind: change.factor_of(Part(0, 1.0, {**of, "token_class": kind}, True, True)) for kind in ("input_uncached", "output")
    }
    assert halved == {"input_uncached": 0.5, "output": 1.0}
