"""A plan that pools: an amount an hour that pays for instances of any kind, those with the largest discount first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from finops.core.committing.commitments import EXACT, YEAR_HOURS
from finops.core.committing.instance_hours import PlaceHours
from finops.core.forecasting.demand_ahead import PATHS, Ahead

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Member:
    """One kind of instance in a pool: its prices of an hour, on demand and under the plan, its hours and how they go on."""

    name: str
    on_demand: Decimal
    rate: Decimal
    hours: PlaceHours
    ahead: Ahead


@dataclass(frozen=True)
class Pool:
    """The amount an hour that costs least to commit to, and figures of a mean hour. `at_risk` is over the whole term."""

    commitment: Decimal
    members: tuple[str, ...]
    utilisation: Decimal
    saving: Decimal
    saving_along: Mapping[str, Decimal]
    at_risk: Decimal


def pooled(members: Sequence[Member], years: int, fall: Decimal) -> Pool | None:
    """The best amount: each further cent is committed as long as, over all hours and paths, it replaces more than itself of
    on-demand cost. That is the newsvendor with a margin which falls with each kind's discount: in an hour, the cent at x replaces
    on-demand price / plan price of the kind that x reaches, and nothing beyond all of them. A path is taken at its mean over the
    term. None where no amount pays."""
    ordered = sorted(members, key=lambda one: (-one.on_demand / one.rate, one.name))
    with localcontext(EXACT):
        paths = [path for path in PATHS if all(path in one.ahead.paths for one in members)]
        weighed: list[tuple[str | None, Decimal]] = [(path, PATHS[path][1]) for path in paths] or [(None, Decimal(1))]
        curves = {path: _curve(ordered, path, years, Decimal(1)) for path, _ in weighed}
        mixed: dict[Decimal, Decimal] = defaultdict(Decimal)
        for path, weight in weighed:
            for at, change in curves[path].items():
                mixed[at] += change * weight
        amount = _best(mixed)
        if not amount:
            return None
        less = _curve(ordered, None, years, 1 - fall)
        used = sum((weight * _used(ordered, path, years, amount) for path, weight in weighed), _ZERO)
        return Pool(
            amount,
            tuple(one.name for one in ordered),
            used / amount,
            _area(mixed, amount),
            {path: _area(curves[path], amount) for path in paths},
            -_area(less, amount, only_losses=True) * YEAR_HOURS * years,
        )


def _hours(member: Member, path: str | None, years: int, kept: Decimal) -> list[Decimal]:
    """What is bought on demand in each hour, where demand goes along a path (None: as expected) and a share of it is kept."""
    multiples = (member.ahead.expected if path is None else member.ahead.paths[path])[: 12 * years]
    change = sum(multiples, _ZERO) / len(multiples) * kept - 1
    both = zip(member.hours.instances("on_demand"), member.hours.demand(), strict=True)
    return [max(own + whole * change, _ZERO) for own, whole in both]


def _curve(members: Sequence[Member], path: str | None, years: int, kept: Decimal) -> dict[Decimal, Decimal]:
    """By amount, the change there of what a further unit of money replaces, in the mean of the hours."""
    changes: dict[Decimal, Decimal] = defaultdict(Decimal)
    bought = [_hours(one, path, years, kept) for one in members]
    count = len(bought[0])
    for hour in zip(*bought, strict=True):
        reached = _ZERO
        for one, instances in zip(members, hour, strict=True):
            if instances:
                replaces = one.on_demand / one.rate / count
                changes[reached] += replaces
                reached += instances * one.rate
                changes[reached] -= replaces
    return changes


def _best(changes: Mapping[Decimal, Decimal]) -> Decimal:
    replaced, amount = _ZERO, _ZERO
    for at in sorted(changes):
        if replaced > 1:
            amount = at
        replaced += changes[at]
    return amount


def _area(changes: Mapping[Decimal, Decimal], amount: Decimal, *, only_losses: bool = False) -> Decimal:
    """What is replaced less what is paid, from nothing up to an amount."""
    total, replaced, before = _ZERO, _ZERO, _ZERO
    for at in (*sorted(at for at in changes if at < amount), amount):
        gained = (replaced - 1) * (at - before)
        total += min(gained, _ZERO) if only_losses else gained
        replaced, before = replaced + changes.get(at, _ZERO), at
    return total


def _used(members: Sequence[Member], path: str | None, years: int, amount: Decimal) -> Decimal:
    bought = [_hours(one, path, years, Decimal(1)) for one in members]
    each = [sum((n * one.rate for one, n in zip(members, hour, strict=True)), _ZERO) for hour in zip(*bought, strict=True)]
    return sum((min(value, amount) for value in each), _ZERO) / len(each)
