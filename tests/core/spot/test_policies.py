"""Policies for a deadline: never late, never below the bound, and which of them is better when."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.core.spot.policies import POLICIES, Policy, Task, least_cost, replayed, starts

STEP = 1 / 12


def trace(seed: int, up_h: float, down_h: float, hours: int = 14 * 24) -> list[bool]:
    """Availability that comes and goes with exponential times."""
    dice, found, there = random.Random(seed), [], True
    while len(found) < hours * 12:
        found += [there] * max(1, round(dice.expovariate(1 / (up_h if there else down_h)) * 12))
        there = not there
    return found[: hours * 12]


def mean_cost(policy: Policy, deadline_h: float) -> float:
    task, costs = Task(48, deadline_h, 0.2), []
    for seed in range(9):
        there = trace(seed, (2.0, 5.0, 10.0)[seed % 3], (1.0, 3.0, 6.0)[seed // 3])
        for start in starts(len(there), 5):
            costs.append(replayed(policy, task, there, STEP, start).cost(0.3, 1.0) / 48)
    return sum(costs) / len(costs)


def test_uniform_progress_wins_on_tight_deadlines_and_greedy_on_loose_ones() -> None:
    """The pattern measured on the traces of Can't Be Late (NSDI 2024): 48 h of work, 0.2 h a change, on-demand 3.33 x spot."""
    assert mean_cost("uniform_progress", 52) < mean_cost("greedy", 52)
    assert mean_cost("uniform_progress", 60) < mean_cost("greedy", 60)
    assert mean_cost("greedy", 96) < mean_cost("uniform_progress", 96)


@settings(max_examples=40)
@given(st.integers(0, 99), st.floats(0.2, 8), st.floats(0.2, 8), st.floats(1.1, 3), st.sampled_from(POLICIES))
def test_no_deadline_is_missed_and_no_policy_beats_the_bound(
    seed: int, up_h: float, down_h: float, loose: float, policy: Policy
) -> None:
    there, task = trace(seed, up_h, down_h, 48), Task(10, 10 * loose + 1, 0.2)
    for start in starts(len(there), 3):
        ran = replayed(policy, task, there, STEP, start)
        assert not ran.late
        assert ran.cost(0.3, 1.0) >= least_cost(task, there, STEP, start, 0.3, 1.0) - 1e-9
        assert ran.spot_h + ran.on_demand_h >= 10 + 0.2 - 1e-9


@pytest.mark.parametrize("policy", POLICIES)
def test_with_spot_always_there_it_is_all_spot(policy: Policy) -> None:
    ran = replayed(policy, Task(10, 20, 0.5), [True], STEP)
    assert (ran.spot_h, ran.on_demand_h, ran.changes) == (pytest.approx(10.5), 0.0, 1)
    assert ran.end_h == pytest.approx(10.5)


@pytest.mark.parametrize("policy", POLICIES)
def test_without_spot_it_is_all_on_demand_and_in_time(policy: Policy) -> None:
    ran = replayed(policy, Task(10, 20, 0.5), [False], STEP)
    assert ran.spot_h == 0
    assert ran.on_demand_h >= 10.5 - 1e-9
    assert not ran.late


def test_an_impossible_deadline_is_told() -> None:
    assert replayed("greedy", Task(10, 9, 0.1), [False], STEP).late
