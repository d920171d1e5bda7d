"""Periods of business: months by name, the last so many days, and the one that a command means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from finops.errors import UsageError


@dataclass(frozen=True)
class Period:
    """Days from `first` up to, not including, `end`; `label` is how the user wrote it. A month is also a billing month."""

    first: date
    end: date
    label: str
    is_month: bool

    @property
    def last(self) -> date:
        return self.end - timedelta(days=1)


def month_period(text: str, option: str = "--month") -> Period:
    """The month written as 2026-10."""
    if not re.fullmatch(r"\d{4}-\d{2}", text):
        raise UsageError(f"`{text}` is not a month", where=option, hint="write it as 2026-10")
    try:
        first = date(int(text[:4]), int(text[5:]), 1)
        return Period(first, next_month(first), text, True)
    except (ValueError, OverflowError):
        raise UsageError(f"`{text}` is not a month", where=option, hint="write it as 2026-10") from None


def last_period(text: str, as_of: date, option: str = "--last") -> Period:
    """The days up to and including `as_of`, written as 30d, 4w or 3m."""
    match = re.fullmatch(r"([1-9]\d{0,4})([dwm])", text)
    if not match:
        raise UsageError(f"`{text}` is not a span of days", where=option, hint="write it as 30d, 4w or 3m")
    number = int(match[1])
    end = as_of + timedelta(days=1)
    try:
        first = _months_back(end, number) if match[2] == "m" else end - timedelta(days=number * (7 if match[2] == "w" else 1))
    except (OverflowError, ValueError):
        raise UsageError(f"`{text}` reaches back too far", where=option, hint="write it as 30d, 4w or 3m") from None
    return Period(first, end, text, False)


def chosen_period(month: str | None, last: str | None, as_of: date) -> Period | None:
    """What the options `--month` and `--last` mean; None is everything."""
    if month and last:
        raise UsageError("`--month` and `--last` can't both be given", where="--last", hint="leave one out")
    if month:
        return month_period(month)
    return last_period(last, as_of) if last else None


def next_month(day: date) -> date:
    """The first day of the month after the day's."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def month_text(day: date) -> str:
    """The day's month, as 2026-10."""
    return f"{day.year:04}-{day.month:02}"


def _months_back(end: date, months: int) -> date:
    index = end.year * 12 + end.month - 1 - months
    first = date(index // 12, index % 12 + 1, 1)
    return first + timedelta(days=min(end.day, (next_month(first) - first).days) - 1)
