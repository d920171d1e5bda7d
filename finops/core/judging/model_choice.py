"""Models side by side for the same work: success, cost of an accepted result, and which are dominated.

A model is dominated by one that is surely cheaper and surely not worse: success no more than MARGIN below, both with probability
SURE, the posterior of a success rate being Beta(1 + accepted, 1 + failed) and that of a mean cost log-normal with the standard
error of the mean. Such a comparison is non-inferiority: equal quality at a lower price is enough.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from finops.core.intervals import wilson
from finops.core.judging.value import DRAWS, Interval, seed_of
from finops.core.judging.verdicts import FEWEST_RUNS

MARGIN = 0.02
"""So much lower a success rate still counts as the same quality."""
SURE = 0.9


@dataclass(frozen=True)
class ModelRuns:
    """What is known of one model at one kind of work. `cost` is the mean of a run, None where it is unknown (0 is unknown);
    `cost_cv` is its coefficient of variation, None where only the mean is known."""

    group: str
    model: str
    runs: int
    accepted: int
    cost: float | None
    cost_cv: float | None = None


@dataclass(frozen=True)
class Choice:
    """A model's place. `success` has the 95 % Wilson interval, `per_success` the 80 % interval of its posterior."""

    of: ModelRuns
    success: Interval
    per_success: Interval | None
    rank: int | None = None
    """By cost per accepted result among the models of the group that have one."""
    dominated_by: str | None = None
    on_frontier: bool = False
    """No other is both at least as good and cheaper, by the figures as they are."""


@dataclass(frozen=True)
class _Drawn:
    success: np.ndarray
    cost: np.ndarray


UNKNOWN_CV = 1.0
"""Where only the mean of the cost is known, runs are taken to vary by as much as the mean."""


def choices(models: Sequence[ModelRuns]) -> list[Choice]:
    """Every model of every group, by cost per accepted result; those without one come last, by name."""
    found: list[Choice] = []
    for group in sorted({one.group for one in models}):
        found += _of_group([one for one in models if one.group == group])
    return found


def _of_group(models: Sequence[ModelRuns]) -> list[Choice]:
    drawn = {one.model: _draws(one) for one in models if one.cost is not None and one.runs}
    made = [
        Choice(
            one,
            _success(one),
            _per_success(one, drawn.get(one.model)),
            None,
            _dominated(one, models, drawn),
            _frontier(one, models),
        )
        for one in models
    ]
    ranked = sorted((c for c in made if c.per_success is not None), key=lambda c: (_middle(c), c.of.model))
    unranked = sorted((c for c in made if c.per_success is None), key=lambda c: c.of.model)
    places = [Choice(c.of, c.success, c.per_success, n, c.dominated_by, c.on_frontier) for n, c in enumerate(ranked, 1)]
    return [*places, *unranked]


def _middle(choice: Choice) -> float:
    return choice.per_success.middle if choice.per_success is not None else math.inf


def _success(one: ModelRuns) -> Interval:
    low, high = wilson(one.accepted, one.runs)
    return Interval(one.accepted / one.runs if one.runs else math.nan, low, high)


def _per_success(one: ModelRuns, drawn: _Drawn | None) -> Interval | None:
    """Unknown where no run was accepted, or the cost is unknown."""
    if drawn is None or one.cost is None or not one.accepted:
        return None
    low, high = np.quantile(drawn.cost / drawn.success, (0.1, 0.9))
    return Interval(one.cost * one.runs / one.accepted, float(low), float(high))


def _draws(one: ModelRuns) -> _Drawn:
    assert one.cost is not None
    generator = np.random.default_rng(seed_of(one.group, one.model))
    success = generator.beta(1 + one.accepted, 1 + one.runs - one.accepted, DRAWS)
    return _Drawn(success, _mean_cost(generator, one, one.cost))


def cost_draws(one: ModelRuns) -> np.ndarray:
    """Draws of the mean cost of a run, which must be known."""
    assert one.cost is not None
    return _mean_cost(np.random.default_rng(seed_of(f"{one.group}\0cost", one.model)), one, one.cost)


def _mean_cost(generator: np.random.Generator, one: ModelRuns, mean: float) -> np.ndarray:
    error = (UNKNOWN_CV if one.cost_cv is None else one.cost_cv) / math.sqrt(one.runs)
    variance = math.log1p(error * error)
    return np.asarray(mean * np.exp(math.sqrt(variance) * generator.standard_normal(DRAWS) - variance / 2))


def _dominated(one: ModelRuns, models: Sequence[ModelRuns], drawn: dict[str, _Drawn]) -> str | None:
    """The cheapest model that surely dominates this one; too few runs on either side say nothing."""
    mine = drawn.get(one.model)
    if mine is None or one.runs < FEWEST_RUNS:
        return None
    better = []
    for other in models:
        its = drawn.get(other.model)
        if other is one or its is None or other.cost is None or other.runs < FEWEST_RUNS:
            continue
        if np.mean(its.cost < mine.cost) >= SURE and np.mean(its.success > mine.success - MARGIN) >= SURE:
            better.append((other.cost, other.model))
    return min(better)[1] if better else None


def _frontier(one: ModelRuns, models: Sequence[ModelRuns]) -> bool:
    if one.cost is None or not one.runs:
        return False
    rate = one.accepted / one.runs
    for other in models:
        if other is one or other.cost is None or not other.runs:
            continue
        its = other.accepted / other.runs
        if its >= rate and other.cost <= one.cost and (its > rate or other.cost < one.cost):
            return False
    return True
