"""What an agent returns against what it costs: a distribution of the margin per run, learned from its runs and its peers'."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from finops.core.judging.prior import BetaPrior, pooled_cv, prior_of_peers, shrunk_cv

Draws: TypeAlias = NDArray[np.float64]

DRAWS = 4_000
MONTH_DAYS = 30
INTERVAL = (0.10, 0.90)
"""The ends of the 80 % intervals of money."""
UNMEASURED_CV = 1.0
"""Spread of the cost per run where only the average is known: assumed, so that an average does not pass for certainty."""


@dataclass(frozen=True)
class Evidence:
    """What is known of one agent in one workflow. `runs` are those with a known outcome, `cost` is the mean cost of such a run;
    `cost_cv` is its coefficient of variation (None: costs are known only on average). Values are per accepted run."""

    agent: str
    group: str
    runs: int
    accepted: int
    cost: float | None
    cost_cv: float | None
    monthly_runs: float
    value: float | None = None
    value_low: float | None = None
    value_high: float | None = None
    value_error: float = 0.0
    """Relative standard error of the value, where it was measured on the outcomes."""


@dataclass(frozen=True)
class Interval:
    """A middle and the ends of its 80 % interval."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True)
class Margin:
    """What the evidence says. Probabilities and losses are None without a value."""

    evidence: Evidence
    prior: BetaPrior
    success: Interval
    cost_per_success: Interval
    probability: float | None = None
    """That a run returns less than it costs."""
    probability_low: float | None = None
    probability_high: float | None = None
    """The same at the low and at the high value."""
    loss: Draws | None = None
    """Draws of the monthly loss, 0 where there is none."""
    net: Draws | None = None
    """Draws of what a month without it saves: its cost less the value that is given up; below 0 where it pays."""
    returned: Interval | None = None
    """Value returned per unit of money spent."""
    spend: Draws | None = None
    """Draws of what its runs cost a month."""
    break_even: float | None = None
    """The success rate at which a run pays for itself; above 1 none does."""

    @property
    def monthly_loss(self) -> float | None:
        return None if self.loss is None else float(self.loss.mean())


def margins(evidence: Sequence[Evidence | None]) -> list[Margin | None]:
    """The margin of each; peers are those of the same group. None where no run has a known outcome or no cost is known."""
    groups: dict[str, list[Evidence]] = {}
    for one in evidence:
        if one is not None and _can_be_judged(one):
            groups.setdefault(one.group, []).append(one)
    priors = {name: prior_of_peers([(e.accepted, e.runs) for e in peers]) for name, peers in groups.items()}
    spreads = {name: pooled_cv([(e.cost_cv, e.runs) for e in peers]) for name, peers in groups.items()}
    return [margin(e, priors[e.group], spreads[e.group]) if e and _can_be_judged(e) else None for e in evidence]


def margin(evidence: Evidence, prior: BetaPrior, peers_cv: float | None) -> Margin:
    """The margin of one agent given what its peers are like."""
    if evidence.cost is None:
        raise ValueError("no margin without a cost")
    generator = np.random.default_rng(seed_of(evidence.group, evidence.agent))
    a, b = prior.a + evidence.accepted, prior.b + evidence.runs - evidence.accepted
    success = generator.beta(a, b, DRAWS)
    cost = mean_draws(generator, evidence.cost, _cost_error(evidence, peers_cv))
    per_success = interval_of(cost / success, evidence.cost * (a + b) / a)
    rate = interval_of(success, a / (a + b))
    if evidence.value is None:
        return Margin(evidence, prior, rate, per_success, spend=evidence.monthly_runs * cost)
    worth = success * mean_draws(generator, 1.0, evidence.value_error)

    def shortfall(value: float) -> Draws:
        return np.asarray(cost - value * worth, dtype=np.float64)

    base = shortfall(evidence.value)
    low = evidence.value if evidence.value_low is None else evidence.value_low
    high = evidence.value if evidence.value_high is None else evidence.value_high
    expected = evidence.value * a / (a + b)
    return Margin(
        evidence,
        prior,
        rate,
        per_success,
        probability=probability_of(base),
        probability_low=probability_of(shortfall(low)),
        probability_high=probability_of(shortfall(high)),
        loss=evidence.monthly_runs * np.maximum(base, 0.0),
        net=evidence.monthly_runs * base,
        spend=evidence.monthly_runs * cost,
        returned=interval_of(evidence.value * worth / cost, expected / evidence.cost) if evidence.cost > 0 else None,
        break_even=evidence.cost / evidence.value if evidence.value > 0 else None,
    )


def together(parts: Sequence[Margin]) -> Interval:
    """The monthly loss of several agents together, with its 80 % interval."""
    return _added([part.loss for part in parts if part.loss is not None])


def spend_together(parts: Sequence[Margin]) -> Interval:
    """What the runs of several agents cost a month together, with its 80 % interval."""
    return _added([part.spend for part in parts if part.spend is not None])


def _added(drawn: Sequence[Draws]) -> Interval:
    """Draws added, not quantiles."""
    if not drawn:
        return Interval(0.0, 0.0, 0.0)
    whole = np.sum(np.stack(drawn), axis=0)
    return interval_of(whole, float(whole.mean()))


def seed_of(group: str, agent: str) -> int:
    """A seed that is the agent's own on every machine: others that come and go do not change its draws."""
    return int.from_bytes(hashlib.blake2b(f"{group}\0{agent}".encode(), digest_size=8).digest(), "big")


def loss_interval(margin: Margin) -> Interval | None:
    """The monthly loss of one agent with its 80 % interval."""
    return None if margin.loss is None else interval_of(margin.loss, float(margin.loss.mean()))


def _can_be_judged(evidence: Evidence) -> bool:
    return evidence.runs > 0 and evidence.cost is not None and evidence.cost >= 0


def _cost_error(evidence: Evidence, peers_cv: float | None) -> float:
    """The relative standard error of the mean cost."""
    own = UNMEASURED_CV if evidence.cost_cv is None else evidence.cost_cv
    return shrunk_cv(own, evidence.runs, peers_cv) / math.sqrt(evidence.runs)


def mean_draws(generator: np.random.Generator, mean: float, error: float) -> Draws:
    """Draws of a mean that can't be negative: log-normal, with this mean and relative standard error."""
    variance = math.log1p(error * error)
    normal = generator.standard_normal(DRAWS)
    return np.asarray(mean * np.exp(math.sqrt(variance) * normal - variance / 2), dtype=np.float64)


def probability_of(shortfall: Draws) -> float:
    """How probable a loss is. So many draws can't tell certainty from near certainty, so it is neither 0 nor 1."""
    return (float(np.count_nonzero(shortfall > 0)) + 0.5) / (DRAWS + 1)


def interval_of(draws: Draws, middle: float) -> Interval:
    """The 80 % interval of draws about a middle."""
    low, high = np.quantile(draws, INTERVAL)
    return Interval(middle, float(low), float(high))
