"""What an agent adds to a workflow, by runs from which it was left out: leave one out.

Two agents that cover for each other both look as if they added nothing; only runs without both could tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finops.core.judging.prior import BetaPrior
from finops.core.judging.value import (
    DRAWS,
    UNMEASURED_CV,
    Draws,
    Evidence,
    Interval,
    Margin,
    interval_of,
    mean_draws,
    probability_of,
    seed_of,
)

FEWEST_RUNS = 30
"""So many judged runs with the agent, and so many without it, tell what it adds."""
_JEFFREYS = BetaPrior(0.5, 0.5)


@dataclass(frozen=True)
class Arm:
    """Judged runs of a workflow. `cost` is the mean of a run (None: unknown), `cost_cv` its coefficient of variation."""

    runs: int
    accepted: int
    cost: float | None
    cost_cv: float | None


@dataclass(frozen=True)
class Added:
    """What one agent adds to a run: success rate, its worth in money (None without a value), and its cost, with 80 % intervals;
    `margin` is that of the agent alone."""

    together: Arm
    without: Arm
    success: Interval
    worth: Interval | None
    cost: Interval
    margin: Margin


def added(agent: str, workflow: str, together: Arm, without: Arm, monthly_runs: float, value: Evidence | None) -> Added | None:
    """By runs `together` and `without` the agent; `value` is the evidence of the workflow's lead, of which the value is taken.
    None where either has too few runs, or no cost is known."""
    if min(together.runs, without.runs) < FEWEST_RUNS or together.cost is None or without.cost is None:
        return None
    generator = np.random.default_rng(seed_of(f"{workflow}\0left out", agent))
    gain = _success(generator, together) - _success(generator, without)
    cost = _cost(generator, together) - _cost(generator, without)
    worth = low = high = None
    if value is not None and value.value is not None:
        each = mean_draws(generator, 1.0, value.value_error)
        worth = value.value * each * gain
        low = (value.value if value.value_low is None else value.value_low) * each * gain
        high = (value.value if value.value_high is None else value.value_high) * each * gain
    success = interval_of(gain, float(gain.mean()))
    mean = float(cost.mean())
    own = Evidence(
        agent=agent,
        group=f"{workflow}\0left out",
        runs=min(together.runs, without.runs),
        accepted=without.accepted,
        cost=mean,
        cost_cv=None,
        monthly_runs=monthly_runs,
        value=value.value if value else None,
        value_low=value.value_low if value else None,
        value_high=value.value_high if value else None,
    )
    margin = Margin(
        own,
        _JEFFREYS,
        success,
        _per_success(cost, gain),
        probability=None if worth is None else probability_of(cost - worth),
        probability_low=None if low is None else probability_of(cost - low),
        probability_high=None if high is None else probability_of(cost - high),
        loss=None if worth is None else monthly_runs * np.maximum(cost - worth, 0.0),
        net=None if worth is None else monthly_runs * (cost - worth),
        returned=_ratio(worth, cost),
        spend=monthly_runs * np.maximum(cost, 0.0),
        break_even=mean / value.value if value and value.value else None,
    )
    told = None if worth is None else interval_of(worth, float(worth.mean()))
    return Added(together, without, success, told, interval_of(cost, mean), margin)


def _success(generator: np.random.Generator, arm: Arm) -> Draws:
    return generator.beta(_JEFFREYS.a + arm.accepted, _JEFFREYS.b + arm.runs - arm.accepted, DRAWS)


def _cost(generator: np.random.Generator, arm: Arm) -> Draws:
    spread = UNMEASURED_CV if arm.cost_cv is None else arm.cost_cv
    return mean_draws(generator, arm.cost or 0.0, spread / arm.runs**0.5)


def _per_success(cost: Draws, gain: Draws) -> Interval:
    """The cost of one more accepted result; without bound where the agent may add none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(gain > 0, cost / gain, np.inf)
    low, middle, high = (float(part) for part in np.quantile(each, (0.1, 0.5, 0.9), method="nearest"))
    return Interval(middle, low, high)


def _ratio(worth: Draws | None, cost: Draws) -> Interval | None:
    if worth is None or float(np.quantile(cost, 0.1)) <= 0:
        return None
    positive = np.maximum(cost, 1e-12)
    return interval_of(worth / positive, float(worth.mean() / positive.mean()))
