"""A job on spot capacity, simulated: the spread of its bill and of its end, and the chance to be late."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from finops.core.spot.job import Job, expected

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
_SUMMED = 200
"""Above so many interruptions of one kind in a path their sum is drawn from its normal limit."""
_ENDLESS = 1e7


@dataclass(frozen=True)
class Paths:
    """Simulated runs of a job: hours billed per machine, hours from start to end, interruptions."""

    billed_h: Floats
    makespan_h: Floats
    interruptions: Counts

    def late(self, deadline_h: float) -> float:
        """The share of runs that end after the deadline."""
        return float((self.makespan_h > deadline_h).mean())

    def quantile(self, values: Floats, share: float) -> float:
        return float(np.quantile(values, share, method="inverted_cdf"))


def simulated(job: Job, rates: float | Floats, paths: int = 10_000, seed: int = 1) -> Paths | None:
    """`paths` runs of the job; None where it would never end. `rates` is interruptions per machine and running hour, one for all
    runs or one each (an uncertain rate). Times between interruptions are exponential, waits for capacity too."""
    dice = np.random.default_rng(seed)
    given = np.broadcast_to(np.asarray(rates, dtype=np.float64), (paths,))
    rate = given * job.nodes
    if expected(job, float(given.max())).interruptions > _ENDLESS:
        return None
    if job.kept:
        first = dice.poisson(rate * job.work_h)
        again = _failures(dice, first, np.exp(-rate * job.restart_h))
        billed = job.work_h + first * (job.restart_h + job.write_h) + _cut_short(dice, again, rate, job.restart_h)
        count = first + again
    else:
        billed, count = np.zeros(paths), np.zeros(paths, dtype=np.int64)
        for many, length in job.segments():
            need = length + job.written_h
            failed = dice.binomial(many, -np.expm1(-rate * need))
            again = _failures(dice, failed, np.exp(-rate * (need + job.restart_h)))
            billed += many * need + failed * job.restart_h
            billed += _cut_short(dice, failed, rate, need) + _cut_short(dice, again, rate, need + job.restart_h)
            count += failed + again
    waits = dice.standard_gamma(np.maximum(count, 1e-300)) * job.wait_h
    return Paths(billed, billed + np.where(count > 0, waits, 0.0), count)


def _failures(dice: np.random.Generator, tries: Counts, success: Floats) -> Counts:
    """Failures before so many successes."""
    drawn = dice.negative_binomial(np.maximum(tries, 1), np.clip(success, 1e-12, 1.0))
    return np.where(tries > 0, drawn, 0)


def _cut_short(dice: np.random.Generator, counts: Counts, rate: Floats, need: float) -> Floats:
    """The sum of so many times to an interruption that came before `need` hours were over."""
    total: Floats = np.zeros(len(counts))
    few = np.where(counts <= _SUMMED, counts, 0)
    owner = np.repeat(np.arange(len(counts)), few)
    if len(owner):
        lam = rate[owner]
        times = -np.log1p(dice.random(len(owner)) * np.expm1(-lam * need)) / lam
        total = np.bincount(owner, times, len(counts)).astype(np.float64)
    many = counts > _SUMMED
    if many.any():
        lam, number = rate[many], counts[many]
        x = lam * need
        mean = 1 / lam - need / np.expm1(x)
        spread = np.sqrt(np.maximum(1 / lam**2 - need**2 * np.exp(x) / np.expm1(x) ** 2, 0.0))
        total[many] = number * mean + np.sqrt(number) * spread * dice.standard_normal(int(many.sum()))
    return total
