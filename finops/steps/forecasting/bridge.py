"""Why a month cost more or less than another: the change by driver, adding up to the last digit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from finops.config import Overrides, Settings, load_settings
from finops.core.explaining.bridge_parts import OWNER, Owner, Side, by_driver, effects
from finops.core.numbers import money_change, money_table, month_name
from finops.core.periods import Period, month_period, month_text
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.errors import DataError, UsageError
from finops.ledger.cube import require_built
from finops.ledger.store import one_state
from finops.steps.forecasting.bridge_forecast import expectation, forecast_sides
from finops.steps.forecasting.bridge_sides import read_sides
from finops.steps.reading import read_ledger

Row = dict[str, Any]
_ZERO = Decimal(0)
FORECAST = "forecast"
"""In the place of the month before: what was expected on the eve of the later month."""


def bridge(
    overrides: Overrides,
    *,
    month_from: str | None = None,
    month_to: str | None = None,
    by: Sequence[str] = (),
    top: int = 0,
    talk: Talk,
) -> Result:
    """The change of effective cost between two months (else the last whole ones) by driver and `by`; from "forecast",
    what the later month cost beyond what was expected of it on the day before it began."""
    settings = load_settings(overrides)
    for name in by:
        if name not in OWNER:
            raise UsageError(f"a bridge can't be broken down by `{name}`", where="--by", hint="one of: " + ", ".join(OWNER))
    expected = month_from == FORECAST
    before, after, note = _periods(settings, None if expected else month_from, month_to, alone=expected)
    with read_ledger(settings) as reader, one_state(reader):
        require_built(reader, settings.currency)
        if unbuilt := reader.unbuilt():
            talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
        old = (
            forecast_sides(reader, settings, after)
            if expected
            else read_sides(reader, before.first, before.end, settings.currency)
        )
        new = read_sides(reader, after.first, after.end, settings.currency)
        unknown = [row for row in reader.read("bridge_unknown", first=before.first, end=after.end) if row["charges"]]
    before = expectation(after) if expected else before
    for period, side in ((before, old), (after, new)):
        if not side:
            raise DataError(
                f"no cost is known for {period.label}", where="--from and --to", hint="`finops cost --by month` lists months"
            )
    rows = by_driver(effects(old, new), by)
    totals = _totals(old, new)
    if any(
        sum((row["effect"] for row in rows if row["currency"] == total["currency"]), _ZERO) != total["change"] for total in totals
    ):
        raise DataError("the effects do not add up to the change", where="bridge", hint="this is a defect: please report it")
    notes = [*note, *_sentences(totals, before, after)]
    notes += [f"{row['charges']:,} charges have no effective cost and are not in here" for row in unknown]
    if top and by and len(rows) > top:
        rows = sorted(rows, key=lambda row: (-abs(row["effect"]), str(row)))
        notes.append(f"{len(rows) - top:,} smaller effects are not shown; the totals hold them all")
        rows = rows[:top]
    meta = {
        "currency": settings.currency,
        "metric": "effective",
        "as_of": settings.as_of,
        "from": before.label,
        "to": after.label,
    }
    return Result(_columns(by), _with_shares(rows, totals), totals, {**meta, "days": (after.end - after.first).days}, notes)


def _periods(
    settings: Settings, month_from: str | None, month_to: str | None, *, alone: bool = False
) -> tuple[Period, Period, list[str]]:
    """Both months; where the later one is not over, as many days of each. `alone`: only the later one counts."""
    open_month = settings.as_of.replace(day=1)
    last_whole = month_text(open_month - timedelta(days=1))
    after = month_period(month_to or last_whole, "--to")
    before = month_period(month_from or month_text(after.first - timedelta(days=1)), "--from")
    if before.first == after.first:
        raise UsageError("a month does not differ from itself", where="--from", hint="name two months")
    if after.first > settings.as_of or before.first > settings.as_of:
        raise UsageError("a month that has not begun can't be explained", where="--to", hint="`finops forecast` looks ahead")
    if settings.as_of + timedelta(days=1) >= (after.end if alone else max(before.end, after.end)):
        return before, after, []
    if alone:
        cut_short = replace(after, end=settings.as_of + timedelta(days=1))
        return before, cut_short, [f"{month_name(open_month)} is not over: days 1 to {settings.as_of.day} count"]
    days = min(settings.as_of.day, *((month.end - month.first).days for month in (before, after)))
    cut = [replace(month, end=month.first + timedelta(days=days)) for month in (before, after)]
    return cut[0], cut[1], [f"{month_name(open_month)} is not over: days 1 to {days} of both months are compared"]


def _columns(by: Sequence[str]) -> list[Column]:
    return [
        *(Column(name, name.capitalize()) for name in by),
        *(Column("driver", "Driver"), Column("meaning", "What it is"), Column("currency", "Currency", wide_only=True)),
        *(Column("effect", "Effect", "money", "bridge_effect"), Column("share", "Of the cost before", "ratio", "cost_share")),
    ]


def _with_shares(rows: Sequence[Row], totals: Sequence[Row]) -> list[Row]:
    before = {total["currency"]: total["from_cost"] for total in totals}
    return [
        {**row, "share": round(row["effect"] / before[row["currency"]], 9) if before.get(row["currency"]) else None}
        for row in rows
    ]


def _totals(old: Mapping[Owner, Side], new: Mapping[Owner, Side]) -> list[Row]:
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [_ZERO, _ZERO])
    for place, side in enumerate((old, new)):
        for owner, own in side.items():
            sums[owner[3]][place] += own.cost
    return [
        {"currency": currency, "from_cost": first, "to_cost": second, "change": second - first}
        for currency, (first, second) in sorted(sums.items())
    ]


def _sentences(totals: Sequence[Row], before: Period, after: Period) -> list[str]:
    return [
        f"{before.label} {money_table(total['from_cost'], total['currency'])}, {after.label} "
        f"{money_table(total['to_cost'], total['currency'])}: {money_change(total['change'], total['currency'])}, "
        "which the effects add up to exactly"
        for total in totals
    ]
