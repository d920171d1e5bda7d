"""Models side by side: rank by cost of an accepted result, domination only where it is sure, unknown cost is unknown."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.judging.model_choice import Choice, ModelRuns, choices

POLYGLOT = (
    # Aider's polyglot leaderboard (https://aider.chat/docs/leaderboards/, Apache-2.0): cases, passed within two tries, total cost
    # in USD; 0 stands there where the cost was not known.
    ("DeepSeek-V3.2-Exp (Chat)", 225, 158, 0.88),
    ("gpt-5 (high)", 225, 198, 29.08),
    ("gpt-5 (medium)", 225, 195, 17.69),
    ("o1-2024-12-17 (high)", 224, 139, 186.5),
    ("Quasar Alpha", 225, 123, None),
)


def runs(model: str, count: int, accepted: int, cost: float | None, cv: float | None = None) -> ModelRuns:
    return ModelRuns("work", model, count, accepted, cost, cv)


def by_name(found: list[Choice]) -> dict[str, Choice]:
    return {choice.of.model: choice for choice in found}


def test_published_results_rank_by_what_a_success_costs() -> None:
    found = choices([runs(model, n, ok, None if total is None else total / n) for model, n, ok, total in POLYGLOT])
    assert [choice.of.model for choice in found] == [
        "DeepSeek-V3.2-Exp (Chat)",
        "gpt-5 (medium)",
        "gpt-5 (high)",
        "o1-2024-12-17 (high)",
        "Quasar Alpha",
    ]
    named = by_name(found)
    assert named["gpt-5 (medium)"].per_success is not None
    assert named["gpt-5 (medium)"].per_success.middle == pytest.approx(17.69 / 195)
    assert named["o1-2024-12-17 (high)"].dominated_by == "DeepSeek-V3.2-Exp (Chat)"
    assert named["gpt-5 (high)"].dominated_by is None
    assert named["Quasar Alpha"].rank is None
    assert named["Quasar Alpha"].dominated_by is None
    assert not named["Quasar Alpha"].on_frontier


def test_the_same_quality_for_less_dominates_only_when_it_is_sure() -> None:
    many = by_name(choices([runs("dear", 3000, 2400, 2.0, 0.5), runs("cheap", 3000, 2400, 1.0, 0.5)]))
    assert many["dear"].dominated_by == "cheap"
    assert many["cheap"].dominated_by is None
    few = by_name(choices([runs("dear", 40, 32, 2.0, 0.5), runs("cheap", 40, 32, 1.0, 0.5)]))
    assert few["dear"].dominated_by is None
    close = by_name(choices([runs("dear", 3000, 2400, 1.01, 2.0), runs("cheap", 3000, 2400, 1.0, 2.0)]))
    assert close["dear"].dominated_by is None


def test_too_few_runs_say_nothing() -> None:
    found = by_name(choices([runs("new", 29, 29, 0.01), runs("old", 500, 250, 5.0)]))
    assert found["old"].dominated_by is None
    assert found["new"].rank == 1


def test_no_success_has_no_cost_per_success() -> None:
    (found,) = choices([runs("m", 50, 0, 1.0)])
    assert found.per_success is None
    assert found.rank is None


counts = st.integers(0, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))
costs = st.one_of(st.none(), st.floats(1e-6, 1e4))


rows_of_models = st.lists(st.tuples(counts, costs), min_size=1, max_size=6)


@given(rows_of_models, st.randoms(use_true_random=False))
def test_the_order_of_models_does_not_matter_and_the_dominant_is_cheaper(
    rows: list[tuple[tuple[int, int], float | None]], chance: random.Random
) -> None:
    given_models = [runs(f"m{i}", n, ok, cost) for i, ((n, ok), cost) in enumerate(rows)]
    shuffled = list(given_models)
    chance.shuffle(shuffled)
    found = choices(given_models)
    assert found == choices(shuffled)
    cost_of = {choice.of.model: choice.of.cost for choice in found}
    for choice in found:
        if choice.dominated_by is not None:
            assert cost_of[choice.dominated_by] < choice.of.cost  # type: ignore[operator]
