"""One kind of instance in one place: what is held today, and what each way to commit would cost, save and risk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from functools import partial

from finops.core.committing.commitments import (
    EXACT,
    Layer,
    Term,
    at_risk,
    best_level,
    break_even,
    covered,
    hourly_cost,
    mean_use,
    savings_rate,
    stacked,
    unit_use,
    units_of,
    years_of,
)
from finops.core.committing.instance_hours import Bought, Place, PlaceHours
from finops.core.forecasting.demand_ahead import AS_IT_WAS, PATHS, Ahead, Pairs, use_after_fall, use_along
from finops.core.placing.offer import Offer

_ZERO = Decimal(0)
STACK = "stack"
RENEWED = "held, cut"
_EXPECTED, _FALLEN = "expected", "fallen"


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
    unused_cost: Decimal | None = None
    """What committed hours that nobody used cost, of an hour."""

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
    at_risk: Decimal | None
    """What the plan would lose over all of its terms if demand fell at once: its regret then. None where that was not asked."""
    cost: Decimal | None
    """Of an hour with the plan, as demand goes on."""
    equivalent: Decimal = _ZERO
    """The cost of the same hour at on-demand prices."""
    saving_along: Mapping[str, Decimal] = field(default_factory=dict)
    """The saving along each path of the forecast."""

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
    renewed: Plan | None = None
    """What is held, cut to what would do."""

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
            sum(use, _ZERO), sum(share == 1 for share in use), price, units, (held.hours or _ZERO) / count, rate, cost,
            None, None, None if unused.cost is None or not units else unused.cost / count,
        )  # fmt: skip
        if not units or rate is None or cost is None:
            return found
        ideal = best_level(use, rate, price)
        lost = cost - hourly_cost(use, [Layer("held", rate, ideal)], price)
        return replace(found, too_many=units - ideal, too_many_cost=lost) if units > ideal and lost > 0 else found


def plans(hours: PlaceHours, now: Today, terms: Sequence[Term], fall: Decimal, ahead: Ahead = AS_IT_WAS) -> list[Plan]:
    """Each term alone at its best level, by length and price, and all of them in layers, for what is bought on demand today and
    as demand goes on over each term's own months.

    In layers, a term of more than a year takes only the instances on which it would lose nothing if demand fell by `fall`."""
    demand = _Demand(hours, now, ahead, fall)
    terms = [replace(term, use=demand.mixed(years_of(term.option))) for term in terms]
    safe = [
        replace(term, most=_never_lost(demand.less(years_of(term.option)), term.rate, now.on_demand))
        if years_of(term.option) > 1
        else term
        for term in terms
    ]
    ordered = sorted(terms, key=lambda term: (years_of(term.option), term.rate, term.option))
    found = [_plan(term.option, [term], now, demand) for term in ordered]
    return [*found, _plan(STACK, safe, now, demand)] if terms else []


def renewed(hours: PlaceHours, now: Today) -> Plan | None:
    """What is held, cut to the level that costs least at its own price; None where it is not too much."""
    if now.too_many is None or now.held is None or now.held_rate is None or now.cost is None or now.too_many_cost is None:
        return None
    with localcontext(EXACT):
        use, units = unit_use(hours.demand()), int(now.held - now.too_many)
        used, cost = covered(use, units), now.cost - now.too_many_cost
        return Plan(
            name=RENEWED,
            layers=(Layer("held", now.held_rate, units),),
            break_even=break_even(now.held_rate, now.on_demand),
            utilisation=_share(used, Decimal(units)),
            coverage=_share(used, now.demand),
            savings_rate=savings_rate(cost, now.equivalent),
            saving=now.too_many_cost,
            at_risk=None,
            cost=cost,
        )


class _Demand:
    """How instances beyond what is held are used over the months of a term of so many years: along each path of the forecast,
    over all of them by their weights, and if demand falls."""

    def __init__(self, hours: PlaceHours, now: Today, ahead: Ahead, fall: Decimal) -> None:
        self._pairs: Pairs = Counter(zip(hours.instances("on_demand"), hours.demand(), strict=True))
        self._held = now.held if now.held is not None else now.held_used
        self._ahead, self._fall = ahead, fall
        self._known: dict[tuple[str, int], tuple[Decimal, ...]] = {}
        self.paths = tuple(ahead.paths)

    def along(self, path: str, years: int) -> tuple[Decimal, ...]:
        if (path, years) not in self._known:
            multiples = self._ahead.paths.get(path, self._ahead.expected)
            self._known[path, years] = use_along(self._pairs, multiples[: 12 * years], self._held)
        return self._known[path, years]

    def mixed(self, years: int) -> tuple[Decimal, ...]:
        if not self.paths:
            return self.along(_EXPECTED, years)
        return mean_use((self.along(path, years), PATHS[path][1]) for path in self.paths)

    def less(self, years: int) -> tuple[Decimal, ...]:
        if (_FALLEN, years) not in self._known:
            multiples = self._ahead.expected[: 12 * years]
            self._known[_FALLEN, years] = use_after_fall(self._pairs, multiples, self._fall, self._held)
        return self._known[_FALLEN, years]


def _plan(name: str, terms: Sequence[Term], now: Today, demand: _Demand) -> Plan:
    with localcontext(EXACT):
        layers = stacked((), terms, now.on_demand)
        years = max((years_of(layer.option) for layer in layers or terms), default=1)
        used = _over_layers(layers, demand.mixed, lambda _, use: sum(use, _ZERO))
        wanted = sum(demand.mixed(years), _ZERO)
        saving = _saving(layers, demand.mixed, now.on_demand)
        before = None if now.cost is None else now.cost + now.on_demand * (wanted + now.held_used - now.demand)
        apart = {path: _saving(layers, partial(demand.along, path), now.on_demand) for path in demand.paths}
        equivalent = now.on_demand * (wanted + now.held_used)
        return Plan(
            name=name,
            layers=layers,
            break_even=break_even(terms[0].rate, now.on_demand) if len(terms) == 1 and name != STACK else None,
            utilisation=_share(used, Decimal(units_of(layers))),
            coverage=_share(now.held_used + used, now.held_used + wanted),
            savings_rate=None if before is None else savings_rate(before - saving, equivalent),
            saving=saving,
            at_risk=_over_layers(layers, demand.less, lambda layer, use: _lost(layer, use, now.on_demand)),
            cost=None if before is None else before - saving,
            equivalent=equivalent,
            saving_along=apart,
        )


def _over_layers(
    layers: Iterable[Layer], use_of: Callable[[int], Sequence[Decimal]], measure: Callable[[Layer, Sequence[Decimal]], Decimal]
) -> Decimal:
    """The sum over layers of what is measured on the use of each one's own instances, over its own months."""
    total, served = _ZERO, 0
    for layer in layers:
        own = use_of(years_of(layer.option))[served : served + layer.units]
        total += measure(layer, (*own, *[_ZERO] * (layer.units - len(own))))
        served += layer.units
    return total


def _saving(layers: Iterable[Layer], use_of: Callable[[int], Sequence[Decimal]], on_demand: Decimal) -> Decimal:
    return _over_layers(layers, use_of, lambda layer, use: on_demand * sum(use, _ZERO) - layer.rate * layer.units)


def _lost(layer: Layer, use: Sequence[Decimal], on_demand: Decimal) -> Decimal:
    return at_risk(use, [layer], on_demand)


def _idle(unused: Bought, rate: Decimal | None) -> Decimal | None:
    """Committed hours that nobody used: as billed, else what they cost over the price of an hour."""
    return unused.hours or (_ZERO if unused.cost == 0 else _share(unused.cost, rate))


def _never_lost(use: Sequence[Decimal], rate: Decimal, on_demand: Decimal) -> int:
    with localcontext(EXACT):
        return sum(on_demand * share >= rate for share in use)


def _share(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    return EXACT.divide(part, whole) if part is not None and whole else None
