"""A job on spot capacity: what it is expected to be billed, how often it is taken back and when it ends, in closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, expm1, floor, inf, isclose, isfinite

from finops.core.spot.interruptions import best_segment, daly_segment, overhead


@dataclass(frozen=True)
class Job:
    """Work in hours on `nodes` machines that run together: one taken back stops them all, and all are given back until
    capacity returns. Hours are those of one machine."""

    work_h: float
    restart_h: float = 1 / 12
    """Billed after each interruption before work goes on: boot, load, read the checkpoint. It may itself be interrupted."""
    segment_h: float | None = None
    """Work between checkpoints; None keeps nothing before the end."""
    write_h: float = 0.0
    """Billed for each checkpoint."""
    wait_h: float = 0.0
    """Mean time until capacity returns, not billed."""
    nodes: int = 1
    grace_h: float = 0.0
    """Notice before capacity is taken. A checkpoint that fits in it makes all others needless."""
    saves_in_grace: bool = False
    """Whether the job writes a checkpoint when notice is given."""

    @property
    def kept(self) -> bool:
        """No work is ever lost, since the checkpoint is written within the notice."""
        return self.saves_in_grace and self.write_h <= self.grace_h

    def rate(self, per_machine_h: float) -> float:
        """Interruptions of the whole job per running hour: machines are taken back independently."""
        return per_machine_h * self.nodes

    def segments(self) -> list[tuple[int, float]]:
        """How many segments of which length the work falls into: the last one may be shorter."""
        if self.segment_h is None or self.segment_h >= self.work_h:
            return [(1, self.work_h)]
        whole = floor(self.work_h / self.segment_h * (1 + 1e-12))
        rest = self.work_h - whole * self.segment_h
        tail = [] if isclose(rest, 0.0, abs_tol=1e-9 * self.work_h) or rest < 0 else [(1, rest)]
        return [(whole, self.segment_h), *tail]

    @property
    def written_h(self) -> float:
        """What each checkpoint costs; nothing is written where nothing is kept before the end."""
        return 0.0 if self.segment_h is None else self.write_h


@dataclass(frozen=True)
class Expected:
    """Expected figures of a job; infinite where it would never end."""

    billed_h: float
    """Billed hours of one machine."""
    interruptions: float
    makespan_h: float

    @property
    def endless(self) -> bool:
        return not isfinite(self.billed_h)


def expected(job: Job, per_machine_h: float) -> Expected:
    """The closed forms of Daly's complete model at this many interruptions per machine and running hour.

    Segments: B = sum k M e^(R/M) (e^((tau + C)/M) - 1), N = B / M. Saved within the notice: every interruption of the W hours
    writes once and restarts, B = W (e^(R/M) + C/M), N = W e^(R/M) / M. The makespan is B + D N."""
    rate = job.rate(per_machine_h)
    try:
        if job.kept:
            restarts = expm1(rate * job.restart_h) + 1
            billed, count = job.work_h * (restarts + rate * job.write_h), job.work_h * rate * restarts
        else:
            billed = sum(many * length * overhead(rate, length, job.restart_h, job.written_h) for many, length in job.segments())
            count = billed * rate
    except OverflowError:
        billed = count = inf
    return Expected(billed, count, billed + job.wait_h * count if isfinite(billed) else inf)


def checkpointed(job: Job, per_machine_h: float) -> Job:
    """The job with the time between checkpoints that is billed least, the work in equal parts; without any where writing them
    costs more than it saves."""
    rate = job.rate(per_machine_h)
    if job.kept or rate <= 0:
        return replace(job, segment_h=None)
    many = job.work_h / best_segment(max(job.write_h, 1 / 3600), 1 / rate, job.restart_h)
    tried = [replace(job, segment_h=job.work_h / max(1, number)) for number in (floor(many), ceil(many))]
    return min([replace(job, segment_h=None), *tried], key=lambda one: expected(one, per_machine_h).billed_h)


def daly(job: Job, per_machine_h: float) -> float | None:
    """Daly's time between checkpoints for this job; None without interruptions."""
    rate = job.rate(per_machine_h)
    return daly_segment(job.write_h, 1 / rate) if rate > 0 else None


def break_even(job: Job, spot: float, other: float, best: bool = False) -> float | None:
    """The interruptions per machine and running hour at which the job costs as much on spot as at `other`, the price of a
    useful hour (on demand, or committed price / share of the hours used). None where spot is never cheaper. With `best` the
    time between checkpoints is the best at each rate."""
    if spot <= 0 or spot >= other:
        return None
    limit = other / spot

    def stretch(rate: float) -> float:
        return expected(checkpointed(job, rate) if best else job, rate).billed_h / job.work_h

    return _crossing(stretch, limit) if stretch(0.0) < limit else None


def requeued(per_machine_h: float, request_h: float, cold_start_h: float = 0.0) -> float:
    """Billed hours per useful hour of a server of requests: those in flight are lost and asked again, and a new replica is
    billed before it serves. (e^x - 1)/x with x = rate x length of a request, about 1 + x/2, plus rate x cold start."""
    x = per_machine_h * request_h
    try:
        again = expm1(x) / x if x > 1e-12 else 1.0
    except OverflowError:
        return inf
    return again + per_machine_h * cold_start_h


def _crossing(rising: Callable[[float], float], limit: float) -> float:
    """Where a rising function of the rate passes the limit."""
    low, high = 0.0, 1.0
    while rising(high) < limit and high < 1e9:
        low, high = high, high * 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < limit else (low, middle)
    return low
