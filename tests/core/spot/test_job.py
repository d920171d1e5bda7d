"""Jobs on spot: closed forms against simulation, the best checkpoints, requeued requests, deadlines, and what is believed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.spot.hazard import SWEEP, Spell, ended_spells, from_history, from_published_traces
from finops.core.spot.interruptions import advisor_rate, billed_hours
from finops.core.spot.job import Job, break_even, checkpointed, daly, expected, requeued
from finops.core.spot.paths import simulated

DALY = Job(work_h=500, restart_h=10 / 60, write_h=5 / 60)


@pytest.mark.parametrize(("mean_h", "minutes", "stretch"), [(24.0, 117, 1.0958), (6.0, 57, 1.2204), (0.25, 9.1, 5.008)])
def test_the_best_time_between_checkpoints_is_dalys(mean_h: float, minutes: float, stretch: float) -> None:
    """Daly 2006, Future Generation Computer Systems 22: 500 h of work, 10 min to restart, 5 min to write."""
    best = checkpointed(DALY, 1 / mean_h)
    assert best.segment_h is not None
    assert best.segment_h * 60 == pytest.approx(minutes, rel=0.01)
    assert daly(DALY, 1 / mean_h) == pytest.approx(minutes / 60, rel=0.01)
    assert expected(best, 1 / mean_h).billed_h / 500 == pytest.approx(stretch, rel=2e-3)


JOBS = {
    "every hour": (Job(24, 0.2, 1.0, 0.05, 0.5), 6.0),
    "every four hours": (Job(24, 0.2, 4.0, 0.05, 0.5), 6.0),
    "often taken back": (Job(24, 0.2, 1.0, 0.05, 2.0), 1.5),
    "a shorter last segment": (Job(24, 0.2, 7.0, 0.05, 1.0), 3.0),
    "nothing kept before the end": (Job(24, 0.2, None, 0.05), 6.0),
    "four machines together": (Job(24, 0.2, 1.0, 0.05, 0.5, nodes=4), 12.0),
    "saved within the notice": (Job(24, 0.2, None, 0.03, 0.5, grace_h=120 / 3600, saves_in_grace=True), 2.0),
}


@pytest.mark.parametrize("name", JOBS)
def test_the_closed_forms_hold_within_the_error_of_a_simulation(name: str) -> None:
    job, mean_h = JOBS[name]
    form, paths = expected(job, 1 / mean_h), simulated(job, 1 / mean_h, 40_000, seed=7)
    assert paths is not None
    for simulation, figure in (
        (paths.billed_h, form.billed_h),
        (paths.interruptions, form.interruptions),
        (paths.makespan_h, form.makespan_h),
    ):
        assert abs(simulation.mean() - figure) < 4 * simulation.std() / sqrt(len(simulation))


def test_the_closed_form_gives_the_published_check() -> None:
    """24 h of work, 0.2 h to restart, 0.05 h to write, every hour, taken back every 6 h, 0.5 h of wait."""
    form = expected(JOBS["every hour"][0], 1 / 6)
    assert form.billed_h == pytest.approx(28.473, abs=5e-4) == billed_hours(24, 6, 0.2, 1.0, 0.05)
    assert (form.interruptions, form.makespan_h) == (pytest.approx(4.745, abs=1e-3), pytest.approx(30.846, abs=1e-3))


def test_a_simulation_is_the_same_each_time_and_another_with_another_seed() -> None:
    job, mean_h = JOBS["every hour"]
    one, same, other = (simulated(job, 1 / mean_h, 500, seed) for seed in (3, 3, 4))
    assert one is not None
    assert same is not None
    assert other is not None
    assert (one.billed_h == same.billed_h).all()
    assert not (one.billed_h == other.billed_h).all()


def test_long_sums_are_drawn_from_their_normal_limit() -> None:
    job, rate = Job(500, 1 / 6, 9.1 / 60, 1 / 12), 4.0
    paths, form = simulated(job, rate, 4_000), expected(job, rate)
    assert paths is not None
    assert form.interruptions > 10_000
    assert abs(paths.billed_h.mean() - form.billed_h) < 4 * paths.billed_h.std() / sqrt(4_000)


def test_without_interruptions_nothing_is_redone_and_nobody_is_late() -> None:
    paths = simulated(Job(10, segment_h=1, write_h=0.1), 0.0, 100)
    assert paths is not None
    assert set(paths.billed_h.round(9)) == {11.0}
    assert paths.late(11.01) == 0
    assert paths.late(10.9) == 1


def test_a_job_that_never_ends_has_no_figures() -> None:
    job = Job(500, 0.1)
    assert expected(job, 5.0).endless
    assert simulated(job, 5.0) is None
    assert simulated(job, 0.1) is None, "e^50 interruptions are no simulation either"


def test_an_uncertain_rate_widens_the_bill() -> None:
    job = Job(24, 0.2, 1.0, 0.05)
    rates = np.random.default_rng(1).gamma(3.5, 0.1 / 3.5, 10_000)
    sure, unsure = simulated(job, 0.1), simulated(job, rates)
    assert sure is not None
    assert unsure is not None
    assert unsure.quantile(unsure.billed_h, 0.95) > sure.quantile(sure.billed_h, 0.95)


def test_a_checkpoint_within_the_notice_loses_no_work() -> None:
    kept = Job(24, 0.2, None, 1 / 60, grace_h=120 / 3600, saves_in_grace=True)
    assert kept.kept
    assert not replace(kept, write_h=3 / 60).kept, "three minutes do not fit into two"
    assert expected(kept, 0.5).billed_h < expected(checkpointed(replace(kept, saves_in_grace=False), 0.5), 0.5).billed_h


@given(st.floats(0.001, 1), st.integers(1, 16), st.floats(0.5, 50))
def test_more_machines_are_taken_back_more_often(rate: float, nodes: int, work_h: float) -> None:
    job = Job(work_h, 0.1, 0.5, 0.02)
    assert expected(replace(job, nodes=nodes), rate).billed_h == pytest.approx(expected(job, rate * nodes).billed_h)


@given(st.floats(0.05, 0.95), st.floats(0.5, 40), st.booleans())
def test_at_the_break_even_spot_costs_as_much(ratio: float, work_h: float, best: bool) -> None:
    job = Job(work_h, 0.1, None if best else 1.0, 0.01)
    rate = break_even(job, ratio, 1.0, best)
    if rate is None:  # writing the checkpoints alone costs more than spot saves
        assert expected(job, 0.0).billed_h * ratio >= work_h
        return
    found = expected(checkpointed(job, rate) if best else job, rate)
    assert found.billed_h * ratio == pytest.approx(work_h, rel=1e-3)


def test_spot_against_a_commitment_bears_less_than_against_on_demand() -> None:
    job = Job(24, 0.2, 1.0, 0.05)
    against = [break_even(job, 0.41, price) for price in (0.80, 0.63 * 0.80, 0.63 * 0.80 / 0.7)]
    assert None not in against
    assert against[1] < against[2] < against[0]  # type: ignore[operator]
    assert break_even(job, 0.41, 0.40) is None


def test_requests_in_flight_are_asked_again() -> None:
    """About rate x length / 2 of the work is wasted (arXiv 2411.01438 describes the requeue), and a new replica starts cold."""
    assert requeued(0.1, 0.1) == pytest.approx(1 + 0.1 * 0.1 / 2, abs=1e-4)
    assert requeued(0.5, 0.0, 0.1) == pytest.approx(1.05)
    dice, x = np.random.default_rng(2), 0.4
    times = dice.exponential(1.0, (20_000, 60))
    first = (times >= x).argmax(axis=1)
    wasted = (times * (np.arange(60) < first[:, None])).sum(axis=1)
    assert (wasted.mean() + x) / x == pytest.approx(requeued(1.0, x), rel=0.02)


def test_the_presets_differ_by_hundreds_of_times() -> None:
    """The advisor's open bucket is 3.06e-4 an hour; traces of spot GPUs show .55 to .61 removals per node-hour."""
    traced = from_published_traces()
    assert traced.per_hour == pytest.approx(0.59, abs=0.005)
    assert traced.per_hour / advisor_rate(1.0, 0.2) > 300
    assert list(SWEEP) == sorted(SWEEP)


def test_history_gives_a_rate_and_how_certain_it_is() -> None:
    few, many = from_history(3, 1_000, ""), from_history(300, 100_000, "")
    assert few.per_hour == pytest.approx(3.5 / 1_000)
    assert few.spread is not None
    assert many.spread is not None
    assert few.spread / few.per_hour > 5 * many.spread / many.per_hour
    assert from_history(0, 100, "").per_hour == pytest.approx(0.005), "never seen is not never"
    with pytest.raises(ValueError, match="above 0"):
        from_history(1, 0, "")


def test_a_machine_that_is_not_billed_on_was_taken_back() -> None:
    day, hour = datetime(2026, 10, 1), timedelta(hours=1)
    lines = [Spell("a", day + h * hour, day + (h + 1) * hour, 1.0) for h in range(48) if h not in (10, 11, 30)]
    other = Spell("b", day, day + 5 * hour, 5.0)
    assert ended_spells([*reversed(lines), other], day + 48 * hour) == (3, 50.0)
    assert ended_spells([], day) == (0, 0.0)


def test_lines_of_a_day_tell_a_late_start_from_an_early_end() -> None:
    days = [datetime(2026, 10, day) for day in (1, 2, 3, 4)]
    billed = zip(days, days[1:], (9.0, 24.0, 7.0), strict=False)
    lines = [Spell("a", start, end, hours) for start, end, hours in billed]
    assert ended_spells(lines[:2], days[2]) == (0, 33.0)
    assert ended_spells(lines, days[3]) == (1, 40.0)
