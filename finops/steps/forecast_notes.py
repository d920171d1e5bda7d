"""What a forecast says in sentences: how the month closes, how far the data reach, how such forecasts did, what is unsure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from finops.core import numbers
from finops.core.forecast import MIN_DAYS, Record
from finops.steps.forecast_outlook import SCENARIO_MONTHS, Month, Total

Row = Mapping[str, Any]


def notes_on(
    totals: Sequence[Row],
    wholes: Sequence[tuple[str, Month, Total]],
    rows: Sequence[Row],
    by: Sequence[str],
    reach: date,
    as_of: date,
) -> list[str]:
    """The sentences under a forecast, the most important first."""
    made: list[str] = []
    now = [(row, whole) for row, (_, month, whole) in zip(totals, wholes, strict=True) if month is wholes[0][1]]
    month = wholes[0][1]
    for row, whole in now:
        made.append(closing_sentence(row, month))
        made += _history(row, whole, month)
    made.append(
        f"Days are complete up to {numbers.date_text(reach)}"
        + ("; of later days, what is booked is the least that is expected." if reach < as_of else ".")
    )
    for row, whole in now:
        made += _inside(row, whole)
    unsure = _unsure(rows, by)
    if unsure:
        made.append(unsure)
    if by:
        made.append("`expected` adds up; quantiles do not: each is of its own total.")
    if len({m.label for _, m, _ in wholes}) > SCENARIO_MONTHS + 1:
        made.append(f"Beyond {SCENARIO_MONTHS} months these are scenario bands, not forecasts.")
    return made


def closing_sentence(row: Row, month: Month) -> str:
    """November will close at $6.1k, 80% interval $5.9k–$6.4k; $0.4k under budget."""
    currency, expected, low, high = row["currency"], row["expected"], row["p10"], row["p90"]
    name = numbers.month_name(month.first)
    if not month.days:
        text = f"{name} closed at {numbers.money_total(expected, currency)}"
    else:
        text = f"{name} will close at {numbers.money_within(expected, low, high, currency)}"
        text += f", 80% interval {numbers.range_text(low, high, currency)}" if low is not None else ""
    if row["budget"] is None:
        return text + "."
    gap = expected - row["budget"]
    if not gap:
        return f"{text}; on budget."
    side = "over" if gap > 0 else "under"
    return f"{text}; {numbers.money_total(abs(gap), currency)} {side} budget."


def track_record(record: Record) -> str | None:
    """How forecasts of about this length did on the own past."""
    if record.error is None or record.windows < 1:
        return None
    text = f"tested on its own past, forecasts of {record.horizon_d} days were off by {numbers.percent_total(record.error)}"
    if record.run_rate_error is not None:
        text += f" (run-rate {numbers.percent_total(record.run_rate_error)})"
    return text


def _history(row: Row, whole: Total, month: Month) -> list[str]:
    if not month.days:
        return []
    days = numbers.count(whole.days_known)
    if row["p10"] is None:
        return [f"{days} complete days are too short a history for an interval: it takes {MIN_DAYS}."]
    if row["confidence"] == "low":
        return [f"Low confidence: {days} complete days are a short history, and the interval leans on what other spend does."]
    record = track_record(whole.record)
    if record is None:
        return []
    text = record[0].upper() + record[1:]
    if whole.record.coverage is not None:
        text += f", and {numbers.percent_total(whole.record.coverage)} of the totals fell into the 80% interval"
    return [text + "."]


def _inside(row: Row, whole: Total) -> list[str]:
    made, currency = [], row["currency"]
    if whole.estimated:
        amount = numbers.money_total(whole.estimated, currency)
        made.append(f"{amount} of what is spent is estimated: no bill has come yet for these days.")
    if whole.one_off:
        amount = numbers.money_total(whole.one_off, currency)
        made.append(f"{amount} of one-off charges, taxes and credits are in what is spent; none are expected again.")
    return made


def _unsure(rows: Sequence[Row], by: Sequence[str]) -> str | None:
    """The groups whose history is too short to say much."""
    if not by:
        return None
    first = rows[0]["period"] if rows else None
    low = [row for row in rows if row["period"] == first and row["confidence"] == "low" and row["expected"] > Decimal(0)]
    if not low:
        return None
    names = [" / ".join(str(row[name] or "unknown") for name in by) for row in low]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
    return f"Low confidence, for a short history: {shown}."
