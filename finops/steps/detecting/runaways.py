"""Agents that run away within a day: incidents of hours, beside those of days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from finops.core.detecting.bursts import SETTLE_H, runaways
from finops.ledger.store import Reader

Row = dict[str, Any]
HISTORY_D = 75
BUDGET = 1.0
"""New alerts that chance may raise in a month of an agent's hours, before the floor in money."""
_PAUSE_H = 24


def hourly_incidents(reader: Reader, currency: str, until: date, since: date, floor: float, others: Sequence[Row]) -> list[Row]:
    """Stretches of hours that cost an agent far beyond its hours of the week, up to the end of `until`, from `since` on, where no
    incident of days speaks of them. Amounts are at list price, the only ones that are known by the hour.
    """
    first = until - timedelta(days=HISTORY_D - 1)
    rows = reader.read("anomaly_hours", first=first, end=until + timedelta(days=1))
    hours = HISTORY_D * 24
    series: dict[str, Any] = {}
    for row in rows:
        if row["currency"] == currency:
            series.setdefault(row["agent"], np.zeros(hours))[row["hour"]] += float(row["cost"])
    agents = sorted(name for name in series if not name.startswith("__"))
    if not agents:
        return []
    spend = np.array([series[name] for name in agents])
    begun = np.array([int(np.argmax(row > 0)) // 24 * 24 for row in spend])
    found: list[Row] = []
    for age in sorted(set(begun)):
        own = np.nonzero(begun == age)[0]
        if hours - age <= SETTLE_H:
            continue
        alerts, expected = runaways(spend[own][:, age:], budget=BUDGET)
        for place, agent in enumerate(own):
            excess = spend[agent, age:] - expected[place]
            for start, end in _stretches(alerts[place]):
                amount = float(excess[start : end + 1].sum())
                begins = datetime.combine(first, time()) + timedelta(hours=int(age) + start)
                if amount >= floor and begins.date() >= since:
                    usual = float(expected[place][start : end + 1].sum())
                    found.append(
                        _row(agents[agent], begins, end - start + 1, amount, usual, end + _PAUSE_H >= hours - age, currency)
                    )
    return [row for row in found if not _told(row, others)]


def _stretches(alerts: Any) -> list[tuple[int, int]]:
    """First and last hour of each run of alerts, shorter pauses than a day included."""
    found: list[tuple[int, int]] = []
    for hour in np.nonzero(alerts)[0]:
        if found and hour - found[-1][1] <= _PAUSE_H:
            found[-1] = (found[-1][0], int(hour))
        else:
            found.append((int(hour), int(hour)))
    return found


def _row(agent: str, begins: datetime, hours: int, excess: float, usual: float, going_on: bool, currency: str) -> Row:
    ended = begins + timedelta(hours=hours - 1)
    times = f"{(excess + usual) / usual:.1f}× the usual" if usual > 0 else "nothing was usual"
    return {
        "opened": begins.date(),
        "closed": None if going_on else ended.date(),
        "status": "open" if going_on else "resolved",
        "path": f"agent={agent}",
        "class": "runaway",
        "currency": currency,
        "excess": Decimal(repr(round(excess, 6))),
        "expected": Decimal(repr(round(usual, 6))),
        "p_value": None,
        "cause": f"{times}, {hours} h from {begins:%H:%M}",
        "driver": None,
        "offset": None,
    }


def _told(row: Row, others: Sequence[Row]) -> bool:
    """Whether an incident of days has this agent, or what it belongs to, on one of these days."""
    ended = row["closed"] or date.max
    return any(
        other["opened"] <= ended
        and row["opened"] <= (other["closed"] or date.max)
        and (row["path"] in other["path"] or "agent=" not in other["path"])
        for other in others
    )
