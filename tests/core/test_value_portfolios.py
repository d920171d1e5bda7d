"""Verdicts on invented portfolios whose truth is known: few false alarms, most of the bad spend found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from finops.core.judging.value import Evidence, margins
from finops.core.judging.verdicts import FEWEST_RUNS, Candidate, decided
from tests.conftest import LONG

PORTFOLIOS, AGENTS, WORKFLOWS = (60, 200, 8) if LONG else (6, 200, 8)
BAD = 0.12


@dataclass
class Found:
    """What the verdicts of all portfolios together came to."""

    flagged: int = 0
    false: int = 0
    bad: int = 0
    bad_spend: float = 0.0
    bad_spend_found: float = 0.0
    naive: int = 0
    naive_false: int = 0


def portfolio(generator: np.random.Generator, uneven: bool = False) -> tuple[list[Evidence], list[float]]:
    """Agents with what is seen of their runs, and the true margin of a run. One in eight returns less than it costs. Of `uneven`
    ones success comes and goes in stretches of twenty runs, and costs have a Pareto tail."""
    seen, truth = [], []
    for i in range(AGENTS):
        workflow = i % WORKFLOWS
        typical = 0.35 + 0.07 * workflow
        rate = float(generator.beta(typical * 20, (1 - typical) * 20))
        bad = generator.random() < BAD
        returned = float(generator.uniform(0.4, 0.99) if bad else 1.01 + generator.lognormal(-1.0, 1.0))
        value = 0.5 * 2.0**workflow
        cost = value * rate / returned
        spread = float(generator.uniform(0.4, 1.6))
        runs = int(np.clip(generator.lognormal(5.3, 1.3), 3, 20_000))
        variance = np.log1p(spread * spread)
        drawn = cost * np.exp(np.sqrt(variance) * generator.standard_normal(runs) - variance / 2)
        accepted = int(generator.binomial(runs, rate))
        if uneven:
            drawn = cost * 1.5 * generator.pareto(2.5, runs)
            lengths = np.diff(np.append(np.arange(0, runs, 20), runs))
            accepted = int(generator.binomial(lengths, generator.beta(rate * 15, (1 - rate) * 15, len(lengths))).sum())
        mean = float(drawn.mean())
        seen.append(
            Evidence(
                agent=f"agent-{i}",
                group=f"workflow-{workflow}",
                runs=runs,
                accepted=accepted,
                cost=mean,
                cost_cv=float(drawn.std(ddof=1)) / mean,
                monthly_runs=runs / 3,
                value=value,
            )
        )
        truth.append(value * rate - cost)
    return seen, truth


def judged(portfolios: int, uneven: bool = False) -> Found:
    found = Found()
    generator = np.random.default_rng(20_261_120)
    for _ in range(portfolios):
        seen, truth = portfolio(generator, uneven)
        spends = [e.runs * (e.cost or 0.0) for e in seen]
        candidates = [Candidate(m, spend, 90) for m, spend in zip(margins(seen), spends, strict=True)]
        for e, real, spend, decision in zip(seen, truth, spends, decided(candidates, sum(spends)), strict=True):
            flagged = decision.verdict == "low_value_high_cost"
            assert not (flagged and e.runs < FEWEST_RUNS)
            found.flagged += flagged
            found.false += flagged and real >= 0
            naive = (e.value or 0) * e.accepted / e.runs < (e.cost or 0)
            found.naive += naive
            found.naive_false += naive and real >= 0
            if real < 0:
                found.bad += 1
                found.bad_spend += spend
                found.bad_spend_found += spend * flagged
    return found


@pytest.fixture(scope="module")
def found() -> Found:
    return judged(PORTFOLIOS)


def test_false_alarms_are_few(found: Found) -> None:
    assert found.flagged > 5 * PORTFOLIOS
    assert found.false / found.flagged <= 0.05


def test_most_of_the_bad_spend_is_found(found: Found) -> None:
    assert found.bad_spend_found / found.bad_spend >= 0.75


def test_a_point_estimate_would_raise_more_false_alarms(found: Found) -> None:
    assert found.naive_false / found.naive > 2 * found.false / found.flagged


def test_uneven_runs_and_costs_with_a_heavy_tail_are_judged_as_well() -> None:
    found = judged(PORTFOLIOS, uneven=True)
    assert found.false / found.flagged <= 0.05
    assert found.bad_spend_found / found.bad_spend >= 0.75
