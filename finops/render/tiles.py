"""The five figures at the top of a report, each with a comparison and a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from finops.core import numbers
from finops.render.page import Page
from finops.render.words import change_text, likely


@dataclass(frozen=True)
class Tile:
    """One of the five figures."""

    id: str
    label: str
    value: str
    comparison: str
    attention: bool
    series: tuple[Decimal | None, ...]
    said: str
    """The sparkline in words."""


def tiles(page: Page) -> list[Tile]:
    """Spend, forecast, cost per success, idle, unallocated: each with a comparison and a series."""
    return [_spend_tile(page), _forecast_tile(page), _success_tile(page), _idle_tile(page), _unallocated_tile(page)]


def _spend_tile(page: Page) -> Tile:
    head = page.headline
    label = "Spend, month" if page.closed else "Spend to date"
    change, attention = _change(head.spent, head.spent_before)
    against = f"{change} on the month before" if page.closed else f"{change} on the same days before"
    text = against if change else "nothing to compare with"
    spent = head.spent if page.spend is not None else None
    return Tile("spend_to_date", label, numbers.money_total(spent, page.currency), text, attention,
                head.spend_days, f"Spend by day: {_series_text(head.spend_days, page.currency)}")  # fmt: skip


def _forecast_tile(page: Page) -> Tile:
    head = page.headline
    if page.closed:
        value, text, attention = "n/a", "the month is closed", False
    elif head.expected is None:
        value, text, attention = "n/a", "no forecast yet", False
    else:
        value = numbers.money_within(head.expected, head.low, head.high, page.currency)
        has_range = head.low is not None and head.high is not None
        text = f"80%: {numbers.range_text(head.low, head.high, page.currency)}" if has_range else "no interval yet"
        if head.over_budget_probability is not None:
            text += f" · {likely(head.over_budget_probability)} over budget"
        attention = head.budget is not None and head.expected > head.budget
    return Tile("forecast", "Forecast, month", value, text, attention,
                head.months, f"Total by month: {_series_text(head.months, page.currency)}")  # fmt: skip


def _success_tile(page: Page) -> Tile:
    head = page.headline
    change, attention = _change(head.cost_per_success, head.cost_per_success_before)
    text = f"{change} on the month before" if change else (head.no_success or "nothing to compare with")
    return Tile("cost_per_success", "Cost per successful run", numbers.unit_price(head.cost_per_success, page.currency),
                text, attention, head.cost_per_success_weeks,
                f"By week: {_series_text(head.cost_per_success_weeks, page.currency)}")  # fmt: skip


def _idle_tile(page: Page) -> Tile:
    head = page.headline
    if head.idle is None or not head.capacity:
        return Tile("idle", "Idle GPU", "n/a", "no metered capacity", False, (), "")
    share = head.idle / head.capacity
    return Tile("idle", "Idle GPU", numbers.money_total(head.idle, page.currency),
                f"{numbers.percent_total(share)} of metered capacity", share > Decimal("0.25"),
                head.idle_days, f"Idle by day: {_series_text(head.idle_days, page.currency)}")  # fmt: skip


def _unallocated_tile(page: Page) -> Tile:
    head = page.headline
    if head.unallocated is None or head.spent <= 0:
        return Tile("unallocated", "Unallocated", "n/a", "nothing was billed", False, (), "")
    share = head.unallocated / head.spent
    return Tile("unallocated", "Unallocated", numbers.percent_total(share),
                f"{numbers.money_total(head.unallocated, page.currency)} has no owner", share > Decimal("0.05"),
                head.unallocated_days, f"Unallocated by day: {_series_text(head.unallocated_days, page.currency)}")  # fmt: skip


def _change(now: Decimal | None, before: Decimal | None) -> tuple[str, bool]:
    """▲ 12% and whether it wants attention; empty where there is nothing to compare."""
    text = change_text(now, before)
    return ("", False) if text == "n/a" else (text, bool(now and before and now > before * Decimal("1.05")))


def _series_text(series: Sequence[Decimal | None], currency: str) -> str:
    known = [value for value in series if value is not None]
    if not known:
        return "no values."
    first, last = numbers.money_total(known[0], currency), numbers.money_total(known[-1], currency)
    return f"from {first} to {last}, at most {numbers.money_total(max(known), currency)}."
