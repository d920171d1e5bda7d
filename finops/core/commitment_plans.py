"""One kind of instance in one place: what is held today, and what each way to commit would cost, save and risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext

from finops.core.commitments import (
    EXACT,
    Layer,
    Term,
    at_risk,
    best_level,
    break_even,
    covered,
    fallen,
    hourly_cost,
    savings_rate,
    stacked,
    unit_use,
    units_of,
    years_of,
)
from finops.core.instance_hours import Bought, Place, PlaceHours
from finops.core.offer import Offer

_ZERO = Decimal(0)
STACK = "stack"


@dataclass(frozen=True)
class Today:
    """What runs and what is held, in the mean of an hour. None is unknown."""

    demand: Decimal
    always: int
    """Instances that were used in every hour."""
    on_demand: Decimal
    """The price of an hour on demand."""
    held: Decimal | None
    held_used: Decimal
    held_rate: Decimal | None
    cost: Decimal | None
    too_many: Decimal | None
    """How many instances of what is held would not be committed to again at its rate, and what they cost an hour."""
    too_many_cost: Decimal | None

    @property
    def equivalent(self) -> Decimal:
        """The cost of an hour at on-demand prices."""
        return EXACT.multiply(self.demand, self.on_demand)

    @property
    def coverage(self) -> Decimal | None:
        return _share(self.held_used, self.demand)

    @property
    def utilisation(self) -> Decimal | None:
        return _share(self.held_used, self.held)

    @property
    def savings_rate(self) -> Decimal | None:
        return None if self.cost is None else savings_rate(self.cost, self.equivalent)


@dataclass(frozen=True)
class Plan:
    """A way to commit beyond what is held, at its best level: figures of a mean hour."""

    name: str
    layers: tuple[Layer, ...]
    break_even: Decimal | None
    utilisation: Decimal | None
    """The share of the newly committed hours that would be used."""
    coverage: Decimal | None
    savings_rate: Decimal | None
    saving: Decimal
    at_risk: Decimal
    """What the plan would lose over all of its terms, if demand fell at once."""

    @property
    def units(self) -> int:
        return units_of(self.layers)


@dataclass(frozen=True)
class Weighed:
    """One place with its hours, what is known of today, the offers to commit and the plans made of them."""

    place: Place
    hours: PlaceHours
    now: Today | None
    offers: Mapping[str, Offer]
    assumed: Mapping[str, Decimal]
    plans: Sequence[Plan]

    @property
    def stack(self) -> Plan | None:
        return self.plans[-1] if self.plans else None


def today(hours: PlaceHours, listed: Decimal | None) -> Today | None:
    """What the hours say of today. The on-demand price is what the bill charged, else its list price, else `listed`; None where
    none of them is known or nothing was used."""
    with localcontext(EXACT):
        count = Decimal(hours.span.hours)
        demand = hours.demand()
        use = unit_use(demand)
        own, held, unused = (hours.bought[name] for name in ("on_demand", "committed", "commitment_unused"))
        price = _share(own.cost, own.hours) or _share(held.listed, held.hours) or listed
        if not price or not use:
            return None
        rate = _share(held.cost, held.hours) or _share(unused.cost, unused.hours)
        idle = _idle(unused, rate)
        units = None if idle is None or held.hours is None else (held.hours + idle) / count
        costs = [one.cost for one in (own, held, unused)]
        known = [cost for cost in costs if cost is not None]
        cost = sum(known, _ZERO) / count if len(known) == len(costs) else None
        found = Today(
            sum(use, _ZERO), sum(share == 1 for share in use), price, units, (held.hours or _ZERO) / count, rate, cost, None, None
        )
        if not units or rate is None or cost is None:
            return found
        ideal = best_level(use, rate, price)
        lost = cost - hourly_cost(use, [Layer("held", rate, ideal)], price)
        return replace(found, too_many=units - ideal, too_many_cost=lost) if units > ideal and lost > 0 else found


def plans(hours: PlaceHours, now: Today, terms: Sequence[Term], fall: Decimal) -> list[Plan]:
    """Each term alone at its best level, by length and price, and all of them in layers, for what is bought on demand today.

    In layers, a term of more than a year takes only the instances on which it would lose nothing if demand fell by `fall`."""
    with localcontext(EXACT):
        rest = unit_use(hours.instances("on_demand"))
        less = unit_use(fallen(hours.demand(), fall, now.held if now.held is not None else now.held_used))
    safe = [
        replace(term, most=_never_lost(less, term.rate, now.on_demand) if years_of(term.option) > 1 else None) for term in terms
    ]
    ordered = sorted(terms, key=lambda term: (years_of(term.option), term.rate, term.option))
    found = [_plan(term.option, [term], now, rest, less) for term in ordered]
    return [*found, _plan(STACK, safe, now, rest, less)] if terms else []


def _plan(name: str, terms: Sequence[Term], now: Today, rest: Sequence[Decimal], less: Sequence[Decimal]) -> Plan:
    with localcontext(EXACT):
        layers = stacked(rest, terms, now.on_demand)
        used = covered(rest, units_of(layers))
        saving = hourly_cost(rest, (), now.on_demand) - hourly_cost(rest, layers, now.on_demand)
        return Plan(
            name=name,
            layers=layers,
            break_even=break_even(terms[0].rate, now.on_demand) if len(terms) == 1 and name != STACK else None,
            utilisation=_share(used, Decimal(units_of(layers))),
            coverage=_share(now.held_used + used, now.demand),
            savings_rate=None if now.cost is None else savings_rate(now.cost - saving, now.equivalent),
            saving=saving,
            at_risk=at_risk(less, layers, now.on_demand),
        )


def _idle(unused: Bought, rate: Decimal | None) -> Decimal | None:
    """Committed hours that nobody used: as billed, else what they cost over the price of an hour."""
    return unused.hours or (_ZERO if unused.cost == 0 else _share(unused.cost, rate))


def _never_lost(use: Sequence[Decimal], rate: Decimal, on_demand: Decimal) -> int:
    with localcontext(EXACT):
        return sum(on_demand * share >= rate for share in use)


def _share(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    return EXACT.divide(part, whole) if part is not None and whole else None
