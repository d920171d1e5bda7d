"""Bridges add up to the last digit, do not depend on an order, and put a single change on its own driver."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from finops.core.explaining.bridge import (
    CALL_DRIVERS,
    HOUR_DRIVERS,
    Calls,
    Hours,
    ModelUse,
    Place,
    call_effects,
    hour_effects,
    shapley,
)

TOKENS = st.integers(1, 10**9).map(Decimal)
MONEY = st.integers(1, 10**15).map(lambda n: Decimal(n) / 10**12)


@st.composite
def uses(draw: st.DrawFn) -> ModelUse:
    classes = draw(st.sets(st.sampled_from(("input_uncached", "cache_read", "output")), min_size=1))
    return ModelUse({c: draw(TOKENS) for c in classes}, {c: draw(MONEY) for c in classes}, draw(MONEY))


@st.composite
def calls(draw: st.DrawFn) -> Calls:
    models = draw(st.dictionaries(st.sampled_from(("a", "b", "c")), uses(), min_size=1))
    runs, useful, failed = draw(TOKENS), draw(TOKENS), draw(st.integers(0, 1000).map(Decimal))
    return Calls(runs, useful, useful + failed, models)


@st.composite
def hours(draw: st.DrawFn) -> dict[Place, Hours]:
    names = st.builds(Place, st.sampled_from("xy"), st.sampled_from("st"), st.sampled_from(("spot", "on_demand")))
    return draw(st.dictionaries(names, st.builds(Hours, MONEY, MONEY), min_size=1, max_size=5))


@settings(deadline=None, max_examples=40)
@given(calls(), calls())
def test_effects_of_calls_add_up_and_turn_round(before: Calls, after: Calls) -> None:
    there, back = call_effects(before, after), call_effects(after, before)
    assert sum(there.values()) == after.cost - before.cost
    assert set(there) == set(CALL_DRIVERS)
    scale = max(abs(before.cost), abs(after.cost), *(abs(v) for v in there.values()))
    assert all(abs(there[name] + back[name]) <= scale * Decimal("1e-9") + Decimal("1e-11") for name in there)


@settings(deadline=None, max_examples=40)
@given(hours(), hours())
def test_effects_of_hours_add_up(before: dict[Place, Hours], after: dict[Place, Hours]) -> None:
    effects = hour_effects(before, after)
    assert set(effects) == set(HOUR_DRIVERS)
    assert sum(effects.values()) == sum(h.cost for h in after.values()) - sum(h.cost for h in before.values())


def model(tokens: int, listed: str, cost: str) -> ModelUse:
    return ModelUse({"input_uncached": Decimal(tokens)}, {"input_uncached": Decimal(listed)}, Decimal(cost))


def test_one_change_is_on_its_own_driver() -> None:
    before = Calls(Decimal(10), Decimal(100), Decimal(100), {"m": model(1000, "10", "9")})
    changes = {
        "runs": Calls(Decimal(20), Decimal(200), Decimal(200), {"m": model(2000, "20", "18")}),
        "calls_per_run": Calls(Decimal(10), Decimal(200), Decimal(200), {"m": model(2000, "20", "18")}),
        "retries": Calls(Decimal(10), Decimal(100), Decimal(200), {"m": model(2000, "20", "18")}),
        "tokens_per_call": Calls(Decimal(10), Decimal(100), Decimal(100), {"m": model(2000, "20", "18")}),
        "list_price": Calls(Decimal(10), Decimal(100), Decimal(100), {"m": model(1000, "20", "18")}),
        "discount": Calls(Decimal(10), Decimal(100), Decimal(100), {"m": model(1000, "10", "18")}),
        "model_mix": Calls(Decimal(10), Decimal(100), Decimal(100), {"n": model(1000, "20", "18")}),
    }
    for driver, after in changes.items():
        assert {name: effect for name, effect in call_effects(before, after).items() if effect} == {driver: Decimal(9)}
    cached = ModelUse(
        {"input_uncached": Decimal(500), "cache_read": Decimal(500)},
        {"input_uncached": Decimal(5), "cache_read": Decimal(1)},
        Decimal("5.4"),
    )
    effects = call_effects(before, Calls(Decimal(10), Decimal(100), Decimal(100), {"m": cached}))
    assert {name: effect for name, effect in effects.items() if effect} == {"cache": Decimal("-3.6")}


def test_a_cheaper_region_and_spot_are_on_theirs() -> None:
    here, there = Place("eu", "g2", "on_demand"), Place("us", "g2", "on_demand")
    effects = hour_effects({here: Hours(Decimal(10), Decimal(10))}, {there: Hours(Decimal(10), Decimal(8))})
    assert {name: effect for name, effect in effects.items() if effect} == {"region": Decimal(-2)}
    spot = Place("eu", "g2", "spot")
    effects = hour_effects({here: Hours(Decimal(10), Decimal(10))}, {spot: Hours(Decimal(20), Decimal(6))})
    assert effects["hours"] + effects["purchase_option"] == Decimal(-4)
    assert effects["purchase_option"] < 0 < effects["hours"]


def test_shapley_of_a_product_of_two() -> None:
    """(2 x 3) from (1 x 1): each driver's effect is the mean of both orders: 1 and 3, 2 and 4."""
    effects = shapley(("a", "b"), lambda s: Decimal(2 if "a" in s else 1) * Decimal(3 if "b" in s else 1))
    assert effects == {"a": Decimal(2), "b": Decimal(3)}
