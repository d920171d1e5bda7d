"""Which part of an owner's cost each driver can speak of: calls, hours, new and gone agents, one-offs, and the rest by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

from finops.core.explaining.bridge import EXACT, Calls, Effects, Hours, ModelUse, Place, call_effects, hour_effects

Row = Mapping[str, Any]
Owner: TypeAlias = tuple[str, str, str, str]
"""Tenant, agent, workflow and currency."""
LEFTOVERS = {"__unexplained__": "unexplained", "__untagged__": "untagged", "__left__": "left"}
IDLE = "__idle__"
OWNER = ("tenant", "agent", "workflow")
_ZERO = Decimal(0)

DRIVERS: Mapping[str, str] = {
    "runs": "more or fewer runs",
    "calls_per_run": "useful model calls in a run",
    "retries": "failed calls for each useful one",
    "tokens_per_call": "tokens in a call",
    "model_mix": "which models the tokens went to",
    "cache": "which share of the tokens was cached, or output",
    "list_price": "list prices of tokens",
    "discount": "what is paid, beside the list price",
    "hours": "hours of instances in use",
    "idle": "hours of instances that nobody used",
    "region": "in which regions the hours were bought",
    "instance_type": "on which instance types",
    "purchase_option": "on demand, spot or committed",
    "hourly_price": "what an hour costs at the same place",
    "new_agents": "agents without cost before",
    "retired_agents": "agents without cost after",
    "one_offs": "purchases and charges that come once",
    "credits_and_tax": "credits, refunds, adjustments and tax",
    "usage": "usage of which no calls or hours are known",
    "unexplained": "what no driver in the ledger explains",
    "untagged": "what names no owner",
    "left": "what rules leave unshared",
}
"""Every driver and what it means, in the order in which they are told."""


@dataclass
class Side:
    """One owner's cost of a time, in the parts that drivers can speak of."""

    calls: Calls = field(default_factory=Calls)
    hours: dict[Place, Hours] = field(default_factory=dict)
    rest: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    @property
    def cost(self) -> Decimal:
        """All of it."""
        of_hours = sum((own.cost for own in self.hours.values()), _ZERO)
        return self.calls.cost + of_hours + sum(self.rest.values(), _ZERO)


def sides(costs: Iterable[Row], tokens: Iterable[Row], calls: Iterable[Row], hours: Iterable[Row]) -> dict[Owner, Side]:
    """Each owner's cost of one time in parts. Hours of an owner are its cost at a place over what an hour cost there."""
    used: dict[Owner, dict[str, ModelUse]] = defaultdict(dict)
    for row in tokens:
        use = used[_owner(row)].setdefault(row["model"], ModelUse())
        kind = row["token_class"]
        use.tokens[kind] = use.tokens.get(kind, _ZERO) + row["tokens"]
        use.listed[kind] = use.listed.get(kind, _ZERO) + (row["list_cost"] or _ZERO)
    counted = {tuple(row[name] for name in OWNER): row for row in calls}
    prices = {(row["currency"], _place(row)): EXACT.divide(row["cost"], row["hours"]) for row in hours}
    found: dict[Owner, Side] = defaultdict(Side)
    for row in costs:
        _add(found[_owner(row)], row, used[_owner(row)], prices)
    for owner, side in found.items():
        if (own := counted.get(owner[:3])) is not None:
            side.calls.runs, side.calls.useful, side.calls.calls = own["runs"], own["useful"], own["calls"]
    return dict(found)


def _add(side: Side, row: Row, used: Mapping[str, ModelUse], prices: Mapping[tuple[str, Place], Decimal]) -> None:
    amount, place = row["cost"], _place(row)
    use = used.get(row["model"]) if row["model"] else None
    if row["one_off"] or row["category"] == "Purchase":
        side.rest["one_offs"] += amount
    elif row["category"] not in (None, "Usage"):
        side.rest["credits_and_tax"] += amount
    elif use is not None and sum(use.listed.values(), _ZERO) > 0:
        use.cost += amount
        side.calls.models[row["model"]] = use
    elif row["agent"] in LEFTOVERS:
        side.rest[LEFTOVERS[row["agent"]]] += amount
    elif row["instance_type"] and prices.get((row["currency"], place)) and amount > 0:
        before = side.hours.get(place, Hours(_ZERO, _ZERO))
        hours = EXACT.divide(amount, prices[row["currency"], place])
        side.hours[place] = Hours(before.hours + hours, before.cost + amount)
    else:
        side.rest["usage"] += amount


def effects(before: Mapping[Owner, Side], after: Mapping[Owner, Side]) -> dict[Owner, Effects]:
    """Each owner's effects by driver; an owner's add up to the change of its cost exactly."""
    old = {(owner[1], owner[3]) for owner, side in before.items() if side.cost}
    new = {(owner[1], owner[3]) for owner, side in after.items() if side.cost}
    found = {}
    for owner in sorted(before.keys() | after.keys()):
        first, second = before.get(owner, Side()), after.get(owner, Side())
        agent, known = (owner[1], owner[3]), not owner[1].startswith("__")
        if known and agent not in old:
            found[owner] = {"new_agents": second.cost}
        elif known and agent not in new:
            found[owner] = {"retired_agents": -first.cost}
        else:
            found[owner] = _effects(owner[1] == IDLE, first, second)
    return found


def _effects(idle: bool, before: Side, after: Side) -> Effects:
    sums: Effects = defaultdict(Decimal)
    if before.calls.complete and after.calls.complete:
        _add_all(sums, call_effects(before.calls, after.calls))
    elif change := after.calls.cost - before.calls.cost:
        sums["runs"] += change
    if before.hours and after.hours:
        own = hour_effects(before.hours, after.hours)
        _add_all(sums, {("idle" if idle and name == "hours" else name): amount for name, amount in own.items()})
    else:
        spent = [sum((own.cost for own in side.hours.values()), _ZERO) for side in (before, after)]
        sums["idle" if idle else "hours"] += spent[1] - spent[0]
    for name in sorted(before.rest.keys() | after.rest.keys()):
        sums[name] += after.rest.get(name, _ZERO) - before.rest.get(name, _ZERO)
    return {name: amount for name, amount in sums.items() if amount}


def by_driver(found: Mapping[Owner, Effects], by: Sequence[str]) -> list[dict[str, Any]]:
    """Effects summed by currency, the names in `by` and driver, in the order of DRIVERS."""
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for owner, own in found.items():
        names = dict(zip((*OWNER, "currency"), owner, strict=True))
        for driver, amount in own.items():
            sums[(names["currency"], *(names[name] for name in by), driver)] += amount
    order = {name: place for place, name in enumerate(DRIVERS)}
    keys = sorted(sums, key=lambda key: (key[:-1], order[key[-1]]))
    return [
        {**dict(zip(("currency", *by, "driver"), key, strict=True)), "effect": sums[key], "meaning": DRIVERS[key[-1]]}
        for key in keys
        if sums[key]
    ]


def _add_all(sums: Effects, own: Effects) -> None:
    for name, amount in own.items():
        sums[name] += amount


def _owner(row: Row) -> Owner:
    return (row["tenant"], row["agent"], row["workflow"], row["currency"])


def _place(row: Row) -> Place:
    return Place(row["region"] or "", row["instance_type"] or "", row["purchase_option"] or "")


def scaled(side: Side, factor: Decimal) -> Side:
    """The side as if the same had gone on for `factor` times as long."""
    times = EXACT.multiply
    models = {
        name: ModelUse(
            {kind: times(tokens, factor) for kind, tokens in use.tokens.items()},
            {kind: times(amount, factor) for kind, amount in use.listed.items()},
            times(use.cost, factor),
        )
        for name, use in side.calls.models.items()
    }
    own = side.calls
    calls = Calls(times(own.runs, factor), times(own.useful, factor), times(own.calls, factor), models)
    hours = {place: Hours(times(spent.hours, factor), times(spent.cost, factor)) for place, spent in side.hours.items()}
    return Side(calls, hours, defaultdict(Decimal, {name: times(amount, factor) for name, amount in side.rest.items()}))
