"""Spot arithmetic: Daly's published figures, a simulation of the same process, and when spot is worth it."""

from __future__ import annotations

import random
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.spot.interruptions import (
    advisor_rate,
    best_segment,
    billed_hours,
    daly_segment,
    interruptions,
    makespan_hours,
    overhead,
    tolerable_rate,
    young_segment,
)


@pytest.mark.parametrize(
    ("mean_h", "minutes", "stretch"),
    [(24.0, 116.69, 1.0958), (6.0, 56.71, 1.2204), (0.25, 9.14, 5.008)],
)
def test_the_time_between_checkpoints_is_dalys(mean_h: float, minutes: float, stretch: float) -> None:
    write_h, restart_h = 5 / 60, 10 / 60
    assert daly_segment(write_h, mean_h) * 60 == pytest.approx(minutes, abs=0.01)
    best = best_segment(write_h, mean_h, restart_h)
    assert best == pytest.approx(daly_segment(write_h, mean_h), rel=0.01)
    assert billed_hours(500, mean_h, restart_h, best, write_h) / 500 == pytest.approx(stretch, rel=2e-3)


@pytest.mark.parametrize(
    ("segment_h", "mean_h", "billed", "count"),
    [(1.0, 6.0, 28.473, 4.745), (4.0, 6.0, 35.882, 5.980), (1.0, 1.5, 41.700, 27.80)],
)
def test_the_closed_form_gives_the_measured_figures(segment_h: float, mean_h: float, billed: float, count: float) -> None:
    found = billed_hours(24, mean_h, 0.2, segment_h, 0.05)
    assert found == pytest.approx(billed, abs=5e-4)
    assert interruptions(found, mean_h) == pytest.approx(count, abs=2e-3)


def test_waiting_for_capacity_lengthens_the_work_and_not_the_bill() -> None:
    assert makespan_hours(billed_hours(24, 6, 0.2, 1, 0.05), 6, 0.5) == pytest.approx(30.846, abs=1e-3)
    assert makespan_hours(billed_hours(24, 1.5, 0.2, 1, 0.05), 1.5, 2) == pytest.approx(97.30, abs=1e-2)
    assert billed_hours(24, 6, 0.2) == pytest.approx(332.5, abs=0.05)


def simulated(work_h: float, mean_h: float, restart_h: float, segment_h: float, write_h: float, dice: random.Random) -> float:
    """Billed hours of one run: an interruption throws away the segment, and the restart may be interrupted too."""
    billed, done = 0.0, 0.0
    restarting = False
    while done < work_h:
        need = segment_h + write_h + (restart_h if restarting else 0.0)
        lasts = dice.expovariate(1 / mean_h)
        if lasts >= need:
            billed, done, restarting = billed + need, done + segment_h, False
        else:
            billed, restarting = billed + lasts, True
    return billed


@pytest.mark.parametrize(("segment_h", "mean_h"), [(1.0, 6.0), (2.0, 3.0), (4.0, 6.0)])
def test_the_closed_form_agrees_with_a_simulation(segment_h: float, mean_h: float) -> None:
    dice = random.Random(11)
    runs = [simulated(24, mean_h, 0.2, segment_h, 0.05, dice) for _ in range(3_000)]
    mean = sum(runs) / len(runs)
    error = (sum((run - mean) ** 2 for run in runs) / (len(runs) - 1) / len(runs)) ** 0.5
    assert abs(mean - billed_hours(24, mean_h, 0.2, segment_h, 0.05)) < 4 * error


@given(st.floats(1e-5, 0.5), st.floats(0.01, 5), st.floats(0, 0.5))
def test_interruptions_never_make_work_cheaper(rate: float, segment_h: float, restart_h: float) -> None:
    assert overhead(rate, segment_h, restart_h) >= 1
    assert overhead(rate * 2, segment_h, restart_h) >= overhead(rate, segment_h, restart_h)
    assert overhead(0, segment_h, restart_h) == 1


@given(st.floats(0.05, 0.95), st.floats(0.01, 5), st.floats(0.001, 0.5))
def test_at_the_tolerable_rate_spot_and_on_demand_cost_the_same(ratio: float, segment_h: float, restart_h: float) -> None:
    rate = tolerable_rate(1.0, ratio, lambda rate: overhead(rate, segment_h, restart_h))
    assert rate is not None
    assert overhead(rate, segment_h, restart_h) * ratio == pytest.approx(1.0, rel=1e-6)


def test_spot_above_on_demand_bears_no_interruption_at_all() -> None:
    assert tolerable_rate(55.04, 63.296, lambda rate: overhead(rate, 1.0, 0.1)) is None
    assert tolerable_rate(1.0, 0.9, lambda rate: overhead(rate, 1.0, 0.1, 0.2)) is None, "writing alone takes more"


def test_the_advisor_bucket_is_a_lower_bound() -> None:
    assert advisor_rate(1.0, 0.2) == pytest.approx(3.06e-4, rel=1e-2)
    assert advisor_rate(0.05, 0.0) < advisor_rate(0.1, 0.05) < advisor_rate(1.0, 0.2) < inf


def test_young_is_close_to_daly_when_writing_is_cheap() -> None:
    assert young_segment(1e-4, 10) == pytest.approx(daly_segment(1e-4, 10), rel=0.01)
    assert daly_segment(5.0, 1.0) == 1.0
