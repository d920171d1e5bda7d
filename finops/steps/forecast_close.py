"""The closing of one month day by day: what was spent, the expected way on, and how wide it may go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.budget import monthly_budget
from finops.core.forecast import GRID
from finops.steps.forecast_notes import track_record
from finops.steps.forecast_outlook import Outlook, decimal

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.ledger.store import Reader

FAN = {"p10": 0.1, "p25": 0.25, "p75": 0.75, "p90": 0.9}


@dataclass(frozen=True)
class CloseDay:
    """Where the month's spend stands at the end of a day that is still to come; None where no interval is carried."""

    day: date
    currency: str
    expected: Decimal
    p10: Decimal | None
    p25: Decimal | None
    p75: Decimal | None
    p90: Decimal | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Close:
    """One month in one currency. `spent` is cumulated by day up to the last complete one; `ahead` goes on from there."""

    currency: str
    month: date
    complete_until: date
    spent: tuple[tuple[date, Decimal], ...]
    ahead: tuple[CloseDay, ...]
    budget: Decimal | None
    error: float | None
    """Mean error of such forecasts on the own past, as a share of what was spent."""
    track_record: str | None


def closing(
    reader: Reader, outlook: Outlook, group: int, leaves: Sequence[int], reach: date, settings: Settings, currency: str
) -> Close:
    """The current month of the group (as numbered in the outlook's run) of these leaves."""
    month = outlook.months[0]
    total = outlook.total(group, leaves, 0)
    spent = _cumulated(reader, month.first, reach, currency)
    booked = sum((outlook.booked[leaf].since_reach for leaf in leaves), Decimal(0))
    start = total.spent - booked
    daily = outlook.path[list(leaves)].sum(axis=0)[month.skip : month.skip + month.days]
    ahead, way = [], 0.0
    for n, amount in enumerate(daily.tolist(), start=1):
        way += amount
        expected = total.expected if n == month.days else start + decimal(way)
        ahead.append(_day(outlook, group, reach + timedelta(days=month.skip + n), currency, expected, start, month.skip + n, n))
    budget = monthly_budget(settings.budgets, {}, currency)
    return Close(currency, month.first, reach, spent, tuple(ahead), budget, total.record.error, track_record(total.record))


def _day(
    outlook: Outlook, group: int, day: date, currency: str, expected: Decimal, least: Decimal, horizon_d: int, days: int
) -> CloseDay:
    errors = outlook.fan(group, days, horizon_d)
    if errors is None:
        return CloseDay(day, currency, expected, None, None, None, None)
    bounds = {name: max(least, expected + decimal(float(errors[GRID.index(p)]))) for name, p in FAN.items()}
    return CloseDay(day, currency, expected, **bounds)


def _cumulated(reader: Reader, first: date, reach: date, currency: str) -> tuple[tuple[date, Decimal], ...]:
    """Everything booked, one-off rows too, added up from the first of the month."""
    rows = reader.read("report_days", currency=currency, as_of=reach)
    by_day = {row["day"]: row["cost"] or Decimal(0) for row in rows if row["day"] >= first}
    total, made = Decimal(0), []
    for n in range((reach - first).days + 1):
        day = first + timedelta(days=n)
        total += by_day.get(day, Decimal(0))
        made.append((day, total))
    return tuple(made)
