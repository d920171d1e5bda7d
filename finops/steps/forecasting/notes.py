"""What a forecast says in sentences: how the month closes, how far the data reach, how such forecasts did, what is unsure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from finops.core import numbers
from finops.core.forecasting.forecast import FIRM_DAYS, MIN_DAYS, Record
from finops.ledger.daily import Uncosted
from finops.steps.forecasting.outlook import FEWEST_DAYS, SCENARIO_MONTHS, Month, Total

Row = Mapping[str, Any]
MINUS = "\N{MINUS SIGN}"


def notes_on(
    totals: Sequence[Row],
    wholes: Sequence[tuple[str, Month, Total]],
    rows: Sequence[Row],
    by: Sequence[str],
    reach: date,
    as_of: date,
    uncosted: Sequence[Uncosted] = (),
) -> list[str]:
    """The sentences under a forecast, the most important first."""
    made: list[str] = []
    now = [(row, whole) for row, (_, month, whole) in zip(totals, wholes, strict=True) if month is wholes[0][1]]
    month = wholes[0][1]
    for row, whole in now:
        made.append(closing_sentence(row, month, whole.days_known))
        made += _history(row, whole, month)
    made.append(
        f"Days are complete up to {numbers.date_text(reach)}"
        + ("; of later days, what is booked is the least that is expected." if reach < as_of else ".")
    )
    for row, whole in now:
        made += _inside(row, whole)
    made += [_without_effective(of) for of in uncosted]
    unsure = _unsure(rows, by)
    if unsure:
        made.append(unsure)
    if by:
        made.append("`expected` adds up; quantiles do not: each is of its own total.")
    if len({m.label for _, m, _ in wholes}) > SCENARIO_MONTHS + 1:
        made.append(f"Beyond {SCENARIO_MONTHS} months these are scenario bands, not forecasts.")
    return made


def effect_notes(effects: Sequence[Row]) -> list[str]:
    """What each change brings, over all months that were asked for."""
    made: dict[tuple[str, str], dict[str, Decimal]] = {}
    for row in effects:
        made.setdefault((row["change"], row["currency"]), {})[row["period"]] = row["effect"]
    touched = {change for (change, _), months in made.items() if any(months.values())}
    sentences = []
    for (change, currency), months in made.items():
        if change in touched and not any(months.values()):
            continue
        shown = [
            f"{'+' if effect > 0 else MINUS}{numbers.money_total(abs(effect), currency)} in {_month(period)}"
            for period, effect in months.items()
            if effect
        ]
        rest = f" and {len(shown) - 3} more months" if len(shown) > 3 else ""
        sentences.append(f"{change[0].upper()}{change[1:]}: {', '.join(shown[:3]) or 'no effect in these months'}{rest}.")
    if any(change.startswith("planned") for change in touched):
        sentences.append("Planned spend is taken to be as uncertain as the rest.")
    return list(dict.fromkeys(sentences))


def _month(period: str) -> str:
    return numbers.month_name(date.fromisoformat(f"{period}-01"))


def closing_sentence(row: Row, month: Month, days_known: int = MIN_DAYS) -> str:
    """November will close at $6.1k, 80% interval $5.9k–$6.4k; $0.4k under budget."""
    currency, expected, low, high = row["currency"], row["expected"], row["p10"], row["p90"]
    name = numbers.month_name(month.first)
    if expected is None:
        spent = numbers.money_total(row["spent"], currency)
        days = "1 complete day is" if days_known == 1 else f"{numbers.count(days_known)} complete days are"
        return f"{spent} is spent in {name}; there is no forecast yet: {days} too few, it takes {FEWEST_DAYS}."
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
    if row["expected"] is None:
        return []
    if row["p10"] is None and whole.seen_once and whole.days_known >= MIN_DAYS:
        amount = numbers.money_total(whole.seen_once, row["currency"])
        return [f"Low confidence: {amount} of month-long charges came in one month only; expected again, without an interval."]
    if row["p10"] is None and whole.days_known >= MIN_DAYS:
        return ["Low confidence: hardly any daily cost is known beside charges of a whole month, so there is no interval."]
    if row["p10"] is None:
        return [f"Low confidence: {days} complete days are too short a history for an interval: it takes {MIN_DAYS}."]
    record = whole.record
    if row["confidence"] == "low" and (whole.days_known < FIRM_DAYS or record.windows < 1):
        return [f"Low confidence: {days} complete days are a short history, and the interval leans on what other spend does."]
    tested = track_record(record)
    if tested is None:
        return []
    text = f"Low confidence: {tested}" if row["confidence"] == "low" else tested[0].upper() + tested[1:]
    if record.coverage is not None:
        text += f", and {numbers.percent_total(record.coverage)} of the totals fell into the 80% interval"
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


def _without_effective(of: Uncosted) -> str:
    charges = "1 charge has" if of.charges == 1 else f"{numbers.count(of.charges)} charges have"
    if of.all_of_them:
        return f"No charge in {of.currency} has an EffectiveCost: this is a forecast of billed cost."
    billed = numbers.money_total(of.billed, of.currency)
    return f"{charges} no EffectiveCost and are not in here; {billed} was billed for them."


def _unsure(rows: Sequence[Row], by: Sequence[str]) -> str | None:
    """The groups whose history is too short to say much."""
    if not by:
        return None
    first = rows[0]["period"] if rows else None
    low = [row for row in rows if row["period"] == first and row["confidence"] == "low" and (row["expected"] or 0) > 0]
    if not low:
        return None
    names = [" / ".join(str(row[name] or "unknown") for name in by) for row in low]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
    return f"Low confidence, for a short history or a poor record: {shown}."
