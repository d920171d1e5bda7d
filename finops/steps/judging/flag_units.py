"""Who can be judged on which runs: leads on all cost of their runs, those who take part on their own share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeAlias

Row = Mapping[str, Any]
Key: TypeAlias = tuple[str, ...]
Role = Literal["leads", "takes part", "no runs"]
LEFTOVER = "__"
MICRO = 1_000_000
_WEIGHT = 1_000
_SUMS = (
    *("runs", "known", "accepted", "weight", "priced", "list_weighted", "known_priced", "known_list", "known_squares"),
    *("valued", "value_sum", "value_squares", "failed_calls", "retries", "unpriced_calls", "calls", "tokens"),
)
_EVALUATED = ("known", "accepted", "known_priced", "known_list", "known_squares", "valued", "value_sum", "value_squares")


@dataclass
class Tally:
    """Sums over runs. What depends on an outcome counts only runs whose time for one is over."""

    sums: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_SUMS, 0))
    known_days: dict[date, int] = field(default_factory=dict)
    """Runs with a known outcome on each day whose runs have had their time for one."""
    unsettled: int = 0
    settled_weight: int = 0
    first: date | None = None
    last: date | None = None

    def add(self, row: Row, settled: bool) -> None:
        """Counts the runs of one day."""
        day: date = row["run_day"]
        for name in _SUMS:
            if settled or name not in _EVALUATED:
                self.sums[name] += int(row.get(name) or 0)
        self.first = day if self.first is None else min(self.first, day)
        self.last = day if self.last is None else max(self.last, day)
        if settled:
            self.settled_weight += int(row["weight"])
            self.known_days[day] = self.known_days.get(day, 0) + int(row["known"])
        else:
            self.unsettled += int(row["runs"])

    def __getitem__(self, name: str) -> int:
        return self.sums[name]

    @property
    def unknown(self) -> int:
        """Runs that had their time and got no outcome."""
        return self["runs"] - self.unsettled - self["known"]

    @property
    def settled_runs(self) -> float:
        """Runs that had their time, those left out by sampling included."""
        return self.settled_weight / _WEIGHT


@dataclass(frozen=True)
class Purse:
    """Cost that falls on a set of runs: what follows the list cost of model calls, and what falls evenly on every run."""

    models: Decimal = Decimal(0)
    rest: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        return self.models + self.rest

    def plus(self, other: Purse) -> Purse:
        return Purse(self.models + other.models, self.rest + other.rest)


@dataclass(frozen=True)
class RunCost:
    """The mean cost of a run with a known outcome, how it varies (None: only the mean is known), and of all runs together."""

    mean: float
    cv: float | None
    total: Decimal
    by_models: float = 0.0
    """The part of the mean that follows the list cost of model calls."""


@dataclass(frozen=True)
class Unit:
    """One agent in one workflow: its runs, their full cost, and what it cost itself."""

    agent: str
    workflow: str
    role: Role
    tally: Tally
    run_cost: RunCost | None
    own_cost: Decimal | None
    beside: tuple[str, ...] = ()
    """Who leads the runs it takes part in, or who takes part in the runs that it leads."""


def units(runs: Sequence[Row], parts: Sequence[Row], costs: Sequence[Row], settled_until: Mapping[str, date]) -> list[Unit]:
    """Every named agent of every workflow, by name. `settled_until` has the last day whose runs had time for an outcome."""
    workflows = _tallies(runs, settled_until, lambda row: (row["workflow"],))
    leads = _tallies(runs, settled_until, lambda row: (row["workflow"], row["agent"]))
    shares = _tallies(parts, settled_until, lambda row: (row["workflow"], row["agent"]))
    _add_work(leads, parts)
    purses = _at_home(_purses(costs), {*leads, *shares})
    beside = _beside(parts)
    found = []
    for workflow, agent in sorted({*leads, *shares, *purses}):
        if agent.startswith(LEFTOVER):
            continue
        key = (workflow, agent)
        own = purses.get(key)
        if key in leads:
            whole = _workflow_purse(purses, workflow)
            cost = run_cost(whole, workflows[(workflow,)], leads[key])
            found.append(Unit(agent, workflow, "leads", leads[key], cost, own.total if own else None, beside.get(key, ())))
        elif key in shares:
            cost = run_cost(own, shares[key], shares[key])
            found.append(Unit(agent, workflow, "takes part", shares[key], cost, own.total if own else None, beside.get(key, ())))
        else:
            found.append(Unit(agent, workflow, "no runs", Tally(), None, own.total if own else None))
    return found


def by_tenant(
    runs: Sequence[Row], costs: Sequence[Row], of: Sequence[Unit], settled_until: Mapping[str, date]
) -> dict[tuple[str, str], list[Unit]]:
    """The runs of each lead by the tenant they were for, as units named by the tenant, each with the cost of its own runs."""
    workflows = _tallies(runs, settled_until, lambda row: (row["workflow"],))
    tenants = _tallies(runs, settled_until, lambda row: (row["workflow"], row["agent"], row["tenant"]))
    purses = _at_home(_purses(costs), {(unit.workflow, unit.agent) for unit in of})
    found: dict[tuple[str, str], list[Unit]] = {}
    for (workflow, agent, tenant), tally in sorted(tenants.items()):
        cost = run_cost(_workflow_purse(purses, workflow), workflows[(workflow,)], tally)
        found.setdefault((workflow, agent), []).append(Unit(tenant, workflow, "leads", tally, cost, None))
    return found


def run_cost(purse: Purse | None, everyone: Tally, own: Tally) -> RunCost | None:
    """What the agent's runs cost of a purse that is shared by everyone's runs: model cost in proportion to list cost, the rest
    evenly. Runs without a known price are taken to be like the priced ones."""
    if purse is None or not everyone["weight"]:
        return None
    weight = everyone["weight"] / _WEIGHT
    listed = everyone["list_weighted"] / MICRO / _WEIGHT
    if listed <= 0 or not everyone["priced"]:
        mean = float(purse.total) / weight
        return RunCost(mean, None, _share(purse.total, own["weight"], everyone["weight"]))
    listed *= everyone["runs"] / everyone["priced"]
    per_list, even = float(purse.models) / listed, float(purse.rest) / weight
    list_mean = own["known_list"] / own["known_priced"] / MICRO if own["known_priced"] else listed / weight
    mean = per_list * list_mean + even
    models = _share(purse.models, own["list_weighted"], everyone["list_weighted"])
    total = models + _share(purse.rest, own["weight"], everyone["weight"])
    if mean <= 0:
        return RunCost(mean, None, total)
    cv = per_list * deviation(own, "known_priced", "known_list", "known_squares") / mean
    return RunCost(mean, cv, total, per_list * list_mean / mean)


def deviation(tally: Tally, count: str, total: str, squares: str) -> float:
    """The standard deviation of amounts that are known by their number, sum and sum of squares."""
    return deviation_of(tally[count], tally[total], tally[squares])


def deviation_of(n: int, total: int, squares: int) -> float:
    """The same of sums in millionths."""
    if n < 2:
        return 0.0
    return math.sqrt(max(n * squares - total**2, 0) / (n * (n - 1))) / MICRO


def _share(amount: Decimal, part: int, whole: int) -> Decimal:
    if part == whole or not whole:
        return amount
    return round(amount * part / whole, 12)


def _tallies(rows: Iterable[Row], settled_until: Mapping[str, date], key: Callable[[Row], Key]) -> dict[Key, Tally]:
    found: dict[Key, Tally] = {}
    for row in rows:
        found.setdefault(key(row), Tally()).add(row, row["run_day"] <= settled_until[row["workflow"]])
    return found


def _add_work(leads: Mapping[Key, Tally], parts: Iterable[Row]) -> None:
    """Calls and tokens of everyone in a run count for its lead."""
    for row in parts:
        tally = leads.get((row["workflow"], row["lead"]))
        if tally is not None:
            for name in ("calls", "tokens"):
                tally.sums[name] += int(row[name] or 0)


def _beside(parts: Iterable[Row]) -> dict[Key, tuple[str, ...]]:
    found: dict[Key, set[str]] = {}
    for row in parts:
        if row["lead"] != row["agent"]:
            found.setdefault((row["workflow"], row["agent"]), set()).add(row["lead"])
            found.setdefault((row["workflow"], row["lead"]), set()).add(row["agent"])
    return {key: tuple(sorted(n for n in names if not n.startswith(LEFTOVER))) for key, names in found.items()}


def _purses(costs: Iterable[Row]) -> dict[Key, Purse]:
    """Cost by workflow and agent, leftovers included; nobody whose cost is unknown."""
    found: dict[Key, Purse] = {}
    for row in costs:
        if row["cost"] is not None:
            models = row["model_cost"] or Decimal(0)
            found[(row["workflow"], row["agent"])] = Purse(models, row["cost"] - models)
    return found


def _at_home(purses: Mapping[Key, Purse], at_work: Set[Key]) -> dict[Key, Purse]:
    """The same cost, where that of an agent without a workflow goes to the only workflow in which the agent has runs."""
    homes: dict[str, list[Key]] = {}
    for key in sorted(at_work):
        homes.setdefault(key[1], []).append(key)
    found: dict[Key, Purse] = {}
    for key, purse in purses.items():
        home = homes.get(key[1], [])
        moves = key[0].startswith(LEFTOVER) and not key[1].startswith(LEFTOVER) and key not in at_work and len(home) == 1
        to = home[0] if moves else key
        found[to] = found.get(to, Purse()).plus(purse)
    return found


def _workflow_purse(purses: Mapping[Key, Purse], workflow: str) -> Purse | None:
    """All cost of a workflow. Where work names no workflow, only that of named agents: the rest is anybody's."""
    nameless = workflow.startswith(LEFTOVER)
    own = [p for (w, agent), p in purses.items() if w == workflow and not (nameless and agent.startswith(LEFTOVER))]
    whole = Purse()
    for purse in own:
        whole = whole.plus(purse)
    return whole if own else None
