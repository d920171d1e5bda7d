"""Trouble that shows without statistics: tools called in circles, the same prompts again and again, calls that fail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

Row = Mapping[str, Any]
Kind = Literal["loop", "copies", "errors"]

CAUSES: Mapping[str, Kind] = {"loop": "loop", "copy": "copies", "failed": "errors", "retried": "errors", "fell_back": "errors"}
"""Causes of waste, and the sign of trouble that they are."""
LEAST_SHARE: Mapping[Kind, Decimal] = {"loop": Decimal("0.2"), "copies": Decimal("0.5"), "errors": Decimal("0.25")}
"""An agent's day shows a sign from this share of its calls on: below it, it is waste of every day and no incident."""
LEAST_CALLS: Mapping[Kind, int] = {"loop": 10, "copies": 20, "errors": 20}
ALONE = Decimal("0.95")
"""A tenant is named beside the agent if it holds this share of the calls in question: else it is the agent's."""
PAUSE_D = 3
"""Days between two bad ones that don't end an incident."""


@dataclass(frozen=True)
class Sign:
    """A stretch of bad days of one agent. `calls` are those in question of `among`; `cost` is what they cost, None where unknown.
    `closed` is the last bad day, None while it goes on."""

    kind: Kind
    agent: str
    tenant: str | None
    currency: str | None
    opened: date
    last: date
    closed: date | None
    newest: bool
    """Whether the newest day that is judged is one of the bad ones."""
    calls: int
    among: int
    cost: Decimal | None


def signs(needless: Iterable[Row], calls: Iterable[Row], until: date) -> list[Sign]:
    """The signs in the days up to `until`, oldest first. `needless` are priced calls by day, owner and cause of waste; `calls`
    count an agent's model and tool calls and the failed ones, by day and tenant."""
    needless, calls = list(needless), list(calls)
    found = _loops_and_copies(needless, calls) + _errors(needless, calls)
    tenants: dict[str, set[str]] = defaultdict(set)
    for row in calls:
        tenants[row["agent"]].add(row["tenant"])
    told = [
        sign if len(tenants[agent]) > 1 else replace(sign, tenant=None)
        for kind, agent, days in found
        for sign in _stretches(kind, agent, days, until)
    ]
    return sorted(told, key=lambda one: (one.opened, one.agent, one.kind))


@dataclass
class _Day:
    """An agent's day: calls in question by tenant, all of its calls, and what those in question cost."""

    bad: dict[str, int]
    among: int = 0
    cost: Decimal | None = None
    currency: str | None = None

    def shows(self, kind: Kind) -> bool:
        bad = sum(self.bad.values())
        return bad >= LEAST_CALLS[kind] and bad >= LEAST_SHARE[kind] * self.among


_Found = tuple[Kind, str, dict[date, _Day]]


def _loops_and_copies(needless: Iterable[Row], calls: Iterable[Row]) -> list[_Found]:
    among: dict[tuple[str, date], int] = defaultdict(int)
    for row in calls:
        among[row["agent"], row["day"]] += row["model_calls"]
    found: dict[tuple[Kind, str], dict[date, _Day]] = defaultdict(dict)
    for row in needless:
        kind = CAUSES.get(row["cause"])
        if kind in ("loop", "copies"):
            day = found[kind, row["agent"]].setdefault(row["day"], _Day({}, among[row["agent"], row["day"]]))
            day.bad[row["tenant"]] = day.bad.get(row["tenant"], 0) + row["calls"]
            _add_cost(day, row)
    return [(kind, agent, days) for (kind, agent), days in sorted(found.items())]


def _errors(needless: Iterable[Row], calls: Iterable[Row]) -> list[_Found]:
    found: dict[str, dict[date, _Day]] = defaultdict(dict)
    for row in calls:
        day = found[row["agent"]].setdefault(row["day"], _Day({}))
        day.bad[row["tenant"]] = day.bad.get(row["tenant"], 0) + row["failed"]
        day.among += row["with_status"]
    for row in needless:
        if CAUSES.get(row["cause"]) == "errors" and row["day"] in found[row["agent"]]:
            _add_cost(found[row["agent"]][row["day"]], row)
    return [("errors", agent, days) for agent, days in sorted(found.items())]


def _add_cost(day: _Day, row: Row) -> None:
    if row["cost"] is not None:
        day.cost = (day.cost or Decimal(0)) + row["cost"]
        day.currency = row["currency"]


def _stretches(kind: Kind, agent: str, days: Mapping[date, _Day], until: date) -> list[Sign]:
    """Bad days with pauses of up to three days between them, as one each."""
    runs: list[list[date]] = []
    for day in sorted(day for day, own in days.items() if own.shows(kind) and day <= until):
        if runs and (day - runs[-1][-1]).days <= PAUSE_D:
            runs[-1].append(day)
        else:
            runs.append([day])
    return [_sign(kind, agent, run, [days[day] for day in run], until) for run in runs]


def _sign(kind: Kind, agent: str, run: Sequence[date], own: Sequence[_Day], until: date) -> Sign:
    tenants: dict[str, int] = defaultdict(int)
    for day in own:
        for tenant, calls in day.bad.items():
            tenants[tenant] += calls
    bad = sum(tenants.values())
    most = max(sorted(tenants), key=lambda name: tenants[name])
    known = [day.cost for day in own if day.cost is not None]
    going_on = until - run[-1] < timedelta(days=PAUSE_D)
    return Sign(
        kind=kind,
        agent=agent,
        tenant=most if tenants[most] >= ALONE * bad else None,
        currency=next((day.currency for day in own if day.currency), None),
        opened=run[0],
        last=run[-1],
        closed=None if going_on else run[-1],
        newest=run[-1] == until,
        calls=bad,
        among=sum(day.among for day in own),
        cost=sum(known, Decimal(0)) if known else None,
    )
