"""Fees of commitments of which the bill does not say how much was used: what is unused is unknown, and not nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from finops.config import Settings
from finops.core.numbers import money_table
from finops.core.periods import Period
from finops.ledger.store import Reader

Row = dict[str, Any]


def unnamed_fees(reader: Reader, settings: Settings, period: Period) -> list[Row]:
    """Fees of the days by provider, kind of commitment and currency. Google Cloud's export is the one that names no use of them:
    it has the fee and, on covered usage, credits at on-demand prices, whose discount it does not state."""
    rows = reader.read("commitment_fees", first=period.first, end=period.end)
    return [row for row in rows if settings.currency in (None, row["currency"])]


def fee_notes(fees: Sequence[Row]) -> list[str]:
    """One sentence per fee."""
    return [
        f"{money_table(row['cost'], row['currency'])} was paid to {row['provider']} for commitments ({row['kind']}); its bill "
        "does not say how much of them was used, so that what is unused is unknown, and not nothing"
        for row in fees
    ]


def of_known_use(row: Row, fees: Sequence[Row]) -> Row:
    """What is held today, without the figures that need to know what of it was used and what an hour of it cost."""
    if row["plan"] != "today" or row["provider"] not in {fee["cloud"] for fee in fees}:
        return row
    return row | dict.fromkeys(("utilisation", "savings_rate", "too_many", "too_many_cost", "unused_cost"))
