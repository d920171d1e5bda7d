"""What interruptions add to the bill of spot capacity: closed forms for Poisson interruptions, no simulation."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, expm1, inf, log, log1p, sqrt

HOURS_PER_MONTH = 730.0
OPEN_BUCKET = 0.2
"""Where a provider publishes only `more than 20 %`, or nothing, the lower edge of that bucket stands in."""


def billed_hours(work_h: float, mean_h: float, restart_h: float, segment_h: float | None = None, write_h: float = 0.0) -> float:
    """Hours billed for `work_h` of work when capacity is taken back every `mean_h` running hours on average. Work is kept at
    the end of each segment, which costs `write_h`; without segments an interruption loses everything. `restart_h` is paid
    after each interruption and may itself be interrupted (Daly's complete model)."""
    segment = work_h if segment_h is None else segment_h
    segments = work_h / segment
    return segments * mean_h * exp(restart_h / mean_h) * expm1((segment + write_h) / mean_h)


def interruptions(billed_h: float, mean_h: float) -> float:
    """How many interruptions are expected in that many billed hours."""
    return billed_h / mean_h


def makespan_hours(billed_h: float, mean_h: float, wait_h: float) -> float:
    """Hours from start to end when new capacity comes after `wait_h`, which is not billed."""
    return billed_h + wait_h * interruptions(billed_h, mean_h)


def overhead(rate_per_h: float, segment_h: float, restart_h: float, write_h: float = 0.0) -> float:
    """Billed hours per hour of useful work, 1 without interruptions, infinite where a segment never comes to its end.
    Spot is cheaper while overhead x spot < on-demand."""
    if rate_per_h <= 0:
        return 1.0 + write_h / segment_h
    try:
        return billed_hours(segment_h, 1 / rate_per_h, restart_h, None, write_h) / segment_h
    except OverflowError:  # no chance of a segment without an interruption
        return inf


def tolerable_rate(on_demand: float, spot: float, billed: Callable[[float], float]) -> float | None:
    """The interruptions per running hour above which spot is no longer cheaper; None where it is not at any rate. `billed` gives
    the billed hours per useful hour at a rate, and rises with it."""
    if spot <= 0 or billed(0.0) * spot >= on_demand:
        return None
    limit, low, high = on_demand / spot, 0.0, 1.0
    while billed(high) < limit:
        low, high = high, high * 2
    for _ in range(80):
        middle = (low + high) / 2
        if billed(middle) < limit:
            low = middle
        else:
            high = middle
    return low


def advisor_rate(bucket_high: float, bucket_low: float) -> float:
    """Interruptions per running hour that a monthly bucket stands for: the rate at which its upper edge (its lower edge
    where it is open) is taken back within 730 hours. A lower bound: the provider does not say how long capacity ran, and
    measured rates of accelerators reach hundreds of times this."""
    share = bucket_high if bucket_high < 1 else bucket_low
    return -log1p(-share) / HOURS_PER_MONTH


def young_segment(write_h: float, mean_h: float) -> float:
    """Young's time between checkpoints."""
    return sqrt(2 * write_h * mean_h)


def daly_segment(write_h: float, mean_h: float) -> float:
    """Daly's time between checkpoints, by perturbation."""
    if write_h >= 2 * mean_h:
        return mean_h
    ratio = write_h / (2 * mean_h)
    return young_segment(write_h, mean_h) * (1 + sqrt(ratio) / 3 + ratio / 9) - write_h


def best_segment(write_h: float, mean_h: float, restart_h: float) -> float:
    """The time between checkpoints that is billed least, found on the closed form itself."""
    low, high = log(write_h * 1e-3), log(max(mean_h, write_h) * 50)
    shrink = (sqrt(5) - 1) / 2
    for _ in range(120):
        left, right = high - shrink * (high - low), low + shrink * (high - low)
        if _per_hour(exp(left), write_h, mean_h, restart_h) < _per_hour(exp(right), write_h, mean_h, restart_h):
            high = right
        else:
            low = left
    return exp((low + high) / 2)


def _per_hour(segment_h: float, write_h: float, mean_h: float, restart_h: float) -> float:
    return billed_hours(segment_h, mean_h, restart_h, None, write_h) / segment_h
