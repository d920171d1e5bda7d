"""The closing of one month day by day: what was spent, the expected way on, and how wide it may go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.budget import monthly_budget
from finops.core.forecasting.forecast import GRID
from finops.core.forecasting.shares import decimal
from finops.ledger.daily import booked_by_day
from finops.steps.forecasting.notes import track_record
from finops.steps.forecasting.outlook import Outlook

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.core.forecasting.states import Array
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
    reader: Reader,
    outlook: Outlook,
    group: int,
    leaves: Sequence[int],
    reach: date,
    settings: Settings,
    currency: str,
    billed_only: Sequence[str] = (),
) -> Close:
    """The current month of the group (as numbered in the outlook's run) of these leaves."""
    month = outlook.months[0]
    total = outlook.total(group, leaves, 0, of_all=True)
    spent = _cumulated(reader, month.first, reach, currency, billed_only)
    booked = sum((outlook.booked[leaf].since_reach for leaf in leaves), Decimal(0))
    start, expected_end = total.spent - booked, total.expected
    daily = outlook.path[list(leaves)].sum(axis=0)[month.skip : month.skip + month.days]
    ahead, way = [], 0.0
    for n, amount in enumerate(daily.tolist() if expected_end is not None else [], start=1):
        way += amount
        day = reach + timedelta(days=month.skip + n)
        least = total.spent if day >= settings.as_of else start
        errors = outlook.errors(group, leaves, 0, n, month.skip + n) if total.grid else None
        ahead.append(_day(day, currency, max(start + decimal(way), least), least, errors))
    if ahead and expected_end is not None:
        last = {name: (total.quantiles or {}).get(name) for name in FAN}
        ahead[-1] = CloseDay(ahead[-1].day, currency, expected_end, **last)
    budget = monthly_budget(settings.budgets, {}, currency)
    return Close(currency, month.first, reach, spent, tuple(ahead), budget, total.record.error, track_record(total.record))


def _day(day: date, currency: str, expected: Decimal, least: Decimal, errors: Array | None) -> CloseDay:
    if errors is None:
        return CloseDay(day, currency, expected, None, None, None, None)
    bounds = {name: max(least, expected + decimal(float(errors[GRID.index(p)]))) for name, p in FAN.items()}
    return CloseDay(day, currency, expected, **bounds)


def _cumulated(
    reader: Reader, first: date, reach: date, currency: str, billed_only: Sequence[str]
) -> tuple[tuple[date, Decimal], ...]:
    """Everything booked, one-off rows too, added up from the first of the month."""
    by_day = booked_by_day(reader, first, reach, currency, billed_only)
    total, made = Decimal(0), []
    for n in range((reach - first).days + 1):
        day = first + timedelta(days=n)
        total += by_day.get(day, Decimal(0))
        made.append((day, total))
    return tuple(made)
