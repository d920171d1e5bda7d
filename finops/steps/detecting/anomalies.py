"""Unusual spend: incidents at the deepest node that explains them, in money, with their driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from finops.config import Overrides, load_settings
from finops.core.detecting.anomalies import SETTLE_D, judge
from finops.core.detecting.incidents import Incident, incidents, nodes_of, summed
from finops.core.detecting.incidents import Path as Node
from finops.core.explaining.bridge_parts import Owner, Side, by_driver, effects, scaled
from finops.core.numbers import date_text, money_change, money_table
from finops.core.periods import last_period
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.ledger.daily import Uncosted, uncosted_charges
from finops.ledger.store import Reader, one_state
from finops.steps.detecting.burn import burn_rows, used_up, with_stops
from finops.steps.detecting.runaways import hourly_incidents
from finops.steps.detecting.signs import with_signs
from finops.steps.detecting.state import COLUMN, compared, gone, read_state, write_state
from finops.steps.detecting.tenants import with_tiers
from finops.steps.forecasting.bridge_sides import read_sides
from finops.steps.forecasting.history import complete_until, history
from finops.steps.reading import read_ledger

Row = dict[str, Any]
_ZERO = Decimal(0)
LEAVES = ("tenant", "agent", "workflow")
LEVELS: tuple[tuple[str, ...], ...] = (
    *((), ("tenant",), ("workflow",), ("agent",)),
    *(("tenant", "workflow"), ("tenant", "agent"), ("workflow", "agent"), ("tenant", "workflow", "agent")),
)
BUDGET = 1 / 6
FLOOR_SHARE = 0.005
"""An incident is told from this share of the last 30 days' spend on."""
BEFORE_D = 28
COLUMNS = (
    *(Column("opened", "Opened", "date"), Column("closed", "Closed", "date", wide_only=True), Column("status", "Status")),
    *(Column("path", "Where"), Column("class", "Class"), Column("currency", "Currency", wide_only=True)),
    *(
        Column("excess", "Excess", "money", "excess_cost"),
        Column("expected", "Expected", "money", "expected_cost", wide_only=True),
    ),
    *(Column("p_value", "p", "number", wide_only=True), Column("cause", "Cause")),
    Column("driver", "Driver", wide_only=True),
    Column("offset", "Offset nearby", "money", "excess_cost", wide_only=True),
)


def anomalies(overrides: Overrides, *, last: str = "30d", state: Path | None = None, dry_run: bool = False, talk: Talk) -> Result:
    """Incidents that began in the days up to the business date, the newest first. With `state`, each is told beside what the run
    before said of it, and the file is renewed unless `dry_run`."""
    settings = load_settings(overrides)
    period = last_period(last, settings.as_of)
    rows: list[Row] = []
    notes: list[str] = []
    floors: dict[str, float] = {}
    with read_ledger(settings) as reader, one_state(reader):
        uncosted = uncosted_charges(reader, settings.as_of, settings.currency)
        billed_only = [of.currency for of in uncosted if of.all_of_them]
        reach = complete_until(reader, settings.as_of, settings.currency, billed_only)
        if unbuilt := reader.unbuilt():
            talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
        known = history(reader, LEAVES, reach, settings.as_of, settings.currency, billed_only)
        for currency in sorted({str(key[0]) for key in known.keys}):
            own = [row for row, key in enumerate(known.keys) if key[0] == currency]
            spend, first = known.spend[own], known.first[own]
            floors[currency] = max(FLOOR_SHARE * float(spend[:, -30:].sum()), 0.01)
            begins = reach - timedelta(days=spend.shape[1] - 1)
            found, more = _of_currency(
                reader,
                [tuple(str(part) for part in known.keys[row][1:]) for row in own],
                spend,
                first,
                begins,
                period.first,
                currency,
                floors[currency],
            )
            tenants = [str(known.keys[row][1]) for row in own]
            rows += with_tiers(found, tenants, spend, begins, settings)
            rows += hourly_incidents(reader, currency, settings.as_of, period.first, floors[currency], rows)
            notes += more
        rows = with_signs(reader, rows, floors, since=period.first, until=settings.as_of, currency=settings.currency)
        budgets = burn_rows(reader, settings, period.first, money_only=True)
    notes += [uncosted_note(of) for of in uncosted]
    rows = with_stops(rows, budgets)
    rows.sort(key=lambda row: (row["opened"], row["excess"] or _ZERO, row["path"]), reverse=True)
    notes.append(
        f"days up to {date_text(reach)} are judged; chance may raise one alert in six months a series of days, "
        "and one in a month an agent's hours"
    )
    notes += used_up(budgets)
    meta = {"currency": settings.currency, "as_of": settings.as_of, "period": period.label, "judged_until": reach}
    if state is None:
        return Result(COLUMNS, rows, _totals(rows), meta, notes)
    before = read_state(state)
    rows = compared(rows, before)
    notes += gone(rows, before, period.first)
    if not dry_run:
        write_state(state, rows, settings.as_of)
    return Result((COLUMN, *COLUMNS), rows, _totals(rows), meta, notes, [] if dry_run else [str(state)])


def uncosted_note(of: Uncosted) -> str:
    """What stands for charges that have no effective cost, or that they are not judged."""
    if of.all_of_them:
        return f"no charge in {of.currency} has an EffectiveCost: its billed cost is judged"
    billed = money_table(of.billed, of.currency)
    return f"{of.charges:,} charges have no EffectiveCost and are not judged; {billed} was billed for them"


def _of_currency(
    reader: Reader,
    keys: Sequence[tuple[str, ...]],
    spend: Any,
    first: Any,
    begins: date,
    since: date,
    currency: str,
    floor: float,
) -> tuple[list[Row], list[str]]:
    days = spend.shape[1]
    nodes = _distinct(nodes_of(keys, LEAVES, LEVELS))
    totals, started = summed(spend, first, nodes)
    if days - int(started.min()) <= SETTLE_D:
        return [], [f"{currency}: {days - int(started.min())} days are too few to tell what is usual; {SETTLE_D + 1} are needed"]
    judged = judge(totals, started, budget=BUDGET, apart=np.array([not path for path in nodes]))
    found = incidents(
        judged,
        totals,
        nodes,
        floor=floor,
        since=max((since - begins).days, 0),
        days=[begins + timedelta(days=i) for i in range(days)],
    )
    notes = [f"{currency}: {len(nodes):,} series; incidents below {money_table(Decimal(repr(floor)), currency)} are not told"]
    rows = [_row(reader, one, keys, nodes, begins, currency) for one in found]
    return rows, notes


def _distinct(nodes: Mapping[Node, list[int]]) -> dict[Node, list[int]]:
    """Nodes with the same leaves once, under the shortest path: the same series is not judged twice."""
    seen: dict[tuple[int, ...], Node] = {}
    for path, rows in nodes.items():
        key = tuple(rows)
        if key not in seen or len(path) < len(seen[key]):
            seen[key] = path
    return {path: nodes[path] for path in nodes if seen[tuple(nodes[path])] == path}


def _row(
    reader: Reader, one: Incident, keys: Sequence[tuple[str, ...]], nodes: Mapping[Node, list[int]], begins: date, currency: str
) -> Row:
    opened, last = begins + timedelta(days=one.opened), begins + timedelta(days=one.last)
    driver = _driver(reader, {(*keys[row], currency) for row in nodes[one.path]}, opened, last, currency)
    return {
        "opened": opened,
        "closed": None if one.closed is None else begins + timedelta(days=one.closed),
        "status": one.status,
        "path": " / ".join(f"{name}={value}" for name, value in one.path) or "everything",
        "class": one.kind,
        "currency": currency,
        "excess": _money(one.excess),
        "expected": _money(one.expected),
        "p_value": float(f"{one.p_value:.2g}"),
        "cause": driver,
        "driver": driver,
        "offset": _money(one.offset) if one.offset else None,
    }


def _driver(reader: Reader, owners: set[tuple[str, ...]], opened: date, last: date, currency: str) -> str | None:
    """The driver with the largest effect, between the days of the incident and as many usual ones (the 28 days before)."""
    after = _sides(reader, opened, last + timedelta(days=1), currency, owners)
    usual = _sides(reader, opened - timedelta(days=BEFORE_D), opened, currency, owners)
    days = Decimal((last - opened).days + 1)
    before = {owner: scaled(side, days / BEFORE_D) for owner, side in usual.items()}
    found = [row for row in by_driver(effects(before, after), ()) if row["effect"] > 0]
    if not found:
        return None
    top = max(found, key=lambda row: row["effect"])
    return f"{top['driver']} {money_change(top['effect'], currency)}"


def _sides(reader: Reader, first: date, end: date, currency: str, owners: set[tuple[str, ...]]) -> dict[Owner, Side]:
    return {owner: side for owner, side in read_sides(reader, first, end, currency).items() if owner in owners}


def _money(amount: float) -> Decimal:
    return Decimal(repr(round(float(np.float64(amount)), 6)))


def _totals(rows: Sequence[Row]) -> list[Row]:
    currencies = sorted({row["currency"] for row in rows if row["currency"]})
    return [
        {"currency": currency, "excess": sum((row["excess"] or _ZERO for row in rows if row["currency"] == currency), _ZERO)}
        for currency in currencies
    ]
