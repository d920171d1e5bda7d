"""Parts of the forecast: how far the data are complete, months ahead, sharing out to the last digit, sentences."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.forecasting.forecast import Record
from finops.core.forecasting.shares import shared_out
from finops.ledger.daily import Delivery
from finops.steps.forecasting.history import last_day_of
from finops.steps.forecasting.notes import closing_sentence, track_record
from finops.steps.forecasting.outlook import Month, months_ahead

NEWEST = date(2026, 11, 19)
MONEY = st.decimals(0, 10**9, places=12)


def delivery(**changes: Any) -> Delivery:
    usual = {"newest": NEWEST, "spend_days": 14, "billed_until": NEWEST, "billed_mean": 100.0, "estimated_mean": None}
    return Delivery(**{**usual, **changes})


def ago(days: int) -> date:
    return NEWEST - timedelta(days=days)


@pytest.mark.parametrize(
    ("known", "reach"),
    [
        (delivery(), NEWEST),
        (delivery(newest=ago(2), billed_until=ago(2)), ago(2)),
        (delivery(newest=ago(9), billed_until=ago(9)), NEWEST),  # it has ended
        (delivery(newest=ago(5), billed_until=ago(5), spend_days=3), NEWEST),  # it bills now and then
        (delivery(billed_until=ago(4), estimated_mean=95.0), NEWEST),  # traces tell nearly all
        (delivery(billed_until=ago(4), estimated_mean=40.0), ago(4)),  # the bill holds more than traces know
        (delivery(billed_until=ago(60), estimated_mean=40.0), NEWEST),  # bills stopped long ago
        (delivery(billed_until=None, billed_mean=None, estimated_mean=None), NEWEST),
    ],
)
def test_how_far_a_provider_is_complete(known: Delivery, reach: date) -> None:
    assert last_day_of(known, NEWEST) == reach


def test_months_ahead() -> None:
    assert months_ahead(date(2028, 2, 20), date(2028, 2, 19), 1) == (
        Month(date(2028, 2, 1), 0, 10),
        Month(date(2028, 3, 1), 10, 31),
    )
    assert months_ahead(date(2026, 12, 1), date(2026, 11, 28), 0) == (Month(date(2026, 12, 1), 2, 31),)
    assert months_ahead(date(2026, 12, 31), date(2026, 12, 30), 0) == (Month(date(2026, 12, 1), 0, 1),)


@given(MONEY, st.lists(MONEY, min_size=1, max_size=20))
def test_shares_add_up_to_the_last_digit(total: D, weights: list[D]) -> None:
    parts = shared_out(total, weights)
    assert sum(parts, D(0)) == total
    assert all(part >= -D("0.00002") for part in parts)


def row(**changes: Any) -> dict[str, Any]:
    usual = {"currency": "USD", "expected": D(6100), "p10": D(5900), "p90": D(6400), "budget": D(6500)}
    return {**usual, **changes}


def test_the_sentence() -> None:
    november = Month(date(2026, 11, 1), 0, 10)
    assert closing_sentence(row(), november) == "November will close at $6.1k, 80% interval $5.9k–$6.4k; $400 under budget."
    assert closing_sentence(row(budget=D(6000)), november).endswith("; $100 over budget.")
    assert closing_sentence(row(budget=D(6100)), november).endswith("; on budget.")
    bare = row(budget=None, p10=None, p90=None)
    assert closing_sentence(bare, november) == "November will close at $6.1k."


def test_the_track_record_needs_a_window() -> None:
    assert track_record(Record(15, 0.4, 0.1, 0.2, None)) is None
    said = track_record(Record(15, 3.0, 0.047, 0.056, 0.81))
    assert said == "tested on its own past, forecasts of 15 days were off by 4.7% (run-rate 5.6%)"
