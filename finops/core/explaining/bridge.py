"""Why one time cost more than another: Shapley effects of the drivers of cost, adding up to the change to the last digit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from math import factorial

EXACT = Context(prec=50, rounding=ROUND_HALF_EVEN)
_STORED = Decimal("1e-12")
_ONE, _ZERO = Decimal(1), Decimal(0)

CALL_DRIVERS = ("runs", "calls_per_run", "retries", "tokens_per_call", "model_mix", "cache", "list_price", "discount")
"""Cost of model calls = runs x useful calls per run x calls per useful call x tokens per call x sum over models of (share of
tokens x sum over token classes of (share of the model's tokens x list price) x (cost / list cost))."""
HOUR_DRIVERS = ("hours", "region", "instance_type", "purchase_option", "hourly_price")
"""Cost of hours = hours x sum over places of (share of region x share of type there x share of option there x hourly price)."""

Effects = dict[str, Decimal]


def shapley(drivers: Sequence[str], value: Callable[[frozenset[str]], Decimal]) -> Effects:
    """Each driver's mean effect over all orders in which drivers could have changed (Shapley 1953), to 1e-12.

    `value(changed)` is the cost with those drivers as they are after and the others as before. Effects add up to
    value(all) - value(none) exactly: what rounding leaves is on the largest.
    """
    count = len(drivers)
    values = {}
    for mask in range(1 << count):
        values[mask] = value(frozenset(drivers[i] for i in range(count) if mask >> i & 1))
    orders = factorial(count)
    effects = {}
    for i, driver in enumerate(drivers):
        total = _ZERO
        for mask in range(1 << count):
            if mask >> i & 1:
                continue
            size = mask.bit_count()
            weight = factorial(size) * factorial(count - size - 1)
            total = EXACT.add(total, EXACT.multiply(weight, EXACT.subtract(values[mask | 1 << i], values[mask])))
        effects[driver] = _stored(EXACT.divide(total, orders))
    change = _stored(values[(1 << count) - 1]) - _stored(values[0])
    return _adding_up(effects, change)


@dataclass
class ModelUse:
    """An owner's tokens of one model by class, their list cost by class, and what they cost by bill or estimate."""

    tokens: dict[str, Decimal] = field(default_factory=dict)
    listed: dict[str, Decimal] = field(default_factory=dict)
    cost: Decimal = _ZERO

    @property
    def total(self) -> Decimal:
        """All tokens of the model."""
        return sum(self.tokens.values(), _ZERO)


@dataclass
class Calls:
    """An owner's model calls of a time. `useful` are calls that did not fail."""

    runs: Decimal = _ZERO
    useful: Decimal = _ZERO
    calls: Decimal = _ZERO
    models: dict[str, ModelUse] = field(default_factory=dict)

    @property
    def cost(self) -> Decimal:
        """Of all models."""
        return sum((use.cost for use in self.models.values()), _ZERO)

    @property
    def tokens(self) -> Decimal:
        """Of all models."""
        return sum((use.total for use in self.models.values()), _ZERO)

    @property
    def complete(self) -> bool:
        """Whether every factor of its cost is there."""
        return self.runs > 0 and self.useful > 0 and self.calls > 0 and self.tokens > 0 and self.cost != 0


def call_effects(before: Calls, after: Calls) -> Effects:
    """Effects of CALL_DRIVERS between two complete sets of calls of one owner."""
    models = sorted(before.models.keys() | after.models.keys())
    factors = [(_scalars(before), _scalars(after))]
    sides = [_Mix(before, after), _Mix(after, before)]
    inner: dict[tuple[bool, ...], Decimal] = {}

    def value(changed: frozenset[str]) -> Decimal:
        scalar = _ONE
        for i, driver in enumerate(CALL_DRIVERS[:4]):
            scalar = EXACT.multiply(scalar, factors[0][driver in changed][i])
        chosen = tuple(driver in changed for driver in CALL_DRIVERS[4:])
        if chosen not in inner:
            mix, cache, price, discount = chosen
            inner[chosen] = _total(
                EXACT.multiply(sides[mix].share(model), _class_cost(sides[cache], sides[price], sides[discount], model))
                for model in models
            )
        return EXACT.multiply(scalar, inner[chosen])

    return _adding_up(shapley(CALL_DRIVERS, value), _stored(after.cost) - _stored(before.cost))


@dataclass(frozen=True)
class Place:
    """Where and how an hour was bought."""

    region: str
    instance_type: str
    purchase_option: str


@dataclass(frozen=True)
class Hours:
    """Hours bought at a place, and what they cost."""

    hours: Decimal
    cost: Decimal


def hour_effects(before: Mapping[Place, Hours], after: Mapping[Place, Hours]) -> Effects:
    """Effects of HOUR_DRIVERS between two times; both must have hours."""
    places = sorted(before.keys() | after.keys(), key=lambda place: (place.region, place.instance_type, place.purchase_option))
    sums = [sum((own.hours for own in side.values()), _ZERO) for side in (before, after)]
    sides = [_Places(before, after), _Places(after, before)]
    inner: dict[tuple[bool, ...], Decimal] = {}

    def value(changed: frozenset[str]) -> Decimal:
        chosen = tuple(driver in changed for driver in HOUR_DRIVERS[1:])
        if chosen not in inner:
            region, kind, option, price = (sides[one] for one in chosen)
            inner[chosen] = _total(
                EXACT.multiply(
                    EXACT.multiply(region.region(place), kind.kind(place)),
                    EXACT.multiply(option.option(place), price.price(place)),
                )
                for place in places
            )
        return EXACT.multiply(sums["hours" in changed], inner[chosen])

    costs = [sum((own.cost for own in side.values()), _ZERO) for side in (before, after)]
    return _adding_up(shapley(HOUR_DRIVERS, value), _stored(costs[1]) - _stored(costs[0]))


class _Mix:
    """Shares and prices of one side; where it has none of a model, those of the other, so that only the share of tokens moves."""

    def __init__(self, own: Calls, other: Calls) -> None:
        self._own, self._other, self._tokens = own.models, other.models, own.tokens

    def share(self, model: str) -> Decimal:
        use = self._own.get(model)
        return EXACT.divide(use.total, self._tokens) if use else _ZERO

    def class_share(self, model: str, token_class: str) -> Decimal:
        use = self._used(model)
        return EXACT.divide(use.tokens.get(token_class, _ZERO), use.total)

    def price(self, model: str, token_class: str) -> Decimal:
        for side in (self._own, self._other):
            use = side.get(model)
            if use is not None and use.tokens.get(token_class):
                return EXACT.divide(use.listed.get(token_class, _ZERO), use.tokens[token_class])
        return _ZERO

    def discount(self, model: str) -> Decimal:
        use = self._used(model)
        listed = sum(use.listed.values(), _ZERO)
        return EXACT.divide(use.cost, listed) if listed else _ZERO

    def classes(self, model: str) -> set[str]:
        return {name for side in (self._own, self._other) if model in side for name in side[model].tokens}

    def _used(self, model: str) -> ModelUse:
        use = self._own.get(model)
        return use if use is not None and use.total else self._other[model]


def _class_cost(cache: _Mix, price: _Mix, discount: _Mix, model: str) -> Decimal:
    each = _total(
        EXACT.multiply(cache.class_share(model, name), price.price(model, name)) for name in sorted(cache.classes(model))
    )
    return EXACT.multiply(each, discount.discount(model))


class _Places:
    """Shares of hours along region, type and option, and prices; where one side has none, those of the other."""

    def __init__(self, own: Mapping[Place, Hours], other: Mapping[Place, Hours]) -> None:
        self._own, self._other = own, other
        self._sums = [_hour_sums(side) for side in (own, other)]

    def region(self, place: Place) -> Decimal:
        return self._ratio((place.region,), (), False)

    def kind(self, place: Place) -> Decimal:
        return self._ratio((place.region, place.instance_type), (place.region,), True)

    def option(self, place: Place) -> Decimal:
        return self._ratio((place.region, place.instance_type, place.purchase_option), (place.region, place.instance_type), True)

    def price(self, place: Place) -> Decimal:
        own = self._own.get(place) or self._other[place]
        return EXACT.divide(own.cost, own.hours)

    def _ratio(self, part: tuple[str, ...], whole: tuple[str, ...], borrow: bool) -> Decimal:
        sums = self._sums[0] if self._sums[0].get(whole) or not borrow else self._sums[1]
        return EXACT.divide(sums.get(part, _ZERO), sums[whole])


def _hour_sums(side: Mapping[Place, Hours]) -> dict[tuple[str, ...], Decimal]:
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for place, own in side.items():
        full = (place.region, place.instance_type, place.purchase_option)
        for length in range(4):
            sums[full[:length]] += own.hours
    return dict(sums)


def _scalars(side: Calls) -> tuple[Decimal, ...]:
    return (
        side.runs,
        EXACT.divide(side.useful, side.runs),
        EXACT.divide(side.calls, side.useful),
        EXACT.divide(side.tokens, side.calls),
    )


def _adding_up(effects: Effects, change: Decimal) -> Effects:
    rest = change - sum(effects.values(), _ZERO)
    if rest:
        largest = max(effects, key=lambda name: (abs(effects[name]), name))
        effects = {**effects, largest: effects[largest] + rest}
    return effects


def _total(amounts: Iterable[Decimal]) -> Decimal:
    total = _ZERO
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def _stored(amount: Decimal) -> Decimal:
    return amount.quantize(_STORED, context=EXACT)
